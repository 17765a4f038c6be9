"""Any scikit-learn transformer as a `Reducer`."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError

from reducers.base import FloatArray, Reducer
from reducers.registry_error import RegistryError


class ScikitLearn(Reducer):
    """A scikit-learn transformer under the `Reducer` contract.

    Parameters
    ----------
    estimator : transformer
        An unfitted scikit-learn transformer; it is cloned, and its `n_components` and
        `random_state` are set where it has them.
    """

    name = "scikit-learn"
    reference = "Pedregosa et al. (2011), Scikit-learn: machine learning in Python, JMLR 12"

    estimator: Any = None

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:
        estimator = clone(self.estimator)
        parameters = estimator.get_params()
        if "n_components" in parameters:
            estimator.set_params(n_components=self.n_components)
        if "random_state" in parameters:
            estimator.set_params(random_state=int(rng.integers(2**31)))
        self.estimator_ = estimator.fit(X)
        self.n_components_ = int(np.asarray(estimator.transform(X[:1])).shape[1])

    def _transform(self, X: FloatArray) -> NDArray[Any]:
        return np.asarray(self.estimator_.transform(X))

    def _inverse_transform(self, Z: FloatArray) -> NDArray[Any]:
        return np.asarray(self.estimator_.inverse_transform(Z))

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
    path: str, *, n_components: int = 10, random_state: int | None = 0, **params: Any
) -> ScikitLearn:
    """Return the transformer at import path `path`, made with `params`, as a `Reducer`.

    Raises
    ------
    RegistryError
        The path names no transformer with a `transform`, or it has no such parameter.
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
    if not hasattr(estimator, "transform"):
        raise RegistryError(
            f"{path} has no transform for unseen samples, so its codes of a test set do not exist."
        )
    return ScikitLearn(n_components=n_components, random_state=random_state, estimator=estimator)
