"""Records as tables: one row a job, its CSV and Parquet files, and the summaries over seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import (
    COLUMNS,
    GROUP,
    RANKING,
    SCORES,
    TIMES,
    dtype_of,
    is_control,
    measured_columns,
    score_columns,
)
from benchmark.analysis.frames import read_csv, save_frame, typed_frame
from benchmark.results import Record, Store, latest
from benchmark.scoring.metrics import is_reserved

if TYPE_CHECKING:
    import pandas as pd

_ORDER = ["dataset", "reducer", "device", "n_components", "setting", "seed", "precision", "threads", "key"]


def to_frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row a record of the test set, in the order of `COLUMNS` and with the types of `DTYPES`.

    What was not measured is NA. Scores that are no column of their own (a plugin's metric) follow
    `continuity`, sorted by name, as Float64. Rows are sorted by dataset, reducer, device,
    n_components and seed.
    """
    rows = [_row(record) for record in records if record.part == "test"]
    extra = sorted({name for row in rows for name in row} - set(COLUMNS))
    at = COLUMNS.index("params")
    frame = typed_frame(rows, [*COLUMNS[:at], *extra, *COLUMNS[at:]])
    return frame.sort_values(_ORDER, ignore_index=True, kind="stable")


def _row(record: Record) -> dict[str, Any]:
    made = {
        "params": json.dumps(record.params, sort_keys=True),
        "fit_spread_seconds": _spread(record.fit_times),
        "transform_spread_seconds": _spread(record.transform_times),
    }
    own = set(COLUMNS) - set(SCORES) - set(made)
    row: dict[str, Any] = {name: getattr(record, name) for name in own} | made
    row |= {name: value for name, value in record.scores.items() if name not in row and not is_reserved(name)}
    if row["n_components"] is None and isinstance(record.params.get("n_components"), int):
        row["n_components"] = record.params["n_components"]  # A failed row is shown by the width asked for.
    return {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}


def _spread(times: Sequence[float]) -> float | None:
    """Return the largest minus the smallest; None where nothing was repeated."""
    return max(times) - min(times) if len(times) > 1 else None


def _clean(text: str) -> str | None:
    """Return text that CSV and UTF-8 give back unchanged; nothing for an empty one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return lines.encode("utf-8", "replace").decode() or None


def save_tables(store: Store) -> pd.DataFrame:
    """Write ``results.csv`` and ``results.parquet`` of a run, each atomically; return the table."""
    frame = to_frame(latest(store.records()))
    save_frame(store, frame, "results.csv", "results.parquet")
    return frame


def load_table(store: Store) -> pd.DataFrame:
    """Return a run's table with its types: from Parquet, else from CSV, else rebuilt from its records."""
    frame = _read_table(store)
    if frame is None or not set(COLUMNS) <= set(frame.columns):
        # There is none, or an earlier version wrote it.
        return to_frame(latest(store.records()))
    return frame


def _read_table(store: Store) -> pd.DataFrame | None:
    import pandas as pd

    if (store.path / "results.parquet").is_file():
        frame = pd.read_parquet(store.path / "results.parquet")
        return frame.astype({name: dtype_of(name) for name in frame.columns})
    return read_csv(store, "results.csv") if (store.path / "results.csv").is_file() else None


def leaderboard(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean, spread and count over seeds of everything measured, one row a configuration.

    Only rows of `ended_well` enter. Rows are told apart by `GROUP`. A column ``x`` holds the
    mean of x, ``x_std`` its sample standard deviation (NA for one seed), ``x_count`` how many
    seeds measured it; ``seeds`` counts the ok rows; ``n_parameters`` is the largest. A ``baseline`` has
    codes as wide as the data, so nothing was reduced, or is one of `CONTROLS`. Sorted by `RANKING`, best
    first; what was scored on fitted rows comes last.
    """
    import pandas as pd

    names = measured_columns(frame)
    ok = ended_well(frame)
    groups = ok.groupby(list(GROUP), dropna=False, sort=True)
    parts = [groups.size().rename("seeds").astype("Int64"), groups["n_parameters"].max()]
    for name in names:
        summary = groups[name].agg(["mean", "std", "count"])
        for statistic, suffix in (("mean", ""), ("std", "_std"), ("count", "_count")):
            column = summary[statistic].rename(name + suffix)
            parts.append(column.astype("Int64" if statistic == "count" else "Float64"))
    board = pd.concat(parts, axis=1).reset_index()
    board["baseline"] = _baseline(board, ok)
    order = ["scored_on", *RANKING]
    return board.sort_values(order, ascending=False, ignore_index=True, kind="stable")


def ended_well(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the ok rows; where some seeds of a configuration were disturbed, their times do not count."""
    import pandas as pd

    ok = frame[frame["status"] == "ok"].copy()
    keys = [ok[name] for name in GROUP if name != "timing"]
    undisturbed = (ok["timing"] == "exclusive").groupby(keys, dropna=False).transform("any")
    mixed = undisturbed & (ok["timing"] == "disturbed")
    ok.loc[mixed, list(TIMES)] = pd.NA
    ok.loc[mixed, "timing"] = "exclusive"
    return ok


def _baseline(board: pd.DataFrame, ok: pd.DataFrame) -> pd.Series:
    features = ok.groupby("dataset")["n_features"].max()
    full = (board["n_components"] >= board["dataset"].map(features)).fillna(False).astype(bool)
    control = is_control(board)
    # Where full width was asked for, the methods still differ, and only raw stands for the data.
    return control | (board["reducer"] == "raw" if full[~control].all() else full)


def speedup(frame: pd.DataFrame) -> pd.DataFrame:
    """Return every other device beside the CPU, one row a configuration and status.

    ``speedup`` is CPU fit seconds divided by the device's, ``<score>_difference`` the device's
    mean score minus the CPU's. Rows that are not ok (``unavailable``, say) stay, with their
    ``status`` and ``error`` and no numbers of the device.
    """
    scores = score_columns(frame)
    keys = [name for name in GROUP if name != "device"]
    means = leaderboard(frame)[[*GROUP, "fit_seconds", *scores]]
    cpu = means[means["device"] == "cpu"].drop(columns="device")
    other = _with_sizes(frame.loc[frame["device"] != "cpu", [*GROUP, "status", "error"]], frame)
    rows = other.drop_duplicates([*GROUP, "status"])
    rows = rows.merge(
        means.assign(status="ok").astype({"status": "string"}), on=[*GROUP, "status"], how="left"
    )
    rows = rows.merge(cpu, on=keys, how="left", suffixes=("", "_cpu"))
    rows["speedup"] = rows["fit_seconds_cpu"] / rows["fit_seconds"]
    for name in scores:
        rows[f"{name}_difference"] = rows[name] - rows[f"{name}_cpu"]
    return rows.sort_values([*GROUP, "status"], ignore_index=True, kind="stable")


def _with_sizes(rows: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Fill the sizes a job never got to know (its device is missing) where the run has only one."""
    sizes = {name: frame[name].dropna().unique() for name in ("n_train", "n_test")}
    return rows.fillna({name: values[0] for name, values in sizes.items() if len(values) == 1})


def failures(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are not ok: what was asked, its status and the reason."""
    names = [*_ORDER[:4], "precision", "setting", "seed", "status", "error", "key"]
    return frame.loc[frame["status"] != "ok", names].reset_index(drop=True)
