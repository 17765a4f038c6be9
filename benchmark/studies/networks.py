"""What tasks share: reducers of a trial, what is made of them, and autoencoders that a claim needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.measure.trial import Trial
from reducers import make_reducer
from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import integer, number, one_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from reducers.base import Reducer


def reducer_of(trial: Trial, kind: str | type[Reducer], width: int | None = None, **params: Any) -> Any:
    """Return an unfitted reducer of a name or a class, with the seed, device and epochs of a trial."""
    given = {"n_components": width or trial.width, "random_state": trial.seed, **params}
    made = make_reducer(kind, **given) if isinstance(kind, str) else kind(**given)
    of_trial = {"device": trial.device, "epochs": trial.params.get("epochs")}
    own = made.get_params()
    return made.set_params(**{name: v for name, v in of_trial.items() if name in own and v is not None})


def inputs_of(trial: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Return what a classifier sees of both parts, as the case says: pixels, codes, or images from codes.

    Codes are those of 784-500-250-32, in units of their standard deviation.
    """
    X_train, X_test = trial.X_train, trial.X_test
    if trial.params["input"] == "pixels":
        return X_train, X_test
    made = reducer_of(trial, "autoencoder", width=32, hidden=(500, 250)).fit(X_train)
    codes = made.transform(X_train), made.transform(X_test)
    if trial.params["input"] == "decoded":
        return made.inverse_transform(codes[0]), made.inverse_transform(codes[1])
    mean, deviation = codes[0].mean(axis=0), codes[0].std(axis=0) + 1e-6
    return (codes[0] - mean) / deviation, (codes[1] - mean) / deviation


def mse(X: np.ndarray, Y: np.ndarray) -> float:
    """Return the mean squared difference over samples and features."""
    return float(np.square(X - Y, dtype=np.float64).mean())


def neighbours_accuracy(trial: Trial, Z_train: np.ndarray, Z_test: np.ndarray) -> float:
    """Return the share of test codes whose five nearest training codes name their class."""
    from sklearn.neighbors import KNeighborsClassifier

    neighbours = KNeighborsClassifier(5, n_jobs=-1).fit(Z_train, trial.y_train)
    return float(neighbours.score(Z_test, trial.y_test))


def as_images(trial: Trial, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return rows of pixels, each (n, n_features), as images of (n, height, width)."""
    shape = trial.image_shape or (1, trial.X_test.shape[1])
    return {name: X.reshape(-1, *shape) for name, X in rows.items()}


class CutOff(DenseAutoencoder):
    """An autoencoder whose loss leaves out the samples that are reconstructed well already.

    Parameters
    ----------
    cut_off : float >= 0
        A sample with a smaller mean squared error counts nothing.
    """

    name = "cut-off"
    reference = "the loss of S14"
    cut_off: float = number(0.01, low=0.0)

    def _reconstruction_loss(self, output: Tensor, x: Tensor) -> Tensor:
        import torch

        error = (torch.sigmoid(output.float()) - x).square().mean(dim=1)
        return torch.where(error < self.cut_off, 0.0, error).mean()


class AdditiveNoise(DenseAutoencoder):
    """An autoencoder that sees its input with Gaussian noise, which nothing clips.

    Parameters
    ----------
    level : float >= 0
        Standard deviation of the noise.
    """

    name = "additive-noise"
    reference = "the network of S17"
    level: float = number(0.01, low=0.0)

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        import torch

        return x + self.level * torch.randn(x.shape, generator=generator, device=x.device)


class Foreteller(DenseAutoencoder):
    """An autoencoder that sees a part of an image, and must give all of it.

    Parameters
    ----------
    row : int
        Pixels of a row.
    hides : {'last rows', 'square'}
        What is blank: a random number of last rows, or a square as `cover` makes it.
    """

    name = "foreteller"
    reference = "the network of S23"
    row: int = integer(28, low=1)
    hides: str = one_of("last rows", "square")

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        import torch

        if self.hides == "square":
            return torch.where(cover(x, self.row, generator), 0.0, x)
        rows = x.shape[1] // self.row
        seen = torch.randint(1, rows + 1, (len(x), 1), generator=generator, device=x.device)
        place = torch.arange(x.shape[1], device=x.device) // self.row
        return torch.where(place < seen, x, 0.0)


def cover(x: Tensor, row: int, generator: torch.Generator) -> Tensor:
    """Return which pixels a square of half the side hides, anywhere in each image, shape of `x`."""
    import torch

    rows = x.shape[1] // row
    side = max(min(rows, row) // 2, 1)
    place = torch.arange(x.shape[1], device=x.device)
    hidden = torch.ones(x.shape, dtype=torch.bool, device=x.device)
    for coordinate, length in ((place // row, rows), (place % row, row)):
        first = torch.randint(0, length - side + 1, (len(x), 1), generator=generator, device=x.device)
        hidden &= (coordinate >= first) & (coordinate < first + side)
    return hidden


class SparseCode(DenseAutoencoder):
    """An autoencoder whose code pays for its activity.

    Parameters
    ----------
    weight : float >= 0
        Factor of the sum of absolute codes of a sample.
    """

    name = "sparse-code"
    reference = "the network of S22"
    weight: float = number(1e-5, low=0.0)

    def _penalty(self, hidden: list[Tensor]) -> Tensor:
        return self.weight * hidden[-1].float().abs().sum(dim=1).mean()
