"""The dense autoencoder as a loop over one jitted step of JAX, Adam written out."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from peers.start import (
    ADAM_BETA_1,
    ADAM_BETA_2,
    ADAM_EPSILON,
    BATCH_SIZE,
    LEARNING_RATE,
    Start,
    is_linear,
    reconstruction_error,
)
from race import Trial

_TYPES = {"fp32": "float32", "bf16": "bfloat16"}


def jitted_loop(network: str, precision: str, began: Start) -> Trial:
    """Return an epoch of jitted steps, compiled before it is timed; weights and Adam stay fp32."""
    import jax
    import jax.numpy as jnp

    assert network == "dense"
    step, predict = _functions(precision)
    bounds = range(BATCH_SIZE, len(began.ordered), BATCH_SIZE)
    state = _first_state(began)
    for size in {BATCH_SIZE, len(began.ordered) % BATCH_SIZE} - {0}:
        step(_first_state(began), jnp.zeros((size, began.ordered.shape[1])))
    trained: list[Any] = [state]

    def fit() -> None:
        for batch in np.split(began.ordered, bounds):
            trained[0] = step(trained[0], batch)
        jax.block_until_ready(trained[0])

    return Trial(
        fit, lambda: reconstruction_error(began.ordered, np.asarray(predict(trained[0][0], began.ordered)))
    )


def _first_state(began: Start) -> tuple[Any, ...]:
    """Return parameters, both moments of their gradients, and the number of updates."""
    import jax.numpy as jnp

    parameters = [(jnp.array(weight.T), jnp.array(bias)) for weight, bias in began.weights]
    zeros = [[(jnp.zeros_like(w), jnp.zeros_like(b)) for w, b in parameters] for _ in range(2)]
    return parameters, *zeros, jnp.zeros((), int)


@cache
def _functions(precision: str) -> tuple[Any, Any]:
    """Return the jitted update of a state by a batch, and the jitted reconstruction."""
    import jax
    import jax.numpy as jnp

    dtype = _TYPES[precision]

    def reconstruct(parameters: Any, x: Any) -> Any:
        x = x.astype(dtype)
        for i, (weight, bias) in enumerate(parameters):
            x = x @ weight.astype(dtype) + bias.astype(dtype)
            x = x if is_linear(i) else jax.nn.relu(x)
        return x.astype("float32")

    def loss(parameters: Any, x: Any) -> Any:
        return jnp.square(reconstruct(parameters, x) - x).mean()

    def step(state: Any, x: Any) -> Any:
        parameters, first, second, t = state
        gradients = jax.grad(loss)(parameters, x)
        first = jax.tree.map(lambda m, g: ADAM_BETA_1 * m + (1 - ADAM_BETA_1) * g, first, gradients)
        second = jax.tree.map(lambda v, g: ADAM_BETA_2 * v + (1 - ADAM_BETA_2) * g * g, second, gradients)
        t = t + 1
        scale, root = LEARNING_RATE / (1 - ADAM_BETA_1**t), jnp.sqrt(1 - ADAM_BETA_2**t)
        parameters = jax.tree.map(
            lambda p, m, v: p - scale * m / (jnp.sqrt(v) / root + ADAM_EPSILON), parameters, first, second
        )
        return parameters, first, second, t

    return jax.jit(step, donate_argnums=0), jax.jit(reconstruct)
