"""``study`` and ``studies``: published claims, measured anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Json, Quiet, ResultsDir, check_choice, options_of
from benchmark.request import StudyRequest

Names = Annotated[list[str] | None, typer.Argument(metavar="STUDY...", help="As S11, or kmeans-on-codes.")]
All = Annotated[bool, typer.Option("--all", help="Every study.")]


@options_of(StudyRequest)
def study(
    request: StudyRequest,
    names: Names = None,
    every: All = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure published claims anew; what was measured on this machine already is not measured again."""
    check_choice("study", every, names, "names of studies")
    from benchmark.cli.printing import make_console, print_failures, print_json, print_rows, result_facts
    from benchmark.execution import runner
    from benchmark.execution.observers.terminal import Terminal
    from benchmark.studies.claims_report import study_content
    from benchmark.studies.study_plan import StudyPlan, choose_studies

    request = replace(request, studies=None if every else tuple(names or ()))
    chosen = choose_studies(request.studies)
    console = make_console(stderr=as_json or quiet)
    with Terminal(console, quiet=quiet) as terminal:
        result = runner.run(request, terminal, StudyPlan, study_content)
    rows = [row for row in verdict_rows(request.results_dir, result.run) if row["study"] in chosen]
    print_failures(console, result, request.results_dir, debug=debug)
    if as_json:
        print_json(result_facts(result) | {"verdicts": rows})
    elif not quiet:
        print_rows("verdicts", rows)
        console.print(f"Report: {result.report}, and report.html beside it", markup=False)
    raise typer.Exit(result.exit_code)


def studies(
    results_dir: ResultsDir = "results", run: str = "studies", as_json: Json = False, debug: Debug = False
) -> None:
    """List the studies, with the verdicts of their last run."""
    from benchmark.cli.printing import print_json, print_rows
    from benchmark.studies.catalog import STUDIES

    known = {row["study"]: row["verdict"] for row in verdict_rows(results_dir, run)}
    rows: list[dict[str, object]] = [
        {"study": s.id, "name": s.name, "claim": s.claim, "source": s.source,
         "verdict": known.get(s.id, "not measured")}
        for s in STUDIES.values()
    ]  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        print_rows("studies", rows)


def verdict_rows(results_dir: str, run: str) -> list[dict[str, object]]:
    """Return a row of each study of a run: its verdict, and the figures that made it."""
    from benchmark.results import Store
    from benchmark.studies.catalog import STUDIES
    from benchmark.studies.claims_report import brief, evidence_of
    from benchmark.studies.verdict import findings, verdict

    rows: list[dict[str, object]] = []
    for name, evidence in evidence_of(Store(results_dir, run)).items():
        found = findings(STUDIES[name], evidence)
        figures = "; ".join(map(brief, found))
        rows.append({"study": name, "verdict": verdict(found), "measured (published)": figures})
    return rows
