"""Weights while they are trained: a master copy in single precision, and what the network sees."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import torch
from torch import Tensor


class MasterWeights:
    """Lends a network weights in a `dtype` of its own while a master copy of them is optimised.

    Micikevicius et al. (2018), Mixed precision training: products in half precision, updates in
    single. All parameters lie in one tensor, so the optimiser makes one pass over memory and the
    cast to the working copy is one more; autocast would cast every weight and every gradient anew.
    In single precision on a CPU there is nothing to cast, nor to be gained by one launch for all: the
    optimiser then takes every parameter's gradient where it lies.

    Parameters
    ----------
    parameters : sequence of torch.nn.Parameter
        On one device, float32. They are float32 again, and contiguous, when the context ends.
    dtype : torch.dtype
        Of the weights the network computes with: float32 or bfloat16.

    Attributes
    ----------
    master : Tensor of shape (number of weights,)
        The values, in the order of the parameters.
    optimised : list of torch.nn.Parameter
        To be given to the optimiser: `master`, whole or one part a parameter; their gradients are set
        by `collect_gradients`.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter], dtype: torch.dtype) -> None:
        self.parameters = list(parameters)
        self.dtype = dtype
        flat = torch.cat([p.detach().reshape(-1) for p in self.parameters]).float()
        self.master = flat
        self._working = flat if dtype == torch.float32 else flat.to(dtype)
        self._by_part = dtype == torch.float32 and flat.device.type == "cpu"
        parts = self._views(flat) if self._by_part else [flat]
        self.optimised = [torch.nn.Parameter(part) for part in parts]
        self._gradients = [] if self._by_part else self._make_gradients()

    def __enter__(self) -> Self:
        for parameter, view in zip(self.parameters, self._views(self._working), strict=True):
            parameter.data = view
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for parameter, view in zip(self.parameters, self._views(self.master), strict=True):
            parameter.grad = None
            parameter.data = view.clone()

    def _make_gradients(self) -> list[Tensor]:
        gradient = torch.zeros_like(self.master)
        self.optimised[0].grad = gradient
        return self._views(gradient)

    def forget_gradients(self) -> None:
        """Let the next backward pass write gradients anew instead of adding to them."""
        for parameter in self.parameters:
            parameter.grad = None

    def collect_gradients(self) -> None:
        """Give the master the parameters' gradients; 0 where a parameter has none."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.parameters]
        if self._by_part:
            for part, gradient in zip(self.optimised, gradients, strict=True):
                part.grad = gradient
        else:
            torch._foreach_copy_(self._gradients, gradients)

    def publish(self) -> None:
        """Give the network the master's present values."""
        if self._working.dtype != torch.float32:
            self._working.copy_(self.master)

    def _views(self, flat: Tensor) -> list[Tensor]:
        sizes = [parameter.numel() for parameter in self.parameters]
        pieces = flat.split(sizes)
        return [piece.view(p.shape) for piece, p in zip(pieces, self.parameters, strict=True)]
