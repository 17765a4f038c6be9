"""Who races against our autoencoders, on which network and in which precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec

import torch

from peers.elsewhere import in_own_process
from peers.jitted import jitted_loop
from peers.on_torch import pythae_train, skorch_fit
from peers.plain import plain_loop
from peers.start import Peer, Start, from_our_start, ours
from peers.with_keras import keras_on_jax, keras_on_torch
from race import Contender, Trial

NOT_INSTALLED = 'the extra "peers" is not installed: pip install -c constraints.txt -e ".[peers]"'
NETWORKS = ("dense", "convolutional")


@dataclass(frozen=True)
class Library:
    """Import names that have to be installed, precisions by network, and what makes the peer."""

    needs: tuple[str, ...]
    races: Mapping[str, Sequence[str]]
    make: Callable[[str, str], Peer]

    @property
    def is_installed(self) -> bool:
        """Whether all that it needs can be imported."""
        return all(find_spec(name) is not None for name in self.needs)


def _in_own_process(fit: Callable[[str, str, Start], Trial]) -> Callable[[str, str], Peer]:
    return lambda network, precision: in_own_process(
        partial(fit, network, precision), torch.get_num_threads()
    )


_BOTH = ("fp32", "bf16")
PEERS = {
    "plain torch": Library(("torch",), {"dense": _BOTH, "convolutional": _BOTH}, plain_loop),
    "Keras on torch": Library(("keras",), {"dense": ("fp32",)}, keras_on_torch),
    "skorch": Library(("skorch",), {"dense": ("fp32",)}, skorch_fit),
    "pythae": Library(("pythae",), {"dense": ("fp32",)}, pythae_train),
    # XLA convolves in bf16 on a CPU, but slower than in fp32.
    "Keras on JAX": Library(
        ("keras", "jax"), {"dense": _BOTH, "convolutional": ("fp32",)}, _in_own_process(keras_on_jax)
    ),
    "jax.jit loop": Library(("jax",), {"dense": _BOTH}, _in_own_process(jitted_loop)),
}


def native_precisions() -> tuple[str, ...]:
    """Return the precisions that a fit on this processor may take by itself."""
    from reducers.training.precision import native_precision

    auto = native_precision("auto", torch.device("cpu"))
    return ("fp32",) if auto == "fp32" else ("fp32", auto)


def contenders(network: str, n: int, precisions: Sequence[str]) -> dict[str, Contender]:
    """Return ours and every peer that is installed, ``"name, precision"`` each, on `n` images."""
    found = {f"ours, {precision}": ours(network, n, precision) for precision in precisions}
    for name, library in PEERS.items():
        for precision in library.races.get(network, ()):
            if library.is_installed and precision in precisions:
                peer = library.make(network, precision)
                found[f"{name}, {precision}"] = from_our_start(network, n, peer)
    return found


def versions() -> dict[str, str]:
    """Return the versions of the libraries that race, by import name, which is their name in the index."""
    names = {name for library in PEERS.values() if library.is_installed for name in library.needs}
    return {name: version(name) for name in sorted(names)}


def missing() -> list[str]:
    """Return the peers that are not installed."""
    return [name for name, library in PEERS.items() if not library.is_installed]
