"""Fitted reducers in a file: saved whole, or their weights or their structure alone, and loaded anywhere.

The file is one of safetensors: arrays, and before them a header of JSON with the reducer's name, its
parameters and whatever else it has learned. No pickle is written or read, and no code of a file is run.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as deserialise
from safetensors.numpy import save as serialise
from sklearn.utils.validation import check_is_fitted

from reducers.adapter import ScikitLearn
from reducers.base import Reducer
from reducers.parameters import check_parameters
from reducers.registry import find_reducers, load_reducer
from reducers.registry_error import RegistryError
from reducers.state import Arrays, Packing, SavedError, Unpacking, check_stored
from reducers.training.device import resolve_device

__all__ = ["PARTS", "SavedError", "dumps", "load", "loads", "save"]

PARTS = ("whole", "weights", "structure")
# Raised with every change after which earlier versions would misread a file.
_FORMAT = 1
_HEADER = "reducer"
_DAMAGED = (
    SafetensorError, BadZipFile, OSError, EOFError, LookupError, TypeError, ValueError, RecursionError,
)  # fmt: skip


def save(reducer: Reducer, path: str | Path, *, part: str = "whole") -> None:
    """Write a fitted reducer to a file.

    Parameters
    ----------
    reducer : Reducer
    path : path
        By custom it ends in ``.safetensors``.
    part : {'whole', 'weights', 'structure'}
        All of it; the arrays that it has learned alone; or its name and parameters alone, fitted or not.

    Raises
    ------
    SavedError
        It holds what cannot be stored without pickle, as UMAP does, or the file cannot be written.
    sklearn.exceptions.NotFittedError
        It has learned nothing that could be saved.
    """
    content = dumps(reducer, part)
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise SavedError(f"{path} cannot be written: {error.strerror}.") from error


def load(
    path: str | Path, *, plugins: Sequence[str | Path] = (), device: str | None = None,
    trusted: Sequence[str] = (), into: Reducer | None = None,
) -> Reducer:  # fmt: skip
    """Return the reducer of a file that `save` wrote, or that a run kept in its ``models/``.

    Parameters
    ----------
    path : path
    plugins : sequence of path
        Plugin files, one of which defines the reducer where it is neither built in nor installed.
    device : {'auto', 'cpu', 'cuda', 'mps'}, optional
        Where it computes from now on; by default where it did, or, where that is not there, "auto".
    trusted : sequence of str
        Types within a scikit-learn transformer, as ``"module.Class"``, that skops would not make by itself.
    into : Reducer, optional
        A fitted reducer of the same structure that weights alone are put into; it is what is returned.

    Returns
    -------
    Reducer
        Fitted, with the same codes to the bit; of a structure alone: not fitted.

    Raises
    ------
    SavedError
        The file is none of these, damaged, altered or of a newer version, or it names an unknown reducer.
    """
    try:
        content = Path(path).read_bytes()
        if content.startswith(b"PK\x03\x04"):
            # A run keeps models as it keeps all its arrays.
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                check_stored(arrays.zip, len(content))
                content = bytes(arrays["model"])
    except _DAMAGED as error:
        reason = getattr(error, "strerror", None) or error
        raise SavedError(f"{path} cannot be read as a saved reducer: {reason}.") from error
    return loads(content, str(path), plugins=plugins, device=device, trusted=trusted, into=into)


def dumps(reducer: Reducer, part: str = "whole") -> bytes:
    """Return the content of the file that `save` writes."""
    if part not in PARTS:
        raise SavedError(f"part must be one of {', '.join(PARTS)}; got {part!r}.")
    said: dict[str, Any] = {"format": _FORMAT, "part": part}
    arrays: Arrays = {}
    if part != "weights":
        packing = Packing(reducer)
        params = reducer.get_params(deep=False).items()
        said["name"] = reducer.name
        said["params"] = {name: packing.pack(value, f"parameters.{name}") for name, value in params}
        arrays |= packing.arrays
    if part != "structure":
        state, learned = _state(reducer)
        arrays |= learned
        said |= {"state": state} if part == "whole" else {}
    said["sha256"] = _digest(said, arrays)
    return serialise(arrays, {_HEADER: json.dumps(said, sort_keys=True)})


def loads(
    content: bytes, where: str = "The content", *, plugins: Sequence[str | Path] = (),
    device: str | None = None, trusted: Sequence[str] = (), into: Reducer | None = None,
) -> Reducer:  # fmt: skip
    """Return the reducer of the content of a file, which messages call `where`; see `load`."""
    said, arrays = _read(content, where)
    if said["part"] == "weights" and into is None:
        raise SavedError(f"{where} holds weights alone: give a fitted reducer for them, as into=reducer.")
    if said["part"] != "weights" and into is not None:
        raise SavedError(f"{where} must hold weights to go into a reducer; it holds the {said['part']}.")
    try:
        if into is not None:
            return _fill(into, arrays)
        return _make(said, arrays, plugins, device, trusted)
    except RegistryError:
        raise
    # Values that are right, but not those of this reducer, can make its own code raise anything.
    except Exception as error:
        reason = str(error) if isinstance(error, SavedError) else f"{type(error).__name__}: {error}"
        raise SavedError(f"{where} cannot be loaded: {' '.join(reason.split()).rstrip('.')}.") from error


def _read(content: bytes, where: str) -> tuple[dict[str, Any], Arrays]:
    """Return what the header of a file says, and its arrays; raise `SavedError` where they are not right."""
    try:
        arrays = {name: array.copy() for name, array in deserialise(content).items()}
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        said = dict(json.loads(header["__metadata__"][_HEADER]))
        newer, digest, _ = said["format"] > _FORMAT, said.pop("sha256"), said["part"]
    except _DAMAGED as error:
        raise SavedError(
            f"{where} must be a file that reducers.save wrote, whole; it is another one or damaged "
            f"({type(error).__name__}: {error})."
        ) from error
    if newer:
        known = f"this version reads up to {_FORMAT}: update this package"
        raise SavedError(f"{where} is of format {said['format']}, and {known}.")
    if digest != _digest(said, arrays):
        raise SavedError(f"{where} was altered after it was saved, its checksum is another: save it anew.")
    return said, arrays


def _digest(said: Mapping[str, Any], arrays: Arrays) -> str:
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}{array.dtype.name}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _state(reducer: Reducer) -> tuple[dict[str, Any], Arrays]:
    check_is_fitted(reducer, "n_components_")
    params, packing = reducer.get_params(deep=False), Packing(reducer)
    # Where a stream of random numbers stood is nothing that was learned.
    learned = {k: value for k, value in vars(reducer).items() if k not in params and k != "_random"}
    return {name: packing.pack(value, name) for name, value in learned.items()}, packing.arrays


def _make(
    said: Mapping[str, Any], arrays: Arrays, plugins: Sequence[str | Path], device: str | None,
    trusted: Sequence[str],
) -> Reducer:  # fmt: skip
    reducer = _class(said["name"], plugins)()
    unpacking = Unpacking(reducer, arrays, trusted)
    reducer.set_params(**{name: unpacking.unpack(packed) for name, packed in said["params"].items()})
    if "device" in said["params"]:
        reducer.set_params(device=device or _device_there(said["params"]["device"]))
    check_parameters(reducer)
    if "state" in said:
        _restore(reducer, said["state"], unpacking)
    return reducer


def _fill(reducer: Reducer, arrays: Arrays) -> Reducer:
    state, own = _state(reducer)
    mine, theirs = ({n: (a.shape, a.dtype.name) for n, a in some.items()} for some in (own, arrays))
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) != theirs.get(name):
            raise SavedError(
                f"its weights are those of another structure, {name} being {theirs.get(name, 'absent')} in "
                f"it and {mine.get(name, 'absent')} in the reducer"
            )
    _restore(reducer, state, Unpacking(reducer, arrays))
    return reducer


def _restore(reducer: Reducer, state: Mapping[str, Any], unpacking: Unpacking) -> None:
    # What builds a network asks for it.
    reducer.n_features_in_ = unpacking.unpack(state["n_features_in_"])
    reducer.__dict__.update({name: unpacking.unpack(packed) for name, packed in state.items()})


def _class(name: str, plugins: Sequence[str | Path]) -> type[Reducer]:
    if name == "scikit-learn":
        return ScikitLearn
    if name not in find_reducers(plugins):
        raise SavedError(
            f"the reducer {name!r} is not known: name the file that defines it, plugins=[...] or --plugin"
        )
    return load_reducer(name, plugins)


def _device_there(name: str) -> str:
    try:
        resolve_device(name)
    except ValueError:
        return "auto"
    return name
