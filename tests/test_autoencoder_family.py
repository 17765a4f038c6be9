"""What all autoencoders share (dropout, scores of samples), and the variants that `--all` leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from test_autoencoders import digits, error, generator, losses
from test_conformance import FAST
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from benchmark.datasets import load_dataset
from reducers import find_reducers, make_reducer
from reducers.base import FloatArray
from reducers.methods.autoencoders.contractive import Contractive, squared_jacobian
from reducers.methods.autoencoders.plain import Undercomplete
from reducers.methods.autoencoders.recurrent import Recurrent
from reducers.methods.autoencoders.sparse import Sparse
from reducers.methods.autoencoders.stacked import StackedDenoising, corrupt
from reducers.methods.autoencoders.variational import Variational
from reducers.rows import Rows
from reducers.training.batches import Batches
from reducers.training.dense_network import dropout, keep
from reducers.training.products import ACTIVATIONS

NAMES = [
    name
    for name, entry in find_reducers().items()
    if entry.group == "autoencoders" and "dropout" in make_reducer(name).get_params()
]


def quick(name: str, **params: Any) -> Any:
    return make_reducer(name, n_components=4, **{**FAST[name], "precision": "fp32", **params})


def test_every_autoencoder_has_dropout() -> None:
    assert set(NAMES) == {
        "dbn", "autoencoder", "undercomplete", "stacked", "sparse", "denoising", "convolutional",
        "variational", "contractive", "stacked-denoising", "recurrent",
    }  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_leaves_a_share_out_and_keeps_the_mean(dtype: torch.dtype) -> None:
    dropped = dropout(0.2, generator())(torch.ones(300, 500, dtype=dtype))
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    assert float((dropped == 0).float().mean()) == pytest.approx(0.2, abs=0.01)
    assert dropout(0.0, generator()) is keep


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", NAMES)
def test_dropout_changes_the_training_of_every_autoencoder_and_nothing_after_it(
    name: str, precision: str
) -> None:
    X = digits()[0][:300]
    plain, dropped, again = (
        quick(name, dropout=share, precision=precision).fit(X) for share in (0.0, 0.3, 0.3)
    )
    assert losses(dropped) != losses(plain)
    np.testing.assert_array_equal(dropped.transform(X), again.transform(X))
    np.testing.assert_array_equal(dropped.transform(X), dropped.transform(X))


@pytest.mark.parametrize(("hidden", "silenced"), [((), [4]), ((20,), [20, 20]), ((20, 10), [20, 10, 10, 20])])
def test_hidden_units_are_dropped_and_the_code_only_where_it_is_the_only_one(
    hidden: tuple[int, ...], silenced: list[int]
) -> None:
    seen = []

    def drop(x: Tensor) -> Tensor:
        seen.append(x.shape[1])
        return x

    network = make_reducer("autoencoder", n_components=4, hidden=hidden)._build_network(64, generator())  # type: ignore[attr-defined]
    network.output_pre_activation(network.hidden(torch.rand(3, 64), drop)[-1], drop)
    assert seen == silenced


def test_a_share_of_one_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"'autoencoder' needs dropout to be a number >= 0 and < 1; got 1\.0"
    ):
        make_reducer("autoencoder", dropout=1.0).fit(digits()[0][:50])


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_scores_the_mean_squared_error_of_its_reconstruction(name: str) -> None:
    train, unseen = digits()
    reducer = quick(name).fit(train[:300])
    scores = reducer.score_samples(unseen)
    expected = ((reducer.inverse_transform(reducer.transform(unseen)) - unseen) ** 2).mean(axis=1)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_what_is_unlike_the_training_data_scores_higher() -> None:
    train, unseen = digits()
    reducer: Any = make_reducer("autoencoder", n_components=16, epochs=20, batch_size=32).fit(train)
    shuffled = np.random.default_rng(0).permuted(unseen, axis=1)
    assert reducer.score_samples(shuffled).min() > np.median(reducer.score_samples(unseen))


def test_scores_need_a_fit_and_the_width_of_it_and_take_stored_bytes() -> None:
    X = digits()[0][:50]
    reducer = quick("autoencoder")
    with pytest.raises(NotFittedError):
        reducer.score_samples(X)
    reducer.fit(X)
    with pytest.raises(ValueError, match="60 features"):
        reducer.score_samples(X[:, :60])
    rows = Rows((X * 255).astype(np.uint8), scale=255.0)
    np.testing.assert_allclose(
        reducer.score_samples(rows), reducer.score_samples(np.asarray(rows)), rtol=1e-5
    )


def prepared(reducer: Any) -> tuple[Any, Tensor]:
    """A reducer with a small network in double precision, unfitted, and inputs for it."""
    reducer.n_features_in_ = 6
    reducer.network_ = reducer._build_network(6, generator()).double()
    for parameter in reducer.network_.parameters():
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, std=0.3, generator=generator(1))
    return reducer, torch.rand(5, 6, generator=generator(2), dtype=torch.float64)


def has_the_gradient_of_finite_differences(loss: Any, reducer: Any) -> bool:
    # The differences are taken of the parameters where they are, which the loss reads there.
    return torch.autograd.gradcheck(lambda *parameters: loss(), tuple(reducer.network_.parameters()))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_gradient_of_the_kl_sparsity(momentum: float) -> None:
    reducer, x = prepared(
        Sparse(3, hidden=(4, 3), penalty="kl", activation="sigmoid", weight=2.0, momentum=momentum)
    )
    past = torch.full((4,), 0.3, dtype=torch.float64)

    def loss() -> Tensor:
        reducer._mean_activity = past.clone()
        return reducer._batch_loss(x, generator())

    assert has_the_gradient_of_finite_differences(loss, reducer)


ENCODERS = pytest.mark.parametrize(
    ("hidden", "activation", "code"),
    [((), "relu", how) for how in ACTIVATIONS]
    + [((4,), how, "sigmoid") for how in ACTIVATIONS]
    + [((5, 4), "tanh", "linear")],
)


@ENCODERS
def test_the_contractive_penalty_is_the_norm_of_the_jacobian(
    hidden: tuple[int, ...], activation: str, code: str
) -> None:
    reducer, x = prepared(
        Contractive(3, hidden=hidden, activation=activation, code_activation=code, weight=0.5)
    )
    network = reducer.network_
    derivatives = [torch.autograd.functional.jacobian(network.encode, row[None]) for row in x]
    expected = torch.stack([found.square().sum() for found in derivatives])
    torch.testing.assert_close(squared_jacobian(list(network.encoder), network.hidden(x)), expected)
    assert float(reducer._penalty(network.hidden(x)).detach()) == pytest.approx(
        0.5 * float(expected.mean()) / 6
    )


@ENCODERS
def test_the_gradient_of_the_contractive_penalty(hidden: tuple[int, ...], activation: str, code: str) -> None:
    reducer, x = prepared(
        Contractive(3, hidden=hidden, activation=activation, code_activation=code, weight=5.0)
    )
    assert has_the_gradient_of_finite_differences(lambda: reducer._batch_loss(x, generator()), reducer)


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_the_gradient_of_the_variational_loss(loss: str, share: float) -> None:
    reducer, x = prepared(Variational(2, hidden=(4,), loss=loss, beta=2.0, dropout=share))
    assert has_the_gradient_of_finite_differences(lambda: reducer._batch_loss(x, generator()), reducer)


def test_a_contracted_code_follows_changes_less() -> None:
    X = digits()[0]
    norms = []
    for weight in (0.0, 0.1, 1.0):
        network = Contractive(8, weight=weight, epochs=20, batch_size=32, precision="fp32").fit(X).network_
        squares = squared_jacobian(list(network.encoder), network.hidden(torch.from_numpy(X)))
        norms.append(float(squares.mean().detach()))
    assert norms[2] < 0.8 * norms[1]
    assert norms[1] < norms[0]


def test_a_jacobian_of_units_that_are_left_out_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs dropout 0 with hidden layers below the code; got 0\.5"):
        Contractive(2, hidden=(8,), dropout=0.5).fit(digits()[0][:50])


def test_the_variational_penalty_is_the_divergence_from_a_standard_normal_distribution() -> None:
    reducer, _ = prepared(Variational(2, hidden=(4,), beta=3.0))
    moments = torch.randn(5, 4, generator=generator(), dtype=torch.float64)
    mean, log_variance = moments.chunk(2, dim=1)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(dim=1).mean()
    assert float(reducer._penalty([moments])) == pytest.approx(3.0 * float(expected) / 6)


def test_the_decoder_sees_draws_of_the_encoded_distribution() -> None:
    code = torch.tensor([[2.0, -1.0, 0.0, np.log(4.0)]]).expand(20_000, 4)
    drawn = Variational(2)._seen_by_decoder(code, generator())
    np.testing.assert_allclose(drawn.mean(dim=0), [2.0, -1.0], atol=0.05)
    np.testing.assert_allclose(drawn.std(dim=0), [1.0, 2.0], rtol=0.02)


@pytest.mark.slow
def test_codes_of_a_variational_autoencoder_are_means_and_beta_draws_them_to_the_prior() -> None:
    X = digits()[0]
    spreads = []
    for beta in (0.1, 1.0, 10.0):
        reducer = Variational(4, hidden=(64,), beta=beta, epochs=20, batch_size=32, precision="fp32").fit(X)
        mean = reducer.network_.hidden(torch.from_numpy(X))[-1][:, :4].detach()
        np.testing.assert_allclose(reducer.transform(X), mean, atol=1e-5)
        spreads.append(float(mean.std()))
    assert spreads[0] > spreads[1] > spreads[2]


@pytest.mark.parametrize("wrong", [{"tied": True}, {"code_activation": "relu"}, {"beta": -1.0}])
def test_what_a_variational_autoencoder_cannot_be_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"'variational' needs {next(iter(wrong))}"):
        Variational(2, epochs=1, **wrong).fit(digits()[0][:50])


def pretrained(level: float) -> Any:
    """A network after its layers were trained one by one, and before it is trained as a whole."""
    reducer = StackedDenoising(
        4, hidden=(60, 30), level=level, pretrain_epochs=20, learning_rate=1e-2, batch_size=32
    )
    reducer.precision_, reducer.history_ = "fp32", []
    reducer.network_ = reducer._build_network(64, generator())
    reducer._pretrain(Batches(torch.from_numpy(digits()[0])), generator())
    assert [entry["stage"] for entry in reducer.history_] == ["layer 1"] * 20 + ["layer 2"] * 20
    return reducer.network_


def test_each_layer_of_a_stacked_denoising_autoencoder_learns_to_undo_the_noise() -> None:
    networks = pretrained(0.4), pretrained(0.0)
    undone = []
    for network in networks:
        x = torch.from_numpy(digits()[1])
        for down, up in ((network.encoder[0], network.decoder[2]), (network.encoder[1], network.decoder[1])):
            spoilt = corrupt(x, "masking", 0.4, generator())
            undone.append(float((up(down(spoilt)) - x).square().mean() / (spoilt - x).square().mean()))
            x = down(x).detach()
    assert undone[0] < 0.9 * undone[2]
    assert undone[1] < 0.9 * undone[3]
    assert undone[0] < 0.5


def test_a_stacked_denoising_autoencoder_is_trained_as_a_whole_on_clean_inputs() -> None:
    x = torch.from_numpy(digits()[0][:100])
    reducer = StackedDenoising(4, level=0.4)
    assert torch.equal(reducer._corrupt(x, generator()), x)
    assert not torch.equal(reducer._corrupt_layer(x, generator()), x)


def test_layers_of_sigmoids_are_pretrained_with_the_cross_entropy_and_others_are_not() -> None:
    X = digits()[0]
    settings: dict[str, Any] = {"hidden": (30, 20), "pretrain_epochs": 1, "epochs": 1, "level": 0.0}
    sigmoid, relu = (StackedDenoising(4, activation=how, **settings).fit(X) for how in ("sigmoid", "relu"))
    # Before it has learned much, the cross-entropy is near log 2, and no squared error of halves is.
    assert losses(sigmoid, "layer 2")[0] == pytest.approx(np.log(2.0), rel=0.15)
    assert losses(relu, "layer 1")[0] > 0.3
    assert losses(relu, "layer 2")[0] != pytest.approx(np.log(2.0), rel=0.15)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize(("n_features", "row", "steps"), [(64, None, 8), (60, None, 8), (7, 3, 3), (5, 9, 1)])
def test_vectors_of_any_length_come_back_row_by_row(
    cell: str, n_features: int, row: int | None, steps: int
) -> None:
    X = digits()[0][:100, :n_features]
    reducer = Recurrent(3, cell=cell, row=row, units=8, epochs=3, batch_size=20, learning_rate=1e-2).fit(X)
    assert reducer.network_.steps == steps
    assert reducer.inverse_transform(reducer.transform(X)).shape == X.shape
    assert losses(reducer)[-1] < losses(reducer)[0]


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_it_reads_every_row_and_writes_the_last_one_first(cell: str) -> None:
    network = Recurrent(3, cell=cell, units=8)._build_network(64, generator())
    x = torch.rand(1, 64, generator=generator(1))
    read = torch.autograd.functional.jacobian(network.encode, x).abs().sum(dim=(0, 1, 2)).view(8, 8)
    assert bool((read > 0).all())

    class Counting(torch.nn.Module):
        """In place of cells: the state of a step is its number."""

        def forward(self, steps: Tensor, state: object) -> tuple[Tensor, None]:
            return torch.arange(8.0)[None, :, None].expand(len(steps), 8, 8), None

    network.writer = Counting()
    with torch.no_grad():
        network.output.weight.fill_(1 / 8)
    rows = network.output_pre_activation(torch.ones(1, 3)).view(8, 8).detach()
    np.testing.assert_allclose(rows, np.repeat(np.arange(7.0, -1.0, -1.0)[:, None], 8, axis=1), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_recurrent_autoencoder_reconstructs_unseen_digits(cell: str) -> None:
    train, unseen = digits()
    reducer = Recurrent(10, cell=cell, units=64, epochs=15, batch_size=32, learning_rate=1e-2).fit(train)
    assert error(reducer, unseen, unseen) < 0.5 * float(((unseen - train.mean(axis=0)) ** 2).mean())


def mean_activity(reducer: Sparse, X: FloatArray) -> float:
    return float(reducer.network_.hidden(torch.from_numpy(X))[0].mean().detach())


@pytest.mark.slow
def test_the_kl_penalty_reaches_its_target_by_default() -> None:
    X = digits()[0]
    for target in (0.05, 0.2):
        sparse = Sparse(
            8, hidden=(64,), penalty="kl", activation="sigmoid", sparsity=target, epochs=25, batch_size=32,
            learning_rate=1e-2,
        )  # fmt: skip
        assert mean_activity(sparse.fit(X), X) == pytest.approx(target, rel=0.1)


def test_the_default_weight_is_that_of_the_penalty() -> None:
    activity = [torch.full((4, 3), 0.5), torch.zeros(4, 2)]
    for penalty, weight in (("l1", 1e-5), ("kl", 0.1)):
        given, default = (
            Sparse(2, penalty=penalty, activation="sigmoid", weight=chosen) for chosen in (weight, None)
        )
        for sparse in (given, default):
            sparse._mean_activity = None
        assert float(default._penalty(activity)) == float(given._penalty(activity)) > 0


def largest_angle(reducer: Undercomplete, X: FloatArray) -> float:
    """The largest angle, in degrees, between what the decoder spans and the principal subspace."""
    spanned = reducer.network_.decoder[0].weight.detach().numpy()
    return float(np.degrees(subspace_angles(spanned, PCA(reducer.n_components).fit(X).components_.T)).max())


@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_the_linear_autoencoder_spans_the_principal_subspace_wherever_the_origin_is(offset: float) -> None:
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(12, 4)))[0].T
    centred = (rng.normal(size=(500, 4)) * [1.2, 1.0, 0.9, 0.8]) @ axes + 0.1 * rng.normal(size=(500, 12))
    X = (centred + offset).astype(np.float32)
    reducer = Undercomplete(4, epochs=200, batch_size=50, learning_rate=1e-2, precision="fp32").fit(X)
    assert largest_angle(reducer, X) < 1.0
    residual = np.linalg.svd(X - X.mean(axis=0))[1][4:]
    assert error(reducer, X, X) == pytest.approx((residual**2).sum() / X.size, rel=0.02)


@pytest.mark.slow
def test_the_linear_autoencoder_spans_the_principal_subspace_of_mnist(mnist_dir: Path) -> None:
    X = load_dataset("mnist", data_dir=str(mnist_dir)).scaled()[0]
    assert largest_angle(Undercomplete(10).fit(X), X) < 1.0
