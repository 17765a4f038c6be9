"""A run as Python sees it: its tables, codes, figures and report, read from the store when asked for."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.analysis.tables import leaderboard, load_table
from benchmark.errors import InputError, suggestion
from benchmark.reporting import content_of
from benchmark.results import Record, Store, latest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from reducers.base import Reducer

# What a notebook shows of the leaderboard; `board` has every column.
_SHOWN = (
    "dataset", "reducer", "device", "n_components", "seeds", "fit_seconds", "kmeans_nmi", "knn_accuracy",
    "forest_accuracy", "reconstruction_mse", "trustworthiness",
)  # fmt: skip
# What tells jobs apart only where several of it were measured.
_OPTIONAL = ("setting", "scored_on")


class StoredRun:
    """What a run left, whoever made it; in a notebook it shows its leaderboard and the trade-off.

    Parameters
    ----------
    store : Store
    report : path, optional
        Where its report stands.
    """

    def __init__(self, store: Store, report: Path | None = None) -> None:
        self.name, self.report = store.run, report
        self._store = store

    def __repr__(self) -> str:
        return f"<run {self.name!r}: {len(self.table)} jobs in {self._store.path}>"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a job, the columns of ``results.csv`` with their types."""
        return load_table(self._store)

    @cached_property
    def board(self) -> pd.DataFrame:
        """One row a configuration: means over the seeds, their deviations and counts; the best first."""
        return leaderboard(self.table)

    def embedding(
        self, reducer: str, *, seed: int = 0, device: str | None = None, n_components: int | None = None,
        dataset: str | None = None, setting: str | None = None, scored_on: str | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Return the codes of one job: a row a sample, training samples first.

        Parameters
        ----------
        reducer : str
            Name of the reducer.
        seed : int, default 0
        device : str, optional
            Needed where the reducer was measured on several.
        n_components : int, optional
            Needed where several widths of the code were measured.
        dataset, setting, scored_on : str, optional
            As the columns of these names have them; needed where there are several.

        Returns
        -------
        DataFrame
            ``z0``, ``z1``, ... hold the code, ``split`` is "train" or "test", ``row`` the number of the
            sample in its source, from 0, and ``label`` the class, where the data have any.

        Raises
        ------
        InputError
            No such job ended well, several did, or its codes were not kept (those of reference runs are not).
        """
        import pandas as pd

        job = self._job(reducer, seed=seed, device=device, n_components=n_components, dataset=dataset,
                        setting=setting, scored_on=scored_on)  # fmt: skip
        arrays = self._store.load_arrays("embeddings", job.key)
        if not arrays:
            raise InputError(f"The codes of {reducer!r} are not kept in {self._store.path}: measure it anew.")
        codes = np.concatenate([arrays["Z_train"], arrays["Z_test"]])
        frame = pd.DataFrame(codes, columns=[f"z{place}" for place in range(codes.shape[1])])
        frame["split"] = np.repeat(["train", "test"], [len(arrays["Z_train"]), len(arrays["Z_test"])])
        if {"rows_train", "rows_test"} <= arrays.keys():
            frame["row"] = np.concatenate([arrays["rows_train"], arrays["rows_test"]])
        if {"y_train", "y_test", "class_names"} <= arrays.keys():
            labels = np.concatenate([arrays["y_train"], arrays["y_test"]]).tolist()
            frame["label"] = pd.Categorical.from_codes(labels, pd.Index(arrays["class_names"].tolist()))
        # Where what was fitted is what was scored, the test samples are the training samples again.
        return frame if job.scored_on == "heldout" else frame[frame["split"] == "train"]

    def model(
        self, reducer: str, *, seed: int = 0, device: str | None = None, n_components: int | None = None,
        dataset: str | None = None, setting: str | None = None, plugins: Sequence[str | Path] = (),
    ) -> Reducer:  # fmt: skip
        """Return the fitted reducer of one job of a run with ``keep_models``, chosen as for `embedding`.

        Raises
        ------
        InputError
            No such job ended well, several did, or its model was not kept.
        """
        from reducers import load

        job = self._job(reducer, seed=seed, device=device, n_components=n_components, dataset=dataset,
                        setting=setting)  # fmt: skip
        path = self._store.arrays_path("models", job.key)
        if not path.is_file():
            where = f"kept in {self._store.path}: measure it anew with keep_models."
            raise InputError(f"No model of {reducer!r} is {where}")
        return load(path, plugins=plugins)

    def figure(self, name: str = "pareto") -> Figure:
        """Return a figure of the report: "pareto", "times", "embeddings", "reconstructions", ...

        Raises
        ------
        InputError
            The report of this run has no such figure.
        """
        known = []
        for file, figure in content_of(self._store).drawings():
            stem = file.removesuffix(".png")
            if figure is not None and stem == name:
                return figure
            known += [] if figure is None else [stem]
        there = f"{suggestion(name, known)} It has: {', '.join(known)}."
        raise InputError(f"The run {self.name!r} has no figure {name!r}.{there}")

    def _job(self, reducer: str, **asked: Any) -> Record:
        ok = [r for r in latest(self._store.records()) if r.status == "ok" and r.part == "test"]
        mine = [record for record in ok if record.reducer == reducer]
        if not mine:
            names = sorted({record.reducer for record in ok})
            there = f"{suggestion(reducer, names)} There are: {', '.join(names) or 'none'}."
            raise InputError(f"No job of {reducer!r} ended well in {self.name!r}.{there}")
        wanted = {name: value for name, value in asked.items() if value is not None}
        found = [r for r in mine if all(getattr(r, name) == value for name, value in wanted.items())]
        if len(found) == 1:
            return found[0]
        values = {name: sorted({str(getattr(record, name)) for record in mine}) for name in asked}
        told = [name for name in asked if name not in _OPTIONAL or len(values[name]) > 1]
        there = "; ".join(f"{name}: {', '.join(values[name])}" for name in told)
        count = "several jobs" if found else "no job"
        raise InputError(f"{reducer!r} has {count} with {wanted} in {self.name!r}; there are {there}.")

    def _repr_html_(self) -> str:
        board = self.board[[name for name in _SHOWN if name in self.board]].dropna(axis=1, how="all")
        shown = str(board.to_html(index=False, float_format="{:.4g}".format, border=0))
        try:
            figure = self.figure("pareto")
        except InputError:
            return shown
        image = io.BytesIO()
        figure.savefig(image, format="png")
        data = base64.b64encode(image.getvalue()).decode()
        return f'{shown}<img width="720" src="data:image/png;base64,{data}">'
