"""What every hand-made piece of the training gains over its plain form, in turns.

``python tests/performance/ablation.py [SECTION ...]`` fits with a piece and without it, round after round, so
that what else the machine does slows both alike, and prints the seconds of both. Every fit has a process of
its own, as a job has: how the C library keeps memory is a matter of the whole process, and would outlast the
fit. A piece earns its place where the median over the rounds of what it saves is a sixth of the plain form's
time or more. How the whole compares with other libraries is the business of ``report.py --only peers``.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from multiprocessing import get_context
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch.nn import functional as F

from benchmark.measure.threads import limit_threads
from images import N_PIXELS, source, training_images
from peers.start import ours
from race import Contender, Trial, stopwatch
from reducers import make_reducer
from reducers.training.products import ACTIVATIONS

EARNED = 1 / 6
# The dotted name of a piece, and what stands in for it.
Patch = tuple[str, Any]


class Ablation(NamedTuple):
    """A fit with a piece, and the same fit with its plain form in the piece's place."""

    name: str
    fit: Contender
    patches: Sequence[Patch]


def plain_linear(x: torch.Tensor, weight: Any, bias: Any, activation: str = "linear") -> torch.Tensor:
    """Return ``activation(W x + b)`` by torch's own calls."""
    return ACTIVATIONS[activation](F.linear(x, weight, bias))


def rbm(seed: int, n: int = 20_000) -> Trial:
    """Return two epochs of an RBM of 500 units."""
    X = training_images(n)
    reducer = make_reducer("rbm", n_components=500, epochs=2, random_state=seed)
    return Trial(lambda: reducer.fit(X), lambda: math.nan)


_PLAIN_LINEAR = (("reducers.training.dense_network.linear", plain_linear),)
_NOTHING_KEPT = tuple(
    (f"reducers.training.{module}.freed_memory_kept", nullcontext) for module in ("loop", "device")
)
_PLAIN_PRODUCTS = (
    ("reducers.training.contrastive.affine", plain_linear),
    ("reducers.training.contrastive.product", torch.matmul),
)
SECTIONS = {
    "linear": [Ablation("fused linear, fp32 / F.linear", ours("dense", 20_000, "fp32"), _PLAIN_LINEAR)],
    "rbm": [Ablation("fused products of the RBM / @", rbm, _PLAIN_PRODUCTS)],
    "memory": [
        Ablation(
            f"freed memory kept, {network}, {precision} / returned",
            ours(network, 10_000, precision, epochs=3),
            _NOTHING_KEPT,
        )
        for network in ("dense", "convolutional")
        for precision in ("fp32", "bf16")
    ],
}


@contextmanager
def patched(patches: Sequence[Patch]) -> Iterator[None]:
    """Replace what the patches name for the body."""
    with ExitStack() as stack:
        for name, value in patches:
            stack.enter_context(mock.patch(name, value))
        yield


def seconds_of(section: str, place: int, plain: bool, seed: int, threads: int) -> float:
    """Return the seconds of one fit in this process, after a first one that warms the libraries up."""
    ablation = SECTIONS[section][place]
    with limit_threads(threads), patched(ablation.patches if plain else ()):
        make_reducer("autoencoder", epochs=1).fit(training_images(512))
        return stopwatch(ablation.fit(seed).fit)


def compare(section: str, place: int, rounds: int, threads: int) -> tuple[list[float], list[float]]:
    """Return the seconds of both forms, one a round."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for seed in range(rounds):
            for plain in (False, True) if seed % 2 else (True, False):
                found = processes.submit(seconds_of, section, place, plain, seed, threads)
                seconds[plain].append(found.result())
    return seconds[False], seconds[True]


def row(name: str, kept: Sequence[float], plain: Sequence[float]) -> str:
    """Return a line of the table."""
    saved = statistics.median(1 - a / b for a, b in zip(kept, plain, strict=True))
    figures = [min(kept), statistics.median(kept), min(plain), statistics.median(plain)]
    verdict = "earned" if saved >= EARNED else "not earned"
    return f"{name:50}" + "".join(f"{value:9.3f}" for value in figures) + f"{saved:8.0%}  {verdict}"


def main(words: Sequence[str] | None = None) -> int:
    """Measure the sections asked for, all by default, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each form (default 5)")
    parser.add_argument("--threads", type=int, default=1, help="of both forms (default 1)")
    asked = parser.parse_args(words)
    for section in asked.sections:
        if section not in SECTIONS:
            parser.error(f"no section is named {section!r}; there are {', '.join(SECTIONS)}")
    print(f"{source()}, {N_PIXELS} pixels; {asked.threads} thread(s), {asked.rounds} rounds; torch "
          f"{torch.__version__}")  # fmt: skip
    print(f"{'with / without (seconds)':50}" + f"{'min':>9}{'median':>9}" * 2 + f"{'saved':>8}")
    for section in asked.sections or SECTIONS:
        for place, ablation in enumerate(SECTIONS[section]):
            print(row(ablation.name, *compare(section, place, asked.rounds, asked.threads)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
