"""The leaderboard as a paper takes it: LaTeX or Markdown with mean ± interval, or CSV with every figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan

from benchmark.analysis.columns import GROUP, TIMES, score_columns
from benchmark.errors import InputError, suggestion
from benchmark.reporting.document import Strong, Table, Text, table
from benchmark.reporting.leaderboard import RANK, Row, board_columns
from benchmark.reporting.markdown import render
from benchmark.reporting.number_text import NOT_MEASURED, missing
from benchmark.reporting.report_data import gather
from benchmark.results import Store

FORMATS = ("latex", "csv", "markdown")
_LATEX = str.maketrans({
    **{character: f"\\{character}" for character in "&%$#_{}"}, "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "±": r"$\pm$", "–": "--",
})  # fmt: skip


def board_text(store: Store, form: str, names: Sequence[str] = ()) -> str:
    """Return the leaderboard of a run in one of `FORMATS`, with these times and scores, or the usual ones.

    What is bold in the report is bold. Behind ``±`` stands the wider half of an interval, of a time the
    deviation over seeds. `names` may hold "rank", too. LaTeX needs the package booktabs.

    Raises
    ------
    InputError
        There is no such format or column.
    """
    if form not in FORMATS:
        raise InputError(f"--format must be one of {', '.join(FORMATS)}; got {form!r}.")
    data = gather(store)
    measured = (name for name in (*TIMES, *score_columns(data.frame)) if data.board[name].notna().any())
    known = [RANK, *measured]
    for name in names:
        if name not in known:
            given = f"got {name!r}.{suggestion(name, known)}"
            raise InputError(f"--columns takes {', '.join(known)}, with commas between them; {given}")
    if form == "csv":
        columns = [c for c in data.board if not names or c in GROUP or str(c).startswith(tuple(names))]
        return str(data.board[columns].to_csv(index=False, lineterminator="\n"))
    made = table(data.board.to_dict("records"), board_columns(data, names, _margin))
    return _latex(made) if form == "latex" else render([made])


def _margin(row: Row, name: str, text: str, form: Callable[..., str]) -> str:
    mean, low, high, std = (row.get(f"{name}{end}", nan) for end in ("", "_ci_low", "_ci_high", "_std"))
    half = std if missing(low) or missing(high) else max(mean - low, high - mean)
    known = not missing(half) and text != NOT_MEASURED and not text.startswith("<")
    return f" ± {form(half, like=mean)}" if known else ""


def _latex(made: Table) -> str:
    places = "".join("r" if place in made.numeric else "l" for place in range(len(made.header)))
    head, *body = (" & ".join(map(_latex_text, row)) + r" \\" for row in (made.header, *made.rows))
    begin = [r"% \usepackage{booktabs}", rf"\begin{{tabular}}{{{places}}}", r"\toprule", head, r"\midrule"]
    return "\n".join([*begin, *body, r"\bottomrule", r"\end{tabular}", ""])


def _latex_text(text: Text) -> str:
    made = ""
    for part in [text] if isinstance(text, str) else text:
        printed = "".join(c if c.isprintable() else "\ufffd" for c in getattr(part, "text", str(part)))
        said = printed.translate(_LATEX)
        made += rf"\textbf{{{said}}}" if isinstance(part, Strong) else said
    return made
