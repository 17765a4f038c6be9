"""Contrastive divergence: the machine, its conditionals, and how it learns.

Notation of Hinton (2012): v visible, h hidden, W of shape (hidden, visible), b hidden bias, a
visible bias; E(v, h) = -a v - b h - h W v.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from reducers.training.batches import Batches
from reducers.training.epochs import report_epoch
from reducers.training.products import affine, product

_PSEUDO_LIKELIHOOD_SAMPLES = 2000


@dataclass(frozen=True)
class Descent:
    """How a machine is trained; see `reducers.methods.boltzmann.RBM` for the meaning of each."""

    epochs: int
    batch_size: int
    learning_rate: float
    gibbs_steps: int = 1
    persistent: bool = False
    momentum: float = 0.5
    weight_decay: float = 2e-4


@dataclass
class BoltzmannMachine:
    """Weights and biases of one RBM on one device.

    `linear` hidden units are Gaussian with unit variance around their mean; others are Bernoulli.
    """

    weights: Tensor
    hidden_bias: Tensor
    visible_bias: Tensor
    linear: bool = False

    @property
    def parameters(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weights, hidden and visible biases."""
        return self.weights, self.hidden_bias, self.visible_bias

    @classmethod
    def initial(
        cls, X: Batches, n_hidden: int, rng: np.random.Generator, *, linear: bool = False
    ) -> BoltzmannMachine:
        """Return a machine as Hinton (2012, section 8) begins: weights from N(0, 0.01), visible
        biases at the log-odds of `X`, hidden biases 0."""
        weights = torch.from_numpy(rng.normal(0.0, 0.01, (n_hidden, X.shape[1])).astype(np.float32))
        total = sum((block.sum(dim=0) for block in X.blocks()), torch.zeros((), device=X.device))
        mean = (total / len(X)).clamp(0.01, 0.99)
        return cls(weights.to(X.device), torch.zeros(n_hidden, device=X.device), torch.logit(mean), linear)

    def hidden_mean(self, v: Tensor) -> Tensor:
        """Return E[h | v], of shape (n, hidden): ``sigmoid(b + W v)``, or the linear mean."""
        return affine(v, self.weights, self.hidden_bias, "linear" if self.linear else "sigmoid")

    def visible_mean(self, h: Tensor) -> Tensor:
        """Return P(v = 1 | h), of shape (n, visible): ``sigmoid(a + W^T h)``."""
        return affine(h, self.weights.T, self.visible_bias, "sigmoid")

    def sample_hidden(self, mean: Tensor, generator: torch.Generator) -> Tensor:
        """Return a draw of h given its mean."""
        if self.linear:
            return mean + torch.randn(mean.shape, generator=generator, device=mean.device)
        return sample_bernoulli(mean, generator)

    def free_energy(self, v: Tensor) -> Tensor:
        """Return F(v) = -a v - sum_j log(1 + exp(b_j + W_j v)), of shape (n,); Bernoulli units only."""
        field = affine(v, self.weights, self.hidden_bias)
        return -(v @ self.visible_bias) - F.softplus(field).sum(dim=1)

    def pseudo_likelihood(self, v: Tensor, generator: torch.Generator) -> float:
        """Return the mean log pseudo-likelihood of `v` in nats, by flipping one random unit a row.

        ``d * log sigmoid(F(v with one unit flipped) - F(v))``, as Tieleman (2008) and scikit-learn's
        ``BernoulliRBM.score_samples``.
        """
        n, d = v.shape
        rows = torch.arange(n, device=v.device)
        unit = torch.randint(d, (n,), generator=generator, device=v.device)
        flipped = v.clone()
        flipped[rows, unit] = 1.0 - flipped[rows, unit]
        return float(d * F.logsigmoid(self.free_energy(flipped) - self.free_energy(v)).mean())


def sample_bernoulli(mean: Tensor, generator: torch.Generator) -> Tensor:
    """Return zeros and ones, one with probability `mean`."""
    return (torch.rand(mean.shape, generator=generator, device=mean.device) < mean).to(mean.dtype)


