"""Deep embedded clustering, also improved: encoder and centres trained towards what they are sure of."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.base import FloatArray, Reducer
from reducers.methods.autoencoders.stacked import Stacked
from reducers.methods.deep_clustering import OwnClusters
from reducers.parameters import integer, number, one_of
from reducers.training.batches import row_numbers
from reducers.training.loop import take_epoch
from reducers.training.steps import make_step

_KMEANS_STARTS = 20


class DEC(OwnClusters, Stacked):
    """A stacked encoder, then centres of clusters, both trained until the clusters hardly change.

    A code belongs to a centre by Student's t of their distance. The target is that membership, sharpened
    and weighted against large clusters; it is set anew every `interval` steps, and in between encoder and
    centres minimise the Kullback-Leibler divergence from it. The decoder of the pretraining is discarded.

    Parameters
    ----------
    steps : int, default 20,000
        Most updates of encoder and centres.
    interval : int, default 140
        Updates from one target to the next.
    tolerance : float in [0, 1], default 0.001
        The training ends where a smaller share of the samples changed its cluster between two targets.
    clustering_rate : float > 0, default 0.01
        Learning rate of these updates.
    clustering_optimizer : str, default 'momentum'
        As `optimizer`, which is that of the pretraining.

    Attributes
    ----------
    centres_ : torch.nn.Parameter, shape (n_clusters, n_components)
    """

    name = "dec"
    reference = (
        "Xie, Girshick and Farhadi (2016), Unsupervised deep embedding for clustering analysis, ICML; "
        "interval and momentum of Guo et al. (2017), IDEC"
    )
    warmup_params = {**Stacked.warmup_params, "steps": 1}

    steps: int = integer(20_000, low=1)
    interval: int = integer(140, low=1)
    tolerance: float = number(1e-3, low=0.0, high=1.0)
    clustering_rate: float = number(1e-2, low=0.0, above=True)
    clustering_optimizer: str = one_of("momentum", "adam", "adamw", "sgd")

    _inverse_transform = Reducer._inverse_transform

    def _fit(self, X: FloatArray, rng: np.random.Generator) -> None:  # type: ignore[override]
        self._check_clusters(X)
        super()._fit(X, rng)
        self._discard()
        self.centres_ = self._first_centres(X, int(rng.integers(2**31)))
        self._refine(X, self._generator(rng))
        self.labels_ = self._predict(X)

    def _discard(self) -> None:
        """Hook: leave out what is not trained on."""
        self.network_.decoder = nn.ModuleList()

    def _first_centres(self, X: FloatArray, seed: int) -> torch.nn.Parameter:
        codes = self._apply(self.network_.encode, X)
        kmeans = KMeans(self.n_clusters, n_init=_KMEANS_STARTS, random_state=seed)
        # Threads add up in any order, and the last bit would be another each time.
        with threadpool_limits(1):
            kmeans.fit(codes)
        return nn.Parameter(self._to_device(kmeans.cluster_centers_.astype(np.float32)))

    def _refine(self, X: FloatArray, generator: torch.Generator) -> None:
        data = self._to_device(X)
        target = torch.empty(len(X), self.n_clusters, device=data.device)

        def batch_loss(batch: Tensor) -> Tensor:
            rows = batch[:, 0].long()
            return self._clustering_loss(data[rows], target[rows])

        most_targets = math.ceil(self.steps / self.interval)
        schedule = replace(
            self._schedule(most_targets),
            learning_rate=self.clustering_rate,
            optimizer=self.clustering_optimizer,
        )
        step = make_step([*self.network_.parameters(), self.centres_], batch_loss, schedule, generator)
        step.set_rate(self.clustering_rate)
        numbers = row_numbers(len(X), data.device)
        passes = (numbers.epoch(self.batch_size, generator) for _ in range(self.steps))
        batches = islice(chain.from_iterable(passes), self.steps)
        before = np.full(len(X), -1)
        for count in range(1, most_targets + 1):
            memberships = self._memberships(X)
            clusters = memberships.argmax(axis=1)
            if (clusters != before).mean() < self.tolerance:
                break
            before = clusters
            target.copy_(torch.from_numpy(_sharpened(memberships)))
            between = islice(batches, self.interval)
            self.history_.append(take_epoch(step, between, count, schedule, "clustering"))

    def _clustering_loss(self, x: Tensor, target: Tensor) -> Tensor:
        """Hook: return the loss of a batch `x` whose memberships should be `target`."""
        return self._divergence(self.network_.encode(x), target)

    def _divergence(self, code: Tensor, target: Tensor) -> Tensor:
        """Return the mean Kullback-Leibler divergence from the target to the memberships of codes."""
        return F.kl_div(self._membership(code).log(), target, reduction="batchmean")

    def _membership(self, code: Tensor) -> Tensor:
        """Return how much codes belong to every centre, (n, n_clusters); each row adds up to 1."""
        kernel = 1.0 / (1.0 + (code.float().unsqueeze(1) - self.centres_).square().sum(dim=2))
        return kernel / kernel.sum(dim=1, keepdim=True)

    def _memberships(self, X: FloatArray) -> FloatArray:
        return self._apply(lambda x: self._membership(self.network_.encode(x)), X)

    def _predict(self, X: FloatArray) -> NDArray[Any]:
        return np.asarray(self._memberships(X).argmax(axis=1))

    @property
    def n_parameters_(self) -> int:
        """Number of weights, biases and coordinates of centres."""
        return super().n_parameters_ + self.centres_.numel()


class IDEC(DEC):
    """`DEC` that keeps its decoder: the loss is the reconstruction's plus `gamma` times the clustering's.

    Parameters
    ----------
    gamma : float >= 0, default 0.1
        Weight of the divergence.
    clustering_rate, clustering_optimizer
        By default those of the autoencoder, 0.001 and 'adam'.
    """

    name = "idec"
    reference = (
        "Guo et al. (2017), Improved deep embedded clustering with local structure preservation, IJCAI"
    )

    gamma: float = number(0.1, low=0.0)
    clustering_rate: float = number(1e-3, low=0.0, above=True)
    clustering_optimizer: str = one_of("adam", "momentum", "adamw", "sgd")

    _inverse_transform = Stacked._inverse_transform

    def _discard(self) -> None:
        """Keep everything."""

    def _clustering_loss(self, x: Tensor, target: Tensor) -> Tensor:
        code = self.network_.encode(x)
        output = self.network_.output_pre_activation(code)
        return self._reconstruction_loss(output, x) + self.gamma * self._divergence(code, target)


def _sharpened(memberships: FloatArray) -> FloatArray:
    """Return the target of memberships (n, k): their squares over the size of the cluster, normalised."""
    weight = memberships**2 / memberships.sum(axis=0)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
