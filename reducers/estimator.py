"""What scikit-learn asks of an estimator beside its own methods: inputs checked, names of outputs, tags."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from reducers.rows import Rows, loses_digits

Method = TypeVar("Method", bound=Callable[..., Any])


def there_where(holds: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Return a decorator of methods: objects for which `holds` is false do not have them."""
    return available_if(holds)  # type: ignore[no-any-return]


class Estimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer that is called by its `name` and computes in single precision."""

    name: ClassVar[str]
    # Whether the hooks take `reducers.rows.Rows` too: samples that are read a block at a time, as
    # ``X[start:stop]``, from pixels kept as bytes or from a file larger than memory.
    streams: ClassVar[bool] = False
    # Whether the same seed, machine, arithmetic and threads give the same codes on a CPU, to the last bit.
    reproducible: ClassVar[bool] = True
    # Whether the distances of codes stay as they are where a constant is added to a feature.
    ignores_offset: ClassVar[bool] = False
    n_components_: int

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the codes, as ``pca0``, of shape ``(n_components_,)``."""
        # The inherited ones begin with the name of the class, which is not what users call the reducer.
        width = len(super().get_feature_names_out(input_features))
        return np.array([f"{self.name}{number}" for number in range(width)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.non_deterministic = not self.reproducible
        return tags

    def _samples(self, X: ArrayLike | Rows, *, reset: bool) -> Any:
        """Return `X` checked: as `Rows` where it is that and the hooks take it, else as an array."""
        if reset:
            self.offset_: NDArray[np.float64] | None = None
        if isinstance(X, Rows) and self.streams and self.offset_ is None:
            # Whoever made the rows has read them all once, and found them finite.
            return validate_data(self, X, reset=reset, skip_check_array=True)
        array = np.asarray(X) if isinstance(X, Rows) else X
        data = validate_data(self, array, dtype=np.float32, order="C", reset=reset)
        whole = np.asarray(array)
        if reset and loses_digits(whole):
            if self.ignores_offset:
                self.offset_ = whole.mean(axis=0, dtype=np.float64)
            else:
                warnings.warn(
                    f"The reducer '{self.name}' computes in single precision, which loses digits of inputs "
                    "so far from 0 for their range: subtract the mean of each feature first.",
                    stacklevel=4,
                )
        if self.offset_ is None:
            return data
        return np.subtract(whole, self.offset_, dtype=np.float64).astype(np.float32, order="C")

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components_)
