"""The autoencoders of `peers.start` in Keras 3: ``fit`` on its torch and on its JAX backend."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from images import N_PIXELS
from peers.start import (
    BATCH_SIZE,
    CHANNELS,
    KERNEL_SIZE,
    LAYERS,
    LEARNING_RATE,
    N_COMPONENTS,
    Peer,
    Start,
    early_epsilon,
    is_linear,
    reconstruction_error,
)
from race import Trial

_POLICIES = {"fp32": "float32", "bf16": "mixed_bfloat16"}
_ONCE: dict[str, Any] = {"batch_size": BATCH_SIZE, "epochs": 1, "shuffle": False, "verbose": 0}


def keras_on_torch(network: str, precision: str) -> Peer:
    """Return ``fit`` on the torch backend, which has to be the first that this process takes."""
    keras = _keras("torch")

    def peer(began: Start) -> Trial:
        with keras.device("cpu"):
            model = _model(keras, network, precision)
            model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=_loss(keras, network))
        _set_weights(model, began)
        # Keras adds epsilon before it corrects the bias, torch after: this makes them the same.
        same_adam = keras.callbacks.LambdaCallback(
            on_train_batch_begin=lambda batch, logs: setattr(model.optimizer, "epsilon", early_epsilon(batch))
        )

        def fit() -> None:
            with keras.device("cpu"):
                model.fit(began.ordered, began.ordered, callbacks=[same_adam], **_ONCE)

        return Trial(fit, lambda: _error(model, network, began))

    return peer


def keras_on_jax(network: str, precision: str, began: Start) -> Trial:
    """Return a trial on the JAX backend, in a process that has not imported Keras before."""
    import jax

    model, optimizer_state = _compiled_for_jax(network, precision, len(began.ordered))
    for variable, value in zip(model.optimizer.variables, optimizer_state, strict=True):
        variable.assign(value)
    _set_weights(model, began)

    def fit() -> None:
        model.fit(began.ordered, began.ordered, **_ONCE)
        jax.block_until_ready([variable.value for variable in model.variables])

    return Trial(fit, lambda: _error(model, network, began))


@cache
def _compiled_for_jax(network: str, precision: str, n: int) -> tuple[Any, list[Any]]:
    """Return a model compiled for the batches of `n` images, and the state its optimiser began with."""
    keras = _keras("jax")

    class SameAdam(keras.optimizers.Adam):
        """Adds epsilon where torch does."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            self.epsilon = early_epsilon(keras.ops.cast(self.iterations, "float32"), keras.ops.sqrt)
            super().update_step(gradient, variable, learning_rate)

    model = _model(keras, network, precision)
    model.compile(SameAdam(LEARNING_RATE), loss=_loss(keras, network))
    model.optimizer.build(model.trainable_variables)
    state = [np.array(variable) for variable in model.optimizer.variables]
    # A full batch, and the smaller one at the end: each is a compilation.
    few = np.zeros((BATCH_SIZE + n % BATCH_SIZE, N_PIXELS), np.float32)
    model.fit(few, few, **_ONCE)
    return model, state


def _keras(backend: str) -> Any:
    os.environ["KERAS_BACKEND"] = backend
    import keras

    assert keras.backend.backend() == backend, f"Keras was imported with another backend than {backend}"
    return keras


def _model(keras: Any, network: str, precision: str) -> Any:
    build = {"dense": _dense_layers, "convolutional": _convolutional_layers}[network]
    policy = keras.DTypePolicy(_POLICIES[precision])
    return keras.Sequential([keras.Input((N_PIXELS,)), *build(keras.layers, policy)])


def _dense_layers(layers: Any, policy: Any) -> list[Any]:
    return [
        layers.Dense(wide, activation="linear" if is_linear(i) else "relu", dtype=policy)
        for i, (_, wide) in enumerate(LAYERS)
    ]


def _convolutional_layers(layers: Any, policy: Any) -> list[Any]:
    def convolution(channels: int, activation: str = "relu") -> Any:
        return layers.Conv2D(channels, KERNEL_SIZE, padding="same", activation=activation, dtype=policy)

    wide, narrow = CHANNELS
    down = [layer for n in CHANNELS for layer in (convolution(n), layers.MaxPooling2D(dtype=policy))]
    up = [layer for n in (wide, wide) for layer in (layers.UpSampling2D(dtype=policy), convolution(n))]
    return [
        layers.Reshape((28, 28, 1), dtype=policy),
        *down,
        layers.Flatten(dtype=policy),
        layers.Dense(N_COMPONENTS, dtype=policy),
        layers.Dense(49 * narrow, activation="relu", dtype=policy),
        layers.Reshape((7, 7, narrow), dtype=policy),
        *up,
        convolution(1, "linear"),
        layers.Flatten(dtype="float32"),
    ]


def _loss(keras: Any, network: str) -> Any:
    return "mse" if network == "dense" else keras.losses.BinaryCrossentropy(from_logits=True)


def _set_weights(model: Any, began: Start) -> None:
    """Give a model our weights, whose outputs Keras counts last, and inputs last but one."""
    layers = [(w.transpose(2, 3, 1, 0) if w.ndim == 4 else w.T, bias) for w, bias in began.weights]
    model.set_weights([array for layer in layers for array in layer])


def _error(model: Any, network: str, began: Start) -> float:
    found = np.asarray(model.predict(began.ordered, batch_size=4096, verbose=0), np.float32)
    pixels = found if network == "dense" else 1 / (1 + np.exp(-found))
    return reconstruction_error(began.ordered, pixels)
