"""Boltzmann machines against brute force over all their states, against scikit-learn, and as a stack."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import expit, logsumexp
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM

from reducers.checks import make_data
from reducers.methods import boltzmann
from reducers.methods.autoencoders.autoencoder import Autoencoder
from reducers.methods.boltzmann import DBN, RBM
from reducers.training import contrastive
from reducers.training.batches import Batches
from reducers.training.contrastive import BoltzmannMachine, Descent, train_machine

Array = NDArray[np.float64]
N_VISIBLE, N_HIDDEN = 5, 3


def states(n: int) -> Array:
    """All binary vectors of length `n`, as rows."""
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def tiny_machine(seed: int = 0, *, linear: bool = False) -> BoltzmannMachine:
    """A machine with weights large enough to be far from independent units."""
    rng = np.random.default_rng(seed)
    shapes = ((N_HIDDEN, N_VISIBLE), (N_HIDDEN,), (N_VISIBLE,))
    weights, hidden, visible = (torch.from_numpy(rng.normal(0, 1.5, s).astype(np.float32)) for s in shapes)
    return BoltzmannMachine(weights, hidden, visible, linear)


def arrays(machine: BoltzmannMachine) -> tuple[Array, Array, Array]:
    parts = (machine.weights, machine.hidden_bias, machine.visible_bias)
    weights, hidden, visible = (part.double().numpy().copy() for part in parts)
    return weights, hidden, visible


def log_joint(machine: BoltzmannMachine) -> Array:
    """-E(v, h) of every pair of states, of shape (2**visible, 2**hidden)."""
    W, b, a = arrays(machine)
    v, h = states(len(a)), states(len(b))
    return np.asarray((v @ a)[:, None] + (h @ b)[None, :] + v @ W.T @ h.T)


def log_likelihood(rbm: RBM, V: NDArray[Any]) -> float:
    """Exact mean log-likelihood of `V`, the partition function by enumeration."""
    log_joints = log_joint(rbm.machine_)
    W, b, a = arrays(rbm.machine_)
    return float((V @ a + np.logaddexp(0, V @ W.T + b).sum(axis=1)).mean() - logsumexp(log_joints))


def bars_and_stripes(side: int = 3) -> NDArray[np.float32]:
    """All images of horizontal bars and of vertical stripes (MacKay 2003, chapter 43)."""
    bars = [np.repeat(state[:, None], side, axis=1) for state in states(side)]
    images = np.array([image.ravel() for bar in bars for image in (bar, bar.T)], dtype=np.float32)
    return np.asarray(np.unique(images, axis=0))


def digits() -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = (load_digits().data / 16.0).astype(np.float32)
    return scaled


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_free_energy_sums_out_the_hidden_states() -> None:
    machine = tiny_machine()
    v = torch.from_numpy(states(N_VISIBLE)).float()
    expected = -logsumexp(log_joint(machine), axis=1)
    np.testing.assert_allclose(machine.free_energy(v).numpy(), expected, atol=1e-4)


def test_conditionals_are_those_of_the_joint() -> None:
    machine = tiny_machine()
    joint = np.exp(log_joint(machine))
    v, h = states(N_VISIBLE), states(N_HIDDEN)
    of_hidden = joint @ h / joint.sum(axis=1, keepdims=True)
    of_visible = joint.T @ v / joint.sum(axis=0)[:, None]
    as_torch = [torch.from_numpy(s).float() for s in (v, h)]
    np.testing.assert_allclose(machine.hidden_mean(as_torch[0]).numpy(), of_hidden, atol=1e-5)
    np.testing.assert_allclose(machine.visible_mean(as_torch[1]).numpy(), of_visible, atol=1e-5)


def test_hidden_samples_have_their_mean_and_kind() -> None:
    mean = torch.tensor([[0.1, 0.5, 0.9]]).expand(40_000, 3)
    binary = tiny_machine().sample_hidden(mean, generator())
    assert set(binary.unique().tolist()) == {0.0, 1.0}
    np.testing.assert_allclose(binary.mean(dim=0), mean[0], atol=0.01)
    gaussian = tiny_machine(linear=True).sample_hidden(mean, generator())
    np.testing.assert_allclose(gaussian.mean(dim=0), mean[0], atol=0.02)
    np.testing.assert_allclose(gaussian.var(dim=0), np.ones(3), atol=0.03)


def test_linear_hidden_units_have_the_mean_of_their_density() -> None:
    machine = tiny_machine(linear=True)
    W, b, _ = arrays(machine)
    v, h = states(N_VISIBLE), np.linspace(-30, 30, 20_001)
    for unit in range(N_HIDDEN):
        # p(h | v) is proportional to exp(h (b + W v) - h**2 / 2).
        density = np.exp(h * (v @ W[unit] + b[unit])[:, None] - h**2 / 2)
        expected = (density @ h) / density.sum(axis=1)
        got = machine.hidden_mean(torch.from_numpy(v).float())[:, unit]
        np.testing.assert_allclose(got, expected, atol=1e-4)


def test_pseudo_likelihood_is_that_of_scikit_learn() -> None:
    machine, draws = tiny_machine(), 400
    V = (np.random.default_rng(1).random((60, N_VISIBLE)) < 0.5).astype(np.float32)
    reference = BernoulliRBM(N_HIDDEN, n_iter=1).fit(V)
    reference.components_, reference.intercept_hidden_, reference.intercept_visible_ = arrays(machine)
    theirs = [reference.set_params(random_state=s).score_samples(V).mean() for s in range(draws)]
    rng = generator()
    ours = [machine.pseudo_likelihood(torch.from_numpy(V), rng) for _ in range(draws)]
    spread = np.sqrt((np.var(ours) + np.var(theirs)) / draws)
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=4 * spread)
    assert spread < 0.01 * abs(np.mean(ours))


def likelihood_gradient(machine: BoltzmannMachine, V: Array) -> list[Array]:
    """The exact gradient of the mean log-likelihood of `V`: data statistics less the model's."""
    W, b, _ = arrays(machine)
    v, joint = states(N_VISIBLE), log_joint(machine)
    p = np.exp(logsumexp(joint, axis=1) - logsumexp(joint))
    of_data, of_model = expit(V @ W.T + b), expit(v @ W.T + b)
    return [
        of_data.T @ V / len(V) - (of_model * p[:, None]).T @ v,
        of_data.mean(axis=0) - p @ of_model,
        V.mean(axis=0) - p @ v,
    ]


