"""The fast paths of training give what the plain ones give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.checks import make_data
from reducers.methods.autoencoders.dense_network import ACTIVATIONS
from reducers.registry import find_reducers, make_reducer
from reducers.training.batches import Resident
from reducers.training.loop import Schedule, train
from reducers.training.precision import has_bf16
from reducers.training.products import FUSED_ACTIVATIONS, linear, product
from reducers.training.steps import GraphedStep, Step, make_step
from reducers.training.weights import MasterWeights

HAS_BF16 = has_bf16()
AUTOENCODERS = [name for name in find_reducers() if "precision" in make_reducer(name).get_params()]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (9, 9)])
def test_a_product_is_the_same_by_whichever_library(shape: tuple[int, int], transposed: bool) -> None:
    rng, inner = generator(), 33
    a = (
        torch.randn(inner, shape[0], generator=rng).t()
        if transposed
        else torch.randn(shape[0], inner, generator=rng)
    )
    b = torch.randn(inner, shape[1], generator=rng)
    exact = (a.double() @ b.double()).float()
    torch.testing.assert_close(product(a, b), exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", FUSED_ACTIVATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("transposed", [False, True], ids=["own", "shared"])
def test_a_fused_layer_has_the_value_and_the_gradients_of_a_plain_one(
    activation: str, dtype: torch.dtype, transposed: bool
) -> None:
    rng = generator()
    x = torch.randn(33, 20, generator=rng).to(dtype).requires_grad_()
    stored = torch.randn(20, 7, generator=rng) if transposed else torch.randn(7, 20, generator=rng)
    weight, bias = stored.to(dtype).requires_grad_(), torch.randn(7, generator=rng).to(dtype).requires_grad_()
    direction = torch.randn(33, 7, generator=rng).to(dtype)

    def outcome(fused: bool) -> list[Tensor]:
        used = weight.T if transposed else weight
        if fused:
            y = linear(x, used, bias, activation)
        else:
            y = F.linear(x, used, bias)
            y = ACTIVATIONS[activation](y)
        return [y.detach(), *torch.autograd.grad(y, (x, weight, bias), direction)]

    for got, expected in zip(outcome(True), outcome(False), strict=True):
        assert got.dtype == dtype
        tolerance = 1e-5 if dtype == torch.float32 else 0.05
        np.testing.assert_allclose(got.float(), expected.float(), rtol=tolerance, atol=tolerance)


def test_master_weights_lend_a_lower_precision_and_give_back_the_updated_weights() -> None:
    layer = nn.Linear(3, 2)
    before = [p.detach().clone() for p in layer.parameters()]
    with MasterWeights(list(layer.parameters()), torch.bfloat16) as weights:
        assert {p.dtype for p in layer.parameters()} == {torch.bfloat16}
        layer(torch.ones(4, 3, dtype=torch.bfloat16)).sum().backward()
        weights.collect_gradients()
        (whole,) = weights.optimised
        assert whole.grad is not None
        np.testing.assert_array_equal(whole.grad, [4.0] * 8)
        with torch.no_grad():
            weights.master += 1e-4
        weights.publish()
    # Smaller than what bfloat16 resolves near 0.5, and yet not lost.
    for old, new in zip(before, layer.parameters(), strict=True):
        assert new.dtype == torch.float32
        np.testing.assert_allclose(new.detach() - old, 1e-4, rtol=1e-2)


def test_weights_are_given_back_when_training_fails() -> None:
    weight = nn.Parameter(torch.ones(2))

    def fail(x: Tensor) -> Tensor:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train([weight], fail, Resident(torch.ones(4, 1)), Schedule(1, 2, 0.1, precision="bf16"), generator())
    assert weight.dtype == torch.float32


def test_a_parameter_the_loss_does_not_use_stays_as_it_is() -> None:
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    schedule = Schedule(2, 2, 0.1)
    train([used, unused], lambda x: used.sum(), Resident(torch.ones(4, 1)), schedule, generator())
    assert torch.equal(unused.detach(), torch.ones(2))
    assert float(used.detach().sum()) < 2.0


@pytest.mark.skipif(not HAS_BF16, reason="this processor does not multiply bfloat16 natively")
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_the_loss_curve_in_bf16_agrees_with_that_in_fp32(name: str) -> None:
    X = make_data(2000)
    curves = []
    for precision in ("fp32", "bf16"):
        reducer = make_reducer(name, n_components=8, precision=precision)
        few: dict[str, Any] = {"epochs": 10, "pretrain_epochs": 2}
        reducer.set_params(**{key: value for key, value in few.items() if key in reducer.get_params()})
        curves.append([epoch["loss"] for epoch in reducer.fit(X).history_])
    np.testing.assert_allclose(curves[1], curves[0], rtol=0.05)
    assert curves[1][-1] == pytest.approx(curves[0][-1], rel=0.02)


def test_the_cpu_takes_eager_steps() -> None:
    with MasterWeights([nn.Parameter(torch.ones(2))], torch.float32) as weights:
        step = make_step(weights, lambda x: x.sum(), "adam", 4, generator())
    assert type(step) is Step


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_recorded_step_trains_like_an_eager_one(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    X = make_data(1000)
    losses, kinds = [], []
    real = GraphedStep._recorded
    for recorded in (True, False):
        calls: list[bool] = []

        def spy(self: GraphedStep, x: Tensor, on: bool = recorded, calls: list[bool] = calls) -> bool:
            calls.append(on and real(self, x))
            return calls[-1]

        monkeypatch.setattr(GraphedStep, "_recorded", spy)
        reducer = make_reducer("denoising", n_components=4, device="cuda", precision=precision, epochs=5)
        losses.append([epoch["loss"] for epoch in reducer.fit(X).history_])
        kinds.append(any(calls))
    assert kinds == [True, False]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_every_autoencoder_can_be_recorded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[bool] = []
    real = GraphedStep._recorded

    def spy(self: GraphedStep, x: Tensor) -> bool:
        outcomes.append(real(self, x))
        return outcomes[-1]

    monkeypatch.setattr(GraphedStep, "_recorded", spy)
    make_reducer(name, n_components=4, device="cuda", epochs=2).fit(make_data(2000))
    assert outcomes
    assert all(outcomes)
