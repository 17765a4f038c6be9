"""The `Reducer` contract: bookkeeping once here, mathematics in the subclass.

A subclass names itself, declares its parameters as annotated fields (they become keyword-only
arguments of the constructor, which only assigns) and writes two hooks::

    from reducers import Reducer

    class TopVariance(Reducer):
        name = "top-variance"
        reference = "the features that vary most, unchanged"

        def _fit(self, X, rng):
            self.columns_ = X.var(axis=0).argsort()[::-1][: self.n_components]

        def _transform(self, X):
            return X[:, self.columns_]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self, dataclass_transform

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, check_is_fitted

from reducers.estimator import Estimator, there_where
from reducers.parameters import check_parameters, integer, seed
from reducers.rows import FloatArray, Rows

__all__ = ["FloatArray", "NotApplicableError", "Reducer"]


class NotApplicableError(ValueError):
    """The method cannot be applied here: to data of this kind (a convolution to a table), or to so many."""


@dataclass_transform(eq_default=False, kw_only_default=True)
@dataclass(eq=False, repr=False)
class Reducer(Estimator):
    """A scikit-learn transformer from ``(n, n_features)`` to ``(n, n_components)``.

    Parameters
    ----------
    n_components : int, default 10
        Width of the code.
    random_state : int or None, default 0
        Seed of every random choice; the same seed gives the same result. None draws a fresh one.

    Attributes
    ----------
    n_features_in_, n_components_ : int
        Width of the input and of the code, known after `fit`.
    precision_ : {'fp32', 'bf16'}
        Arithmetic of the fit: single precision, unless the reducer says otherwise.
    history_ : list of dict
        One dict an epoch, for reducers that train by epochs.
    offset_ : ndarray of shape (n_features,) or None
        What is taken off inputs whose digits single precision would lose; `inverse_transform` adds it.
    """

    reference: ClassVar[str]
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    # Whether the first fit in a process compiles code for so long that jobs should be forked from a process
    # that has done it.
    compiles: ClassVar[bool] = False
    # Enough rows, of the training set for `fit` and of the test set for `transform`, to take every code path
    # that larger sets take, and the parameters that make doing so cheap.
    warmup_samples: ClassVar[int] = 256
    warmup_unseen: ClassVar[int] = 256
    warmup_params: ClassVar[Mapping[str, Any]] = {}

    n_components: int = integer(10, low=1)
    _: KW_ONLY
    random_state: int | None = seed(0)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(eq=False, repr=False, kw_only=True)(cls)

    def fit(self, X: ArrayLike | Rows, y: object = None) -> Self:
        """Learn from `X`, an array or `Rows` of shape ``(n, n_features)``; `y` is ignored.

        Raises
        ------
        ValueError
            A parameter or the input is wrong; the message says which and what is allowed.
        NotApplicableError
            `inapplicable` says why.
        """
        return self._learn(self._fit, X, afresh=True)

    @there_where(lambda reducer: type(reducer)._partial_fit is not Reducer._partial_fit)
    def partial_fit(self, X: ArrayLike | Rows, y: object = None) -> Self:
        """Learn from a further batch `X`, of shape ``(n, n_features)``; only where the method can.

        Of a new reducer it is the first batch; `fit` begins anew.

        Raises
        ------
        ValueError
            As `fit`, or `X` has another number of features than the batches before.
        """
        return self._learn(self._partial_fit, X, afresh=not hasattr(self, "n_components_"))

    def _learn(self, hook: Callable[[Any, np.random.Generator], None], X: Any, *, afresh: bool) -> Self:
        check_parameters(self)
        data = self._samples(X, reset=afresh)
        if reason := self.inapplicable(len(data)):
            raise NotApplicableError(reason)
        if afresh:
            self.__dict__.pop("n_components_", None)
            self.precision_ = "fp32"
        if afresh or not hasattr(self, "_random"):
            # A reducer that was saved and loaded begins another stream.
            self._random = np.random.default_rng(self.random_state)
        hook(data, self._random)
        # A reducer that decides its own width (raw pixels, say) has set this itself.
        self.__dict__.setdefault("n_components_", self.n_components)
        return self

    def transform(self, X: ArrayLike | Rows) -> FloatArray:
        """Return the codes of `X`: float32, shape ``(n, n_components)``, finite.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            `fit` has not been called.
        ValueError
            `X` has another number of features than at `fit`.
        """
        check_is_fitted(self, "n_components_")
        data = self._samples(X, reset=False)
        return self._checked(self._transform(data), (len(data), self.n_components_), "codes")

    def fit_transform(self, X: ArrayLike | Rows, y: object = None) -> FloatArray:
        """Fit on `X` and return its codes; the same as ``fit(X).transform(X)``."""
        return self.fit(X).transform(X)

    @there_where(lambda reducer: reducer.supports_inverse)
    def inverse_transform(self, Z: ArrayLike) -> FloatArray:
        """Return reconstructions of codes `Z`, where there is an inverse: float32, ``(n, n_features)``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            `fit` has not been called.
        ValueError
            `Z` has another width than the codes.
        """
        check_is_fitted(self, "n_components_")
        codes = check_array(Z, dtype=np.float32, order="C")
        if codes.shape[1] != self.n_components_:
            raise ValueError(
                f"The reducer '{self.name}' has {self.n_components_} components; got {codes.shape[1]}."
            )
        result = self._inverse_transform(codes)
        result = result if self.offset_ is None else result + self.offset_
        return self._checked(result, (len(codes), self.n_features_in_), "reconstructions")

    @property
    def supports_inverse(self) -> bool:
        """Whether `inverse_transform` is there: it is where the hook is written."""
        return type(self)._inverse_transform is not Reducer._inverse_transform

    @property
    def supports_unseen(self) -> bool:
        """Whether `transform` takes samples that the fit has not seen; else only those of the fit."""
        return True

    def inapplicable(self, n_samples: int) -> str:
        """Return why the method cannot be fitted to so many samples, as a sentence; "" where it can.

        It is asked before anything is measured.
        """
        return ""

    @property
    def n_parameters_(self) -> int | None:
        """Number of learned numbers, where the method has a fixed set of them."""
        return None

    @there_where(lambda reducer: reducer.supports_predict)
    def predict(self, X: ArrayLike | Rows) -> NDArray[np.int64]:
        """Return the clusters that the method itself puts `X` into: int64, ``(n,)``, from 0.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            `fit` has not been called.
        """
        check_is_fitted(self, "n_components_")
        data = self._samples(X, reset=False)
        clusters = np.asarray(self._predict(data))
        if clusters.shape != (len(data),) or clusters.dtype.kind not in "iu":
            raise ValueError(
                f"The reducer '{self.name}' returned clusters of {clusters.dtype} and shape "
                f"{clusters.shape}; expected whole numbers of shape {(len(data),)}."
            )
        return clusters.astype(np.int64)

    @property
    def supports_predict(self) -> bool:
        """Whether `predict` is there: it is where the hook is written."""
        return type(self)._predict is not Reducer._predict

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        """Hook: learn from `X` (2-D, finite, float32, C-contiguous) with randomness from `rng` only."""
        raise NotImplementedError(f"The reducer '{self.name}' does not define _fit.")

    def _partial_fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        """Hook, optional: learn from a batch `X`, too; before the first there is no `n_components_`."""
        raise NotImplementedError

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        """Hook: return the codes of `X`."""
        raise NotImplementedError(f"The reducer '{self.name}' does not define _transform.")

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        """Hook, optional: return the reconstructions of codes `Z`."""
        raise NotImplementedError

    def _predict(self, X: FloatArray) -> NDArray[Any]:
        """Hook, optional: return the method's own clusters of `X`, whole numbers from 0."""
        raise NotImplementedError

    def _refusal(self, needs: str, received: object) -> ValueError:
        """Return the error that says what this reducer needs and what it received."""
        return ValueError(f"The reducer '{self.name}' needs {needs}; got {received}.")

    def _checked(self, result: NDArray[Any], shape: tuple[int, ...], what: str) -> FloatArray:
        result = np.asarray(result)
        if result.shape != shape:
            raise ValueError(
                f"The reducer '{self.name}' returned {what} of shape {result.shape}; expected {shape}."
            )
        if bad := int(np.count_nonzero(~np.isfinite(result))):
            raise ValueError(
                f"The reducer '{self.name}' returned {what} with {bad} values that are NaN or infinite."
            )
        return np.ascontiguousarray(result, dtype=np.float32)
