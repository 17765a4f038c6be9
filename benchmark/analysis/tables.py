"""Records as tables: one row a job, its CSV and Parquet files, and the summaries over seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from benchmark.results import Record, Store, latest

if TYPE_CHECKING:
    import pandas as pd

SCORES = (
    "kmeans_nmi", "kmeans_ari", "kmeans_accuracy", "knn_accuracy", "forest_accuracy", "linear_accuracy",
    "reconstruction_mse", "trustworthiness", "continuity",
)  # fmt: skip
TIMES = ("warmup_seconds", "fit_seconds", "transform_seconds", "score_seconds")
MEMORY = ("peak_memory_mb", "peak_device_memory_mb")
COLUMNS = (
    "run", "dataset", "reducer", "device", "precision", "threads", "seed", "status", "n_train", "n_test",
    "n_features", "n_components", "n_parameters", *TIMES, *MEMORY, *SCORES, "params", "error", "started_at",
    "key",
)  # fmt: skip
_INTEGERS = {"threads", "seed", "n_train", "n_test", "n_features", "n_components", "n_parameters"}
_NUMBERS = {*TIMES, *MEMORY, *SCORES}
DTYPES = {
    name: "Int64" if name in _INTEGERS else "Float64" if name in _NUMBERS else "string" for name in COLUMNS
}
# Rows that agree in all of these differ by seed only, so they may be averaged.
GROUP = ("dataset", "n_train", "n_test", "reducer", "device", "precision", "threads", "n_components")
_ORDER = ["dataset", "reducer", "device", "n_components", "seed", "precision", "threads", "key"]


def to_frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row a record, in the order of `COLUMNS` and with the types of `DTYPES`.

    What was not measured is NA. Scores that are no column of their own (a plugin's metric) follow
    `continuity`, sorted by name, as Float64. Rows are sorted by dataset, reducer, device,
    n_components and seed.
    """
    import pandas as pd

    rows = [_row(record) for record in records]
    extra = sorted({name for row in rows for name in row} - set(COLUMNS))
    at = COLUMNS.index("params")
    names = [*COLUMNS[:at], *extra, *COLUMNS[at:]]
    frame = pd.DataFrame(
        {name: pd.array([row.get(name) for row in rows], dtype=_dtype(name)) for name in names}  # type: ignore[call-overload]
    )
    return frame.sort_values(_ORDER, ignore_index=True, kind="stable")


def _row(record: Record) -> dict[str, Any]:
    own = set(COLUMNS) - set(SCORES) - {"params"}
    row: dict[str, Any] = {name: getattr(record, name) for name in own}
    row |= {name: value for name, value in record.scores.items() if name not in own and name != "params"}
    row["params"] = json.dumps(record.params, sort_keys=True)
    if row["n_components"] is None and isinstance(record.params.get("n_components"), int):
        row["n_components"] = record.params["n_components"]  # A failed row is shown by the width asked for.
    return {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}


def _clean(text: str) -> str | None:
    """Return text that CSV and UTF-8 give back unchanged; nothing for an empty one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return lines.encode("utf-8", "replace").decode() or None


def _dtype(column: str) -> str:
    return DTYPES.get(column, "Float64")


def save_tables(store: Store) -> pd.DataFrame:
    """Write ``results.csv`` and ``results.parquet`` of a run, each atomically; return the table."""
    frame = to_frame(latest(store.records()))

    def csv(file: IO[bytes]) -> None:
        frame.to_csv(file, index=False, lineterminator="\n", encoding="utf-8")

    store.save_table("results.csv", csv)
    store.save_table("results.parquet", lambda file: frame.to_parquet(file, index=False))
    return frame


def load_table(store: Store) -> pd.DataFrame:
    """Return a run's table with its types: from Parquet, else from CSV, else rebuilt from its records."""
    import pandas as pd

    if (store.path / "results.parquet").is_file():
        frame = pd.read_parquet(store.path / "results.parquet")
        return frame.astype({name: _dtype(name) for name in frame.columns})
    if (store.path / "results.csv").is_file():
        return _read_csv(store)
    return to_frame(latest(store.records()))


def _read_csv(store: Store) -> pd.DataFrame:
    """Read the CSV as text and convert by Python's own parsers, which give every digit back."""
    import pandas as pd

    text = pd.read_csv(
        store.path / "results.csv", dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8"
    )
    parse = {"Int64": int, "Float64": float, "string": str}
    columns = {}
    for name in text.columns:
        read = parse[_dtype(name)]
        values = [None if pd.isna(cell) else read(cell) for cell in text[name]]
        columns[name] = pd.array(values, dtype=_dtype(name))  # type: ignore[call-overload]
    return pd.DataFrame(columns)


def measured_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold a score or a time or a memory, plugins' scores among them."""
    return [name for name in frame.columns if _dtype(name) == "Float64"]


def score_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold a score, plugins' scores last."""
    return [name for name in measured_columns(frame) if name not in TIMES + MEMORY]


def leaderboard(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean, spread and count over seeds of everything measured, one row a configuration.

    Only rows with status ``ok`` enter. Rows are told apart by `GROUP`. A column ``x`` holds the
    mean of x, ``x_std`` its sample standard deviation (NA for one seed), ``x_count`` how many
    seeds measured it; ``seeds`` counts the ok rows; ``n_parameters`` is the largest. Sorted by
    k-NN accuracy, then NMI, best first.
    """
    import pandas as pd

    names = measured_columns(frame)
    ok = frame[frame["status"] == "ok"]
    groups = ok.groupby(list(GROUP), dropna=False, sort=True)
    parts = [groups.size().rename("seeds").astype("Int64"), groups["n_parameters"].max()]
    for name in names:
        summary = groups[name].agg(["mean", "std", "count"])
        for statistic, suffix in (("mean", ""), ("std", "_std"), ("count", "_count")):
            column = summary[statistic].rename(name + suffix)
            parts.append(column.astype("Int64" if statistic == "count" else "Float64"))
    board = pd.concat(parts, axis=1).reset_index()
    return board.sort_values(
        ["knn_accuracy", "kmeans_nmi", "trustworthiness"], ascending=False, ignore_index=True, kind="stable"
    )


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
    names = ["dataset", "reducer", "device", "precision", "n_components", "seed", "status", "error", "key"]
    return frame.loc[frame["status"] != "ok", names].reset_index(drop=True)
