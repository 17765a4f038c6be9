"""``run``, ``plan`` and ``scale``: measure reducers, say what that would take, and how cost grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmark.cli.options import Debug, Json, Quiet, check_choice, option, options_of
from benchmark.request import BaseRequest, Request, ScaleRequest

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.execution.runner import RunResult
    from benchmark.plan.estimate import Cost
    from benchmark.plan.job import Job

    Tables = dict[str, list[dict[str, object]]]

_REDUCERS = "--reducer NAME or --group NAME (both repeatable)"
_WIDEST = 1_000  # room for every column there can be
All = Annotated[bool, option("--all", "", "Measure the usual twelve, those of plugins, the controls.")]
Wide = Annotated[bool, option("--wide", "", "Show every score in the closing table.")]


@options_of(Request)
def run(
    request: Request,
    all_reducers: All = False,
    wide: Wide = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure reducers on a dataset; what was done on this machine already is not done again."""
    check_choice("run", all_reducers, request.reducers or request.groups, _REDUCERS)

    def tables(console: Console, result: RunResult) -> Tables:
        if not (as_json or quiet):
            _print_result(console, result, wide=wide)
        return {}

    carry_out(request, tables, as_json=as_json, quiet=quiet, debug=debug)


@options_of(ScaleRequest)
def scale(request: ScaleRequest, as_json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Measure how cost grows with samples, features and components, on made-up data."""

    def tables(console: Console, result: RunResult) -> Tables:
        from benchmark.analysis.scaling import exponents_table, scaling_table
        from benchmark.reporting.scaling_content import exponent_rows
        from benchmark.results import Store

        store = Store(request.results_dir, result.run)
        header, cells = exponent_rows(exponents_table(scaling_table(store)))
        return {"exponents": [dict(zip(header, row, strict=True)) for row in cells]}

    carry_out(request, tables, as_json=as_json, quiet=quiet, debug=debug)


def carry_out(
    request: BaseRequest,
    tables: Callable[[Console, RunResult], Tables],
    *plan_and_content: Any,
    as_json: bool,
    quiet: bool,
    debug: bool,
) -> None:
    """Measure, print the tables that were made of the result and what failed; exit with the run's code.

    `plan_and_content` go to `benchmark.execution.runner.run`.
    """
    from benchmark.cli.printing import as_rows, make_console, print_json, print_rows
    from benchmark.execution import runner
    from benchmark.execution.observers.terminal import Terminal

    console = make_console(stderr=as_json or quiet)
    with Terminal(console, quiet=quiet) as terminal:
        result = runner.run(request, terminal, *plan_and_content)
    made = tables(console, result)
    _print_failures(console, result, request.results_dir, debug=debug)
    if as_json:
        facts = {"run": result.run, "report": str(result.report), "exit_code": result.exit_code}
        print_json({**facts, "rows": as_rows(result.table), **made})
    elif not quiet:
        for title, rows in made.items():
            print_rows(title, rows)
        console.print(f"Report: {result.report}, and report.html beside it", markup=False)
    raise typer.Exit(result.exit_code)


def _print_result(console: Console, result: RunResult, *, wide: bool) -> None:
    from benchmark.analysis.ranking import load_leaderboard
    from benchmark.cli.closing_table import closing_ranks, closing_table
    from benchmark.cli.printing import make_console
    from benchmark.reporting.table_columns import chosen_settings
    from benchmark.results import Store

    console.print()
    board = load_leaderboard(Store(result.results_dir, result.run))
    printer = make_console(_WIDEST) if wide else console
    printer.print(closing_table(board, result.table, result.run, wide=wide))
    ranks = closing_ranks(board, printer.width)
    if ranks is not None:
        printer.print(ranks)
    for text in chosen_settings(result.table):
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _print_failures(console: Console, result: RunResult, results_dir: str, *, debug: bool) -> None:
    """Print a line for each job that failed and, to `debug`, what it printed, its traceback above all."""
    from pathlib import Path

    from benchmark.execution.observers.log import LOG, printed_by
    from benchmark.results import title

    log = Path(results_dir) / result.run / LOG
    for record in result.failed:
        job = f"{title(record)} ({record.device}, seed {record.seed})"
        lines = [f"{record.status} {job}: {record.error or ''}; see {log}"]
        lines += [printed_by(log, record.key)] if debug else []
        # Names and reasons come from plugins: brackets in them are no markup.
        console.print("\n".join(lines), style="red", markup=False, highlight=False, soft_wrap=True)
    for device in result.missing_devices:
        console.print(f"unavailable: the device '{device}' that was asked for", style="red", markup=False)


@options_of(Request)
def plan(request: Request, all_reducers: All = False, as_json: Json = False, debug: Debug = False) -> None:
    """Show the jobs that `run` would measure, which are done, and what the others take by earlier runs."""
    check_choice("plan", all_reducers, request.reducers or request.groups, _REDUCERS)
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
