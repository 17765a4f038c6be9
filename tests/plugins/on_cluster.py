"""Reducers that wait to be let go, end the worker they run on, or tell how many threads they have."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

from reducers.base import Reducer


class Waits(Reducer):
    """Writes its process id to the file `sign`, and waits until there is a file ``<sign>.go``."""

    name = "waits"
    reference = "none"
    warmup_samples = 1

    sign: str = ""

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        sign = Path(self.sign)
        sign.with_suffix(".new").write_text(str(os.getpid()))
        sign.with_suffix(".new").replace(sign)
        while not sign.with_suffix(".go").exists():
            time.sleep(0.05)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, : self.n_components]


class EndsWorker(Reducer):
    """Ends the Dask worker that runs it: the parent of the process that starts the jobs."""

    name = "ends-worker"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        import psutil

        worker = psutil.Process(os.getppid()).parent()
        assert worker is not None
        worker.send_signal(signal.SIGKILL)
        time.sleep(60)

    def _transform(self, X: np.ndarray) -> np.ndarray:
        return X[:, : self.n_components]


class TellsThreads(Reducer):
    """Keeps the number of threads that torch and BLAS have in its history."""

    name = "tells-threads"
    reference = "none"

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        import torch
        from threadpoolctl import threadpool_info

        blas = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
        self.history_: list[dict[str, Any]] = [{"torch": torch.get_num_threads(), "blas": min(blas)}]

    def _transform(self, X: np.ndarray) -> np.ndarray:
        print("told its threads")
        return X[:, : self.n_components]
