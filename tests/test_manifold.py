"""UMAP: classes stay apart, unseen samples land among their own, and a seed is a promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs

from reducers.methods.manifold import UMAP

N_TRAIN = 150
CLASSES = 3


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_blobs(200, n_features=10, centers=CLASSES, cluster_std=1.0, random_state=0)
    return X.astype(np.float32), y


@pytest.fixture(scope="module")
def fitted(blobs: tuple[np.ndarray, np.ndarray]) -> UMAP:
    return UMAP(2, n_epochs=100, random_state=3).fit(blobs[0][:N_TRAIN])


def centres(Z: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array([Z[y == k].mean(axis=0) for k in range(CLASSES)])


@pytest.mark.slow
def test_torch_keeps_its_threads() -> None:
    """Numba gave it all cores, so that what was trained next was trained in another arithmetic."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        UMAP(2).fit(np.random.default_rng(0).random((60, 4))).transform(np.zeros((3, 4)))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_umap_separates_blobs(fitted: UMAP, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = (part[:N_TRAIN] for part in blobs)
    Z = fitted.transform(X)
    middle = centres(Z, y)
    own = np.linalg.norm(Z - middle[y], axis=1).max()
    between = np.linalg.norm(middle[:, None] - middle, axis=2)[np.triu_indices(CLASSES, 1)].min()
    assert between > 2 * own


@pytest.mark.slow
def test_unseen_samples_land_in_their_class(fitted: UMAP, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = blobs
    middle = centres(fitted.transform(X[:N_TRAIN]), y[:N_TRAIN])
    Z = fitted.transform(X[N_TRAIN:])
    nearest = np.linalg.norm(Z[:, None] - middle, axis=2).argmin(axis=1)
    assert (nearest == y[N_TRAIN:]).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_codes(fitted: UMAP, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    train, unseen = blobs[0][:N_TRAIN], blobs[0][N_TRAIN:]
    again = UMAP(2, n_epochs=100, random_state=3).fit(train)
    np.testing.assert_array_equal(again.transform(train), fitted.transform(train))
    np.testing.assert_array_equal(again.transform(unseen), fitted.transform(unseen))
    other = UMAP(2, n_epochs=100, random_state=4).fit(train)
    assert not np.array_equal(other.transform(train), fitted.transform(train))


@pytest.mark.slow
def test_fewer_samples_than_neighbours_is_legal(blobs: tuple[np.ndarray, np.ndarray]) -> None:
    X = blobs[0]
    Z = UMAP(2, n_neighbors=15, n_epochs=5).fit(X[:10]).transform(X[10:14])
    assert Z.shape == (4, 2)


@pytest.mark.slow
def test_the_parameters_reach_the_method(fitted: UMAP, blobs: tuple[np.ndarray, np.ndarray]) -> None:
    X = blobs[0][:N_TRAIN]
    changed: list[dict[str, float]] = [{"n_neighbors": 5}, {"min_dist": 0.9}, {"n_epochs": 20}]
    for params in changed:
        other = UMAP(2, n_epochs=100, random_state=3).set_params(**params).fit(X)
        assert not np.allclose(other.transform(X), fitted.transform(X), atol=0.1)


@pytest.mark.parametrize(("n_samples", "width"), [(2, 2), (3, 2), (8, 10)])
def test_too_few_samples_for_the_width_are_refused_by_name(
    n_samples: int, width: int, blobs: tuple[np.ndarray, np.ndarray]
) -> None:
    with pytest.raises(ValueError, match=rf"'umap'.*{n_samples}"):
        UMAP(width, n_epochs=5).fit(blobs[0][:n_samples])


@pytest.mark.parametrize("n_epochs", [1, 2])
def test_fewer_epochs_than_unseen_samples_need_are_refused_by_name(
    n_epochs: int, blobs: tuple[np.ndarray, np.ndarray]
) -> None:
    with pytest.raises(ValueError, match="'umap' needs n_epochs"):
        UMAP(2, n_epochs=n_epochs).fit(blobs[0][:50])
