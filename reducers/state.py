"""What a reducer has learned as plain values and arrays, and back; no code is stored, and none is run.

Plain values are what JSON holds. All else is a mapping with a tag, as ``{"array": "mean_"}``; arrays stand
apart, under the name of the place they had.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any
from zipfile import ZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

Arrays = dict[str, NDArray[Any]]

_PLAIN = (type(None), bool, int, float, str)
# Where a file may name classes, besides the module of its reducer.
_OURS = "reducers.training."


class SavedError(ValueError):
    """A reducer cannot be saved, or a file holds none that can be used; the message is one sentence."""


def check_stored(archive: ZipFile, size: int) -> None:
    """Raise `SavedError` where an archive of `size` bytes would unpack to more; what is saved never does."""
    if sum(member.file_size for member in archive.infolist()) > size:
        raise SavedError("it holds an archive that unpacks to more than itself")


class Packing:
    """Turns values into what JSON holds, and sets their arrays aside.

    Parameters
    ----------
    owner : Reducer
        Whose values they are; objects among them may be of classes of its module.

    Attributes
    ----------
    arrays : dict of ndarray
        By the place each had, as ``network_.encoder.0.weight``.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self.arrays: Arrays = {}

    def pack(self, value: Any, place: str) -> Any:
        """Return what stands for the value of `place`; raise `SavedError` where nothing can."""
        if type(value) in _PLAIN:
            return value
        if type(value) is list:
            return [self.pack(part, f"{place}.{i}") for i, part in enumerate(value)]
        if type(value) is tuple:
            return {"tuple": self.pack(list(value), place)}
        if type(value) is slice:
            return {"slice": self.pack([value.start, value.stop, value.step], place)}
        if type(value) is dict and all(type(key) is str for key in value):
            return {"dict": {key: self.pack(part, f"{place}.{key}") for key, part in value.items()}}
        if type(value) is np.ndarray or isinstance(value, np.generic):
            return self._pack_array(value, place)
        return self._pack_object(value, place)

    def _pack_array(self, value: Any, place: str) -> Any:
        array = np.asarray(value)
        array = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
        objects = array.dtype.hasobject
        if array.dtype.kind == "U" or (objects and all(type(text) is str for text in array.flat)):
            return {"objects" if objects else "texts": array.tolist()}
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise self._refusal(place, f"an array of {array.dtype}")
        if isinstance(value, np.generic):
            return {"scalar": self._keep(array, place)}
        # Products of the same numbers in another order in memory may differ in the last bit.
        if array.flags.f_contiguous and not array.flags.c_contiguous:
            return {"transposed": self._keep(array.T, place)}
        return {"array": self._keep(array, place)}

    def _pack_object(self, value: Any, place: str) -> Any:
        kind = type(value)
        if isinstance(value, torch.Tensor) and value.dtype != torch.bfloat16:
            return {"tensor": self.pack(value.detach().cpu().numpy(), place)}
        builds = place == "network_" and hasattr(self._owner, "_build_network")
        if isinstance(value, torch.nn.Module) and builds:
            return {"network": self.pack(dict(value.state_dict()), place)}
        if isinstance(value, BaseEstimator) and kind.__module__.startswith("sklearn."):
            import skops.io

            return {"estimator": self._keep(np.frombuffer(skops.io.dumps(value), np.uint8), place)}
        module = "" if kind.__module__ == type(self._owner).__module__ else kind.__module__
        named = (not module or module.startswith(_OURS)) and not isinstance(value, (type, BaseEstimator))
        if named and is_dataclass(value):
            parts = {f.name: self.pack(getattr(value, f.name), f"{place}.{f.name}") for f in fields(value)}
            return {"object": f"{module}:{kind.__name__}", "fields": parts}
        raise self._refusal(place, f"a {kind.__module__}.{kind.__qualname__}")

    def _keep(self, array: NDArray[Any], place: str) -> str:
        while place in self.arrays:
            place += "'"
        self.arrays[place] = array
        return place

    def _refusal(self, place: str, found: str) -> SavedError:
        return SavedError(
            f"The reducer '{self._owner.name}' cannot be saved without pickle: its {place} holds {found}, "
            "and only numbers, text, arrays, tensors, lists and mappings of these, the network_ of an "
            "autoencoder and transformers of scikit-learn can be stored."
        )


class Unpacking:
    """Turns what `Packing` made back into values.

    Parameters
    ----------
    owner : Reducer
        Who gets them: its class says where other classes are, and builds its network, on its device.
    arrays : mapping of ndarray
    trusted : sequence of str
        Types of an estimator that skops does not know, and that may be made nevertheless.
    """

    def __init__(self, owner: Any, arrays: Mapping[str, NDArray[Any]], trusted: Sequence[str] = ()) -> None:
        self._owner, self._arrays, self._trusted = owner, arrays, trusted

    def unpack(self, packed: Any) -> Any:
        """Return the value that `packed` stands for."""
        if type(packed) is list:
            return [self.unpack(part) for part in packed]
        match packed:
            case {"tuple": parts}:
                return tuple(self.unpack(parts))
            case {"slice": parts}:
                return slice(*self.unpack(parts))
            case {"dict": parts}:
                return {key: self.unpack(part) for key, part in parts.items()}
            case {"texts": texts}:
                return np.array(texts, dtype=np.str_)
            case {"objects": texts}:
                return np.array(texts, dtype=object)
            case {"array": name}:
                return self._arrays[name]
            case {"transposed": name}:
                return self._arrays[name].T
            case {"scalar": name}:
                return self._arrays[name][()]
        return self._unpack_object(packed) if type(packed) is dict else packed

    def _unpack_object(self, packed: Mapping[str, Any]) -> Any:
        match packed:
            case {"tensor": array}:
                return torch.from_numpy(self.unpack(array)).to(self._device())
            case {"network": state}:
                network = self._owner._build_network(self._owner.n_features_in_, torch.Generator())
                if hasattr(self._owner, "_discard"):
                    # What was left out before the weights were kept.
                    self._owner.network_ = network
                    self._owner._discard()
                network.load_state_dict(self.unpack(state))
                return network.to(self._device())
            case {"estimator": name}:
                return self._estimator(self._arrays[name].tobytes())
            case {"object": path, "fields": parts}:
                return self._class(path)(**{name: self.unpack(part) for name, part in parts.items()})
        raise SavedError(f"nothing is known of {', '.join(packed)}")

    def _device(self) -> Any:
        return self._owner._torch_device() if hasattr(self._owner, "_torch_device") else "cpu"

    def _estimator(self, content: bytes) -> Any:
        import skops.io
        from skops.io.exceptions import UntrustedTypesFoundException

        with ZipFile(io.BytesIO(content)) as archive:
            check_stored(archive, len(content))
        try:
            return skops.io.loads(content, trusted=list(self._trusted))
        except UntrustedTypesFoundException as error:
            raise SavedError(f"{error}; name them with trusted=[...] if you trust who made it") from error

    def _class(self, path: str) -> type[Any]:
        module, _, name = path.partition(":")
        home = module or type(self._owner).__module__
        if not module or module.startswith(_OURS):
            found = getattr(importlib.import_module(home), name, None)
            if isinstance(found, type) and is_dataclass(found) and found.__module__ == home:
                return found
        raise SavedError(f"{path!r} is no class of data of the reducer's or of {_OURS}*")
