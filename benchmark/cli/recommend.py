"""``recommend``: which method of a run to take for a purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from benchmark.cli.options import Debug, Json, ResultsDir, RunName, option

if TYPE_CHECKING:
    from benchmark.analysis.recommendation import Recommendation

Goal = Annotated[str, option("--for", "GOAL", "clustering, classification, reconstruction or visualisation.")]
Seconds = Annotated[float | None, option("--budget-seconds", "S", "The most that a fit may take.", min=0)]
Memory = Annotated[float | None, option("--memory-mb", "M", "The most memory of a fit, in MiB.", min=0)]


def recommend(
    run_name: RunName,
    goal: Goal,
    seconds: Seconds = None,
    memory: Memory = None,
    results_dir: ResultsDir = "results",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say which reducer of a run to take for a purpose, why, and what is not told apart from it."""
    from benchmark.analysis import recommendation
    from benchmark.cli.printing import make_console, print_json
    from benchmark.results import open_store

    found = recommendation.recommend(open_store(results_dir, run_name), goal, seconds, memory)
    if as_json:
        print_json(_facts(found))
    else:
        console = make_console()
        for line in _sentences(found, goal):
            console.print(line, markup=False, highlight=False)


def _facts(found: Recommendation) -> dict[str, Any]:
    names = ["reducer", "device", "n_components", "fit_seconds", "peak_memory_mb", found.metric.name]
    rows = found.rows[names].astype(object).where(found.rows[names].notna(), None).to_dict("records")
    left_out = {reason: rows["reducer"].tolist() for reason, rows in found.left_out.items()}
    return {"metric": found.metric.name, "recommended": rows[0], "as_good": rows[1:], "left_out": left_out}


def _sentences(found: Recommendation, goal: str) -> list[str]:
    from benchmark.reporting.number_text import interval, missing
    from benchmark.reporting.style import format_seconds
    from benchmark.reporting.table_columns import row_labels, score_text

    metric, labels = found.metric, row_labels(found.rows)
    row, form = found.rows.iloc[0], score_text(found.metric.name)
    about = interval(row[f"{metric.name}_ci_low"], row[f"{metric.name}_ci_high"], row[metric.name], form)
    known = "" if missing(row["fit_seconds"]) else f", fitted in {format_seconds(float(row['fit_seconds']))}"
    lines = [
        f"For {goal} on {row['dataset']}, take {labels[0]}: {metric.label} {form(row[metric.name])}"
        f"{f' (95 % interval {about})' if about else ''}{known} on {row['device']}."
    ]
    if len(labels) > 1:
        lines.append(f"Not told apart from it, and slower to fit: {', '.join(labels[1:])}.")
    elif missing(row[f"{metric.name}_best_rank"]):
        lines.append("Whether others are told apart from it is not known: no predictions were kept.")
    if found.rows["seeds"].max() == 1:
        lines.append("One seed was run: another may give another order.")
    return lines + [
        f"Left out: {', '.join(row_labels(rows))}, {reason}." for reason, rows in found.left_out.items()
    ]
