"""``embed``: codes of other data, by a model that was kept."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.cli.options import Debug, Drop, Json, Label, Missing, Plugins

Model = Annotated[
    str, typer.Option("--model", metavar="FILE", help="What `run --keep-models` or reducers.save left.")
]
Input = Annotated[str, typer.Option("--input", metavar="PATH", help="Data, as `run --dataset` takes a path.")]
Output = Annotated[
    str, typer.Option("--output", metavar="FILE", help="Where the codes go: .npy, .csv or .parquet.")
]
Trusted = Annotated[
    list[str] | None,
    typer.Option("--trust", metavar="TYPE", help="A type of the model that skops may make; repeatable."),
]


def embed(
    model: Model,
    data: Input,
    output: Output,
    label: Label = None,
    drop: Drop = None,
    missing: Missing = "error",
    plugin: Plugins = None,
    trusted: Trusted = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the codes that a model gives of other data, prepared as those it was fitted on."""
    from benchmark.cli.printing import print_json
    from benchmark.cli.table_file import check_output, write_table
    from benchmark.measure.kept_models import embed, load_model
    from benchmark.request import Request

    check_output(output)
    Request(missing=missing).check()
    reducer = load_model(model, plugin or (), trusted or ())
    codes = embed(reducer, data, label=label, drop=drop or (), missing=missing)
    write_table(codes, output)
    if as_json:
        print_json({"output": output, "reducer": reducer.name, "codes": len(codes), "width": codes.shape[1]})
    else:
        sys.stdout.write(f"{len(codes):,} codes of {codes.shape[1]} numbers by {reducer.name}: {output}\n")
