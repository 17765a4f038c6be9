"""``study`` and ``studies``: published claims, measured anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import Debug, Json, Quiet, ResultsDir, check_choice, option, options_of
from benchmark.cli.run import carry_out
from benchmark.request import StudyRequest

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.cli.run import Tables
    from benchmark.execution.runner import RunResult

Names = Annotated[list[str] | None, typer.Argument(metavar="STUDY...", help="As S11, or kmeans-on-codes.")]
All = Annotated[bool, option("--all", "", "Every study.")]


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
    from benchmark.studies.claims_report import study_content
    from benchmark.studies.study_plan import StudyPlan, choose_studies

    request = replace(request, studies=None if every else tuple(names or ()))
    chosen = choose_studies(request.studies)

    def tables(console: Console, result: RunResult) -> Tables:
        rows = verdict_rows(request.results_dir, result.run)
        return {"verdicts": [row for row in rows if row["study"] in chosen]}

    carry_out(request, tables, StudyPlan, study_content, as_json=as_json, quiet=quiet, debug=debug)


def studies(
    results_dir: ResultsDir = "results", run: str = "studies", as_json: Json = False, debug: Debug = False
) -> None:
    """List the studies, with the verdicts of their last run."""
    from benchmark.cli.printing import print_rows
    from benchmark.studies.catalog import STUDIES

    known = {row["study"]: row["verdict"] for row in verdict_rows(results_dir, run)}
    rows: list[dict[str, object]] = [
        {"study": s.id, "name": s.name, "claim": s.claim, "source": s.source,
         "verdict": known.get(s.id, "not measured")}
        for s in STUDIES.values()
    ]  # fmt: skip
    print_rows("studies", rows, as_json=as_json)


def verdict_rows(results_dir: str, run: str) -> list[dict[str, object]]:
    """Return a row of each study of a run: its verdict, and the figures that made it."""
    from benchmark.results import Store
    from benchmark.studies.catalog import STUDIES
    from benchmark.studies.claims_report import brief, evidence_of
    from benchmark.studies.verdict import findings, verdict

    every = evidence_of(Store(results_dir, run)).items()
    found = {name: findings(STUDIES[name], evidence) for name, evidence in every}
    return [
        {"study": name, "verdict": verdict(each), "measured (published)": "; ".join(map(brief, each))}
        for name, each in found.items()
    ]