@pytest.mark.parametrize(
    ("epochs", "rate", "gibbs_steps", "persistent"),
    [(1, 1.0, 40, False), (80, 1e-4, 1, True), (40, 1e-4, 3, True)],
    ids=["many steps", "persistent", "persistent, 3 steps"],
)
def test_a_long_chain_follows_the_exact_gradient(
    epochs: int, rate: float, gibbs_steps: int, persistent: bool
) -> None:
    V = (np.random.default_rng(9).random((8000, N_VISIBLE)) < 0.5).astype(np.float64)
    for seed in range(2):
        machine = tiny_machine(seed)
        before, gradient = arrays(machine), likelihood_gradient(machine, V)
        descent = Descent(epochs, len(V), rate, gibbs_steps, persistent, momentum=0.0, weight_decay=0.0)
        train_machine(machine, Batches(torch.from_numpy(V).float()), descent, generator())
        for old, new, expected in zip(before, arrays(machine), gradient, strict=True):
            np.testing.assert_allclose((new - old) / rate / epochs, expected, atol=0.02)


def expected_divergence(machine: BoltzmannMachine, V: Array) -> list[Array]:
    """The statistics of the data less those after one step, its hidden states summed out by enumeration."""
    W, b, a = arrays(machine)
    h, of_data = states(N_HIDDEN), expit(V @ W.T + b)
    # P(h | v) of every sample and state, and what each state leads to: means, as the first step keeps them.
    p = np.prod(np.where(h[None], of_data[:, None], 1 - of_data[:, None]), axis=2)
    v_after = expit(h @ W + a)
    h_after = expit(v_after @ W.T + b)
    return [
        (of_data.T @ V - np.einsum("ns,sj,si->ji", p, h_after, v_after)) / len(V),
        (of_data - p @ h_after).mean(axis=0),
        (V - p @ v_after).mean(axis=0),
    ]


