"""What several tables and figures share: how rows are told apart, and how scores are headed and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import isinf
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import CONTROLS, GROUP, KEYS, is_control, varying
from benchmark.reporting.document import Column, Paragraph
from benchmark.reporting.number_text import NOT_MEASURED, count, error, missing, score
from benchmark.scoring import METRICS

if TYPE_CHECKING:
    import pandas as pd

# What tells rows apart only where one reducer has several of it: its own choice, or an accident.
_OF_A_REDUCER = ("precision", "timing")


def value_column(header: str, name: str, form: Callable[..., str], numeric: bool = True) -> Column:
    """Return a column that writes the value of `name` by `form`."""
    return Column(header, lambda row: form(row[name]), numeric)


def key_text(name: str, value: Any) -> str:
    """Return a value that tells rows apart, as a table has it."""
    if name == "setting" and missing(value):
        return "default"
    if name == "reducer" and value in CONTROLS:
        return f"{value} (control)"
    return NOT_MEASURED if missing(value) else count(value) if isinstance(value, int) else str(value)


def key_columns(names: Iterable[str], form: Callable[[str, Any], str] = key_text) -> list[Column]:
    """Return the columns that tell rows apart, the reducer first; `form` writes a value of a name."""
    shown = ("reducer", *names)
    return [value_column(KEYS[name].header, name, partial(form, name), False) for name in shown]


def key_label(name: str, value: Any) -> str:
    """Return a value of `KEYS` as a word in a label, ``"2 threads"``; nothing for a missing one."""
    return "" if missing(value) else KEYS[name].label.format(value)


def label(row: Mapping[Any, Any], names: Iterable[str]) -> str:
    """Return the reducer of a row, and its values of these columns of `KEYS`."""
    return " ".join(filter(None, (key_label(name, row[name]) for name in ("reducer", *names))))


def row_labels(board: pd.DataFrame, omit: Iterable[str] = ()) -> list[str]:
    """Return a label a row: the reducer, and whatever else tells the rows apart, but for `omit`.

    The width of a row marked ``baseline`` is that of the data and tells nothing.
    """
    reduced = board[~board["baseline"]]
    names = varying(reduced, [name for name in GROUP if name not in {*omit, *_OF_A_REDUCER}])
    # A precision is a reducer's own choice: it tells rows apart only where one reducer has several.
    names += varying(reduced, _OF_A_REDUCER, within_reducer=True)
    narrow = [name for name in names if name != "n_components"]
    return [label(row, narrow if row["baseline"] else names) for row in board.to_dict("records")]


def marked_unreduced(labels: Iterable[str], board: pd.DataFrame) -> list[str]:
    """Return the labels of rows; what reduces nothing says so: it may lie beyond a front without it."""
    pairs = zip(labels, board["baseline"], strict=True)
    return [f"{label} (not reduced)" if unreduced else label for label, unreduced in pairs]


def controls_said(board: pd.DataFrame) -> list[str]:
    """Return what the controls among the rows are, as a sentence; nothing where there are none."""
    names = board.loc[is_control(board), "reducer"].unique()
    said = "; ".join(f"{name} ({CONTROLS[name]})" for name in CONTROLS if name in names)
    return [f"Controls take no rank: {said}."] if said else []


def fitted_said(board: pd.DataFrame) -> list[str]:
    """Return what was scored on rows that were fitted, as sentences; nothing where nothing was."""
    rows = {which: board.loc[board["scored_on"] == which, "reducer"].unique() for which in ("fitted", "all")}
    said = []
    if len(rows["fitted"]):
        what = "Scored on the rows of the fit, without accuracies, and not comparable with held-out rows"
        said.append(f"{what}: {', '.join(rows['fitted'])}.")
    if len(rows["all"]):
        said.append(
            "Transductive rows were fitted on all samples and scored on the same, so they have no accuracy "
            "of held-out samples, and stand apart from others."
        )
    return said


def score_title(name: str) -> str:
    """Return what heads the column of a score; a plugin's has no other name."""
    return METRICS[name].title if name in METRICS else name


def score_text(name: str) -> Callable[..., str]:
    """Return how a score is written: a quantity without an upper end by digits, a share by decimals."""
    return error if name in METRICS and isinf(METRICS[name].high) else score


def score_column(name: str) -> Column:
    """Return the column of a score, as it is headed and written everywhere."""
    return value_column(score_title(name), name, score_text(name))


def chosen_settings(frame: pd.DataFrame) -> list[str]:
    """Return which settings were chosen, and by what, in the table of the jobs of a run."""
    names = ["reducer", "n_components", "setting", "chosen"]
    rows = frame.loc[frame["chosen"].notna(), names].drop_duplicates().fillna({"setting": "default"})
    return [f"{name} to {width} components, {setting}: {of}" for name, width, setting, of in rows.to_numpy()]


def left_out(total: int, shown: int, which: str = "best ranked") -> list[Paragraph]:
    """Return a sentence that says which rows a table shows, where these are not all."""
    said = f"The {shown:,} {which} of {total:,} configurations are shown; results.csv holds every job."
    return [Paragraph(said)] if total > shown else []
