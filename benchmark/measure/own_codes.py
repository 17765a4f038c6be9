"""Every score of codes that were made anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.datasets.arrays import check_arrays, check_enough, check_features
from benchmark.datasets.formats.files import read_file
from benchmark.datasets.formats.npy import check_npy
from benchmark.datasets.in_memory import as_labels, as_matrix
from benchmark.datasets.split import split_indices
from benchmark.errors import InputError
from benchmark.plan.suite import choose_clusterings
from benchmark.request import Request, whole
from benchmark.scoring import Embedding, metrics_of
from benchmark.scoring import score as score_embedding

if TYPE_CHECKING:
    import pandas as pd

_SEED = whole(0)


def score(
    codes: Any, labels: Any = None, inputs: Any = None, *, seed: int = 0,
    clusterings: str | Sequence[str] = "kmeans", plugins: str | Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Return every score of an embedding, whoever made it.

    A fifth of the codes is scored, stratified by class where there are labels; classifiers and clusterings
    learn from the others.

    Parameters
    ----------
    codes : array of shape (n, d), or path
        A path is one of a ``.npy``, ``.csv`` or ``.parquet`` file, whose column ``row`` is no code.
    labels : array of shape (n,), or path of a ``.npy`` file, optional
        Whole numbers or text; what needs classes is not scored without.
    inputs : array of shape (n, n_features), or path, optional
        What the codes are codes of; what compares the two is not scored without.
    seed : int, default 0
        Of the split, and of all that is drawn in scoring.
    clusterings : str or sequence of str, default "kmeans"
        Names of clusterings that judge the codes, besides k-means; "all" for all.
    plugins : str or sequence of str
        Plugin files that may define metrics and clusterings.

    Returns
    -------
    DataFrame
        A row a metric, by its name: ``score``, ``better`` ("higher", "lower" or "–"), ``low`` and ``high``,
        the ends of its range, and ``summary``, what it is; its ``attrs`` are n_train, n_test and seed.

    Raises
    ------
    InputError
        Something given cannot be read, is no such array, or does not fit the codes.
    """
    import pandas as pd

    if not _SEED.holds(seed):
        raise InputError(f"seed must be {_SEED.words}; got {seed!r}.")
    asked = Request(clusterings=_several(clusterings), plugins=_several(plugins))
    metrics = metrics_of(choose_clusterings(asked), asked.plugins)
    known = check_enough("codes", check_arrays("codes", _matrix(codes), _labels(labels)))
    X = None if inputs is None else check_features(_matrix(inputs), "inputs")
    if X is not None and len(X) != len(known.X_train):
        raise InputError(f"inputs must be those of the {len(known.X_train)} codes; got {len(X)}.")
    Z, y = known.X_train, known.y_train
    train, test = split_indices(len(Z), y, np.random.default_rng((seed, 0)))
    y_train, y_test = (None, None) if y is None else (y[train], y[test])
    embedding = Embedding(Z[train], Z[test], y_train, y_test, None if X is None else X[test], seed=seed)
    found = score_embedding(embedding, metrics)
    shown = ("better", "low", "high", "summary")
    rows = [(name, value, *(getattr(metrics[name], part) for part in shown)) for name, value in found.items()]
    frame = pd.DataFrame(rows, columns=["metric", "score", *shown]).set_index("metric")
    frame.attrs = {"n_train": len(train), "n_test": len(test), "seed": seed}
    return frame


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _matrix(given: Any) -> np.ndarray:
    """Return samples as an array: what was given, or what its file holds."""
    if not isinstance(given, (str, Path)):
        return as_matrix(given)
    read = read_file(Path(given).expanduser())
    if read.X_test is not None:
        raise InputError(f"{given} must hold one array of samples; it holds a training and a test part.")
    # The number of a sample is not what `embed` makes of it.
    kept = [place for place, name in enumerate(read.feature_names) if name != "row"]
    return read.X_train[:, kept] if kept else read.X_train


def _labels(given: Any) -> np.ndarray | None:
    if not isinstance(given, (str, Path)):
        return as_labels(given)
    path = Path(given).expanduser()
    try:
        with path.open("rb") as file:
            check_npy(file, path.stat().st_size, path.name)
        labels: np.ndarray = np.load(path, allow_pickle=False)
    except OSError as error:
        raise InputError(f"The labels {path} cannot be read: {error.strerror}.") from error
    return labels