def train_machine(
    machine: BoltzmannMachine, X: Batches, descent: Descent, generator: torch.Generator
) -> list[dict[str, float]]:
    """Train `machine` in place on `X`, of shape (n, visible), by (persistent) contrastive divergence.

    Returns
    -------
    list of dict
        ``epoch``, ``loss`` (mean squared error after one Gibbs step) and, for Bernoulli hidden
        units, ``pseudo_likelihood``.

    Raises
    ------
    ValueError
        The weights are no longer finite.
    """
    step = _Step(machine, descent, generator)
    # Drawn once and apart: the same images every epoch, and the order of the batches is what it was.
    apart = torch.Generator(X.device).manual_seed(generator.initial_seed())
    watched = None if machine.linear else X.sample(_PSEUDO_LIKELIHOOD_SAMPLES, apart)
    history = []
    with torch.no_grad():
        for epoch in range(1, descent.epochs + 1):
            squares = torch.zeros((), device=X.device)
            for batch in X.epoch(descent.batch_size, generator):
                squares += step(batch)
            entry = {"epoch": epoch, "loss": squares.item() / math.prod(X.shape)}
            if not math.isfinite(entry["loss"]):
                raise ValueError(
                    f"RBM training diverged in epoch {epoch}; "
                    f"use a learning rate below {descent.learning_rate:g}."
                )
            if watched is not None:
                entry["pseudo_likelihood"] = machine.pseudo_likelihood(watched, generator)
            history.append(entry)
            report_epoch(epoch, descent.epochs, entry["loss"])
    return history


class _Step:
    """One update: the statistics of the data less those of the model, with momentum and decay."""

    def __init__(self, machine: BoltzmannMachine, descent: Descent, generator: torch.Generator) -> None:
        self.machine, self.descent, self.generator = machine, descent, generator
        self.velocity = [torch.zeros_like(p) for p in machine.parameters]
        self.chain: Tensor | None = None

    def __call__(self, v: Tensor) -> Tensor:
        """Update on a batch `v`; return the summed squared error of its first reconstruction."""
        machine, descent = self.machine, self.descent
        h = machine.hidden_mean(v)
        start = machine.sample_hidden(h, self.generator) if self.chain is None else self.chain[: len(v)]
        v_model, h_model, first = self._gibbs(start)
        if descent.persistent:
            kept = machine.sample_hidden(h_model, self.generator)
            # The last batch of an epoch may be short; the chains beyond it wait.
            if self.chain is None or len(kept) == len(self.chain):
                self.chain = kept
            else:
                self.chain[: len(kept)] = kept
            # The chains wander far from the data; the error of a reconstruction starts at the data.
            first = machine.visible_mean(h)
        error = (v - first).square_().sum()
        weights, hidden_bias, visible_bias = self.velocity
        momentum, step = descent.momentum, descent.learning_rate / len(v)
        weights.mul_(momentum).add_(product(h.T, v), alpha=step)
        weights.add_(product(h_model.T, v_model), alpha=-step)
        weights.add_(machine.weights, alpha=-descent.learning_rate * descent.weight_decay)
        hidden_bias.mul_(momentum).add_(h.sum(dim=0).sub_(h_model.sum(dim=0)), alpha=step)
        visible_bias.mul_(momentum).add_(v.sum(dim=0).sub_(v_model.sum(dim=0)), alpha=step)
        for parameter, velocity in zip(machine.parameters, self.velocity, strict=True):
            parameter.add_(velocity)
        return error

    def _gibbs(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run k steps from a hidden sample; return visible mean, hidden mean, and the first visible mean."""
        machine, descent = self.machine, self.descent
        v = first = machine.visible_mean(h)
        # One step may keep the probabilities (Hinton 2012, 3.2); a chain that is to reach the
        # model's own distribution has to draw its visible units too.
        if descent.persistent or descent.gibbs_steps > 1:
            v = sample_bernoulli(first, self.generator)
        h_mean = machine.hidden_mean(v)
        for _ in range(descent.gibbs_steps - 1):
            h = machine.sample_hidden(h_mean, self.generator)
            v = sample_bernoulli(machine.visible_mean(h), self.generator)
            h_mean = machine.hidden_mean(v)
        return v, h_mean, first
