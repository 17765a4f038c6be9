"""The command line as a whole: its verbs, and what becomes of an error."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmark.cli.codes import embed, score
from benchmark.cli.compare import compare
from benchmark.cli.list import info, list_
from benchmark.cli.plugin import check, new
from benchmark.cli.recommend import recommend
from benchmark.cli.report import merge, report
from benchmark.cli.run import plan, run, scale
from benchmark.cli.show import show
from benchmark.cli.study import studies, study
from benchmark.errors import InputError

app = typer.Typer(
    name="benchmark",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_VERBS = (run, plan, scale, study, studies, list_, show, report, recommend, compare, merge, embed, score, new,
          check, info)  # fmt: skip
for verb in _VERBS:
    app.command(verb.__name__.rstrip("_"))(verb)

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
