"""Matrix products at the processor's own speed.

On a CPU, oneDNN multiplies small single precision matrices up to twice as fast as the BLAS that
``@`` takes (the same speed where that BLAS is tuned for the processor), and adds the bias and
applies the activation in the same pass. Only a transposed first factor, which oneDNN copies, is faster
by such a BLAS. Half precision ``@`` is oneDNN's already.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

# What can follow an affine map in the same pass, by oneDNN's name.
FUSED_ACTIVATIONS = {"linear": "none", "relu": "relu", "sigmoid": "sigmoid"}


def product(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b`` of two matrices, without a gradient."""
    by_blas = not a.is_contiguous() and _blas_is_tuned()
    if a.dtype == torch.float32 and _has_onednn(a) and not by_blas:
        return torch.ops.mkldnn._linear_pointwise(a, b.t(), None, "none", [], "")  # type: ignore[no-any-return]
    return a @ b


def affine(x: Tensor, weight: Tensor, bias: Tensor, activation: str = "linear") -> Tensor:
    """Return ``activation(W x + b)``, of shape (n, n_out), without a gradient.

    Parameters
    ----------
    x : Tensor of shape (n, n_in)
    weight : Tensor of shape (n_out, n_in)
    bias : Tensor of shape (n_out,)
    activation : a key of `FUSED_ACTIVATIONS`
    """
    if _has_onednn(x):
        name = FUSED_ACTIVATIONS[activation]
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, name, [], "")  # type: ignore[no-any-return]
    y = F.linear(x, weight, bias)
    return y if activation == "linear" else torch.relu_(y) if activation == "relu" else torch.sigmoid_(y)


def linear(x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
    """Return ``activation(W x + b)`` in the weights' precision, with a gradient; see `affine`."""
    return _Linear.apply(x.to(weight.dtype), weight, bias, activation)  # type: ignore[no-any-return, no-untyped-call]


def _has_onednn(x: Tensor) -> bool:
    return x.is_cpu and x.dtype in _onednn_types()


@cache
def _onednn_types() -> frozenset[torch.dtype]:
    """Return the types that oneDNN multiplies on this processor."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return frozenset()
    half = [torch.bfloat16] if torch.ops.mkldnn._is_mkldnn_bf16_supported() else []
    return frozenset([torch.float32, *half])


@cache
def _blas_is_tuned() -> bool:
    """Return whether the BLAS is tuned for this processor: MKL, on one of its maker's."""
    cpuinfo = Path("/proc/cpuinfo")
    return torch.backends.mkl.is_available() and cpuinfo.is_file() and "GenuineIntel" in cpuinfo.read_text()


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
        gradient = gradients[0]
        if ctx.activation == "relu":
            gradient = torch.ops.aten.threshold_backward(gradient, y, 0)
        elif ctx.activation == "sigmoid":
            gradient = torch.ops.aten.sigmoid_backward(gradient, y)
        to_input = product(gradient, weight) if ctx.needs_input_grad[0] else None
        return to_input, product(gradient.t(), x), gradient.sum(dim=0), None
