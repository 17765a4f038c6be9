"""What every torch-based reducer shares: the device, the generator, batched application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import Reducer
from reducers.parameters import one_of
from reducers.rows import FloatArray, Rows, extent
from reducers.training.kept_memory import freed_memory_kept

if TYPE_CHECKING:
    import torch

    from reducers.training.batches import Batches

DEVICES = ("auto", "cpu", "cuda", "mps")


class TorchReducer(Reducer):
    """A reducer whose arithmetic is torch's.

    Parameters
    ----------
    device : {'auto', 'cpu', 'cuda', 'mps'}, default 'auto'
        Where to compute; ``auto`` takes the GPU where there is one.
    """

    devices = ("cpu", "cuda", "mps")
    streams = True

    device: str = one_of(*DEVICES)

    def _torch_device(self) -> torch.device:
        return resolve_device(self.device)

    def _check_probabilities(self, X: FloatArray | Rows, why: str = "") -> None:
        """Raise ValueError where a value of `X` lies outside [0, 1]."""
        low, high = extent(X)
        if not (low >= 0.0 and high <= 1.0):
            raise self._refusal(f"inputs in [0, 1]{why}", f"[{low:g}, {high:g}]")

    def _to_device(self, X: NDArray[Any]) -> torch.Tensor:
        from reducers.training.batches import to_tensor

        return to_tensor(X, self._torch_device())

    def _batches(self, X: FloatArray | Rows) -> Batches:
        """Return `X` as training data on the device."""
        from reducers.training.batches import make_batches

        return make_batches(X, self._torch_device())

    def _generator(self, rng: np.random.Generator) -> torch.Generator:
        """Return a torch generator on the device, seeded from `rng`."""
        import torch

        return torch.Generator(self._torch_device()).manual_seed(int(rng.integers(2**63)))

    def _apply(self, function: Callable[[torch.Tensor], torch.Tensor], X: FloatArray | Rows) -> Any:
        """Return ``function(X)`` as an array, computed without gradients in batches on the device."""
        import torch

        # Bytes become numbers where they are multiplied, a block at a time.
        with torch.inference_mode(), freed_memory_kept():
            parts = [function(block).float().cpu() for block in self._batches(X).blocks()]
            return torch.cat(parts).numpy()


def resolve_device(name: str) -> torch.device:
    """Return the torch device called `name`; ``auto`` is the GPU where there is one.

    Raises
    ------
    ValueError
        The device is not there.
    """
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there.get(name, False):
        found = ", ".join(device for device, is_there in there.items() if is_there)
        raise ValueError(f"device '{name}' is not available here; found: {found}.")
    return torch.device(name)
