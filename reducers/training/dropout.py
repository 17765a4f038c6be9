"""Dropout that draws from a generator of its own; torch's draws from the global one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Drop = Callable[[Tensor], Tensor]


def keep(x: Tensor) -> Tensor:
    """Return all units as they are."""
    return x


def dropout(share: float, generator: torch.Generator) -> Drop:
    """Return a function that sets a share of the units to 0, drawn anew each time it is called.

    The others are divided by 1 - `share`, so that their mean stays what it is without dropout (Srivastava et
    al. 2014, Dropout: a simple way to prevent neural networks from overfitting, JMLR 15).
    """

    def drop(x: Tensor) -> Tensor:
        kept = torch.empty_like(x).bernoulli_(1.0 - share, generator=generator)
        return x * kept.div_(1.0 - share)

    return drop if share else keep
