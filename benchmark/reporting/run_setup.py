"""What was run, on what machine, and how it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from typing import Any

from benchmark.measure.clock import DISTURBED
from benchmark.reporting.document import Block, Code, Items, Paragraph, Strong, Table, Text, bullets
from benchmark.reporting.report_data import ReportData
from benchmark.reporting.style import format_seconds
from benchmark.scoring import DEFAULT, METRICS, metrics_of

# Values of a list within a line.
_MOST_LISTED = 30
_METHOD = """\
- **Clock.** Wall time, read right before and right after `fit` on the training set, and again around
  `transform` of the test set; the device is synchronised before each reading. Loading the data, the
  warm-up and the scoring stand outside.
- **Repeats.** Asked for N repeats, a job times N fits and transforms, each of a fresh copy with the same
  seed: the time is their median, the spread their largest minus smallest, the memory the greatest peak.
- **Timing** is `exclusive` where no other job of the suite ran on the machine meanwhile, and `shared` where
  some did (several workers on one machine). It is `disturbed` where processes that are none of the job's
  took more than {disturbed:.0%} of all cores while it warmed up, fitted and transformed; such a job is
  measured once more at the end of the run, and the less disturbed measurement is kept. `foreign_cpu` in
  `results.csv` is that share; it is empty where the job was too short to tell. Shared and disturbed times
  are never averaged or compared with others.
- **Precision** is that of matrix products: `fp32` is IEEE single precision (on CUDA, TF32 is off), `bf16` is
  bfloat16 with weights and updates in fp32.
- **Warm-up.** Each reducer first fits a slice of the training set and transforms a slice of the test set,
  large enough to take the same paths, so that compilation and first allocations are not charged to `fit`
  or `transform`; what that cost is a column of its own.
- **Memory.** Peak resident memory (MiB) above what was in use before; device memory as torch allocated it.
- **Scored on** is `heldout`, the test set, or `fitted` for a method that places no new samples: then the
  codes of the training set itself are scored, accuracies of classifiers are left out, and no rank, bold or
  front compares them with those of held-out rows.
- **Labels** are used for scoring, and for the control of that name; no reducer sees them.
- **Seeds.** A seed fixes every random choice of its job. A job that did not end well enters no mean.
- **Intervals** of scores are bootstrapped at 95 %: 1,000 times the seeds are weighted anew, and the test rows
  within them, the same for every reducer. With one seed they count test rows only; of few, seeds say little.
  Of jobs without predictions, and metrics that are not made of rows, they are Student's t over three seeds
  or more.
- **Ranks.** Two scores are told apart where the interval of their difference, over the same draws, leaves out
  0, at 95 % for all pairs together (Holm). The best rank of a score is behind those told to be better.
- **Pictures** of codes wider than two show their first two principal components. Of several seeds they show
  the one whose leading score is the median, and name it; where each seed has test rows of its own, the first.
- **What is comparable.** Scores compare across machines that ran the same data, sizes, code width and
  version;
  times and memory only within one machine, device and number of threads, and where the timing is
  exclusive. Losses of different reducers are different quantities and do not compare.
