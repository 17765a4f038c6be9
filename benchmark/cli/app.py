"""The command line: every verb parses, calls one function, and prints."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.cli.options import (
    All,
    Budget,
    Cluster,
    Components,
    DataDir,
    Dataset,
    Debug,
    Devices,
    Fresh,
    Plugins,
    Precision,
    Reducers,
    Repeats,
    ReportsDir,
    ResultsDir,
    RunName,
    ScaledReducers,
    Seeds,
    Suite,
    Threads,
    Timeout,
)
from benchmark.cli.printing import make_console, print_result, print_rows
from benchmark.errors import InputError

app = typer.Typer(
    name="benchmark",
    help="Compare dimensionality reduction methods: quality, training time, and a report you can trust.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# What a wrong option raises; Typer names only this subclass of it.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 not all could be done, 2 bad input, 130 interrupted."""
    from benchmark.results import RunError

    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except (InputError, RunError, _UsageError) as error:
        if "--debug" in sys.argv:
            raise
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        sys.stderr.write(f"Error: {message}\n")
        sys.exit(1 if isinstance(error, RunError) else 2)
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
    precision: Precision = None,
    repeats: Repeats = None,
    timeout: Timeout = None,
    cluster: Cluster = None,
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
    from benchmark.execution.observers.terminal import TerminalProgress
    from benchmark.execution.runner import run_suite
    from benchmark.request import Request

    request = Request(
        reducers=tuple(reducer) if reducer else None,
        dataset=dataset,
        suite=suite,
        devices=tuple(device or ("auto",)),
        seeds=seeds,
        components=components,
        precision=precision,
        repeats=repeats,
        timeout=timeout,
        cluster=cluster,
        name=name,
        fresh=fresh,
        threads=threads,
        data_dir=data_dir,
        results_dir=results_dir,
        reports_dir=reports_dir,
        plugins=tuple(plugin or ()),
    )
    console = make_console()
    with TerminalProgress(console) as progress:
        result = run_suite(request, progress)
    print_result(console, result, results_dir)
    if result.interrupted:
        raise typer.Exit(130)
    if result.failed:
        raise typer.Exit(1)


@app.command()
def scale(
    reducer: ScaledReducers = None,
    samples_up_to: Annotated[int, typer.Option(metavar="N", help="Most training samples.")] = 1_000_000,
    features_up_to: Annotated[int, typer.Option(metavar="D", help="Most features.")] = 4096,
    components_up_to: Annotated[int, typer.Option(metavar="K", help="Widest code.")] = 256,
    budget: Budget = 120.0,
    timeout: Timeout = None,
    name: Annotated[str, typer.Option(metavar="RUN", help="Name of the run.")] = "scale",
    device: Devices = None,
    threads: Threads = None,
    precision: Precision = None,
    fresh: Fresh = False,
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    plugin: Plugins = None,
    debug: Debug = False,
) -> None:
    """Measure how cost grows with samples, features and components, on made-up data."""
    from benchmark.execution.scaling import DEFAULT_REDUCERS, ScalingRequest, run_scaling
    from benchmark.execution.scaling.progress import ScalingProgress

    request = ScalingRequest(
        reducers=tuple(reducer or DEFAULT_REDUCERS),
        samples_up_to=samples_up_to,
        features_up_to=features_up_to,
        components_up_to=components_up_to,
        budget=budget,
        timeout=timeout,
        name=name,
        devices=tuple(device or ("auto",)),
        threads=threads,
        precision=precision,
        fresh=fresh,
        results_dir=results_dir,
        reports_dir=reports_dir,
        plugins=tuple(plugin or ()),
    )
    with ScalingProgress(make_console()) as progress:
        result = run_scaling(request, progress)
    print_rows("exponents", result.rows())
    sys.stdout.write(f"Report: {result.report}\n")
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
    from benchmark.cli.listing import list_rows

    rows = list_rows(what, results_dir, tuple(plugin or ()))
    if as_json:
        import json

        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return
    print_rows(what, rows)


@app.command()
def report(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help="Name of a run in the results directory.")],
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    debug: Debug = False,
) -> None:
    """Rebuild tables and report of a run from its stored results alone."""
    from benchmark.execution.conclude import conclude
    from benchmark.results import open_store

    _, path = conclude(open_store(results_dir, run_name), reports_dir)
    sys.stdout.write(f"{path}\n")


@app.command()
def merge(
    runs: Annotated[list[str], typer.Argument(metavar="RUN_A RUN_B ...", help="Runs to join.")],
    name: Annotated[str, typer.Option(metavar="RUN", help="Name of the new run.")],
    results_dir: ResultsDir = "results",
    reports_dir: ReportsDir = "reports",
    debug: Debug = False,
) -> None:
    """Join runs, made on different machines say, into a new one with tables and a report."""
    from benchmark.execution.merging import merge_runs

    report = merge_runs(runs, name, results_dir, reports_dir)
    sys.stdout.write(f"{report}\n")


@app.command()
def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Show the hardware, the versions and the devices found, as every record carries them."""
    import json

    from benchmark.measure.environment import available_devices, environment

    facts = {"devices": list(available_devices()), **environment()}
    if as_json:
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
        return
    from benchmark.cli.listing import flatten

    print_rows("facts", [{"fact": key, "value": value} for key, value in flatten(facts)])


def _both(all_reducers: bool) -> str:
    return "both." if all_reducers else "neither."
