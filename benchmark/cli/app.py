"""The command line as a whole: its verbs, and what becomes of an error."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.cli.check import check
from benchmark.cli.compare import compare
from benchmark.cli.embed import embed
from benchmark.cli.info import info
from benchmark.cli.list import list_things
from benchmark.cli.merge import merge
from benchmark.cli.new import new
from benchmark.cli.plan import plan
from benchmark.cli.recommend import recommend
from benchmark.cli.report import report
from benchmark.cli.run import run
from benchmark.cli.scale import scale
from benchmark.cli.score import score
from benchmark.cli.show import show
from benchmark.cli.study import studies, study
from benchmark.errors import InputError

app = typer.Typer(
    name="benchmark",
    help="Compare dimensionality reduction methods: quality, training time, and a report you can trust.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb, name in ((run, "run"), (plan, "plan"), (scale, "scale"), (study, "study"), (studies, "studies"),
                   (list_things, "list"), (show, "show"), (report, "report"), (recommend, "recommend"),
                   (compare, "compare"), (merge, "merge"), (embed, "embed"), (score, "score"),
                   (new, "new"), (check, "check"), (info, "info")):  # fmt: skip
    app.command(name)(verb)

# What a wrong option raises; Typer names only this subclass of it.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"{version('dimensionality-reduction-benchmark')}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Compare dimensionality reduction methods: quality, training time, and a report you can trust."""


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
