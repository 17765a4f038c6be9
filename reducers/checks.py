"""The conformance kit: what every reducer promises, checked. Plugin authors run it on theirs::

    from reducers.checks import check_reducer
    check_reducer(MyReducer())

or, with pytest, one test a check::

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check):
        check(MyReducer())
"""

from __future__ import annotations

import inspect
import pickle
import random
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from reducers.base import FloatArray, Reducer

N_SAMPLES, SIDE = 60, 8


def make_data(n_samples: int = N_SAMPLES, seed: int = 0) -> FloatArray:
    """Return smooth 8x8 images with values in [0, 1]: float32, shape (n_samples, 64)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    centres = rng.uniform(1, SIDE - 2, (n_samples, 2, 1, 1))
    widths = rng.uniform(1.0, 2.5, (n_samples, 1, 1))
    squares = (y - centres[:, 0]) ** 2 + (x - centres[:, 1]) ** 2
    return np.asarray(np.exp(-squares / (2 * widths**2)).reshape(n_samples, -1), dtype=np.float32)


def check_class_attributes(reducer: Reducer) -> None:
    """`name` is kebab-case, `reference` is a text, `devices` begins with the CPU."""
    name, devices = reducer.name, reducer.devices
    kebab_case = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    _demand(kebab_case, reducer, f"name {name!r} is not kebab-case")
    _demand(isinstance(reducer.reference, str) and reducer.reference, reducer, "reference is empty")
    known = "cpu" in devices and set(devices) <= {"cpu", "cuda", "mps"}
    _demand(known, reducer, f"devices are {devices!r}")


def check_constructor_only_assigns(reducer: Reducer) -> None:
    """Every constructor argument is explicit, has a default, and is stored unchanged under its name."""
    cls = type(reducer)
    parameters = list(inspect.signature(cls).parameters.values())
    _demand(parameters[0].name == "n_components", reducer, "n_components is not the first argument")
    for parameter in parameters:
        explicit = parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        _demand(explicit, reducer, f"the constructor takes *{parameter.name}, which swallows typos")
        _demand(parameter.default is not parameter.empty, reducer, f"{parameter.name} has no default")
    for parameter in parameters[1:]:
        _demand(parameter.kind is parameter.KEYWORD_ONLY, reducer, f"{parameter.name} is not keyword-only")
    marker: Any = object()
    made = cls(n_components=marker)
    _demand(made.n_components is marker, reducer, "the constructor does more than assign n_components")


def check_clone_and_parameters(reducer: Reducer) -> None:
    """`clone`, `get_params` and `set_params` round-trip."""
    params = reducer.get_params()
    _demand(set(clone(reducer).get_params()) == set(params), reducer, "clone has other parameters")
    changed = clone(reducer).set_params(n_components=3)
    _demand(changed.n_components == 3, reducer, "set_params does not set n_components")


def check_shapes_and_types(reducer: Reducer) -> None:
    """Codes are finite float32 of shape (n, n_components_), also for a single sample."""
    X, fitted = _fitted(reducer)
    for part in (X, X[:1]):
        Z = fitted.transform(part)
        _demand(Z.shape == (len(part), fitted.n_components_), reducer, f"codes have shape {Z.shape}")
        _demand(Z.dtype == np.float32 and np.isfinite(Z).all(), reducer, "codes are not finite float32")


def check_fit_returns_self_and_learns_underscored(reducer: Reducer) -> None:
    """`fit` returns the reducer; it changes no parameter, and what it learns ends in ``_``."""
    made = clone(reducer)
    before = made.get_params()
    _demand(made.fit(make_data()) is made, reducer, "fit does not return self")
    same = all(made.get_params()[name] is value for name, value in before.items())
    _demand(same, reducer, "fit changes a constructor parameter")
    learned = set(vars(made)) - set(before)
    wrong = sorted(name for name in learned if not name.endswith("_") and not name.startswith("_"))
    _demand(not wrong, reducer, f"learned attributes do not end in '_': {', '.join(wrong)}")


def check_same_seed_same_result(reducer: Reducer) -> None:
    """Two fits with the same `random_state` give the same codes, to the last bit, if it is `reproducible`."""
    if not reducer.reproducible:
        return
    X = make_data()
    first, second = (clone(reducer).set_params(random_state=7).fit(X).transform(X) for _ in range(2))
    _demand(np.array_equal(first, second), reducer, "the same random_state gives different codes")


def check_fit_transform_is_fit_then_transform(reducer: Reducer) -> None:
    """`fit_transform` gives the codes that `fit` and `transform` give."""
    X = make_data()
    joint, separate = clone(reducer).fit_transform(X), clone(reducer).fit(X).transform(X)
    same = np.allclose(joint, separate, atol=1e-5)
    _demand(same, reducer, "fit_transform differs from fit, then transform")


def check_labels_are_ignored(reducer: Reducer) -> None:
    """`y` changes nothing: the methods are unsupervised."""
    X, without = _fitted(reducer)
    with_labels = clone(reducer).fit(X, np.arange(len(X)) % 2)
    same = np.array_equal(with_labels.transform(X), without.transform(X))
    _demand(same, reducer, "labels change the codes")


def check_input_is_not_changed(reducer: Reducer) -> None:
    """Neither `fit` nor `transform` writes to its input, which may be read-only."""
    X = make_data()
    original = X.copy()
    X.setflags(write=False)
    try:
        clone(reducer).fit(X).transform(X)
    except ValueError as error:
        # What numpy says of an assignment to an array that is read-only.
        _demand("read-only" not in str(error), reducer, f"the input is written to: {error}")
        raise
    _demand(np.array_equal(X, original), reducer, "the input is changed")


def check_global_random_state_is_untouched(reducer: Reducer) -> None:
    """The global generators of Python, numpy and torch are neither seeded nor drawn from."""
    X = make_data()
    for library in touched_generators(lambda: clone(reducer).fit(X).transform(X)):
        _demand(False, reducer, f"{library}'s global random state is touched")


def check_not_fitted(reducer: Reducer) -> None:
    """Before `fit`, `transform`, and what else is there of its kind, raise `NotFittedError`."""
    made = clone(reducer)
    for method in filter(partial(hasattr, made), ("transform", "inverse_transform", "predict")):
        _raises(NotFittedError, reducer, method, getattr(made, method), make_data())


def check_wrong_input_is_refused(reducer: Reducer) -> None:
    """NaN, infinity, one dimension and a wrong number of features raise ValueError."""
    X, fitted = _fitted(reducer)
    spoiled = X.copy()
    spoiled[3, 5] = np.nan
    _raises(ValueError, reducer, "fit on NaN", clone(reducer).fit, spoiled)
    spoiled[3, 5] = np.inf
    _raises(ValueError, reducer, "transform of infinity", fitted.transform, spoiled)
    _raises(ValueError, reducer, "transform of one dimension", fitted.transform, X[0])
    _raises(ValueError, reducer, "transform of fewer features", fitted.transform, X[:, :-1])


def check_wrong_parameter_is_refused(reducer: Reducer) -> None:
    """`n_components` of 0 raises a ValueError that names the reducer, the parameter and the value."""
    made = clone(reducer).set_params(n_components=0)
    message = _raises(ValueError, reducer, "fit with n_components=0", made.fit, make_data())
    named = "n_components" in message and reducer.name in message and "0" in message
    _demand(named, reducer, f"the error does not name reducer, parameter and value: {message!r}")


def check_inverse(reducer: Reducer) -> None:
    """Reconstructions have the input's shape; a method without an inverse has no `inverse_transform`."""
    X, fitted = _fitted(reducer)
    Z = fitted.transform(X)
    if not fitted.supports_inverse:
        absent = not hasattr(fitted, "inverse_transform")
        _demand(absent, reducer, "inverse_transform is there, and supports_inverse says that it is not")
        return
    R = fitted.inverse_transform(Z)
    _demand(R.shape == X.shape and R.dtype == np.float32, reducer, f"reconstructions have shape {R.shape}")
    _raises(ValueError, reducer, "inverse_transform of narrower codes", fitted.inverse_transform, Z[:, :-1])


