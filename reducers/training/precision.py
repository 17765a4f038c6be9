"""Which arithmetic a network is trained in."""

from __future__ import annotations

import math
import time
from functools import cache

import torch

from reducers.training.products import linear

# bfloat16 keeps eight bits of a number: what it saves must be worth that.
_WORTH = 1.2
# Standard deviations of a fair coin's number of heads: rounds that are further off are no chance, though one
# looks after every round (the test of signs, which asks only which of two times was shorter).
_SURE = 4.0
_TIME_LIMIT = 2.0
# A batch and a layer, of the size that networks for images have.
_SHAPE = (256, 512, 512)


def native_precision(requested: str, device: str | torch.device) -> str:
    """Return the arithmetic to train in, ``fp32`` or ``bf16``.

    ``auto`` is bf16 where the hardware multiplies it natively and, on a CPU, trains faster by a fifth or
    more: some processors have the instructions, but run them at half the rate. That is measured once in a
    process, for as long as it takes to be sure: a tenth of a second as a rule, and two seconds at most,
    after which it is fp32.
    """
    if requested != "auto":
        return requested
    kind = torch.device(device).type
    if kind == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    if kind == "cpu" and has_bf16():
        return "bf16" if _is_worth_it(torch.get_num_threads()) else "fp32"
    return "fp32"


def has_bf16() -> bool:
    """Return whether the processor has instructions for products in bfloat16."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@cache
def _is_worth_it(threads: int) -> bool:
    """Return whether the median ratio of fp32's time to bf16's is surely above what makes it worth it.

    The two run in turns, so that what else the machine does slows both alike, and a round that it
    disturbed is one vote of many.
    """
    for half in (False, True):
        _seconds(half)
    begun, rounds, lead = time.perf_counter(), 0, 0
    while time.perf_counter() - begun < _TIME_LIMIT:
        # Whoever comes second finds the caches warm: they take turns in that, too.
        order = (False, True) if rounds % 2 else (True, False)
        seconds = {half: _seconds(half) for half in order}
        rounds += 1
        lead += 1 if seconds[False] > _WORTH * seconds[True] else -1
        if abs(lead) > _SURE * math.sqrt(rounds):
            return lead > 0
    return False


def _seconds(half: bool) -> float:
    """Return how long a layer takes forward and backward, in half precision or in single."""
    n, n_in, n_out = _SHAPE
    x, weight = torch.ones(n, n_in, requires_grad=True), torch.ones(n_out, n_in, requires_grad=True)
    bias, gradient = torch.zeros(n_out, requires_grad=True), torch.ones(n, n_out)
    with torch.enable_grad():
        begun = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            y = linear(x, weight, bias, "relu")
        y.backward(gradient.to(y.dtype))
        return time.perf_counter() - begun
