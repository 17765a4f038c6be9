"""Labels as a file gives them, checked and numbered: classes become 0 to k-1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.errors import InputError

_LONGEST_LABEL = 1000


def encode_labels(
    parts: Sequence[np.ndarray | None], where: str
) -> tuple[list[np.ndarray | None], tuple[str, ...]]:
    """Number the classes of both parts together from 0, in sorted order; a part without labels is None.

    Labels (n,) are integers, whole floats or text, as an array of text or of objects that are all `str`.
    Returned are int64 arrays (n,), and the name of class 0, 1, ...: none where no part has labels.

    Raises
    ------
    InputError
        Missing, neither whole numbers nor text, or text that is no Unicode or longer than 1000 characters.
    """
    labels = [_plain_labels(part, where) for part in parts if part is not None]
    if not labels:
        return [None for _ in parts], ()
    if len({part.dtype.kind == "i" for part in labels}) > 1:
        raise InputError(f"{where} must be all numbers or all text; got one of each.")
    whole = np.concatenate(labels) if len(labels) > 1 else labels[0]
    if whole.dtype.kind == "O":
        import pandas as pd

        # Labels of tables stay objects: an array of text would give each the room of the longest.
        codes, classes = pd.factorize(whole, sort=True)
    else:
        classes, codes = np.unique(whole, return_inverse=True)
    names = tuple(str(name) for name in classes)
    wrong = next((len(name) for name in names if not 1 <= len(name) <= _LONGEST_LABEL), None)
    if wrong is not None:
        raise InputError(f"{where} must have 1 to {_LONGEST_LABEL} characters; one of them has {wrong}.")
    pieces = iter(np.split(codes, np.cumsum([len(part) for part in labels])[:-1]))
    return [None if part is None else next(pieces) for part in parts], names


def _plain_labels(y: np.ndarray, where: str) -> np.ndarray:
    """Return labels as int64 or text."""
    if y.ndim != 1:
        raise InputError(f"{where} must be one label a sample, of the shape (n,); got {y.shape}.")
    if y.dtype.kind in "iuf":
        return _whole(y, where)
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "b":
        return y.astype(str)
    if y.dtype.kind not in "UO":
        raise InputError(f"{where} must be whole numbers or text; got the type {y.dtype}.")
    if y.dtype.kind == "U":
        letters = np.ascontiguousarray(y, dtype=y.dtype.newbyteorder("=")).view(np.uint32)
        # Python cannot even compare numbers beyond Unicode, and cannot write halves of a surrogate pair.
        if ((letters > 0x10FFFF) | ((letters >= 0xD800) & (letters < 0xE000))).any():
            raise InputError(f"{where} must be Unicode text; one of them is not.")
    return y


def _whole(y: np.ndarray, where: str) -> np.ndarray:
    missing = int(np.count_nonzero(~np.isfinite(y)))
    if missing:
        be = "are" if missing > 1 else "is"
        raise InputError(f"{where} must not be missing; {missing} of {len(y)} {be} NaN or infinite.")
    in_range = (y == np.round(y)) & (np.abs(y) < 2.0**63)
    bad = y[~in_range & (y.dtype.kind != "i")]
    if len(bad):
        raise InputError(f"{where} must be whole numbers below 2^63, or text; got {bad[0]!s}.")
    return y.astype(np.int64)