def check_predict(reducer: Reducer) -> None:
    """Clusters are whole numbers from 0, the same each time; a method without its own has no `predict`."""
    X, fitted = _fitted(reducer)
    if not fitted.supports_predict:
        _demand(not hasattr(fitted, "predict"), reducer, "there is a predict, and there are no clusters")
        return
    clusters = fitted.predict(X)
    _demand(int(clusters.min()) >= 0, reducer, f"there is a cluster {clusters.min()}")
    _demand(np.array_equal(clusters, fitted.predict(X)), reducer, "predict differs from call to call")
    _raises(ValueError, reducer, "predict of fewer features", fitted.predict, X[:, :-1])


def check_pickle(reducer: Reducer) -> None:
    """A fitted reducer pickled and read back gives the same codes, and the same clusters if it has any."""
    X, fitted = _fitted(reducer)
    again: Reducer = pickle.loads(pickle.dumps(fitted))
    same = np.array_equal(fitted.transform(X), again.transform(X))
    _demand(same, reducer, "pickling changes the codes")
    same = not fitted.supports_predict or np.array_equal(fitted.predict(X), again.predict(X))
    _demand(same, reducer, "pickling changes the clusters")


def check_history(reducer: Reducer) -> None:
    """`history_`, where there is one, holds a dict an epoch with a finite ``loss``."""
    for entry in getattr(_fitted(reducer)[1], "history_", []):
        good = {"epoch", "loss"} <= set(entry) and np.isfinite(entry["loss"])
        _demand(good, reducer, f"a history entry lacks epoch or finite loss: {entry}")


