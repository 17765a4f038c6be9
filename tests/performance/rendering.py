"""``report.md`` from the figures that the sections left."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sections
from benchmark.reporting.markdown import table_lines
from benchmark.results.record import machine_id
from chart import save_chart
from sections import Row

HEADER = ("what", "measured", "beside", "target", "met")
CHART = "peers.png"
INTRODUCTION = (
    "How fast this installation is: measured by `python tests/performance/report.py`, which needs a machine "
    "with nothing else to do. Raw figures are in [`performance.json`](performance.json). Absolute times are "
    "those of one machine; what is compared was timed in turns."
)
TRIAL = "Small sizes, to try the command: no figures to cite."


def render(entries: Mapping[str, Any], directory: Path) -> Path:
    """Write ``report.md`` and its chart into `directory`; return the report's path."""
    drawn = save_chart(entries, directory / CHART)
    text = "\n".join(lines(entries, drawn))
    path = directory / "report.md"
    path.write_text(re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n", encoding="utf-8")
    return path


def lines(entries: Mapping[str, Any], drawn: bool) -> list[str]:
    """Return the report's lines; `drawn` tells whether there is a chart to show."""
    known = {name: _readable(name, entries[name]) for name in sections.NAMES if name in entries}
    machines = _machines(known)
    found = ["# Performance", "", INTRODUCTION, "", *_verdict(known), ""]
    if drawn:
        found += [f"![Seconds of one fit, ours and in other libraries]({CHART})", ""]
    for name, entry in known.items():
        found += _section(name, entry, machines)
    return [*found, "## The machine", "", *_machine_lines(machines)]


def _readable(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `entry`, or in its place one that says so where an earlier command kept other figures."""
    try:
        _rows(name, entry)
    except (LookupError, TypeError, ValueError, AttributeError):
        return {
            "quick": False,
            "error": f"the figures kept are of an earlier form; measure with --only {name}",
        }
    return entry


def _section(name: str, entry: Mapping[str, Any], machines: list[Mapping[str, Any]]) -> list[str]:
    section = sections.load(name)
    found = [f"## {section.TITLE}", "", section.HOW, ""]
    rows = _rows(name, entry)
    if not rows:
        reason = entry.get("error") or entry["figures"]["missing"]
        return [*found, f"not measured: {reason}", ""]
    if entry["quick"]:
        found += [TRIAL, ""]
    where = f", machine {_place(entry['environment'], machines) + 1}" if len(machines) > 1 else ""
    commit = str(entry["environment"]["git_commit"])[:12]
    found += [f"Measured at {entry['measured_at']}, commit {commit}{where}.", ""]
    return [*found, *_table(rows)]


def _rows(name: str, entry: Mapping[str, Any]) -> list[Row]:
    return [] if "error" in entry else sections.load(name).rows(entry["figures"])


def _table(rows: Sequence[Row]) -> list[str]:
    judged = any(row.target is not None for row in rows)
    width = len(HEADER) if judged else HEADER.index("target")
    return [*table_lines(HEADER[:width], [_cells(row)[:width] for row in rows]), ""]


def _cells(row: Row) -> list[str]:
    if row.target is None or row.value is None:
        return [row.what, row.measured, row.beside, "", ""]
    met = "yes" if row.target.met(row.value) else "**no**"
    return [row.what, row.measured, row.beside, row.target.text, met]


def _verdict(entries: Mapping[str, Any]) -> list[str]:
    """Return how many targets are met, and which are not."""
    judged = [
        (sections.load(name).TITLE, row, row.target.met(row.value))
        for name, entry in entries.items()
        for row in _rows(name, entry)
        if row.target is not None and row.value is not None
    ]
    missed = [(title, row) for title, row, met in judged if not met]
    found = f"{len(judged) - len(missed)} of {len(judged)} targets are met."
    if not missed:
        return [found]
    points = [f"- {title}: {row.what}: {row.measured}; {row.beside}" for title, row in missed]
    return [f"{found} Not met:", "", *points]


def _machines(entries: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the different environments of the sections, in the order in which they come up."""
    found: list[Mapping[str, Any]] = []
    for entry in entries.values():
        if "environment" in entry and machine_id(entry["environment"]) not in map(machine_id, found):
            found.append(entry["environment"])
    return found


def _place(environment: Mapping[str, Any], machines: list[Mapping[str, Any]]) -> int:
    return [machine_id(known) for known in machines].index(machine_id(environment))


def _machine_lines(machines: list[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for number, facts in enumerate(machines, start=1):
        found += [f"### Machine {number}", ""] if len(machines) > 1 else []
        found += table_lines(("fact", "value"), [[name, value] for name, value in _facts(facts).items()])
        found.append("")
    return found


def _facts(environment: Mapping[str, Any]) -> dict[str, str]:
    blas = {f"{library['name']} {library['version']}" for library in environment["blas"] or ()}
    gpus = [f"{gpu['name']}, {gpu['memory_gb']} GB" for gpu in environment["gpus"] or ()]
    return {
        "processor": f"{environment['cpu']}, {environment['usable_cores']} cores used",
        "memory": f"{environment['memory_gb']} GB",
        "GPU": ", ".join(gpus) or "none",
        "system": str(environment["operating_system"]),
        "BLAS": ", ".join(sorted(blas)) or "unknown",
        "versions": ", ".join(f"{name} {version}" for name, version in environment["versions"].items()),
    }


def without_paths(text: str) -> str:
    """Return `text` on one line, with every absolute path shortened to its last part."""
    return re.sub(r"(?:/[\w.+~-]+)+/(?=[\w.+~-]+)", "", " ".join(text.split()))[:500]
