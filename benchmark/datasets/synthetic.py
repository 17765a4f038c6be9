"""Made-up samples of any number and width, written to a file a block at a time."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmark.errors import InputError, RunError

# Begins a digest that says how the data are made, not what they hash to.
RECIPE = "recipe:"
FACTORS = 20
N_TEST = 2_000
SUMMARY = f"made up: sigmoids of {FACTORS} latent factors times a random matrix, float32 in [0, 1]"
_TEST_SHARE = 5  # A file without a split of its own gives every fifth sample to the test part.
_VERSION = 1  # Goes up when the same table would get other values.
_SEED = 0
_BLOCK_ROWS = 8192
_MARGIN_BYTES = 2**28


@dataclass(frozen=True)
class Synthetic:
    """A table with `n_train` samples to train with and `N_TEST` to test with, always the same.

    A sample is ``1 / (1 + exp(-z W))`` of a normal z of `FACTORS` numbers and a fixed normal W: rows
    in [0, 1] that lie on a surface of few dimensions, as real data do, however many features there are.
    """

    n_train: int
    n_features: int

    @property
    def name(self) -> str:
        """Name of the data set."""
        return f"synthetic-{self.n_features}"

    @property
    def rows(self) -> int:
        """Samples in the file, of which one in five is kept to test with."""
        return max(-(-self.n_train * _TEST_SHARE // (_TEST_SHARE - 1)), N_TEST * _TEST_SHARE)

    @property
    def n_bytes(self) -> int:
        """Size of the file, but for its header."""
        return 4 * self.rows * self.n_features

    @property
    def sha256(self) -> str:
        """Digest of all that the values follow from, so that it is known before they are made."""
        recipe = f"synthetic {_VERSION} {_SEED} {FACTORS} {self.rows} {self.n_features}"
        return RECIPE + hashlib.sha256(recipe.encode()).hexdigest()

    @property
    def n_test(self) -> int:
        """Samples to test with, whatever the number to train with."""
        return N_TEST

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of a square image of as many pixels, at least 16; None where there is none."""
        side = math.isqrt(self.n_features)
        return (side, side) if side * side == self.n_features >= 16 else None

    def write(self, path: Path) -> None:
        """Write the table as a .npy file, holding some megabytes of it at a time."""
        weights = np.random.default_rng((_SEED, self.n_features)).standard_normal((FACTORS, self.n_features))
        weights = (weights / np.sqrt(FACTORS)).astype(np.float32)
        header = {"descr": "<f4", "fortran_order": False, "shape": (self.rows, self.n_features)}
        with open(path, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, self.rows, _BLOCK_ROWS):
                rng = np.random.default_rng((_SEED, self.n_features, start))
                factors = rng.standard_normal((min(_BLOCK_ROWS, self.rows - start), FACTORS), np.float32)
                values = -2 * factors @ weights
                np.exp(values, out=values)
                values += 1
                np.reciprocal(values, out=values)
                file.write(np.ascontiguousarray(values, dtype="<f4").data)
            # What the system still has to write would be written while the first fit is timed.
            file.flush()
            os.fsync(file.fileno())


class Files:
    """The file of one table at a time, in a directory for temporary files that `close` removes."""

    def __init__(self) -> None:
        self._temporary = TemporaryDirectory(prefix="benchmark-scale-", ignore_cleanup_errors=True)
        self._directory = Path(self._temporary.name)
        self._held: Path | None = None

    def close(self) -> None:
        """Remove the file and its directory."""
        self._temporary.cleanup()

    def check_room(self, largest: int) -> None:
        """Raise `InputError` where the disk has no room for a file of `largest` bytes.

        A process that still reads the file before it keeps the place of that one taken.
        """
        needed, free = largest * 4 // 3 + _MARGIN_BYTES, shutil.disk_usage(self._directory).free
        if needed > free:
            raise InputError(
                f"The largest sweep needs {needed / 1e9:.1f} GB in {self._directory.parent} for its data; "
                f"{free / 1e9:.1f} GB are free there: ask for less, or set TMPDIR to another directory."
            )

    def path(self, table: Synthetic) -> Path:
        """Return the file of `table`, made where it is not there; the one before is removed."""
        path = self._directory / f"{table.name}-{table.rows}.npy"
        if path == self._held:
            return path
        if self._held is not None:
            self._held.unlink(missing_ok=True)
        try:
            table.write(path)
        except OSError as error:
            path.unlink(missing_ok=True)
            reason = error.strerror or str(error)
            raise RunError(f"The data of a sweep cannot be written to {path.parent}: {reason}.") from error
        self._held = path
        return path