def test_one_step_has_the_statistics_of_enumeration() -> None:
    V = np.tile(states(N_VISIBLE), (2000, 1))
    for seed in range(2):
        machine = tiny_machine(seed)
        before, expected = arrays(machine), expected_divergence(machine, V)
        descent = Descent(1, len(V), 1e-3, momentum=0.0, weight_decay=0.0)
        train_machine(machine, Batches(torch.from_numpy(V).float()), descent, generator())
        for old, new, change in zip(before, arrays(machine), expected, strict=True):
            np.testing.assert_allclose((new - old) / 1e-3, change, atol=0.01)


def test_likelihoods_by_enumeration_sum_to_one() -> None:
    machine = tiny_machine()
    v = torch.from_numpy(states(N_VISIBLE)).float()
    log_z = logsumexp(log_joint(machine))
    p = np.exp(-machine.free_energy(v).double().numpy() - log_z)
    np.testing.assert_allclose(p, np.exp(logsumexp(log_joint(machine), axis=1) - log_z), atol=1e-6)
    assert p.sum() == pytest.approx(1, abs=1e-5)


def test_persistent_chains_reach_the_distribution_of_the_machine() -> None:
    machine = tiny_machine()
    n, V = 20_000, torch.from_numpy(np.ones((20_000, N_VISIBLE))).float()
    # So small a rate that the machine stays what it is while its chains walk.
    descent = Descent(60, n, 1e-12, persistent=True, momentum=0.0, weight_decay=0.0)
    step = contrastive._Step(machine, descent, generator())
    for _ in range(descent.epochs):
        step(V)
    assert step.chain is not None
    p = np.exp(logsumexp(log_joint(machine), axis=0) - logsumexp(log_joint(machine)))
    places = step.chain.numpy() @ 2 ** np.arange(N_HIDDEN)[::-1]
    found = np.bincount(places.astype(int), minlength=2**N_HIDDEN) / n
    np.testing.assert_allclose(found, p, atol=0.02)


def test_momentum_and_weight_decay_enter_as_in_the_practical_guide() -> None:
    rate, decay = 1e-3, 100.0
    V = torch.from_numpy(np.tile(states(N_VISIBLE), (50, 1))).float()
    machine = tiny_machine()
    before = machine.weights.clone()
    train_machine(
        machine, Batches(V), Descent(1, len(V), rate, momentum=0.0, weight_decay=decay), generator()
    )
    np.testing.assert_allclose(machine.weights, before * (1 - rate * decay), atol=2e-3)
    with_momentum = tiny_machine()
    train_machine(
        with_momentum, Batches(V), Descent(2, len(V), rate, momentum=0.5, weight_decay=decay), generator()
    )
    # Velocities: -d W, then -d (1 - d) W - d W / 2, with d = rate * decay.
    shrunk = before * (1 - 0.1 - 0.1 * 0.9 - 0.05)
    np.testing.assert_allclose(with_momentum.weights, shrunk, atol=4e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gibbs_steps", "persistent", "share"),
    [(1, False, 0.7), (5, False, 0.85), (5, True, 0.8)],
    ids=["CD-1", "CD-5", "persistent"],
)
def test_training_learns_bars_and_stripes(gibbs_steps: int, persistent: bool, share: float) -> None:
    images = bars_and_stripes()
    rbm = RBM(8, gibbs_steps=gibbs_steps, persistent=persistent, random_state=2)
    rbm.set_params(epochs=3000, batch_size=140, weight_decay=0.0).fit(np.repeat(images, 10, axis=0))
    independent, optimum = -9 * np.log(2), -np.log(len(images))
    # Most of what there is to gain over a model of independent pixels.
    assert log_likelihood(rbm, images) > independent + share * (optimum - independent)
    assert log_likelihood(rbm, images) <= optimum


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("persistent", [False, True])
def test_training_raises_the_pseudo_likelihood(binary: bool, persistent: bool) -> None:
    X = (digits() > 0.5).astype(np.float32) if binary else digits()
    rbm = RBM(32, persistent=persistent, epochs=15, batch_size=50).fit(X)
    values = [entry["pseudo_likelihood"] for entry in rbm.history_]
    assert values[-1] > values[0] + 2
    assert [entry["epoch"] for entry in rbm.history_] == list(range(1, 16))
    assert rbm.history_[-1]["loss"] < 0.7 * rbm.history_[0]["loss"]


