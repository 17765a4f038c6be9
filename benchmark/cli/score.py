"""``score``: every metric of codes that were made anywhere."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Clusterings, Debug, Json, Plugins

Codes = Annotated[
    str, typer.Option("--codes", metavar="FILE", help="A row a sample: .npy, .csv or .parquet.")
]
Labels = Annotated[
    str | None, typer.Option("--labels", metavar="FILE.npy", help="Classes, one a row. (default: none)")
]
Inputs = Annotated[
    str | None, typer.Option("--inputs", metavar="PATH", help="What the codes are codes of. (default: none)")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of the split. (default: 0)")]
Output = Annotated[
    str | None, typer.Option("--output", metavar="FILE.csv", help="A file for the table. (default: none)")
]


def score(
    codes: Codes,
    labels: Labels = None,
    inputs: Inputs = None,
    seed: Seed = 0,
    clustering: Clusterings = None,
    output: Output = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score codes that were made anywhere: a fifth of them, drawn by a seed, is held out for that."""
    from benchmark.cli.printing import print_json, print_rows
    from benchmark.cli.table_file import check_output, write_table
    from benchmark.measure.own_codes import score
    from benchmark.scoring import find_metrics

    if output is not None:
        check_output(output, [".csv"])
    found = score(codes, labels, inputs, seed=seed, clusterings=clustering or "kmeans", plugins=plugin or ())
    if output is not None:
        write_table(found, output)
    scores = {str(name): value for name, value in found["score"].items()}
    if as_json:
        print_json({**found.attrs, "scores": scores})
        return
    known = find_metrics(plugin or ())
    rows: list[dict[str, object]] = [
        {"metric": name, "score": known[name].format(value), "better": known[name].better,
         "what it is": known[name].summary}
        for name, value in scores.items()
    ]  # fmt: skip
    n_train, n_test, drawn = found.attrs.values()
    print_rows(
        f"scores of {n_test:,} held-out codes, drawn by seed {drawn}; {n_train:,} were learned from", rows
    )
