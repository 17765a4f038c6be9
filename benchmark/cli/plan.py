"""``plan``: what a run would measure, and what that would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from benchmark.cli.options import Debug, Json, check_choice, options_of
from benchmark.cli.run import REDUCERS, All
from benchmark.request import Request

if TYPE_CHECKING:
    from benchmark.plan.estimate import Cost
    from benchmark.plan.job import Job


@options_of(Request)
def plan(request: Request, all_reducers: All = False, as_json: Json = False, debug: Debug = False) -> None:
    """Show the jobs that `run` would measure, which are done, and what the others take by earlier runs."""
    check_choice("plan", all_reducers, request.reducers or request.groups, REDUCERS)
    from benchmark.cli.printing import make_console, print_json, print_rows
    from benchmark.execution.observers.terminal import in_words
    from benchmark.execution.runner import look_ahead
    from benchmark.results import title

    planned, jobs = look_ahead(request)
    costs, estimate = planned.costs, in_words(planned.costs.values())
    groups: dict[str, list[Job]] = {}
    several = len({job.dataset for job in jobs}) > 1
    for job in jobs:
        groups.setdefault(f"{title(job)} on {job.dataset}" if several else title(job), []).append(job)
    rows = [{"reducer": name} | _row(mine, costs) for name, mine in groups.items()]
    if as_json:
        known = {key: cost._asdict() for key, cost in costs.items()}
        print_json({"run": planned.run, "jobs": rows, "to_do": known, "estimate": estimate})
        return
    say = partial(make_console().print, sep="\n", markup=False, highlight=False)
    say(f"{planned.run}: {planned.describe()}.", *planned.notes)
    print_rows("jobs", rows)
    unknown = "unknown, as no earlier run on this machine tells"
    say(f"To do: {len(costs)}, {estimate or unknown}." if costs else "Nothing is to be done.")
    for reason in dict.fromkeys(job.unavailable for job in jobs if job.unavailable is not None):
        say(f"Not here: {reason}.")
    if planned.total is None:
        say("What --select chooses of these is measured after them.")


def _row(jobs: Sequence[Job], costs: Mapping[str, Cost]) -> dict[str, object]:
    """Return what jobs have in common, and what those of them take that are to be done."""
    from benchmark.reporting.number_text import memory
    from benchmark.reporting.style import format_seconds

    mine = [costs[job.key] for job in jobs if job.key in costs]
    seconds = [cost.seconds for cost in mine if cost.seconds is not None]
    peaks = [cost.memory_mb for cost in mine if cost.memory_mb is not None]
    unknown = f"{len(mine) - len(seconds)} unknown" if seconds else "unknown"
    words = [format_seconds(sum(seconds))] * bool(seconds) + [unknown] * (len(seconds) < len(mine))
    return {
        "D": ", ".join(map(str, sorted({job.params["n_components"] for job in jobs}))),
        "device": ", ".join(sorted({job.device for job in jobs})),
        "seeds": len({job.seed for job in jobs}),
        "to do": f"{len(mine)} of {len(jobs)}",
        "time": " + ".join(words),
        "MiB": memory(max(peaks)) if peaks else "",
        "by": ", ".join(dict.fromkeys(cost.by for cost in mine if cost.by != "unknown")),
    }