"""


def run_setup(data: ReportData) -> list[Block]:
    """Return what was run and on what machine; facts the run did not keep are left out."""
    facts = data.facts
    several = facts["datasets"] if len(facts.get("datasets") or {}) > 1 else {}
    rows = {
        "data": _join(data.dataset, facts.get("dataset_summary")),
        **_sizes(facts, ""),
        **{k: v for name, said in several.items() for k, v in _sizes(said, f" of {name}").items()},
        "suite": facts.get("suite"),
        "reducers": data.n_reducers,
        "code widths": _numbers(facts.get("components")),
        "seeds": data.frame["seed"].nunique() or facts.get("seeds"),
        "repeats of each timing": facts.get("repeats") if facts.get("repeats") != 1 else None,
        "devices": _join(*data.devices),
        "threads a job": facts.get("threads"),
        "jobs": f"{len(data.frame):,}, of which {int((data.frame['status'] == 'ok').sum()):,} ok",
        "started": facts.get("started_at"),
        "took": None if facts.get("wall_seconds") is None else format_seconds(float(facts["wall_seconds"])),
        "commands": "; ".join(facts.get("commands") or [facts.get("command") or ""]),
        "commits of the code": facts.get("commits"),
    }
    # A merged run holds what several machines measured.
    machines = facts.get("environments") or {"": facts.get("environment") or {}}
    for machine, environment in machines.items():
        # What differs within the run was said already.
        said = {"machine": machine, "git_commit": facts.get("commits")}
        known = {k: v for k, v in environment.items() if not said.get(k)}
        rows |= {f"{name} of {machine}" if machine else name: v for name, v in _machine(known).items()}
    cells = [[name, plain(value)] for name, value in rows.items() if value not in (None, "", [])]
    notes: list[Text] = [*(facts.get("notes") or [])]
    return [*_swapped(data), Table(["", ""], cells), *([Items(notes)] if notes else [])]


def _sizes(facts: Mapping[str, Any], whose: str) -> dict[str, str]:
    counts = [facts.get(name) for name in ("n_train", "n_test", "n_features", "n_classes")]
    train, test, *columns = [f"{n:,}" if isinstance(n, int) else "" for n in counts]
    rows = _join(f"{train} for training" if train else "", f"{test} for testing" if test else "")
    return {f"rows{whose}": rows, f"features, classes{whose}": _join(*columns)}


def _swapped(data: ReportData) -> list[Block]:
    asked = data.facts.get("requested_dataset")
    if not asked or asked == data.dataset:
        return []
    swapped = f"The data set asked for, {asked}, could not be had: {data.dataset} was used in its place"
    return [Paragraph([Strong(f"{swapped}, so no number here is one of {asked}.")])]


def _machine(environment: Mapping[str, Any]) -> dict[str, Any]:
    if not environment:
        return {}
    rest = dict(environment)
    cores = {name: rest.pop(f"{name}_cores", None) for name in ("physical", "logical", "usable")}
    counted = _join(*(f"{number} {name}" for name, number in cores.items() if number is not None))
    size, versions, named = rest.pop("memory_gb", None), rest.pop("versions", None), rest.pop("cores", None)
    facts = {
        "processor": rest.pop("cpu", None),
        "cores": counted or named,
        "memory": None if size is None else f"{size} GiB",
        "GPUs": rest.pop("gpus", None) or "none",
        "GPU driver": rest.pop("gpu_driver", None),
    }
    titles = {"blas": "BLAS", "cuda": "CUDA"}
    others = {titles.get(name, name.replace("_", " ")): value for name, value in rest.items()}
    return {**facts, **others, "versions": versions}


def _numbers(values: Any) -> str:
    """Return numbers as a list; of many, how many there are and from which to which."""
    if not isinstance(values, list) or len(values) <= _MOST_LISTED:
        return plain(values)
    return f"{len(values):,} from {min(values)} to {max(values)}"


def _join(*parts: Any) -> str:
    return ", ".join(plain(part) for part in parts if part not in (None, ""))


def plain(value: Any) -> str:
    """Return a JSON value as a person writes it."""
    if isinstance(value, Mapping):
        if "name" in value:
            rest = {key: item for key, item in value.items() if key != "name"}
            return f"{value['name']} ({plain(rest)})" if rest else str(value["name"])
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, (list, tuple)):
        joint = "; " if any(isinstance(item, Mapping) for item in value) else ", "
        return joint.join(plain(item) for item in value)
    return "" if value is None else str(value)


def method(data: ReportData) -> list[Block]:
    """Return how every figure was measured, and what may be compared with what."""
    measured = [m for name, m in METRICS.items() if name in data.frame and data.frame[name].notna().any()]
    rows: list[list[Text]] = []
    for m in measured or metrics_of([DEFAULT]).values():
        span = f"{m.low:g} to {'∞' if isinf(m.high) else format(m.high, 'g')}"
        rows.append([m.title, [Code(m.name)], m.summary, span, m.better, m.reference])
    header = ["heading", "column of results.csv", "what it is", "range", "better", "reference"]
    return [bullets(_METHOD.format(disturbed=DISTURBED)), Table(header, rows)]
