"""The dense autoencoder of `peers.start`, trained by Keras, by skorch and by pythae."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from images import N_PIXELS, training_images
from peers.start import (
    ADAM_EPSILON,
    BATCH_SIZE,
    CODE_LAYER,
    LAYERS,
    LEARNING_RATE,
    N_COMPONENTS,
    Start,
    dense_autoencoder,
    early_epsilon,
    reconstruction_error,
    start,
)
from race import Contender, Trial

if TYPE_CHECKING:
    from torch import nn


def ours(n: int, precision: str, epochs: int = 1, device: str = "cpu") -> Contender:
    """Return our autoencoder on `n` images."""

    def contender(seed: int) -> Trial:
        # Images are given as they come: the order is drawn within the fit, and is timed.
        X = training_images(n)
        reducer = dense_autoencoder(seed, precision=precision, epochs=epochs, device=device)
        return Trial(
            lambda: reducer.fit(X),
            lambda: reconstruction_error(X, reducer.inverse_transform(reducer.transform(X))),
        )

    return contender


def keras_trainer(n: int) -> Contender:
    """Return Keras 3's ``fit`` on its torch backend."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    assert keras.backend.backend() == "torch", "set KERAS_BACKEND=torch to compare like with like"

    def contender(seed: int) -> Trial:
        began, X = start(n, seed), training_images(n)
        layers = [
            keras.layers.Dense(wide, activation="linear" if _is_linear(i) else "relu")
            for i, (_, wide) in enumerate(LAYERS)
        ]
        with keras.device("cpu"):
            model = keras.Sequential([keras.Input((N_PIXELS,)), *layers])
            model.set_weights([array for weight, bias in began.weights for array in (weight.T, bias)])
            model.compile(keras.optimizers.Adam(LEARNING_RATE), loss="mse")
        once = {"batch_size": BATCH_SIZE, "epochs": 1, "shuffle": False, "verbose": 0}
        # Keras adds epsilon before it corrects the bias, torch after: this makes them the same.
        same_adam = keras.callbacks.LambdaCallback(
            on_train_batch_begin=lambda batch, logs: setattr(model.optimizer, "epsilon", early_epsilon(batch))
        )

        def fit() -> None:
            with keras.device("cpu"):
                model.fit(began.ordered, began.ordered, callbacks=[same_adam], **once)

        return Trial(fit, lambda: reconstruction_error(X, model.predict(X, batch_size=4096, verbose=0)))

    return contender


def skorch_trainer(n: int) -> Contender:
    """Return skorch's ``NeuralNet.fit``."""
    import skorch
    import torch

    def contender(seed: int) -> Trial:
        began, X = start(n, seed), training_images(n)
        net = skorch.NeuralNet(
            torch.nn.Sequential(*_torch_halves(began)),
            criterion=torch.nn.MSELoss,
            optimizer=torch.optim.Adam,
            lr=LEARNING_RATE,
            batch_size=BATCH_SIZE,
            max_epochs=1,
            train_split=None,
            verbose=0,
        )
        return Trial(
            lambda: net.fit(began.ordered, began.ordered), lambda: reconstruction_error(X, net.predict(X))
        )

    return contender


def pythae_trainer(n: int) -> Contender:
    """Return pythae's ``BaseTrainer.train`` of its ``AE``."""
    import torch

    def contender(seed: int) -> Trial:
        began, X = start(n, seed), training_images(n)
        model = _pythae_model(began)
        # Closed and removed when the trial is forgotten.
        directory = tempfile.TemporaryDirectory()
        trainer = _pythae_trainer(model, began, directory.name)

        def error() -> float:
            with torch.no_grad():
                code = model.encoder(torch.from_numpy(X)).embedding
                found = reconstruction_error(X, model.decoder(code).reconstruction.numpy())
            directory.cleanup()
            return found

        return Trial(trainer.train, error)

    return contender


def _pythae_model(began: Start) -> Any:
    from pythae.models import AE, AEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    down, up = _torch_halves(began)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = down

        def forward(self, x: Any) -> Any:
            return ModelOutput(embedding=self.layers(x))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = up

        def forward(self, z: Any) -> Any:
            return ModelOutput(reconstruction=self.layers(z))

    return AE(AEConfig(input_dim=(N_PIXELS,), latent_dim=N_COMPONENTS), Encoder(), Decoder())


def _pythae_trainer(model: Any, began: Start, directory: str) -> Any:
    import torch
    from pythae.data.datasets import BaseDataset, collate_dataset_output
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class InOrder(BaseTrainer):
        def get_train_dataloader(self, train_dataset: Any) -> Any:
            return torch.utils.data.DataLoader(train_dataset, BATCH_SIZE, collate_fn=collate_dataset_output)

    config = BaseTrainerConfig(
        output_dir=directory,
        per_device_train_batch_size=BATCH_SIZE,
        num_epochs=1,
        learning_rate=LEARNING_RATE,
        # Its loss is the sum over pixels where ours is the mean: the gradients are as many times larger.
        optimizer_params={"eps": ADAM_EPSILON * N_PIXELS},
        no_cuda=True,
    )
    return InOrder(
        model, BaseDataset(torch.from_numpy(began.ordered), torch.zeros(len(began.ordered))), None, config
    )


def _torch_halves(began: Start) -> tuple[nn.Sequential, nn.Sequential]:
    """Return encoder and decoder as torch modules with the given weights."""
    import torch
    from torch import nn

    modules: list[nn.Module] = []
    for i, (weight, bias) in enumerate(began.weights):
        layer = nn.Linear(*reversed(weight.shape))
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
        modules += [layer] if _is_linear(i) else [layer, nn.ReLU()]
    code = 2 * CODE_LAYER + 1
    return nn.Sequential(*modules[:code]), nn.Sequential(*modules[code:])


def _is_linear(layer: int) -> bool:
    return layer in (CODE_LAYER, len(LAYERS) - 1)
