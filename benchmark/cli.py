"""The command line: every verb parses, calls one function, and prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="benchmark",
    help="Compare dimensionality reduction methods: quality, training time, and a report you can trust.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ResultsDir = Annotated[str, typer.Option("--results-dir", help="Where runs keep their results.")]
ReportsDir = Annotated[str, typer.Option("--reports-dir", help="Where reports go.")]
Plugins = Annotated[
    list[str] | None,
    typer.Option("--plugin", metavar="FILE.py", help="A file that defines reducers; repeatable."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
All = Annotated[bool, typer.Option("--all", help="Measure every reducer.")]
Reducers = Annotated[
    list[str] | None, typer.Option("--reducer", metavar="NAME", help="Measure this reducer; repeatable.")
]
Dataset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME_OR_PATH",
        help="A dataset's name, or a .npz, .npy, .csv or .parquet file. (default: mnist)",
    ),
]
Suite = Annotated[str, typer.Option(metavar="NAME_OR_FILE", help="quick, standard, full, or a .toml file.")]
Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device", metavar="auto|cpu|cuda|mps", help="Repeatable: all are measured. (default: auto)"
    ),
]
Seeds = Annotated[int | None, typer.Option(metavar="N", help="Number of seeds. (default: the suite's)")]
Components = Annotated[
    int | None, typer.Option(metavar="D", help="Width of the code. (default: the suite's)")
]
Threads = Annotated[int | None, typer.Option(metavar="N", help="Threads a job may use. (default: all cores)")]
RunName = Annotated[
    str | None, typer.Option(metavar="RUN", help="Name of the run. (default: <dataset>-<suite>)")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what is there already.")]
DataDir = Annotated[str | None, typer.Option(metavar="DIR", help="Where datasets lie, as DIR/mnist/.")]


# What a wrong option raises; Typer names only this subclass of it.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; exit codes are 0 done, 1 a job failed, 2 bad input, 130 interrupted."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except (InputError, _UsageError) as error:
        if "--debug" in sys.argv:
            raise
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        sys.stderr.write(f"Error: {message}\n")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
    sys.exit(code)


@app.command()
def run(
    all_reducers: All = False,
    reducer: Reducers = None,
    dataset: Dataset = None,
    suite: Suite = "standard",
    device: Devices = None,
    seeds: Seeds = None,
    components: Components = None,
    threads: Threads = None,
    name: RunName = None,
    fresh: Fresh = False,
    data_dir: DataDir = None,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """Measure reducers on a dataset; what was done on this machine already is not done again."""
    if all_reducers == bool(reducer):
        raise InputError("run needs either --all or --reducer NAME (repeatable); got " + _both(all_reducers))
    from benchmark.execution.plan import Request
    from benchmark.execution.progress import TerminalProgress
    from benchmark.execution.runner import run_suite

    request = Request(
        reducers=tuple(reducer) if reducer else None,
        dataset=dataset,
        suite=suite,
        devices=tuple(device or ("auto",)),
        seeds=seeds,
        components=components,
        name=name,
        fresh=fresh,
        threads=threads,
        data_dir=data_dir,
        results_dir=results_dir,
        reports_dir=reports_dir,
        plugins=tuple(plugin or ()),
    )
    console = _console()
    with TerminalProgress(console) as progress:
        result = run_suite(request, progress)
    _print_result(console, result, results_dir)
    if result.interrupted:
        raise typer.Exit(130)
    if result.failed:
        raise typer.Exit(1)


@app.command("list")
def list_things(
    what: Annotated[str, typer.Argument(metavar="reducers|datasets|metrics|suites|runs")] = "reducers",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    results_dir: ResultsDir = "results",
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """List what there is."""
    from benchmark.listing import list_rows

    rows = list_rows(what, results_dir, tuple(plugin or ()))
    if as_json:
        import json

        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return
    _print_rows(what, rows)


@app.command()
def report(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="Name of a run in the results directory.")],
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    debug: Debug = False,
) -> None:
    """Rebuild tables and report of a run from its stored results alone."""
    from benchmark.analysis.tables import save_tables
    from benchmark.reporting import write_report
    from benchmark.results import open_store

    store = open_store(results_dir, run_name)
    save_tables(store)
    sys.stdout.write(f"{write_report(store, reports_dir)}\n")


@app.command()
def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Show the hardware, the versions and the devices found, as every record carries them."""
    import json

    from benchmark.execution.environment import available_devices, environment

    facts = {"devices": list(available_devices()), **environment()}
    if as_json:
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
        return
    from benchmark.listing import flatten

    _print_rows("facts", [{"fact": key, "value": value} for key, value in flatten(facts)])


def _both(all_reducers: bool) -> str:
    return "both." if all_reducers else "neither."


def _console() -> Console:
    from rich.console import Console

    # A pipe has no width of its own; tables must not be cut to 80 columns in a log.
    return Console() if sys.stdout.isatty() else Console(width=140)


def _print_rows(title: str, rows: list[dict[str, object]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        sys.stdout.write(f"No {title}.\n")
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in rows[0]:
        table.add_column(column, no_wrap=column == next(iter(rows[0])))
    for row in rows:
        table.add_row(*(escape("" if value is None else str(value)) for value in row.values()))
    _console().print(table)


def _print_result(console: Console, result: object, results_dir: str) -> None:
    from benchmark.execution.progress import closing_table
    from benchmark.execution.runner import RunResult
    from benchmark.results import Store

    assert isinstance(result, RunResult)
    console.print()
    console.print(closing_table(Store(results_dir, result.run).records(), f"{result.run}"))
    for record in result.failed:
        job = f"{record.reducer} ({record.device}, seed {record.seed})"
        # Names and reasons come from plugins: brackets in them are no markup.
        console.print(f"{record.status} {job}: {record.error or ''}", style="red", markup=False)
    console.print(f"Report: {result.report}")
