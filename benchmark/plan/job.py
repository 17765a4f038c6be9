"""One measurement of a plan: the `Job`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True)
class Job:
    """One measurement: a reducer with its parameters on a dataset, a device and a seed.

    `data` identifies the dataset's content and `code` the reducer's source, so that a job whose
    meaning changed has another `key`. `arithmetic` is what ``precision="auto"`` was decided to be for
    the run ("fp32" or "bf16"); None where the reducer has no such choice. `data_options` are what the
    user said of the data (see `benchmark.datasets.data_options.DataOptions`), `clusterings` those that the
    codes are judged by, `scoring` identifies the code of plugins that judge them. `setting` says what
    differs from the reducer's defaults, `chosen` by what it was chosen of several; `task` is what is measured
    in place of a reducer, as "module:function" (see `benchmark.measure.trial`); `part` is what is scored:
    "test", or "validation" for a fifth of the training set, which the rest is fitted without. `template`
    names what jobs have in common that one compilation serves; it is empty where nothing is compiled.
    `scored_on` says which rows are scored, see `benchmark.results.Record`.
    `keep_model` asks for the fitted reducer.
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
    data_options: Mapping[str, Any] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    unavailable: str | None = None
    repeats: int = 1
    arithmetic: str | None = None
    clusterings: tuple[str, ...] = ()
    scoring: str = ""
    setting: str = ""
    part: str = "test"
    chosen: str = ""
    task: str = ""
    template: str = ""
    scored_on: str = "heldout"
    keep_model: bool = False

    @property
    def is_undecided(self) -> bool:
        """Whether the job can be measured, and its arithmetic is left to the run."""
        return self.params.get("precision") == "auto" and self.unavailable is None

    def decided(self, arithmetic: Mapping[str, str]) -> Job:
        """Return the job with the arithmetic that was decided for its device, where that was left open."""
        return replace(self, arithmetic=arithmetic.get(self.device)) if self.is_undecided else self

    def under(self, protocol: str) -> Job:
        """Return the job under a protocol of a request: "transductive" fits all samples, and scores them."""
        return replace(self, scored_on="all") if protocol == "transductive" else self

    @property
    def key(self) -> str:
        """A name for files: readable, safe, and different for every different measurement."""
        # Jobs had keys before there were the fields with a default, and results are kept under them.
        usual = {field.name: field.default for field in fields(self)} | {"data_options": {}}
        differs = {name: value for name, value in asdict(self).items() if value != usual[name]}
        meaning = {name: value for name, value in differs.items() if name not in _NOT_MEANING}
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True, default=str).encode()).hexdigest()
        reducer = re.sub(r"[^A-Za-z0-9.-]+", "_", self.reducer).strip(".")[:60]
        return f"{reducer}-{self.device}-d{self.params.get('n_components')}-s{self.seed}-{digest[:10]}"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Job:
        """Return the job whose ``asdict`` went through JSON."""
        return cls(**{**data, "plugins": tuple(data["plugins"]), "clusterings": tuple(data["clusterings"])})


# Where data and results lie, and what is kept, does not change what is measured.
_NOT_MEANING = {
    "run", "source", "data_dir", "plugins", "unavailable", "setting", "template", "keep_model",
}  # fmt: skip
