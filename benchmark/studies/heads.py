"""Supervised heads: a perceptron and a convolutional network, as small estimators."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.networks import inputs_of

if TYPE_CHECKING:
    import torch

# TensorFlow's, by which claims were measured; at torch's 0 the first steps are as long as the rate itself.
_OF_OPTIMIZER = {"Adagrad": {"initial_accumulator_value": 0.1}}


def perceptron(n_features: int, n_classes: int, hidden: int = 300, dropout: float = 0.0) -> torch.nn.Module:
    """Return a network of one hidden layer of ReLU units, of which a share is dropped in training."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(n_features, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_classes)
    )


def convolutional_network(shape: tuple[int, int], n_classes: int, dropout: float = 0.5) -> torch.nn.Module:
    """Return two stages of 5x5 convolution and 2x2 pooling, then 1,024 units, as in TensorFlow's tutorial."""
    from torch import nn

    height, width = shape
    return nn.Sequential(
        nn.Unflatten(1, (1, height, width)),
        nn.Conv2d(1, 32, 5, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding="same"), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * (height // 4) * (width // 4), 1024), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(1024, n_classes),
    )  # fmt: skip


def on_top_of(
    layers: Iterable[torch.nn.Module], n_classes: int, seed: int, dropout: float = 0.0
) -> torch.nn.Module:
    """Return a copy of trained layers, their units under dropout, and an affine one on top."""
    from torch import nn

    copies: list[Any] = [copy.deepcopy(layer) for layer in layers]
    top = seeded(nn.Linear, copies[-1].bias.numel(), n_classes, seed=seed)
    below = [nn.Sequential(layer, nn.Dropout(dropout)) if dropout else layer for layer in copies]
    return nn.Sequential(*below, top)


class Classifier:
    """A trained network that maps (n, n_features) to (n, n_classes)."""

    def __init__(self, network: torch.nn.Module, device: str) -> None:
        self.network, self.device = network, device

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the probability of each class, shape (n, n_classes)."""
        import torch

        self.network.train(False)
        with torch.inference_mode():
            parts = [torch.from_numpy(X[i : i + 2000]).to(self.device) for i in range(0, len(X), 2000)]
            found = [torch.softmax(self.network(part), dim=1).cpu().numpy() for part in parts]
        return np.concatenate(found)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the class of each sample, shape (n,)."""
        classes: np.ndarray = self.predict_proba(X).argmax(axis=1)
        return classes

    def score(self, X: np.ndarray, y: np.ndarray) -> float:
        """Return the share of samples whose class is right."""
        return float((self.predict(X) == y).mean())


def trained(
    trial: Trial, network: torch.nn.Module, X: np.ndarray, y: np.ndarray, optimizer: str = "Adam",
    learning_rate: float = 1e-3, batch_size: int = 100,
) -> Classifier:  # fmt: skip
    """Train a network with cross-entropy on batches drawn at random, as many steps as the case says.

    Parameters
    ----------
    network : torch.nn.Module
        Maps (n, n_features) to (n, n_classes); it is trained in place.
    X, y : ndarray, shape (n, n_features) and (n,)
        Samples, and classes from 0.
    optimizer : {'SGD', 'Adagrad', 'Adam'}
    learning_rate : float > 0
    """
    import torch

    network.to(trial.device).train()
    own = _OF_OPTIMIZER.get(optimizer, {})
    step = getattr(torch.optim, optimizer)(network.parameters(), lr=learning_rate, **own)
    inputs, classes = torch.from_numpy(X).to(trial.device), torch.from_numpy(y).to(trial.device)
    rng = trial.rng
    # Dropout draws from the global generator.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(trial.seed)
        for _ in range(trial.params["steps"]):
            rows = torch.from_numpy(rng.integers(len(X), size=batch_size)).to(trial.device)
            loss = torch.nn.functional.cross_entropy(network(inputs[rows]), classes[rows])
            step.zero_grad()
            loss.backward()
            step.step()
    return Classifier(network, trial.device)


def trained_perceptron(trial: Trial, X: np.ndarray, y: np.ndarray) -> Classifier:
    """Return a perceptron of 300 units, trained on X and y, for all classes of the trial."""
    return trained(trial, seeded(perceptron, X.shape[1], n_classes(trial), seed=trial.seed), X, y)


def accuracy(
    trial: Trial, make: Callable[[int, int], torch.nn.Module], optimizer: str, learning_rate: float,
    batch_size: int,
) -> Measured:  # fmt: skip
    """Train a network on the input that the case names, as many steps as it says; score it on the test set.

    `make` takes the number of features and of classes, and draws the weights from torch's global generator.
    """
    X_train, X_test = inputs_of(trial)
    network = seeded(make, X_train.shape[1], n_classes(trial), seed=trial.seed)
    head = trained(trial, network, X_train, trial.y_train, optimizer, learning_rate, batch_size)
    return Measured({"accuracy": head.score(X_test, trial.y_test)})


def n_classes(trial: Trial) -> int:
    """Return how many classes a trial has."""
    return int(trial.y_train.max()) + 1


def seeded(make: Any, *args: Any, seed: int) -> Any:
    """Return a network whose first weights are those of the seed; the global generator is left as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(*args)
