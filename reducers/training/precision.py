"""Which arithmetic a network is trained in."""

from __future__ import annotations

import time
from functools import cache

import torch

from reducers.training.products import affine

# bfloat16 keeps eight bits of a number: what it saves must be worth that.
_WORTH = 1.2
# A batch and a layer, of the size that networks for images have.
_SHAPE = (256, 512, 512)
_ROUNDS = 8


def native_precision(requested: str, device: torch.device) -> str:
    """Return the arithmetic to train in.

    ``auto`` is bf16 where the hardware multiplies it natively and, on a CPU, faster than fp32 by a fifth
    or more: some processors have the instructions, but run them at half the rate. That is measured
    once in a process, within some 20 ms.
    """
    if requested != "auto":
        return requested
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if device.type == "cpu" and has_bf16():
        return "bf16" if _gain(torch.get_num_threads()) >= _WORTH else "fp32"
    return "fp32"


def has_bf16() -> bool:
    """Return whether the processor has instructions for products in bfloat16."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@cache
def _gain(threads: int) -> float:
    """Return how many times faster a layer is in bf16 than in fp32, on `threads` threads."""
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    # In turns: what slows the machine for a moment slows both.
    for _ in range(_ROUNDS):
        for dtype in best:
            best[dtype] = min(best[dtype], _seconds(dtype))
    return best[torch.float32] / best[torch.bfloat16]


def _seconds(dtype: torch.dtype) -> float:
    n, n_in, n_out = _SHAPE
    x, weight = torch.ones(n, n_in, dtype=dtype), torch.ones(n_out, n_in, dtype=dtype)
    bias = torch.zeros(n_out, dtype=dtype)
    begun = time.perf_counter()
    affine(x, weight, bias)
    return time.perf_counter() - begun
