"""Sparse matrices in an .npz file, as `scipy.sparse.save_npz` writes them; they are made dense."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from benchmark.datasets.formats.limits import ROW_BYTES, check_size
from benchmark.errors import InputError, choices

# What a file of each format holds besides its format, its shape and its data.
_PLACES = {"csr": ("indices", "indptr"), "csc": ("indices", "indptr"), "coo": ("row", "col")}


def is_sparse(names: Collection[str]) -> bool:
    """Whether arrays of these names are the parts of a sparse matrix."""
    return {"format", "shape", "data"} <= set(names)


def to_dense(path: Path, parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the matrix of a file as an array (n, n_features) of the type that it has there.

    Raises
    ------
    InputError
        Another format, no matrix, one that `check_size` refuses, or places of values outside of it.
    """
    from scipy import sparse

    kind, shape, data = parts["format"].astype(str), parts["shape"], parts["data"]
    places = _PLACES.get(str(kind))
    if places is None or not set(places) <= parts.keys():
        raise InputError(
            f"{path.name} must hold a sparse matrix of the format {choices(_PLACES)}; got "
            f"{str(kind)[:20]!r}: convert it with its method tocsr()."
        )
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or shape.min() < 0:
        raise InputError(f"{path.name} must hold a matrix of two dimensions; got the shape {shape!s:.60}.")
    n, n_features = map(int, shape)
    check_size(path, n * (n_features * max(4, data.dtype.itemsize) + ROW_BYTES))
    try:
        one, other = (parts[name] for name in places)
        where = (data, (one, other)) if kind == "coo" else (data, one, other)
        matrix = getattr(sparse, f"{kind}_array")(where, shape=(n, n_features))
        if kind != "coo":  # whose places are checked when it is made
            matrix.check_format(full_check=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path.name} is no sparse matrix: {str(error).rstrip('.')}.") from error
    dense: np.ndarray = matrix.toarray()
    return dense
