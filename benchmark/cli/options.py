"""The options of the command line: their names, what they take, and the line that explains each."""

from __future__ import annotations

from typing import Annotated

import typer

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
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="fp32|bf16|auto",
        help="Arithmetic of the reducers that have a choice. (default: the reducer's)",
    ),
]
Repeats = Annotated[
    int | None,
    typer.Option(metavar="N", help="Time each fit N times; the median counts. (default: the suite's)"),
]
Timeout = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="End a job that takes longer. (default: no limit)")
]
ScaledReducers = Annotated[
    list[str] | None,
    typer.Option(
        "--reducer",
        metavar="NAME",
        help="Measure this reducer; repeatable. (default: pca, random-projection, sparse, stacked, umap)",
    ),
]
Budget = Annotated[
    float, typer.Option(metavar="SECONDS", help="Leave out points predicted to take longer, and larger ones.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="tcp://HOST:PORT|local:N",
        help="Send jobs to a Dask scheduler, or to N processes here. (default: one job at a time, here)",
    ),
]
Threads = Annotated[int | None, typer.Option(metavar="N", help="Threads a job may use. (default: all cores)")]
RunName = Annotated[
    str | None, typer.Option(metavar="RUN", help="Name of the run. (default: <dataset>-<suite>)")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what is there already.")]
DataDir = Annotated[str | None, typer.Option(metavar="DIR", help="Where datasets lie, as DIR/mnist/.")]
