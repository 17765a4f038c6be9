"""What every hand-made piece of the training gains over its plain form, in turns, in one process.

``python tests/performance/ablation.py [SECTION ...]`` fits with a piece and without it, round after round, so
that what else the machine does slows both alike, and prints the seconds of both. A piece earns its place
where the median over the rounds of what it saves is a sixth of the plain form's time or more.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import Any
from unittest import mock

import numpy as np
import torch
from plain import plain_loop
from torch import nn
from torch.nn import functional as F

from benchmark.measure.clock import limit_threads
from images import N_PIXELS, source, training_images
from race import stopwatch
from reducers import make_reducer

EARNED = 1 / 6
# Dotted names of the pieces, and what stands in for them.
Patch = tuple[str, Any]
# Makes what is to be timed; the making is not.
Form = Callable[[int], Callable[[], object]]


@dataclass(frozen=True)
class Ablation:
    """A piece with the two forms that are timed: ours with it, and the plain one."""

    name: str
    ours: Form
    plain: Form


def dense(precision: str, *patches: Patch, n: int = 20_000) -> Form:
    """Return an epoch of 784-500-500-2000-10 and its mirror image, the pieces patched."""
    return partial(_fit, "stacked", {"epochs": 1, "pretrain_epochs": 0, "precision": precision}, n, patches)


def convolutional(precision: str, *patches: Patch, n: int = 10_000) -> Form:
    """Return an epoch of the convolutional autoencoder with 16 and 8 channels, the pieces patched."""
    params = {"epochs": 1, "channels": (16, 8), "precision": precision}
    return partial(_fit, "convolutional", params, n, patches)


def _fit(
    name: str, params: dict[str, Any], n: int, patches: Sequence[Patch], seed: int
) -> Callable[[], object]:
    X = training_images(n)
    reducer = make_reducer(name, n_components=10, random_state=seed, **params)

    def fit() -> None:
        with patched(patches):
            reducer.fit(X)

    return fit


@contextmanager
def patched(patches: Sequence[Patch]) -> Iterator[None]:
    """Replace what the patches name for the body; a name that this commit does not have is left out."""
    with ExitStack() as stack:
        for name, value in patches:
            if exists(name):
                stack.enter_context(mock.patch(name, value))
        yield


def exists(name: str) -> bool:
    """Return whether a dotted name, a module's attribute or that of a class in it, is in this commit."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def eager_dense(precision: str, n: int = 20_000) -> Form:
    """Return the epoch as anybody would write it: `nn.Linear`, fused Adam, autocast in bf16."""
    return lambda seed: plain_loop(n, precision)(seed).fit


def eager_convolutional(precision: str, n: int = 10_000) -> Form:
    """Return the convolutional epoch as anybody would write it, channels last."""

    def form(seed: int) -> Callable[[], object]:
        torch.manual_seed(seed)
        data = torch.from_numpy(training_images(n))
        network = EagerConvolutional().to(memory_format=torch.channels_last)
        return lambda: _train_eagerly(network, data, precision)

    return form


class EagerConvolutional(nn.Module):
    """The network of the convolutional autoencoder in torch's own layers: images in, logits out."""

    def __init__(self) -> None:
        super().__init__()
        convolution = partial(nn.Conv2d, kernel_size=3, padding=1)
        self.down = nn.ModuleList([convolution(1, 16), convolution(16, 8)])
        self.to_code, self.from_code = nn.Linear(392, 10), nn.Linear(10, 392)
        self.up = nn.ModuleList([convolution(8, 8), convolution(8, 16)])
        self.output = convolution(16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output's pre-activation, of the shape of `x`: (n, 1, 28, 28)."""
        x = x.to(memory_format=torch.channels_last)
        for layer in self.down:
            x = torch.relu(F.max_pool2d(layer(x), 2))
        x = torch.relu(self.from_code(self.to_code(x.flatten(1)))).view(-1, 8, 7, 7)
        x = x.to(memory_format=torch.channels_last)
        for layer in self.up:
            x = torch.relu(layer(F.interpolate(x, scale_factor=2.0)))
        logits: torch.Tensor = self.output(x)
        return logits


def _train_eagerly(network: nn.Module, data: torch.Tensor, precision: str, batch_size: int = 256) -> None:
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    for index in torch.randperm(len(data)).split(batch_size):
        x = data[index].view(-1, 1, 28, 28)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            output = network(x)
        F.binary_cross_entropy_with_logits(output.float(), x).backward()
        optimizer.step()


def pca(*patches: Patch, n: int = 60_000) -> Form:
    """Return the fit of our PCA to 10 components."""
    return partial(_fit, "pca", {}, n, patches)


def scikit_learn_pca(n: int = 60_000) -> Form:
    """Return the fit of scikit-learn's PCA by the eigenvectors of the covariance."""
    from sklearn.decomposition import PCA

    return lambda seed: partial(PCA(10, svd_solver="covariance_eigh").fit, training_images(n))


def two_pass(X: Any) -> tuple[Any, Any]:
    """Return mean and covariance as anybody would write them: centred, in one product."""
    X = np.asarray(X)
    mean = X.mean(axis=0, dtype=np.float64)
    centred = X - mean.astype(np.float32)
    return mean.astype(np.float32), (centred.T @ centred).astype(np.float64) / (len(X) - 1)


def by_the_device(X: Any) -> tuple[Any, Any]:
    """Return mean and covariance as torch sums them on other devices, here on the CPU."""
    from reducers.training.batches import make_batches
    from reducers.training.covariance import covariance_on_device

    return covariance_on_device(make_batches(X, torch.device("cpu")))


def plain_one_channel(windows: torch.Tensor, weight: Any, bias: Any) -> torch.Tensor:
    """Return the convolution of the windows' image to one channel by torch's own call."""
    from reducers.training.upsampling import image_of

    return F.conv2d(image_of(windows), weight, bias, padding=1).squeeze(1)


def plain_linear(x: torch.Tensor, weight: Any, bias: Any, activation: str) -> torch.Tensor:
    """Return ``activation(W x + b)`` by torch's own calls."""
    functions = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "linear": lambda y: y}
    return functions[activation](F.linear(x, weight, bias))


