"""The sections of a report that are not the leaderboard: the run, each reducer, failures, method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmark.analysis.columns import GROUP
from benchmark.analysis.statistics import t_interval
from benchmark.analysis.tables import failures
from benchmark.reporting.leaderboard import told_apart
from benchmark.reporting.names import escape
from benchmark.reporting.report import Report
from benchmark.reporting.style import format_seconds
from benchmark.reporting.text import (
    NOT_MEASURED,
    count,
    left_out,
    memory,
    missing,
    score,
    seconds,
    spread,
    table,
)

_MOST_FAILURES = 200
# Rows of a table that each reducer has, and values of a list within a line.
_MOST_COSTS = 50
_MOST_LISTED = 30
# With two seeds the t-interval is 12.7 standard errors wide on either side and says nothing.
_FEWEST_FOR_INTERVAL = 3


def setup_lines(report: Report) -> list[str]:
    """Return what was run and on what machine; facts the run did not keep are left out."""
    facts, lines = report.facts, []
    asked = facts.get("requested_dataset")
    if asked and asked != report.dataset:
        used = escape(report.dataset)
        swapped = f"**The data set asked for, {escape(asked)}, could not be had: {used} was used in its place"
        lines += [f"{swapped}, so no number here is one of {escape(asked)}.**", ""]
    rows = {
        "data": _join(report.dataset, facts.get("dataset_summary")),
        "rows": _join(_counted(facts, "n_train", "for training"), _counted(facts, "n_test", "for testing")),
        "features, classes": _join(_counted(facts, "n_features"), _counted(facts, "n_classes")),
        "suite": facts.get("suite"),
        "reducers": report.frame["reducer"].nunique(),
        "code widths": _numbers(facts.get("components")),
        "seeds": _plain(facts.get("seeds") or sorted(report.frame["seed"].dropna().unique())),
        "repeats of each timing": facts.get("repeats") if facts.get("repeats") != 1 else None,
        "devices": _join(*report.devices),
        "threads a job": facts.get("threads"),
        "jobs": f"{len(report.frame):,}, of which {int((report.frame['status'] == 'ok').sum()):,} ok",
        "started": facts.get("started_at"),
        "took": None if facts.get("wall_seconds") is None else format_seconds(float(facts["wall_seconds"])),
        "command": facts.get("command"),
    }
    # A merged run holds what several machines measured.
    machines = facts.get("environments") or {"": facts.get("environment") or {}}
    for machine, environment in machines.items():
        told = _machine({k: v for k, v in environment.items() if not (machine and k == "machine")})
        rows |= {f"{name} of {machine}" if machine else name: value for name, value in told.items()}
    shown = [[name, escape(_plain(value))] for name, value in rows.items() if value not in (None, "", [])]
    return [*lines, *table(["", ""], shown)]


def _machine(environment: Mapping[str, Any]) -> dict[str, Any]:
    known = (
        "cpu",
        "physical_cores",
        "logical_cores",
        "usable_cores",
        "memory_gb",
        "gpus",
        "gpu_driver",
        "versions",
    )
    units = {"physical_cores": "physical", "logical_cores": "logical", "usable_cores": "usable"}
    cores = [
        f"{environment[name]} {unit}" for name, unit in units.items() if environment.get(name) is not None
    ]
    size = environment.get("memory_gb")
    facts = {
        "processor": environment.get("cpu"),
        "cores": _join(*cores) or environment.get("cores"),
        "memory": None if size is None else f"{size} GiB",
        "GPUs": environment.get("gpus") or "none",
        "GPU driver": environment.get("gpu_driver"),
    }
    others = {
        {"blas": "BLAS", "cuda": "CUDA"}.get(name, name.replace("_", " ")): value
        for name, value in environment.items()
        if name not in known and name not in ("cores", "cpu")
    }
    return {**facts, **others, "versions": environment.get("versions")} if environment else {}


def _numbers(values: Any) -> str:
    """Return numbers as a list; of many, how many there are and from which to which."""
    if not isinstance(values, list) or len(values) <= _MOST_LISTED:
        return _plain(values)
    return f"{len(values):,} from {min(values)} to {max(values)}"


def _counted(facts: Mapping[str, Any], name: str, purpose: str = "") -> str:
    return f"{facts[name]:,} {purpose}".strip() if isinstance(facts.get(name), int) else ""


def _join(*parts: Any) -> str:
    return ", ".join(_plain(part) for part in parts if part not in (None, ""))


def _plain(value: Any) -> str:
    """Return a JSON value as a person writes it."""
    if isinstance(value, Mapping):
        if "name" in value:
            rest = {key: item for key, item in value.items() if key != "name"}
            return f"{value['name']} ({_plain(rest)})" if rest else str(value["name"])
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, (list, tuple)):
        joint = "; " if any(isinstance(item, Mapping) for item in value) else ", "
        return joint.join(_plain(item) for item in value)
    return "" if value is None else str(value)


def reducer_lines(report: Report, drawn: set[str]) -> list[str]:
    """Return a short section a reducer that ended well: its card, parameters, times and memory."""
    lines: list[str] = []
    params = {view.name: view.record.params for view in report.views}
    groups = {str(name): rows for name, rows in report.board.groupby("reducer", sort=False)}
    for name, rows in groups.items():
        lines += [f"### {escape(name)}", ""]
        if report.cards[name] in drawn:
            lines += [f"![Card of {escape(name)}]({report.cards[name]})", ""]
        if params.get(name):
            told = (f"{escape(key)} = {escape(_value(value))}" for key, value in sorted(params[name].items()))
            lines += [f"Parameters: {', '.join(told)}.", ""]
        lines += [*_costs(rows), *_interval(report, name), ""]
    return lines


def _value(value: Any) -> str:
    return f"({_plain(value)})" if isinstance(value, list) else str(value)


def _costs(rows: Any) -> list[str]:
    keys = list(dict.fromkeys(["device", "n_components", *told_apart(rows)]))
    names = {"n_components": "D", "n_train": "train", "n_test": "test", "dataset": "data"}
    columns: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("seeds", "seeds", count),
        ("warmup_seconds", "warm-up (s)", seconds),
        ("fit_seconds", "fit (s)", seconds),
        ("fit_spread_seconds", "spread of fit (s)", spread),
        ("transform_seconds", "transform (s)", seconds),
        ("transform_spread_seconds", "spread of transform (s)", spread),
        ("n_parameters", "parameters", count),
        ("peak_memory_mb", "peak memory (MiB)", memory),
        ("peak_device_memory_mb", "peak device memory (MiB)", memory),
    )
    used = [column for column in columns if column[0] in rows and rows[column[0]].notna().any()]
    header = [*(names.get(key, key) for key in keys), *(title for _, title, _ in used)]
    body = [
        [*(NOT_MEASURED if missing(row[key]) else escape(row[key]) for key in keys),
         *(form(row[column]) for column, _, form in used)]
        for row in rows[:_MOST_COSTS].to_dict("records")
    ]  # fmt: skip
    return [*table(header, body, range(len(keys), len(header))), *left_out(len(rows), _MOST_COSTS)]


def _interval(report: Report, name: str) -> list[str]:
    """Return the interval of the leading configuration's k-NN accuracy, where it has several seeds."""
    top = report.board[report.board["reducer"] == name].iloc[0]
    if missing(top["knn_accuracy"]) or top["knn_accuracy_count"] < _FEWEST_FOR_INTERVAL:
        return []
    frame = report.frame[report.frame["status"] == "ok"]
    for key in GROUP:
        frame = frame[frame[key].isna() if missing(top[key]) else (frame[key] == top[key]).fillna(False)]
    low, high = t_interval(frame["knn_accuracy"].to_numpy(dtype=float, na_value=float("nan")))
    told = f"k-NN accuracy {score(top['knn_accuracy'])}; 95 % interval over {top['knn_accuracy_count']} seeds"
    return [f"{told}: {score(max(low, 0))} to {score(min(high, 1))}."]


def failure_lines(report: Report) -> list[str]:
    """Return every job that did not end well with its reason; seeds that share it share a row."""
    failed = failures(report.frame)
    if failed.empty:
        return ["Every job ended well."]
    keys = ["reducer", "device", "n_components", "status", "error"]
    seeds = failed.groupby(keys, dropna=False, sort=True)["seed"].agg(lambda column: _join(*column))
    rows = []
    for row in seeds.reset_index().to_dict("records"):
        reason, width = (
            NOT_MEASURED if missing(row[key]) else str(row[key]) for key in ("error", "n_components")
        )
        reason = reason if len(reason) <= 400 else reason[:399] + "…"
        cells = (row["reducer"], row["device"], width, row["seed"][:80], row["status"], reason)
        rows.append([escape(cell) for cell in cells])
    more = len(rows) - _MOST_FAILURES
    rest = [f"{more:,} more stand in results.csv."] if more > 0 else []
    header = ["reducer", "device", "D", "seeds", "status", "reason"]
    return [*table(header, rows[:_MOST_FAILURES]), *rest]