@pytest.mark.parametrize("binary", [False, True])
def test_trained_alike_it_is_at_least_as_good_as_scikit_learn(binary: bool) -> None:
    X = (digits() > 0.5).astype(np.float32) if binary else digits()
    rbm = RBM(32, learning_rate=0.05, epochs=15, batch_size=50).fit(X)
    reference = BernoulliRBM(32, learning_rate=0.05, n_iter=15, batch_size=50, random_state=0).fit(X)

    def score() -> float:
        return float(
            np.mean([reference.set_params(random_state=s).score_samples(X).mean() for s in range(5)])
        )

    theirs = score()
    reference.components_, reference.intercept_hidden_ = rbm.weights_, rbm.hidden_bias_
    reference.intercept_visible_ = rbm.visible_bias_
    assert score() > theirs - 0.5


@pytest.mark.parametrize("persistent", [False, True])
def test_a_ragged_last_batch_and_one_larger_than_the_data(persistent: bool) -> None:
    X = digits()[:130]
    ragged = RBM(16, batch_size=100, epochs=100, persistent=persistent).fit(X)
    assert ragged.history_[-1]["loss"] < 0.9 * ragged.history_[0]["loss"]
    whole, larger = (
        RBM(6, batch_size=size, epochs=3, persistent=persistent).fit(X) for size in (130, 10_000)
    )
    np.testing.assert_array_equal(whole.weights_, larger.weights_)


def test_code_and_reconstruction_are_the_conditional_means() -> None:
    X = make_data()
    rbm = RBM(6, epochs=3).fit(X)
    code = expit(X @ rbm.weights_.T + rbm.hidden_bias_)
    np.testing.assert_allclose(rbm.transform(X), code, atol=1e-5)
    expected = expit(code @ rbm.weights_ + rbm.visible_bias_)
    np.testing.assert_allclose(rbm.inverse_transform(code), expected, atol=1e-5)
    assert rbm.n_parameters_ == 6 * 64 + 6 + 64


@pytest.mark.parametrize("reducer", [RBM(2), DBN(2, hidden=(4,))], ids=["rbm", "dbn"])
@pytest.mark.parametrize(("value", "interval"), [(-0.5, r"\[-0\.5, "), (255.0, ", 255]")])
def test_inputs_that_are_no_probabilities_are_refused(
    reducer: RBM | DBN, value: float, interval: str
) -> None:
    X = make_data()
    X[0, 0] = value
    with pytest.raises(ValueError, match=rf"'{reducer.name}' needs inputs in \[0, 1\]; got .*{interval}"):
        reducer.fit(X)


def test_a_learning_rate_that_is_far_too_large_is_named() -> None:
    with pytest.raises(ValueError, match="diverged in epoch"):
        RBM(4, learning_rate=1e38, epochs=10).fit(make_data())


def without_fine_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Autoencoder, "_fine_tune", lambda self, X, generator: None)


