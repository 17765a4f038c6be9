"""The fast paths of training give what the plain ones give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.checks import make_data
from reducers.registry import BUILT_IN, FURTHER, make_reducer
from reducers.training.batches import Batches
from reducers.training.loop import train
from reducers.training.precision import has_bf16
from reducers.training.products import ACTIVATIONS, linear, product
from reducers.training.steps import GraphedStep, Schedule, Step, make_step

HAS_BF16 = has_bf16()
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
AUTOENCODERS = [
    entry.name
    for entry in (*BUILT_IN, *FURTHER)
    if entry.group == "autoencoders" and "precision" in make_reducer(entry.name).get_params()
]
LONG = ("stacked", "dbn", "stacked-denoising", "recurrent")


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


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("half", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize("transposed", [False, True], ids=["own", "shared"])
def test_a_fused_layer_has_the_value_and_the_gradients_of_a_plain_one(
    activation: str, half: bool, transposed: bool
) -> None:
    rng = generator()
    x = torch.randn(33, 20, generator=rng).requires_grad_()
    stored = torch.randn(20, 7, generator=rng) if transposed else torch.randn(7, 20, generator=rng)
    weight, bias = stored.requires_grad_(), torch.randn(7, generator=rng).requires_grad_()
    direction = torch.randn(33, 7, generator=rng)

    def outcome(layer: Callable[[Tensor], Tensor], half: bool) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            y = layer(weight.T if transposed else weight)
        return [y.detach(), *torch.autograd.grad(y, (x, weight, bias), direction.to(y.dtype))]

    ours = outcome(lambda used: linear(x, used, bias, activation), half)
    plain = outcome(lambda used: ACTIVATIONS[activation](F.linear(x, used, bias)), half)
    exact = outcome(lambda used: ACTIVATIONS[activation](F.linear(x, used, bias)), half=False)
    for got, expected, single in zip(ours, plain, exact, strict=True):
        np.testing.assert_allclose(got.float(), expected.float(), rtol=1e-5, atol=1e-5)
        assert float((got - single).norm() / single.norm()) < 0.02
    # Only what flows between the layers is half: weights get gradients of their own precision.
    assert [got.dtype for got in ours[1:]] == [torch.float32] * 3
    assert (ours[0].dtype == torch.bfloat16) == half


@pytest.mark.parametrize("name", ["stacked", "convolutional"])
def test_in_half_precision_small_updates_are_not_lost(name: str) -> None:
    X = make_data(64)
    # One update of Adam moves every weight by the learning rate, far below what bfloat16 resolves near 0.1.
    rates = {"learning_rate": 1e-6, "epochs": 1, "batch_size": 64, "activation": "tanh"}
    reducer = make_reducer(name, n_components=4, precision="bf16", **rates)
    reducer.set_params(**({"pretrain_epochs": 0} if name == "stacked" else {"channels": (4, 2)}))
    initial = torch.Generator().manual_seed(int(np.random.default_rng(0).integers(2**63)))
    before = list(reducer._build_network(X.shape[1], initial).parameters())  # type: ignore[attr-defined]
    after = list(reducer.fit(X).network_.parameters())  # type: ignore[attr-defined]
    for old, new in zip(before, after, strict=True):
        assert new.dtype == torch.float32
        moved = (new - old).detach().abs()
        assert float(moved.median()) == pytest.approx(1e-6, rel=0.1)


def test_a_parameter_the_loss_does_not_use_stays_as_it_is() -> None:
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    schedule = Schedule(2, 2, 0.1)
    train([used, unused], lambda x: used.sum(), Batches(torch.ones(4, 1)), schedule, generator())
    assert torch.equal(unused.detach(), torch.ones(2))
    assert float(used.detach().sum()) < 2.0


@pytest.mark.skipif(not HAS_BF16, reason="this processor does not multiply bfloat16 natively")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in AUTOENCODERS]
)
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


@pytest.mark.parametrize("graphs", [False, True])
def test_the_cpu_takes_eager_steps(graphs: bool) -> None:
    schedule = Schedule(1, 4, 0.1, cuda_graphs=graphs)
    step = make_step([nn.Parameter(torch.ones(2))], lambda x: x.sum(), schedule, generator())
    assert type(step) is Step


def on_cuda(name: str, **params: Any) -> Any:
    return make_reducer(name, n_components=4, device="cuda", epochs=2, **params).fit(make_data(2000))


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each step that could be recorded was."""
    outcomes: list[bool] = []
    real = GraphedStep._recorded

    def spy(self: GraphedStep, x: Tensor) -> bool:
        outcomes.append(real(self, x))
        return outcomes[-1]

    monkeypatch.setattr(GraphedStep, "_recorded", spy)
    return outcomes


@needs_cuda
def test_a_graph_is_recorded_only_where_it_is_asked_for(recorded: list[bool]) -> None:
    on_cuda("autoencoder")
    assert recorded == []
    on_cuda("autoencoder", cuda_graphs=True)
    assert recorded


@needs_cuda
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_recorded_step_trains_like_an_eager_one(precision: str, recorded: list[bool]) -> None:
    eager, graphed = (
        [epoch["loss"] for epoch in on_cuda("denoising", precision=precision, cuda_graphs=graphs).history_]
        for graphs in (False, True)
    )
    assert any(recorded)
    np.testing.assert_allclose(graphed, eager, rtol=0.05)


@needs_cuda
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_every_autoencoder_can_be_recorded(name: str, recorded: list[bool]) -> None:
    on_cuda(name, cuda_graphs=True)
    assert recorded
    assert all(recorded)
