"""What a report shows of what a code has learned."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.measure.insight import NEIGHBOURS, STEPS, effects, look_inside, nearest, walks
from benchmark.reporting.document import Items
from benchmark.reporting.figures import inside_figure
from benchmark.reporting.reducer_sections import _columns_of
from benchmark.reporting.views import View, view_of
from reducers import make_reducer

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def plane() -> tuple[Any, np.ndarray, np.ndarray]:
    X = (RNG.normal(size=(60, 3)) * [3, 1, 0.1] @ RNG.normal(size=(3, 16))).astype(np.float32)
    made = make_reducer("pca", n_components=3).fit(X)
    return made, X, made.transform(X)


def test_effects_of_principal_components_are_their_loadings(plane: Any) -> None:
    made, _, Z = plane
    assert effects(made.inverse_transform, Z) == pytest.approx(
        made.components_ * Z.std(axis=0)[:, None], abs=1e-4
    )


def test_a_walk_begins_and_ends_at_the_two_reconstructions(plane: Any) -> None:
    made, _, Z = plane
    found = walks(made.inverse_transform, Z, np.array([[0, 1], [2, 3]]))
    assert found.shape == (2, STEPS, 16)
    decoded = made.inverse_transform(Z[:4])
    assert found[:, 0] == pytest.approx(decoded[[0, 2]], abs=1e-5)
    assert found[:, -1] == pytest.approx(decoded[[1, 3]], abs=1e-5)


def test_the_nearest_are_by_distance_without_the_sample_itself() -> None:
    Z = RNG.normal(size=(40, 2)).astype(np.float32)
    Z[7] = Z[3]
    distance = np.linalg.norm(Z - Z[3], axis=1)
    distance[3] = np.inf
    found = nearest(Z, np.array([3, 7]))
    assert list(found[0]) == list(np.argsort(distance, kind="stable")[:NEIGHBOURS])
    assert 7 not in found[1]
    assert 3 in found[1]


def test_what_cannot_be_known_is_left_out(plane: Any) -> None:
    _, X, Z = plane
    picked = np.arange(5)
    assert set(look_inside(Z, X, picked, None, images=True)) == {"neighbours"}
    assert not look_inside(Z, X, picked, None, images=False)
    assert set(look_inside(Z, X, picked[:1], lambda z: z @ np.ones((3, 16)), images=True)) == {
        "effects",
        "neighbours",
    }


def record() -> Any:
    return SimpleNamespace(reducer="pca", history=[], scores={}, n_components=3)


def test_a_view_draws_all_of_it_and_damaged_arrays_draw_nothing(plane: Any) -> None:
    made, X, Z = plane
    kept = look_inside(Z, X, np.arange(4), made.inverse_transform, images=True)
    arrays = {**kept, "images": X[:4], "image_shape": np.array([4, 4])}
    view = view_of(record(), arrays)
    figure = inside_figure(view)
    assert figure is not None
    assert len(figure.axes) == 1 + 2 + 4
    smaller = {name: array[..., :9] for name, array in kept.items() if array.ndim == 3}
    assert inside_figure(replace(view_of(record(), arrays | smaller), effects=None)) is None
    assert inside_figure(View(record())) is None


def test_of_a_table_the_columns_are_named() -> None:
    view = View(
        record(),
        effects=np.array([[0.0, -2.0, 0.5]]),
        column_errors=np.array([0.25, np.nan, 0.5], dtype=np.float32),
    )
    (said,) = _columns_of(view, np.array(["width", "height", "<b>"]))
    assert isinstance(said, Items)
    first, last = said.texts
    assert "height -2, <b> +0.5." in str(first)
    assert "width" not in str(first)
    assert "<b> 50%, width 25%." in str(last)
    assert "column 2 -2" in str(_columns_of(view, None)[0])
