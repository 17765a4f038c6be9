"""Selective pseudo-label clustering: encoders learn the clusters that they agree on."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reducers.base import FloatArray
from reducers.methods.autoencoders.convolutional import Convolutional
from reducers.methods.deep_clustering.own_clusters import OwnClusters
from reducers.methods.deep_clustering.pseudo_labels import Labels, agreed_labels, find_clusters
from reducers.methods.manifold import UMAP
from reducers.parameters import integer, number, sizes

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

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
        from torch import nn

        from reducers.training.precision import native_precision

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
        import torch
        from torch import nn

        from reducers.training.dense_network import Dense, initialise

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
        import torch

        from reducers.training.batches import row_numbers
        from reducers.training.loop import train

        numbers, known = row_numbers(len(data), data.device), torch.from_numpy(labels).to(data.device)
        for count, network in enumerate(self.ensemble_, start=1):
            loss = partial(self._loss_by_labels, network, data, known, generator)
            said = f"{stage}, member {count}"
            schedule = self._schedule(epochs)
            self.history_ += train(network.parameters(), loss, numbers, schedule, generator, stage=said)

    def _loss_by_labels(
        self, network: Any, data: Tensor, labels: Tensor, generator: torch.Generator, batch: Tensor
    ) -> Tensor:
        import torch
        from torch.nn import functional as F

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
        clusters: NDArray[Any] = together.argmax(axis=1)
        return clusters

    @property
    def n_parameters_(self) -> int:
        """Number of weights and biases of all members."""
        return sum(math.prod(p.shape) for p in self.ensemble_.parameters())
