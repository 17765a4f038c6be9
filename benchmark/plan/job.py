"""One measurement of a plan: the `Job`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Begins a job's `data` where that says how the data are made, not what they hash to.
RECIPE = "recipe:"


@dataclass(frozen=True)
class Job:
    """One measurement: a reducer with its parameters on a dataset, a device and a seed.

    `data` identifies the dataset's content and `code` the reducer's source, so that a job whose
    meaning changed has another `key`.
    """

    run: str
    dataset: str
    source: str
    data: str
    n_train: int
    n_test: int
    n_features: int
    reducer: str
    params: Mapping[str, Any]
    device: str
    threads: int
    seed: int
    code: str
    data_dir: str | None = None
    plugins: tuple[str, ...] = ()
    unavailable: str | None = None
    repeats: int = 1

    @property
    def key(self) -> str:
        """A name for files: readable, safe, and different for every different measurement."""
        meaning = {name: value for name, value in asdict(self).items() if name not in _NOT_MEANING}
        if self.repeats == 1:
            # Jobs had keys before there were repeats, and results are kept under them.
            del meaning["repeats"]
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True, default=str).encode()).hexdigest()
        reducer = re.sub(r"[^A-Za-z0-9.-]+", "_", self.reducer).strip(".")[:60]
        return f"{reducer}-{self.device}-d{self.params.get('n_components')}-s{self.seed}-{digest[:10]}"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        """Return the job whose ``asdict`` went through JSON."""
        return cls(**{**data, "plugins": tuple(data["plugins"])})


# Where data and results lie does not change what is measured.
_NOT_MEANING = {"run", "source", "data_dir", "plugins", "unavailable"}
