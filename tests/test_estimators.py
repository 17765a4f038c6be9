"""Every built-in reducer is an estimator of scikit-learn's: by its own checks, and in its own tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_set_output_transform_pandas,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)
from test_conformance import FAST, fast

from reducers import find_reducers
from reducers.base import Reducer
from reducers.checks import make_data
from reducers.methods.autoencoders.contractive import Contractive
from reducers.methods.autoencoders.convolutional import Convolutional
from reducers.methods.autoencoders.stacked import StackedDenoising
from reducers.methods.autoencoders.variational import Variational
from reducers.methods.boltzmann import DBN, RBM

# What cannot hold, by the name of the reducer and of the check: the reason.
EXEMPT: dict[str, dict[str, str]] = {
    "pca": {
        "check_fit_score_takes_y": "partial_fit does not go on from fit, which keeps no covariance",
    }
}
ROUNDED = {
    "check_methods_sample_order_invariance": "BLAS rounds the last digit of a row by its place in the matrix",
}


class InUnitInterval(Reducer):
    """Inputs that are checked as all are, and then mapped to [0, 1], as a run maps a data set.

    scikit-learn's checks fit normal numbers around 0 and around 100, which these methods rightly refuse.
    """

    def _samples(self, X: Any, *, reset: bool) -> NDArray[np.float32]:
        values = super()._samples(X, reset=reset)
        if reset:
            self._low, self._range = values.min(), np.ptp(values) or 1.0
        mapped: NDArray[np.float32] = np.clip((values - self._low) / self._range, 0, 1)
        return mapped


class MappedRBM(InUnitInterval, RBM):
    """The machine, given inputs in its range."""


class MappedDBN(InUnitInterval, DBN):
    """The network of machines, given inputs in their range."""


class MappedConvolutional(InUnitInterval, Convolutional):
    """The convolutional autoencoder, given images of a single row: the checks have 1 to 10 features."""

    def _image_shape(self, n_features: int) -> tuple[int, int]:
        return 1, n_features


class MappedVariational(InUnitInterval, Variational):
    """The variational autoencoder, given probabilities, as its loss asks for."""


class MappedContractive(InUnitInterval, Contractive):
    """The contractive autoencoder, given probabilities."""


class MappedStackedDenoising(InUnitInterval, StackedDenoising):
    """The stacked denoising autoencoder, given probabilities."""


MAPPED = {
    "rbm": MappedRBM, "dbn": MappedDBN, "convolutional": MappedConvolutional,
    "variational": MappedVariational, "contractive": MappedContractive,
    "stacked-denoising": MappedStackedDenoising,
}  # fmt: skip


def estimator(name: str) -> Reducer:
    return MAPPED[name](n_components=2, **FAST[name]) if name in MAPPED else fast(name)


# Those of neighbours and of deep clustering need more samples than these checks have, or place no new ones.
QUICK = [
    estimator(name) for name, entry in find_reducers().items() if entry.group in ("classic", "autoencoders")
]


# What stands for all others where not everything is run.
FIRST = ("pca", "autoencoder")


def exemptions(reducer: Reducer) -> dict[str, str]:
    return EXEMPT.get(reducer.name, {})


def skip_or_check(check: Callable[[Reducer], None], estimator: Reducer) -> None:
    name = check.func.__name__  # type: ignore[attr-defined]
    if name in ROUNDED:
        pytest.skip(ROUNDED[name])
    check(estimator)


@parametrize_with_checks([r for r in QUICK if r.name in FIRST], expected_failed_checks=exemptions)
def test_scikit_learns_checks_hold(estimator: Reducer, check: Callable[[Reducer], None]) -> None:
    skip_or_check(check, estimator)


@pytest.mark.slow
@parametrize_with_checks([r for r in QUICK if r.name not in FIRST], expected_failed_checks=exemptions)
def test_scikit_learns_checks_hold_of_all_others(
    estimator: Reducer, check: Callable[[Reducer], None]
) -> None:
    skip_or_check(check, estimator)


# What compiles for as long as all others take together.
@pytest.mark.slow
@parametrize_with_checks([estimator("umap")], expected_failed_checks=exemptions)
def test_scikit_learns_checks_hold_of_what_compiles(
    estimator: Reducer, check: Callable[[Reducer], None]
) -> None:
    check(estimator)


def test_nothing_is_exempt_that_a_user_relies_on() -> None:
    never = ("nan", "empty", "n_features", "1d", "clone", "pickle", "idempotent", "names", "complex", "dtype")
    assert not [check for checks in EXEMPT.values() for check in checks if any(w in check for w in never)]
    assert all(reason for checks in EXEMPT.values() for reason in checks.values())


# Those of names and of frames, which scikit-learn asks of its own estimators alone.
OF_FRAMES = (
    check_dataframe_column_names_consistency,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    check_set_output_transform_pandas,
)
every_reducer = pytest.mark.parametrize(
    "name", [pytest.param(r.name, marks=() if r.name in FIRST else pytest.mark.slow) for r in QUICK]
)


@pytest.mark.filterwarnings("ignore:X ")
@pytest.mark.parametrize("check", OF_FRAMES, ids=lambda check: check.__name__)
@every_reducer
def test_columns_keep_their_names(name: str, check: Callable[[str, Reducer], None]) -> None:
    check(name, estimator(name))


def images() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Images of a blob, and in which half of the image it lies."""
    X = make_data()
    return X, (X[:, :32].sum(axis=1) > X[:, 32:].sum(axis=1)).astype(np.int64)


def pipeline(name: str) -> Pipeline:
    return Pipeline([("reducer", fast(name)), ("classifier", LogisticRegression())])


@every_reducer
def test_it_works_in_a_pipeline(name: str) -> None:
    X, y = images()
    made = pipeline(name).fit(X, y)
    codes = fast(name).fit_transform(X)
    np.testing.assert_array_equal(made[:-1].transform(X), codes)
    assert made.score(X, y) == LogisticRegression().fit(codes, y).score(codes, y)


@every_reducer
def test_it_works_in_a_grid_search(name: str) -> None:
    X, y = images()
    search = GridSearchCV(pipeline(name), {"reducer__n_components": [1, 3]}, cv=2, error_score="raise")
    search.fit(X, y)
    chosen = search.best_params_["reducer__n_components"]
    width = search.best_estimator_[0].n_components_
    assert width == (X.shape[1] if name == "raw" else chosen)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@every_reducer
def test_it_works_in_a_column_transformer(name: str) -> None:
    X, y = images()
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)]).assign(half=y)
    parts = [("codes", fast(name), list(frame.columns[:64])), ("kept", "passthrough", ["half"])]
    made = ColumnTransformer(parts).fit(frame)
    np.testing.assert_array_equal(made.transform(frame)[:, :-1], fast(name).fit_transform(X))
    assert made.get_feature_names_out()[[0, -1]].tolist() == [f"codes__{name}0", "kept__half"]


@every_reducer
def test_it_gives_frames_where_they_are_asked_for(name: str) -> None:
    X, _ = images()
    index = [f"sample {i}" for i in range(len(X))]
    codes = fast(name).set_output(transform="pandas").fit_transform(pd.DataFrame(X, index=index))
    assert codes.columns.tolist() == [f"{name}{i}" for i in range(codes.shape[1])]
    assert codes.index.tolist() == index
    assert (codes.dtypes == np.float32).all()


@every_reducer
def test_an_inverse_is_there_where_there_is_one(name: str) -> None:
    assert (
        hasattr(fast(name), "inverse_transform")
        == fast(name).supports_inverse
        == (name not in ("raw", "factor-analysis"))
    )
