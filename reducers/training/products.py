"""Affine maps at the processor's own speed.

On a CPU, oneDNN multiplies small single precision matrices up to twice as fast as the BLAS that ``@``
takes, adds the bias and applies the activation in the same pass; ``tests/performance/ablation.py``
measures what that gains. In half precision, which is autocast's, and on other devices these are torch's
own calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "linear": lambda y: y,
}
# What can follow a product in the same pass, by oneDNN's name.
FUSED_ACTIVATIONS = {"linear": "none", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}
# The gradient before an activation, from that behind it and from what it gave.
SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "linear": lambda gradient, y: gradient,
    "relu": lambda gradient, y: torch.ops.aten.threshold_backward(gradient, y, 0),
    "sigmoid": torch.ops.aten.sigmoid_backward,
    "tanh": torch.ops.aten.tanh_backward,
    "softplus": lambda gradient, y: gradient * -torch.expm1(-y),
}


def linear(x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
    """Return ``activation(W x + b)``, of shape (n, n_out), with a gradient.

    Parameters
    ----------
    x : Tensor of shape (n, n_in)
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,)
    activation : a key of `ACTIVATIONS`
    """
    fused = activation if activation in FUSED_ACTIVATIONS else "linear"
    if has_onednn(x) and not torch.is_autocast_enabled("cpu"):
        y: Tensor = _Linear.apply(x, weight, bias, fused)  # type: ignore[no-untyped-call]
    else:
        y = ACTIVATIONS[fused](F.linear(x, weight, bias))
    return y if fused == activation else ACTIVATIONS[activation](y)


def affine(x: Tensor, weight: Tensor, bias: Tensor, activation: str = "linear") -> Tensor:
    """Return the same without a gradient; the activation is a key of `FUSED_ACTIVATIONS`."""
    if has_onednn(x):
        return _pointwise(x, weight, bias, FUSED_ACTIVATIONS[activation])
    return ACTIVATIONS[activation](F.linear(x, weight, bias))


def product(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b`` of two matrices, without a gradient."""
    return _pointwise(a, b.t(), None, "none") if has_onednn(a) else a @ b


def reconstruction_loss(output: Tensor, x: Tensor, activation: str, loss: str) -> Tensor:
    """Return the mean over samples and features of a loss between an output and `x`, a scalar.

    Parameters
    ----------
    output : Tensor of the shape of `x`
        Before its activation, a key of `ACTIVATIONS`.
    loss : {'mse', 'bce'}
        Squared error, or the cross-entropy of a sigmoid.
    """
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(single(output), x)
    return F.mse_loss(ACTIVATIONS[activation](single(output)), x)


def single(x: Tensor) -> Tensor:
    """Return `x` in single precision where it is in half, whose sums lose what is small."""
    return x.float() if x.dtype == torch.bfloat16 else x


def has_onednn(x: Tensor) -> bool:
    """Return whether oneDNN multiplies tensors of the kind of `x` on this processor."""
    return x.is_cpu and x.dtype in _onednn_types()


@cache
def _onednn_types() -> frozenset[torch.dtype]:
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return frozenset()
    half = [torch.bfloat16] if torch.ops.mkldnn._is_mkldnn_bf16_supported() else []
    return frozenset([torch.float32, *half])


def _pointwise(x: Tensor, weight: Tensor, bias: Tensor | None, name: str) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], "")  # type: ignore[no-any-return]


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
        y = affine(x, weight, bias, activation)
        ctx.save_for_backward(x, weight, y)
        ctx.activation = activation
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, y = ctx.saved_tensors
        gradient = SLOPES[ctx.activation](gradients[0], y)
        to_input = product(gradient, weight) if ctx.needs_input_grad[0] else None
        return to_input, product(gradient.t(), x), gradient.sum(dim=0), None
