"""A reducer that takes for ever, and says in a file which processes do so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from reducers.base import Reducer


class Slow(Reducer):
    """Sleeps in its fit, with a process of its own beside it.

    The ids of both are written to the file that the environment variable SLOW_REDUCER_PIDS names.
    """

    name = "slow"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        beside = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        marker = Path(os.environ["SLOW_REDUCER_PIDS"])
        marker.with_suffix(".new").write_text(f"{os.getpid()} {beside.pid}")
        marker.with_suffix(".new").replace(marker)
        time.sleep(300)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, : self.n_components]
