"""Names from data and plugins, made safe for Markdown, for file names and for figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_MARKUP = re.compile(r"([\\`*_|\[\]~])")


def escape(text: object) -> str:
    """Return `text` on one line, with everything Markdown or HTML would act on made literal.

    Characters that cannot be printed, or turn the direction of text, become U+FFFD.
    """
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(str(text).split()))
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", line)


def file_names(names: Iterable[str], prefix: str = "reducer-") -> dict[str, str]:
    """Return a PNG file name for every name: portable, at most 80 characters, and no two alike."""
    taken: set[str] = set()
    files = {}
    for name in sorted(set(names)):
        stem = re.sub(r"[^A-Za-z0-9_+]+", "-", name).strip("-")[:60] or "unnamed"
        numbered = chain([stem], (f"{stem}-{n}" for n in count(2)))
        unique = next(candidate for candidate in numbered if candidate.lower() not in taken)
        taken.add(unique.lower())
        files[name] = f"{prefix}{unique}.png"
    return files


def row_labels(board: pd.DataFrame, omit: Sequence[str] = ()) -> list[str]:
    """Return a label a row: the reducer, and whatever else tells the rows apart, but for `omit`.

    The width of a row marked ``baseline`` is that of the data and tells nothing.
    """
    forms = {
        "n_components": "{}-D", "dataset": "{}", "n_train": "{} train", "n_test": "{} test",
        "precision": "{}", "threads": "{} threads", "timing": "{}", "device": "{}",
        "machine": "on {}",
    }  # fmt: skip
    reduced = board[~board["baseline"]]
    # A precision is a reducer's own choice: it tells rows apart only where one reducer has several.
    several = {name: reduced[name].nunique(dropna=False) > 1 for name in forms}
    several["precision"] = bool((reduced.groupby("reducer")["precision"].nunique() > 1).any())
    told = [name for name in forms if name not in omit and several[name]]
    labels = []
    for row in board.to_dict("records"):
        parts = [
            forms[name].format(row[name]) for name in told if name != "n_components" or not row["baseline"]
        ]
        labels.append(" ".join([str(row["reducer"]), *parts]))
    return labels