# The networks' modules, here and in the commits before.
_DENSE = ("reducers.training.dense_network", "reducers.methods.autoencoders.dense_network")
_IMAGE = ("reducers.training.image_network", "reducers.methods.autoencoders.image_network")
_NO_FUSION = tuple((f"{module}.linear", plain_linear) for module in _DENSE)
_NO_MKL = (("reducers.training.products._faster_by_mkl", lambda a, b: False),)
_NO_WINDOWS = tuple(
    (f"{module}.ConvolutionalNetwork._in_windows", property(lambda network: False)) for module in _IMAGE
)
_PLAIN_OUTPUT = tuple((f"{module}.to_one_channel", plain_one_channel) for module in _IMAGE)
_NOTHING_KEPT = tuple(
    (f"reducers.training.{module}.freed_memory_kept", nullcontext)
    for module in ("loop", "device", "covariance")
)
_ON_DEVICE = (("reducers.training.covariance.covariance", by_the_device),)
_TWO_PASS = (("reducers.training.covariance.covariance", two_pass),)

SECTIONS = {
    "linear": [
        Ablation("fused linear, fp32 / F.linear in its place", dense("fp32"), dense("fp32", *_NO_FUSION)),
        Ablation("the whole fit, fp32 / an eager loop", dense("fp32"), eager_dense("fp32")),
    ],
    "mkl": [Ablation("the MKL rule, fp32 / oneDNN for all", dense("fp32"), dense("fp32", *_NO_MKL))],
    "half": [
        Ablation("the whole fit, bf16 / an eager loop with autocast", dense("bf16"), eager_dense("bf16")),
        Ablation("the whole fit, bf16 / the same in fp32", dense("bf16"), dense("fp32")),
    ],
    "upsampling": [
        ablation
        for precision in ("fp32", "bf16")
        for ablation in (
            Ablation(
                f"windows, {precision} / interpolated images in their place",
                convolutional(precision),
                convolutional(precision, *_NO_WINDOWS),
            ),
            Ablation(
                f"output from windows, {precision} / a convolution of the image",
                convolutional(precision),
                convolutional(precision, *_PLAIN_OUTPUT),
            ),
            Ablation(
                f"the whole fit, {precision} / an eager loop, channels last",
                convolutional(precision),
                eager_convolutional(precision),
            ),
        )
    ],
    "memory": [
        Ablation(
            f"freed memory kept, {form.__name__}, {precision} / returned",
            form(precision),
            form(precision, *_NOTHING_KEPT),
        )
        for form in (dense, convolutional)
        for precision in ("fp32", "bf16")
    ],
    "covariance": [
        Ablation("PCA, own covariance / two passes of numpy", pca(), pca(*_TWO_PASS)),
        Ablation("PCA, own covariance / torch's way on a device", pca(), pca(*_ON_DEVICE)),
        Ablation("PCA, own covariance / scikit-learn's covariance_eigh", pca(), scikit_learn_pca()),
        Ablation("PCA, freed memory kept / returned", pca(), pca(*_NOTHING_KEPT)),
    ],
}


def compare(ablation: Ablation, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds of both forms, one a round; a first round, which warms both up, is left out."""
    ours: list[float] = []
    plain: list[float] = []
    for seed in range(rounds + 1):
        turns = [(ablation.ours, ours), (ablation.plain, plain)]
        # Whoever comes second finds the caches warm: they take turns in that, too.
        for form, seconds in turns if seed % 2 else reversed(turns):
            seconds.append(stopwatch(form(seed)))
    return ours[1:], plain[1:]


def row(name: str, ours: Sequence[float], plain: Sequence[float]) -> str:
    """Return a line of the table."""
    saved = statistics.median(1 - a / b for a, b in zip(ours, plain, strict=True))
    figures = [min(ours), statistics.median(ours), min(plain), statistics.median(plain)]
    verdict = "earned" if saved >= EARNED else "not earned"
    return f"{name:62}" + "".join(f"{value:9.3f}" for value in figures) + f"{saved:8.0%}  {verdict}"


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
    print(f"{'ours / plain (seconds)':62}" + f"{'min':>9}{'median':>9}" * 2 + f"{'saved':>8}")
    with limit_threads(asked.threads):
        for section in asked.sections or SECTIONS:
            for ablation in SECTIONS[section]:
                if section == "mkl" and not exists(_NO_MKL[0][0]):
                    print(f"{ablation.name:62}  not in this commit")
                    continue
                print(row(ablation.name, *compare(ablation, asked.rounds)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
