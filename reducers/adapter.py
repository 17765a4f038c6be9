"""Any scikit-learn transformer as a `Reducer`."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from reducers.base import FloatArray, NotApplicableError, Reducer
from reducers.fitted_codes import FittedCodes
from reducers.parameters import instance_of
from reducers.registry_error import RegistryError

# Those that hold numbers of every pair of rows. For so many, of 784 features, kernel PCA took 0.5 GiB and
# Isomap 1.5; sixty thousand rows make 36 times as many pairs.
MAX_ROWS = dict.fromkeys(("KernelPCA", "Isomap", "MDS", "ClassicalMDS"), 10_000)


class ScikitLearn(Reducer):
    """A scikit-learn transformer under the `Reducer` contract.

    One without a ``transform`` (`sklearn.manifold.TSNE`, say) has the codes of the samples of its fit alone.

    Parameters
    ----------
    estimator : transformer
        An unfitted scikit-learn transformer; it is cloned, and its `n_components` and
        `random_state` are set where it has them.
    name : str
        What the registry calls it.
    """

    reference = "Pedregosa et al. (2011), Scikit-learn: machine learning in Python, JMLR 12"

    estimator: Any = instance_of(None, BaseEstimator, "a scikit-learn transformer")
    name: str = instance_of("scikit-learn", str, "a string")  # type: ignore[misc]

    def inapplicable(self, n_samples: int) -> str:
        """Return that so many rows take more memory than there may be, for methods of `MAX_ROWS`."""
        kind = type(self.estimator).__name__
        most = MAX_ROWS.get(kind, n_samples)
        if n_samples <= most:
            return ""
        return (
            f"{kind} holds numbers of every pair of rows in memory, so it takes at most {most:,} rows; got "
            f"{n_samples:,}: fit a sub-sample, by --suite quick or n_train in a suite of your own."
        )

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        self._check_signs(X)
        estimator = clone(self.estimator)
        parameters = estimator.get_params()
        if "n_components" in parameters:
            estimator.set_params(n_components=self.n_components)
        if "random_state" in parameters:
            estimator.set_params(random_state=int(rng.integers(2**31)))
        if self.supports_unseen:
            codes = np.asarray(estimator.fit(X).transform(X[:1]))
        else:
            codes = np.asarray(estimator.fit_transform(X))
            self.fitted_ = FittedCodes(X, codes)
        self.estimator_, self.n_components_ = estimator, int(codes.shape[1])

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        if self.supports_unseen:
            self._check_signs(X)
            return np.asarray(self.estimator_.transform(X))
        codes = self.fitted_.of(X)
        if codes is None:
            kind = type(self.estimator).__name__
            raise NotApplicableError(
                f"{kind} has no transform for unseen samples: it has the codes of those of its fit alone."
            )
        return codes

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        return np.asarray(self.estimator_.inverse_transform(Z))

    def _check_signs(self, X: FloatArray) -> None:
        if get_tags(self.estimator).input_tags.positive_only and X.min() < 0:
            raise NotApplicableError(
                f"Negative values in data: {type(self.estimator).__name__} needs values >= 0; got "
                f"{X.min():.3g}: scale the features to [0, 1], as --scale unit does."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.estimator is not None:
            tags.input_tags.positive_only = get_tags(self.estimator).input_tags.positive_only
        return tags

    @property
    def supports_unseen(self) -> bool:
        """Whether the transformer has a ``transform``."""
        return hasattr(self.estimator, "transform")

    @property
    def supports_inverse(self) -> bool:
        """Whether the transformer has an ``inverse_transform``; some that have it refuse it once fitted."""
        fitted = getattr(self, "estimator_", None)
        try:
            if fitted is not None:
                fitted.inverse_transform(np.zeros((1, self.n_components_), dtype=np.float32))
        except (AttributeError, NotFittedError, NotImplementedError):
            return False
        return hasattr(self.estimator, "inverse_transform")


def wrap_transformer(
    path: str,
    name: str = "scikit-learn",
    /,
    *,
    n_components: int = 10,
    random_state: int | None = 0,
    **params: Any,
) -> ScikitLearn:
    """Return the transformer at import path `path`, made with `params`, as a `Reducer`.

    Raises
    ------
    RegistryError
        The path names no transformer, or it has no such parameter.
    """
    module, _, attribute = path.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), attribute)
        # To call a function of scikit-learn could do anything: some delete directories.
        if not (isinstance(cls, type) and issubclass(cls, BaseEstimator)):
            raise TypeError("it is no estimator")
        estimator = cls(**params)
        estimator._validate_params()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise RegistryError(f"The scikit-learn transformer {path!r} cannot be made: {error}.") from error
    if not (hasattr(estimator, "transform") or hasattr(estimator, "fit_transform")):
        raise RegistryError(f"{path} has neither transform nor fit_transform, so it makes no codes.")
    return ScikitLearn(n_components=n_components, random_state=random_state, estimator=estimator, name=name)