# Every function above that is a check, in their order.
CHECKS = tuple(function for name, function in globals().items() if name.startswith("check_"))


def check_reducer(reducer: Reducer) -> None:
    """Run every check on `reducer`; raise AssertionError that names the reducer and what it breaks."""
    for check in CHECKS:
        check(reducer)


def _fitted(reducer: Reducer) -> tuple[FloatArray, Reducer]:
    X = make_data()
    return X, clone(reducer).fit(X)


def touched_generators(call: Callable[[], object]) -> list[str]:
    """Return whose global generators a call changes, of Python, numpy and torch; they are put back."""
    saved = np.random.get_state(), torch.get_rng_state(), random.getstate()  # noqa: NPY002
    try:
        # A state that nobody would seed by habit, so that seeding with 0 is seen too.
        random.seed(987_654_321)
        np.random.seed(987_654_321)  # noqa: NPY002
        torch.manual_seed(987_654_321)
        before = _global_states()
        call()
        after = _global_states()
    finally:
        np.random.set_state(saved[0])  # noqa: NPY002
        torch.set_rng_state(saved[1])
        random.setstate(saved[2])
    return [name for name, old in before.items() if after[name] != old]


def _global_states() -> dict[str, object]:
    numpy_state: Any = np.random.get_state()  # noqa: NPY002
    return {
        "numpy": (numpy_state[1].tobytes(), numpy_state[2]),
        "torch": torch.get_rng_state().numpy().tobytes(),
        "Python": random.getstate(),
    }


def _demand(condition: object, reducer: Reducer, complaint: str) -> None:
    if not condition:
        raise AssertionError(f"{type(reducer).__name__}: {complaint}.")


def _raises(kind: type[Exception], reducer: Reducer, what: str, call: Any, *arguments: Any) -> str:
    try:
        call(*arguments)
    except kind as error:
        return str(error)
    except Exception as error:
        raise AssertionError(
            f"{type(reducer).__name__}: {what} raises {type(error).__name__}, not {kind.__name__}."
        ) from error
    raise AssertionError(f"{type(reducer).__name__}: {what} does not raise {kind.__name__}.")
