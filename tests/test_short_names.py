"""Transformers of scikit-learn under short names: the same as by import path, with limits said before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import NMF
from test_execution import plan_of

from benchmark.measure.preparation import make_job_reducer
from benchmark.plan.job import Job
from benchmark.plan.settings import from_python
from reducers import adapter, make_reducer
from reducers.base import NotApplicableError
from reducers.registry import FURTHER, RegistryError

SHORT = [entry for entry in FURTHER if entry.target.startswith("sklearn.")]


def data(n: int = 60) -> np.ndarray:
    return np.random.default_rng(0).random((n, 6), dtype=np.float32)


def jobs_of(*reducers: str, settings: Sequence[str] = (), **changes: Any) -> tuple[Job, ...]:
    return plan_of(*reducers, settings=tuple(settings), **changes).jobs


@pytest.mark.parametrize("entry", SHORT, ids=lambda entry: entry.name)
def test_a_short_name_is_its_import_path_with_what_is_declared(entry: Any) -> None:
    short = make_reducer(entry.name, n_components=2, random_state=1)
    path = make_reducer(entry.target.replace(":", "."), n_components=2, random_state=1, **entry.defaults)
    assert short.name == entry.name
    np.testing.assert_array_equal(short.fit_transform(data()), path.fit_transform(data()))


def test_the_short_names_are_those_that_were_promised() -> None:
    assert {"nmf", "ica", "kernel-pca", "isomap", "factor-analysis"} <= {entry.name for entry in SHORT}


def test_a_wrong_parameter_of_a_short_name_is_an_error_that_names_it() -> None:
    with pytest.raises(RegistryError, match=r"'sklearn\.decomposition\.NMF' cannot be made: .*'epochs'"):
        make_reducer("nmf", epochs=3)


def test_a_job_carries_what_is_declared_and_what_is_set_in_its_place() -> None:
    usual, linear = jobs_of("kernel-pca", settings=["kernel-pca.kernel=rbf,linear"])
    assert (usual.params["kernel"], usual.setting) == ("rbf", "")
    # What scikit-learn would do by itself is a setting here, and stays one in the process of the job.
    assert (linear.params["kernel"], linear.setting) == ("linear", "kernel=linear")
    assert make_job_reducer(linear).get_params()["estimator__kernel"] == "linear"
    (plain,) = jobs_of("nmf", settings=["nmf.max_iter=200"])
    assert plain.params == {"n_components": plain.params["n_components"]}


def test_an_instance_goes_the_way_of_its_import_path() -> None:
    asked = from_python([NMF(3, max_iter=50)], ())
    assert asked["reducers"] == ("sklearn.decomposition.NMF",)
    assert asked["settings"] == ("sklearn.decomposition.NMF={'max_iter': 50}",)
    made = [make_reducer("nmf", n_components=3, max_iter=50), make_reducer("kernel-pca", kernel="linear")]
    assert from_python(made, ()) == {
        "reducers": ("nmf", "kernel-pca"),
        "settings": ("nmf={'max_iter': 50}", "kernel-pca={'eigen_solver': 'arpack', 'kernel': 'linear'}"),
        "components": (3, 10),
    }


def test_values_below_zero_are_refused_in_one_sentence() -> None:
    told = r"NMF needs values >= 0; got -0\.5: scale the features to \[0, 1\], as --scale unit does\."
    with pytest.raises(NotApplicableError, match=told):
        make_reducer("nmf", n_components=2).fit(data() - 0.5 - data().min())
    fitted = make_reducer("nmf", n_components=2).fit(data())
    with pytest.raises(NotApplicableError, match="NMF needs values >= 0"):
        fitted.transform(-data())
    assert make_reducer("ica", n_components=2).fit(-data()).transform(data()).shape == (60, 2)


@pytest.mark.parametrize("name", ["kernel-pca", "isomap", "sklearn.manifold.MDS"])
def test_more_rows_than_memory_takes_are_refused_before_anything_is_measured(name: str) -> None:
    made = make_reducer(name, n_components=2)
    assert made.inapplicable(10_000) == ""
    assert "takes at most 10,000 rows; got 60,000: fit a sub-sample, by --suite quick" in made.inapplicable(
        60_000
    )
    assert make_reducer("nmf").inapplicable(10**9) == ""


def test_the_refusal_is_in_the_plan_and_in_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adapter.MAX_ROWS, "Isomap", 50)
    (job,) = jobs_of("isomap")
    assert job.unavailable is not None
    assert "Isomap holds numbers of every pair of rows in memory" in job.unavailable
    with pytest.raises(NotApplicableError, match="takes at most 50 rows; got 60"):
        make_reducer("isomap", n_components=2).fit(data())
    make_reducer("isomap", n_components=2).fit(data(50))
