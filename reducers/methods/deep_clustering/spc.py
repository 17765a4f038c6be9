"""Selective pseudo-label clustering: encoders learn the clusters that they agree on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import HDBSCAN
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.base import FloatArray
from reducers.methods.autoencoders.convolutional import Convolutional
from reducers.methods.deep_clustering import OwnClusters
from reducers.methods.manifold import UMAP
from reducers.parameters import integer, number, sizes
from reducers.training.batches import row_numbers
from reducers.training.dense_network import Dense, initialise
from reducers.training.loop import train
from reducers.training.precision import native_precision

Labels = NDArray[np.int64]
# The paper's 500 samples of 70,000 are the least that HDBSCAN calls a cluster.
_SMALLEST_SHARE, _FEWEST, _MIN_SAMPLES = 1 / 140, 5, 10
_MIXTURE_STARTS = 10
_HEAD_WIDTH = 25


class SPC(OwnClusters, Convolutional):
    """An ensemble of convolutional autoencoders, trained in rounds on the clusters that all of them find.

    In a round, the codes of each member, and those of all side by side, go through UMAP to two dimensions,
    where HDBSCAN tells clusters apart. A sample in the same cluster for all is labelled with it. The members
    then learn to name these labels, by a head on their codes, beside reconstructing all samples. The rounds
    end when no more samples are agreed on. The codes are those of the first member; the clusters are what
    the heads say together. The networks are those of `Convolutional`, smaller than the paper's.

    Parameters
    ----------
    members : int, default 15
        Autoencoders of the ensemble, at least two.
    rounds : int, default 30
        Most rounds.
    epochs, label_epochs : int, default 10 and 8
        Epochs before the first round, of reconstruction alone, and in each round.
    n_neighbors : int, default 30
        Of UMAP.
    noise : float >= 0, default 1.5
        Standard deviation of the Gaussian noise on codes while they train.

    Attributes
    ----------
    ensemble_ : torch.nn.ModuleList
        Networks with a ``head``; the first is `network_`.
    n_agreed_ : list of int
        On how many samples the members agreed, round by round.
    """

    name = "spc"
    reference = "Mahon and Lukasiewicz (2021), Selective pseudo-label clustering, KI, arXiv:2107.10692"
    warmup_samples = UMAP.warmup_samples
    warmup_params = {"members": 2, "rounds": 1, "epochs": 1, "label_epochs": 1}

    members: int = integer(15, low=2)
    rounds: int = integer(30, low=1)
    epochs: int = integer(10, low=1)
    label_epochs: int = integer(8, low=1)
    batch_size: int = integer(64, low=1)
    channels: tuple[int, ...] = sizes((16, 32), empty=False)
    n_neighbors: int = integer(30, low=2)
    noise: float = number(1.5, low=0.0)

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:  # type: ignore[override]
        self._check_clusters(X)
        self._check_loss(X)
        self.precision_ = native_precision(self.precision, self._torch_device())
        self.history_ = []
        self.n_agreed_: list[int] = []
        networks = [self._member(X.shape[1], rng) for _ in range(self.members)]
        self.ensemble_: Any = nn.ModuleList(networks).to(self._torch_device())
        self.network_ = self.ensemble_[0]
        self._learn_from(X, rng)
        self.labels_ = self._predict(X)

    def _member(self, n_features: int, rng: np.random.Generator) -> nn.Module:
        """Return an autoencoder with a head that names clusters, its weights drawn on the CPU."""
        initial = torch.Generator().manual_seed(int(rng.integers(2**63)))
        network: nn.Module = self._build_network(n_features, initial)
        layers = Dense(self.n_components, _HEAD_WIDTH, "relu"), Dense(_HEAD_WIDTH, self.n_clusters, "linear")
        for layer in layers:
            initialise(layer.weight, self.weight_init, initial)  # type: ignore[arg-type]
        network.head = nn.Sequential(*layers)
        return network

    def _learn_from(self, X: FloatArray, rng: np.random.Generator) -> None:
        data, generator = self._to_device(X), self._generator(rng)
        labels = np.full(len(X), -1)
        self._train(data, labels, self.epochs, generator, "pretraining")
        for turn in range(1, self.rounds + 1):
            found = agreed_labels(self._votes(X, rng), labels, self.n_clusters)
            self.n_agreed_.append(int((found >= 0).sum()))
            if self.n_agreed_[-1] <= (labels >= 0).sum():
                break
            labels = found
            self._train(data, labels, self.label_epochs, generator, f"round {turn}")
        if not (labels >= 0).any():
            raise self._refusal("samples on whose cluster its members agree", f"none of {len(X)}")

    def _votes(self, X: FloatArray, rng: np.random.Generator) -> list[Labels]:
        """Return the clusters that each member finds, and those of the codes of all side by side."""
        codes = [self._apply(network.encode, X) for network in self.ensemble_]
        votes = []
        for Z in (*codes, np.concatenate(codes, axis=1)):
            seed = int(rng.integers(2**31))
            plane = UMAP(
                n_components=2,
                n_neighbors=self.n_neighbors,
                min_dist=0.0,
                random_state=None if self.random_state is None else seed,
            ).fit_transform(Z)
            votes.append(find_clusters(plane, self.n_clusters, seed))
        return votes

    def _train(
        self, data: Tensor, labels: Labels, epochs: int, generator: torch.Generator, stage: str
    ) -> None:
        """Train every member on all samples, and on the labels that are not -1."""
        numbers, known = row_numbers(len(data), data.device), torch.from_numpy(labels).to(data.device)
        for count, network in enumerate(self.ensemble_, start=1):
            loss = partial(self._loss_by_labels, network, data, known, generator)
            said = f"{stage}, member {count}"
            schedule = self._schedule(epochs)
            self.history_ += train(network.parameters(), loss, numbers, schedule, generator, stage=said)

    def _loss_by_labels(
        self, network: Any, data: Tensor, labels: Tensor, generator: torch.Generator, batch: Tensor
    ) -> Tensor:
        rows = batch[:, 0].long()
        x, label = data[rows], labels[rows]
        code = network.encode(x).float()
        code = code + self.noise * torch.randn(code.shape, generator=generator, device=code.device)
        reconstruction = self._reconstruction_loss(network.output_pre_activation(code), x)
        errors = F.cross_entropy(network.head(code).float(), label, ignore_index=-1, reduction="sum")
        return reconstruction + errors / (label >= 0).sum().clamp(min=1)

    def _predict(self, X: FloatArray) -> NDArray[Any]:
        def said(network: Any, x: Tensor) -> Tensor:
            return network.head(network.encode(x)).float().softmax(dim=1)  # type: ignore[no-any-return]

        together = np.sum([self._apply(partial(said, network), X) for network in self.ensemble_], axis=0)
        return np.asarray(together.argmax(axis=1))

    @property
    def n_parameters_(self) -> int:
        """Number of weights and biases of all members."""
        return sum(p.numel() for p in self.ensemble_.parameters())


def find_clusters(Z: FloatArray, n_clusters: int, seed: int) -> Labels:
    """Return a cluster for each of the codes (n, d), -1 for noise.

    HDBSCAN decides by density; where that gives another number than `n_clusters`, it is a Gaussian mixture.
    """
    size = max(_FEWEST, int(_SMALLEST_SHARE * len(Z)))
    density = HDBSCAN(min_cluster_size=size, min_samples=min(_MIN_SAMPLES, size), copy=True)
    found: Labels = density.fit_predict(Z)
    if found.max() + 1 != n_clusters:
        mixture = GaussianMixture(n_clusters, n_init=_MIXTURE_STARTS, random_state=seed)
        found = mixture.fit_predict(Z.astype(np.float64))
    return found


def agreed_labels(votes: Sequence[Labels], before: Labels, n_clusters: int) -> Labels:
    """Return the cluster of each sample, (n,), on which all `votes` agree; -1 where they do not.

    Clusters have the numbers of those of `before` that they share most samples with.
    """
    first = renumbered(votes[0], before, n_clusters)
    agreed = first.copy()
    for vote in votes[1:]:
        agreed[renumbered(vote, first, n_clusters) != first] = -1
    return agreed


def renumbered(labels: Labels, like: Labels, n_clusters: int) -> Labels:
    """Return `labels` with their clusters numbered as in `like`, matched one to one (Kuhn 1955)."""
    both = (labels >= 0) & (like >= 0)
    shared = np.zeros((n_clusters, n_clusters))
    np.add.at(shared, (labels[both], like[both]), 1)
    number = linear_sum_assignment(shared, maximize=True)[1]
    return np.where(labels < 0, -1, number[labels])
