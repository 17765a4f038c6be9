"""Autoencoders: each does what its penalty, its corruption or its pretraining is there for."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from reducers.base import FloatArray, NotApplicableError
from reducers.methods.autoencoders.autoencoder import Autoencoder
from reducers.methods.autoencoders.convolutional import Convolutional
from reducers.methods.autoencoders.plain import Plain, Undercomplete
from reducers.methods.autoencoders.sparse import Sparse
from reducers.methods.autoencoders.stacked import Denoising, Stacked, corrupt
from reducers.training.dense_network import SCHEMES
from reducers.training.products import ACTIVATIONS
from reducers.training.steps import OPTIMIZERS

N_TRAIN = 1400
KINDS = ("masking", "gaussian", "salt-and-pepper")


@cache
def digits() -> tuple[FloatArray, FloatArray]:
    X: FloatArray = (load_digits().data / 16.0).astype(np.float32)
    return X[:N_TRAIN], X[N_TRAIN:]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def losses(reducer: Autoencoder, stage: str | None = None) -> list[float]:
    """Losses of a stage, the last where none is named."""
    stage = stage or reducer.history_[-1]["stage"]
    return [entry["loss"] for entry in reducer.history_ if entry["stage"] == stage]


def error(reducer: Autoencoder, given: FloatArray, wanted: FloatArray) -> float:
    """Mean squared error of the reconstruction."""
    return float(((reducer.inverse_transform(reducer.transform(given)) - wanted) ** 2).mean())


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "output"), [("bce", "sigmoid")] + [("mse", how) for how in ACTIVATIONS])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_lowers_the_loss_with_every_activation_and_loss(
    activation: str, loss: str, output: str
) -> None:
    reducer = Plain(
        8, hidden=(32,), activation=activation, loss=loss, output_activation=output, epochs=8, batch_size=64
    ).fit(digits()[0])
    assert losses(reducer)[-1] < 0.95 * losses(reducer)[0]


@pytest.mark.parametrize("weight_init", SCHEMES)
def test_training_lowers_the_loss_from_every_initialisation(weight_init: str) -> None:
    reducer = Plain(8, hidden=(32,), weight_init=weight_init, epochs=8, batch_size=64).fit(digits()[0])
    assert losses(reducer)[-1] < 0.95 * losses(reducer)[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_lowers_the_loss_with_every_optimizer(optimizer: str) -> None:
    rate = {"adadelta": 1.0, "adagrad": 0.02, "sgd": 0.5, "momentum": 0.1}.get(optimizer, 1e-3)
    reducer = Plain(8, optimizer=optimizer, learning_rate=rate, epochs=8, batch_size=64).fit(digits()[0])
    assert losses(reducer)[-1] < 0.95 * losses(reducer)[0]


def test_losses_are_their_formulas() -> None:
    rng = np.random.default_rng(0)
    field, x = (rng.normal(size=(7, 5)).astype(np.float32), rng.random((7, 5)).astype(np.float32))
    output = 1 / (1 + np.exp(-field))
    expected = {
        "mse": ((output - x) ** 2).mean(),
        "bce": -(x * np.log(output) + (1 - x) * np.log(1 - output)).mean(),
    }
    for loss, value in expected.items():
        got = Plain(2, loss=loss)._reconstruction_loss(torch.from_numpy(field), torch.from_numpy(x))
        assert float(got) == pytest.approx(value, rel=1e-5)


def test_the_history_ends_near_the_loss_of_the_fitted_network() -> None:
    X = digits()[0]
    reducer = Plain(8, epochs=10, batch_size=64, precision="fp32").fit(X)
    assert error(reducer, X, X) == pytest.approx(losses(reducer)[-1], rel=0.1)


def test_the_linear_autoencoder_finds_the_principal_subspace() -> None:
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(12, 4)))[0].T
    X = (rng.normal(size=(500, 4)) * [1.2, 1.0, 0.9, 0.8]) @ axes + 0.1 * rng.normal(size=(500, 12)) + 0.5
    X = X.astype(np.float32)
    reducer = Undercomplete(4, epochs=200, batch_size=50, learning_rate=1e-2, precision="fp32").fit(X)
    pca = PCA(4).fit(X)
    for weight in (reducer.network_.decoder[0].weight, reducer.network_.encoder[0].weight.T):
        basis = np.linalg.qr(weight.detach().numpy())[0]
        # The cosines of the principal angles between the two subspaces.
        assert np.linalg.svd(basis.T @ pca.components_.T)[1].min() > 0.99
    optimum = ((pca.inverse_transform(pca.transform(X)) - X) ** 2).mean()
    assert 0.999 * optimum < error(reducer, X, X) < 1.05 * optimum


def test_tied_layers_share_the_transposed_weight_through_training() -> None:
    X = digits()[0]
    tied, free = (Plain(6, hidden=(20,), tied=how, epochs=8, batch_size=64).fit(X) for how in (True, False))
    weights = 64 * 20 + 20 * 6
    biases = 20 + 6 + 20 + 64
    assert (tied.n_parameters_, free.n_parameters_) == (weights + biases, 2 * weights + biases)
    assert losses(tied)[-1] < 0.95 * losses(tied)[0]
    (first, second), (up, output) = tied.network_.encoder, tied.network_.decoder
    z = tied.transform(X[:5])
    h = np.maximum(z @ second.weight.detach().numpy() + up.bias.detach().numpy(), 0)
    expected = 1 / (1 + np.exp(-(h @ first.weight.detach().numpy() + output.bias.detach().numpy())))
    np.testing.assert_allclose(tied.inverse_transform(z), expected, atol=1e-5)


def test_cross_entropy_wants_probabilities() -> None:
    X = digits()[0]
    with pytest.raises(ValueError, match=r"'autoencoder' needs inputs in \[0, 1\] .*'bce'; got \[0, 16\]"):
        Plain(2, loss="bce").fit(X * 16)
    with pytest.raises(ValueError, match="needs output_activation 'sigmoid' with loss 'bce'; got 'linear'"):
        Plain(2, loss="bce", output_activation="linear").fit(X)


def test_layer_wise_pretraining_is_recorded_and_helps_the_start() -> None:
    X = digits()[0]
    settings: dict[str, Any] = {"hidden": (40, 20), "epochs": 2, "batch_size": 32, "precision": "fp32"}
    stacked = Stacked(8, pretrain_epochs=3, **settings).fit(X)
    stages = [entry["stage"] for entry in stacked.history_]
    # The third layer is the code, which is left to the fine-tuning.
    assert stages == ["layer 1"] * 3 + ["layer 2"] * 3 + ["fine-tuning"] * 2
    for depth in (1, 2):
        assert losses(stacked, f"layer {depth}")[-1] < losses(stacked, f"layer {depth}")[0]
    cold = Stacked(8, pretrain_epochs=0, **settings).fit(X)
    assert [entry["stage"] for entry in cold.history_] == ["training"] * 2
    assert losses(stacked)[0] < 0.8 * losses(cold)[0]


@pytest.mark.parametrize("tied", [False, True])
def test_each_pair_is_pretrained_on_the_codes_below_it(monkeypatch: pytest.MonkeyPatch, tied: bool) -> None:
    monkeypatch.setattr(Autoencoder, "_fine_tune", lambda self, X, generator: None)
    X = torch.from_numpy(digits()[0])
    stacked = Stacked(
        8, hidden=(40, 20), pretrain_epochs=15, pretrain_masking=0.0, precision="fp32", tied=tied
    ).fit(X.numpy())
    network = stacked.network_
    activity = [X, *network.hidden(X)]
    pairs = list(zip(network.encoder, reversed(network.decoder), strict=True))
    for depth, (layer, up) in enumerate(pairs[:-1]):
        given = activity[depth].detach()
        reconstruction = float((up(layer(given)) - given).square().mean().detach())
        assert reconstruction == pytest.approx(losses(stacked, f"layer {depth + 1}")[-1], rel=0.25)


def test_the_l1_penalty_is_the_sum_of_absolute_activity() -> None:
    activity = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    code = torch.zeros(6, 2)
    got = Sparse(2, penalty="l1", weight=0.3)._penalty([torch.from_numpy(activity), code])
    assert float(got) == pytest.approx(0.3 * np.abs(activity).sum() / 6, rel=1e-5)


def divergence(rho: float, mean: NDArray[Any]) -> float:
    """Sum of KL(Bernoulli(rho) || Bernoulli(mean)) over units."""
    return float((rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean))).sum())


def test_the_kl_penalty_follows_a_running_mean_over_batches() -> None:
    rng = np.random.default_rng(0)
    sparse = Sparse(2, penalty="kl", activation="sigmoid", weight=0.3, sparsity=0.1, momentum=0.8)
    sparse._mean_activity = None
    mean = None
    for _ in range(3):
        activity = rng.random((6, 5)).astype(np.float32)
        now = activity.mean(axis=0)
        mean = now if mean is None else 0.8 * mean + 0.2 * now
        got = sparse._penalty([torch.from_numpy(activity), torch.zeros(6, 2)])
        assert float(got) == pytest.approx(0.3 * divergence(0.1, mean), rel=1e-4)


def test_the_kl_penalty_vanishes_at_the_target_and_survives_dead_units() -> None:
    sparse = Sparse(2, penalty="kl", activation="sigmoid", weight=1.0, sparsity=0.1)
    sparse._mean_activity = None
    assert float(sparse._penalty([torch.full((4, 3), 0.1)])) == pytest.approx(0.0, abs=1e-6)
    for extreme in (0.0, 1.0):
        sparse._mean_activity = None
        assert np.isfinite(float(sparse._penalty([torch.full((4, 3), extreme)])))


@pytest.mark.parametrize(("penalty", "activation"), [("l1", "relu"), ("kl", "sigmoid")])
def test_a_larger_weight_means_less_activity(penalty: str, activation: str) -> None:
    X = digits()[0]
    means = []
    for weight in (0.0, 1e-3, 1e-2):
        sparse = Sparse(
            8, hidden=(64,), penalty=penalty, activation=activation, weight=weight, epochs=10
        ).fit(X)
        means.append(float(sparse.network_.hidden(torch.from_numpy(X))[0].abs().mean().detach()))
    assert means[2] < means[1] < means[0]
    assert means[2] < 0.8 * means[0]


def test_the_running_mean_starts_anew_with_every_fit() -> None:
    X = digits()[0][:200]
    sparse = Sparse(4, hidden=(16,), penalty="kl", activation="sigmoid", weight=0.1, epochs=2)
    first = sparse.fit(X).transform(X)
    np.testing.assert_array_equal(sparse.fit(X).transform(X), first)


def test_the_kl_penalty_needs_probabilities() -> None:
    with pytest.raises(ValueError, match="'sparse' needs activation 'sigmoid' with penalty 'kl'; got 'relu'"):
        Sparse(2, penalty="kl").fit(digits()[0])


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_masking_and_salt_and_pepper_change_the_share_they_say(level: float) -> None:
    x = torch.full((200, 500), 0.5)
    masked = corrupt(x, "masking", level, generator())
    assert set(masked.unique().tolist()) <= {0.0, 0.5}
    assert float((masked == 0).float().mean()) == pytest.approx(level, abs=0.01)
    noisy = corrupt(x, "salt-and-pepper", level, generator())
    assert set(noisy.unique().tolist()) <= {0.0, 0.5, 1.0}
    for value in (0.0, 1.0):
        assert float((noisy == value).float().mean()) == pytest.approx(level / 2, abs=0.01)
    assert bool((x == 0.5).all())


def test_gaussian_noise_has_its_deviation_and_is_clipped() -> None:
    mild = corrupt(torch.full((200, 500), 0.5), "gaussian", 0.1, generator())
    assert float(mild.std()) == pytest.approx(0.1, rel=0.02)
    assert float(mild.mean()) == pytest.approx(0.5, abs=0.01)
    strong = corrupt(torch.full((200, 500), 0.5), "gaussian", 1.0, generator())
    assert (float(strong.min()), float(strong.max())) == (0.0, 1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_corruption_is_drawn_anew_for_every_batch_and_left_out_afterwards(kind: str) -> None:
    X = digits()[0][:100]
    rng, x = generator(), torch.from_numpy(X)
    assert not torch.equal(corrupt(x, kind, 0.3, rng), corrupt(x, kind, 0.3, rng))
    reducer = Denoising(4, hidden=(16,), corruption=kind, epochs=2).fit(X)
    np.testing.assert_allclose(reducer.transform(X), reducer.network_.encode(x).detach(), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_removes_noise_better_than_one_trained_without(kind: str) -> None:
    train, unseen = digits()
    level = 0.5
    noisy = corrupt(torch.from_numpy(unseen), kind, level, generator(1)).numpy()
    settings: dict[str, Any] = {"hidden": (64,), "epochs": 20, "batch_size": 64, "precision": "fp32"}
    denoising = Denoising(32, corruption=kind, level=level, **settings).fit(train)
    plain = Plain(32, **settings).fit(train)
    cleaned = error(denoising, noisy, unseen)
    assert cleaned < 0.9 * error(plain, noisy, unseen)
    assert cleaned < 0.7 * ((noisy - unseen) ** 2).mean()


@pytest.mark.parametrize("shape", [(8, 8), (4, 16), (7, 9), (1, 63)])
def test_images_of_any_shape_come_back_in_it(shape: tuple[int, int]) -> None:
    X = digits()[0][:300, : shape[0] * shape[1]]
    reducer = Convolutional(4, image_shape=shape, channels=(4, 2), epochs=3, batch_size=50).fit(X)
    assert reducer.inverse_transform(reducer.transform(X)).shape == X.shape
    assert losses(reducer)[-1] < losses(reducer)[0]


def test_features_that_are_no_image_are_not_applicable() -> None:
    X = digits()[0][:20]
    with pytest.raises(NotApplicableError, match="60 features are no square image"):
        Convolutional(2).fit(X[:, :60])
    with pytest.raises(NotApplicableError, match="image_shape 7x9 for 64 features"):
        Convolutional(2, image_shape=(7, 9)).fit(X)


@pytest.mark.parametrize("shape", [(8,), (-8, -8), "88", (8.5, 8), 64, (64, 1, 1), (0, 64), (6.4, 10)])
def test_an_image_shape_that_is_none_is_refused_by_name(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"'convolutional' needs image_shape to be"):
        Convolutional(2, image_shape=shape, epochs=1).fit(digits()[0][:20])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_divergence_names_the_epoch(optimizer: str) -> None:
    reducer = Plain(4, output_activation="linear", optimizer=optimizer, learning_rate=1e25, epochs=5)
    with pytest.raises(ValueError, match=r"diverged in epoch \d.*learning_rate below 1e\+25"):
        reducer.fit(digits()[0])


def test_half_precision_trains_as_single_does() -> None:
    X = digits()[0]
    single, half = (
        Plain(8, hidden=(32,), epochs=8, batch_size=64, precision=p).fit(X) for p in ("fp32", "bf16")
    )
    assert (single.precision_, half.precision_) == ("fp32", "bf16")
    assert losses(half) == pytest.approx(losses(single), rel=0.03)
    assert losses(half) != losses(single)
    assert all(p.dtype == torch.float32 for p in half.network_.parameters())


def test_a_batch_larger_than_the_data_is_all_of_them() -> None:
    X = digits()[0][:50]
    whole, larger = (Plain(4, batch_size=size, epochs=3).fit(X) for size in (50, 10_000))
    np.testing.assert_array_equal(larger.transform(X), whole.transform(X))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@pytest.mark.parametrize("cls", [Plain, Sparse, Denoising, Stacked, Convolutional])
def test_training_on_cuda_is_as_good_as_on_the_cpu(cls: type[Autoencoder]) -> None:
    X = digits()[0]
    settings: dict[str, Any] = {"epochs": 10, "batch_size": 64, "precision": "fp32"}
    on_cpu, on_gpu = (cls(8, device=device, **settings).fit(X) for device in ("cpu", "cuda"))
    assert losses(on_gpu)[-1] == pytest.approx(losses(on_cpu)[-1], rel=0.1)
    moved = on_gpu.network_.cpu().encode(torch.from_numpy(X)).detach()
    on_gpu.network_.cuda()
    np.testing.assert_allclose(on_gpu.transform(X), moved, atol=1e-2)
