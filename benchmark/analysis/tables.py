"""Records as tables: one row a job, its CSV and Parquet files, and the summaries over seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.analysis.columns import (
    COLUMNS,
    DTYPES,
    GROUP,
    RANKING,
    SCORES,
    TIMES,
    dtype_of,
    is_control,
    measured_columns,
    score_columns,
)
from benchmark.results import Record, Store, latest
from benchmark.scoring.metrics import is_reserved

_ORDER = ["dataset", "reducer", "device", "n_components", "setting", "seed", "precision", "threads", "key"]


def typed_frame(
    rows: Sequence[Mapping[str, Any]], columns: Iterable[str], dtypes: Mapping[str, str] = DTYPES
) -> pd.DataFrame:
    """Return a table of these columns; what a row lacks is NA, a column without a type is Float64."""
    return pd.DataFrame({
        name: pd.array([row.get(name) for row in rows], dtype=dtypes.get(name, "Float64"))  # type: ignore[call-overload]
        for name in columns
    })  # fmt: skip


def save_frame(store: Store, frame: pd.DataFrame, *names: str) -> None:
    """Write a table of a run atomically under each of these names, as CSV or Parquet by its ending."""
    for name in names:
        if name.endswith(".csv"):
            store.save_table(name, lambda file: frame.to_csv(file, index=False, lineterminator="\n"))
        else:
            store.save_table(name, lambda file: frame.to_parquet(file, index=False))


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
    made: dict[str, Any] = {"params": json.dumps(record.params, sort_keys=True)}
    for part, times in (("fit", record.fit_times), ("transform", record.transform_times)):
        made[f"{part}_spread_seconds"] = max(times) - min(times) if len(times) > 1 else None
    own = set(COLUMNS) - set(SCORES) - set(made)
    row: dict[str, Any] = {name: getattr(record, name) for name in own} | made
    row |= {name: value for name, value in record.scores.items() if name not in row and not is_reserved(name)}
    if row["n_components"] is None and isinstance(record.params.get("n_components"), int):
        row["n_components"] = record.params["n_components"]  # A failed row is shown by the width asked for.
    return {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}


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
    frame, parquet, csv = pd.DataFrame(), store.path / "results.parquet", store.path / "results.csv"
    if parquet.is_file():
        frame = pd.read_parquet(parquet)
    elif csv.is_file():
        text = pd.read_csv(csv, dtype=str, keep_default_na=False)
        # Python's own parsers give every digit back.
        parse = {"Int64": int, "Float64": float, "string": str}
        cells = [{str(name): cell for name, cell in row.items() if cell} for row in text.to_dict("records")]
        rows = [{name: parse[dtype_of(name)](cell) for name, cell in row.items()} for row in cells]
        frame = typed_frame(rows, text.columns)
    frame = frame.astype({name: dtype_of(name) for name in frame.columns})
    # There may be none, or one that an earlier version wrote.
    return frame if set(COLUMNS) <= set(frame.columns) else to_frame(latest(store.records()))


def leaderboard(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean, spread and count over seeds of everything measured, one row a configuration.

    Only rows of `ended_well` enter. Rows are told apart by `GROUP`. A column ``x`` holds the
    mean of x, ``x_std`` its sample standard deviation (NA for one seed), ``x_count`` how many
    seeds measured it; ``seeds`` counts the ok rows; ``n_parameters`` is the largest. A ``baseline`` has
    codes as wide as the data, so nothing was reduced, or is one of `CONTROLS`. Sorted by `RANKING`, best
    first; what was scored on fitted rows comes last.
    """
    ok = ended_well(frame)
    groups = ok.groupby(list(GROUP), dropna=False, sort=True)
    parts: list[pd.Series | pd.DataFrame] = [
        groups.size().rename("seeds").astype("Int64"),
        groups["n_parameters"].max(),
    ]
    for name in measured_columns(frame):
        summary = groups[name].agg(["mean", "std", "count"]).astype({"count": "Int64"})
        parts.append(summary.set_axis([name, f"{name}_std", f"{name}_count"], axis=1))
    board: pd.DataFrame = pd.concat(parts, axis=1).reset_index()
    features = ok.groupby("dataset")["n_features"].max()
    full = (board["n_components"] >= board["dataset"].map(features)).fillna(False).astype(bool)
    control = is_control(board)
    # Where full width was asked for, the methods still differ, and only raw stands for the data.
    board["baseline"] = control | (board["reducer"] == "raw" if full[~control].all() else full)
    order = ["scored_on", *RANKING]
    return board.sort_values(order, ascending=False, ignore_index=True, kind="stable")


def ended_well(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the ok rows; where some seeds of a configuration were disturbed, their times do not count."""
    ok = frame[frame["status"] == "ok"].copy()
    keys = [ok[name] for name in GROUP if name != "timing"]
    undisturbed = (ok["timing"] == "exclusive").groupby(keys, dropna=False).transform("any")
    mixed = undisturbed & (ok["timing"] == "disturbed")
    ok.loc[mixed, list(TIMES)] = pd.NA
    ok.loc[mixed, "timing"] = "exclusive"
    return ok


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
    # Sizes that a job never got to know, as its device is missing, where the run has only one.
    sizes = {name: frame[name].dropna().unique() for name in ("n_train", "n_test")}
    other = frame.loc[frame["device"] != "cpu", [*GROUP, "status", "error"]]
    other = other.fillna({name: values[0] for name, values in sizes.items() if len(values) == 1})
    rows = other.drop_duplicates([*GROUP, "status"]).merge(
        means.assign(status="ok").astype({"status": "string"}), on=[*GROUP, "status"], how="left"
    )
    rows = rows.merge(cpu, on=keys, how="left", suffixes=("", "_cpu"))
    rows["speedup"] = rows["fit_seconds_cpu"] / rows["fit_seconds"]
    for name in scores:
        rows[f"{name}_difference"] = rows[name] - rows[f"{name}_cpu"]
    return rows.sort_values([*GROUP, "status"], ignore_index=True, kind="stable")


def failures(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are not ok: what was asked, its status and the reason."""
    names = [*_ORDER[:4], "precision", "setting", "seed", "status", "error", "key"]
    return frame.loc[frame["status"] != "ok", names].reset_index(drop=True)
