"""``embed`` and ``score``: codes of other data by a kept model, and scores of codes made anywhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from benchmark.cli.options import Clusterings, Debug, Drop, Json, Label, Missing, Plugins, option
from benchmark.errors import InputError, choices

if TYPE_CHECKING:
    import pandas as pd

Model = Annotated[str, option("--model", "FILE", "What `run --keep-models` or reducers.save left.")]
Input = Annotated[str, option("--input", "PATH", "Data, as `run --dataset` takes a path.")]
CodesFile = Annotated[str, option("--output", "FILE", "Where the codes go: .npy, .csv or .parquet.")]
Trusted = Annotated[
    list[str] | None, option("--trust", "TYPE", "A type of the model that skops may make; repeatable.")
]
Codes = Annotated[str, option("--codes", "FILE", "A row a sample: .npy, .csv or .parquet.")]
Labels = Annotated[str | None, option("--labels", "FILE.npy", "Classes, one a row. (default: none)")]
Inputs = Annotated[str | None, option("--inputs", "PATH", "What the codes are codes of. (default: none)")]
Seed = Annotated[int, option("--seed", "N", "Of the split. (default: 0)")]
TableFile = Annotated[str | None, option("--output", "FILE.csv", "A file for the table. (default: none)")]


def embed(
    model: Model,
    data: Input,
    output: CodesFile,
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
    from benchmark.measure.kept_models import embed, load_model
    from benchmark.request import Request

    _check_output(output, (".npy", ".csv", ".parquet"))
    Request(missing=missing).check()
    reducer = load_model(model, plugin or (), trusted or ())
    codes = embed(reducer, data, label=label, drop=drop or (), missing=missing)
    _write_table(codes, output)
    if as_json:
        print_json({"output": output, "reducer": reducer.name, "codes": len(codes), "width": codes.shape[1]})
    else:
        sys.stdout.write(f"{len(codes):,} codes of {codes.shape[1]} numbers by {reducer.name}: {output}\n")


def score(
    codes: Codes,
    labels: Labels = None,
    inputs: Inputs = None,
    seed: Seed = 0,
    clustering: Clusterings = None,
    output: TableFile = None,
    plugin: Plugins = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score codes that were made anywhere: a fifth of them, drawn by a seed, is held out for that."""
    from benchmark.cli.printing import print_json, print_rows
    from benchmark.measure.own_codes import score
    from benchmark.scoring import find_metrics

    if output is not None:
        _check_output(output, [".csv"])
    found = score(codes, labels, inputs, seed=seed, clusterings=clustering or "kmeans", plugins=plugin or ())
    if output is not None:
        _write_table(found, output)
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


def _check_output(path: str, allowed: Sequence[str]) -> None:
    if Path(path).suffix not in allowed:
        raise InputError(f"--output must be a file of type {choices(allowed)}; got {path!r}.")


def _write_table(frame: pd.DataFrame, path: str) -> None:
    """Write a table, and its index where the file has names; raise `InputError` where that cannot be."""
    import numpy as np

    from benchmark.results.atomic import write_atomically

    def write(file: IO[bytes]) -> None:
        if path.endswith(".npy"):
            np.save(file, np.ascontiguousarray(frame.to_numpy()), allow_pickle=False)
        elif path.endswith(".csv"):
            file.write(frame.to_csv().encode())
        else:
            frame.to_parquet(file)

    try:
        write_atomically(Path(path), write)
    except OSError as error:
        raise InputError(f"--output {path} cannot be written: {error.strerror}.") from error