@pytest.mark.parametrize("tied", [False, True])
def test_the_unrolled_network_begins_with_the_weights_of_the_machines(
    monkeypatch: pytest.MonkeyPatch, tied: bool
) -> None:
    machines: list[BoltzmannMachine] = []
    learned_from: list[torch.Tensor] = []

    def spy(machine: BoltzmannMachine, data: Batches, *arguments: Any) -> list[dict[str, float]]:
        machines.append(machine)
        learned_from.append(data.data.clone())
        return train_machine(machine, data, *arguments)

    monkeypatch.setattr(boltzmann, "train_machine", spy)
    without_fine_tuning(monkeypatch)
    X = make_data()
    dbn = DBN(3, hidden=(20, 10), pretrain_epochs=2, tied=tied).fit(X)
    assert [machine.linear for machine in machines] == [False, False, True]
    z: NDArray[Any] = X
    for machine, data, layer in zip(machines, learned_from, dbn.network_.encoder, strict=True):
        W, b, _ = arrays(machine)
        np.testing.assert_allclose(data, z, atol=1e-5)
        np.testing.assert_array_equal(layer.weight.detach(), machine.weights)
        field = z @ W.T + b
        z = field if machine.linear else expit(field)
    np.testing.assert_allclose(dbn.transform(X), z, atol=1e-5)
    for machine in reversed(machines):
        W, _, a = arrays(machine)
        z = expit(z @ W + a)
    np.testing.assert_allclose(dbn.inverse_transform(dbn.transform(X)), z, atol=1e-5)


@pytest.mark.slow
def test_the_unrolled_network_reconstructs_before_any_fine_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    without_fine_tuning(monkeypatch)
    X = digits()
    dbn = DBN(10, hidden=(64, 32), pretrain_epochs=20, pretrain_batch_size=10).fit(X)
    error = ((dbn.inverse_transform(dbn.transform(X)) - X) ** 2).mean()
    assert error < 0.8 * X.var(axis=0).mean()


def test_pretraining_is_recorded_by_stage_and_helps_the_start() -> None:
    X = digits()
    settings: dict[str, Any] = {"hidden": (64, 32), "epochs": 2, "precision": "fp32"}
    pretrained = DBN(8, pretrain_epochs=3, **settings).fit(X).history_
    stages = [entry["stage"] for entry in pretrained]
    assert stages == ["RBM 1"] * 3 + ["RBM 2"] * 3 + ["RBM 3"] * 3 + ["fine-tuning"] * 2
    assert all(np.isfinite(entry["loss"]) for entry in pretrained)
    cold = DBN(8, pretrain_epochs=0, **settings).fit(X).history_
    assert [entry["stage"] for entry in cold] == ["training"] * 2
    assert pretrained[-2]["loss"] < 0.8 * cold[0]["loss"]


@pytest.mark.parametrize(
    "params",
    [{"activation": "relu"}, {"code_activation": "sigmoid"}, {"output_activation": "linear", "loss": "mse"}],
    ids=lambda params: next(iter(params)),
)
def test_units_the_machines_do_not_have_are_refused_with_pretraining(params: dict[str, str]) -> None:
    dbn = DBN(2, hidden=(4,), epochs=1, pretrain_epochs=1).set_params(**params)
    with pytest.raises(ValueError, match=next(iter(params))):
        dbn.fit(make_data())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
def test_training_on_cuda_is_as_good_as_on_the_cpu() -> None:
    X = digits()
    on_cpu, on_gpu = (RBM(32, epochs=15, batch_size=50, device=device).fit(X) for device in ("cpu", "cuda"))
    final = [rbm.history_[-1] for rbm in (on_cpu, on_gpu)]
    assert final[1]["loss"] == pytest.approx(final[0]["loss"], rel=0.05)
    assert final[1]["pseudo_likelihood"] == pytest.approx(final[0]["pseudo_likelihood"], abs=1.0)
