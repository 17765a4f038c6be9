"""Networks and the training loop: formulas against numpy, shapes, shared weights, honest losses."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from reducers.methods.autoencoders.convolutional import ConvolutionalNetwork
from reducers.training.batches import Batches
from reducers.training.dense_network import DenseNetwork, initialise
from reducers.training.device import resolve_device
from reducers.training.loop import train
from reducers.training.products import ACTIVATIONS
from reducers.training.steps import OPTIMIZERS, Schedule

FORMULAS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.log1p(np.exp(x)),
}
# Standard deviation of a weight between n_in and n_out units.
SPREADS: dict[str, Callable[[int, int], float]] = {
    "xavier-uniform": lambda n_in, n_out: math.sqrt(2 / (n_in + n_out)),
    "xavier-normal": lambda n_in, n_out: math.sqrt(2 / (n_in + n_out)),
    "he-uniform": lambda n_in, n_out: math.sqrt(2 / n_in),
    "he-normal": lambda n_in, n_out: math.sqrt(2 / n_in),
    "normal": lambda n_in, n_out: 1.0,
    "small-normal": lambda n_in, n_out: 0.01,
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def dense(activation: str = "tanh", *, tied: bool = False, output: str = "sigmoid") -> DenseNetwork:
    sizes = (12, 7, 5, 3)
    return DenseNetwork(sizes, activation, "linear", output, tied, "xavier-uniform", generator())


def layers(stack: nn.ModuleList) -> list[Any]:
    return list(stack)


def convolutional(shape: tuple[int, int], channels: tuple[int, ...], kernel: int = 3) -> ConvolutionalNetwork:
    return ConvolutionalNetwork(shape, channels, 4, kernel, "tanh", "linear", "xavier-uniform", generator())


def samples(n_features: int, n: int = 9) -> Tensor:
    return torch.rand(n, n_features, generator=generator(1))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_their_formulas(name: str) -> None:
    x = np.linspace(-6, 6, 101, dtype=np.float32)
    np.testing.assert_allclose(ACTIVATIONS[name](torch.from_numpy(x)), FORMULAS[name](x), atol=1e-6)


@pytest.mark.parametrize("scheme", SPREADS)
def test_initial_weights_have_the_spread_of_their_scheme(scheme: str) -> None:
    n_in, n_out = 300, 200
    weight = torch.empty(n_out, n_in)
    initialise(weight, scheme, generator())
    expected = SPREADS[scheme](n_in, n_out)
    assert float(weight.std()) == pytest.approx(expected, rel=0.02)
    assert float(weight.mean()) == pytest.approx(0.0, abs=0.02 * expected)
    # A uniform draw ends at sqrt(3) standard deviations; a normal one of 60,000 goes beyond 3.5.
    reach = float(weight.abs().max()) / expected
    assert reach == pytest.approx(math.sqrt(3), rel=0.02) if "uniform" in scheme else reach > 3.5


def test_a_dense_network_is_a_chain_of_affine_maps() -> None:
    network, x = dense(), samples(12)
    for layer in layers(network.encoder) + layers(network.decoder):
        nn.init.normal_(layer.bias, generator=generator(2))
    z = x.numpy()
    for layer, how in zip(layers(network.encoder), ("tanh", "tanh", "linear"), strict=True):
        z = FORMULAS[how](z @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
    np.testing.assert_allclose(network.encode(x).detach(), z, atol=1e-5)
    for layer, how in zip(layers(network.decoder), ("tanh", "tanh", "linear"), strict=True):
        z = FORMULAS[how](z @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
    np.testing.assert_allclose(network.output_pre_activation(network.encode(x)).detach(), z, atol=1e-5)
    assert [tuple(h.shape) for h in network.hidden(x)] == [(9, 7), (9, 5), (9, 3)]


def test_tied_weights_are_one_tensor_and_stay_so() -> None:
    network = dense(tied=True)
    biases = 7 + 5 + 3 + 5 + 7 + 12
    assert sum(p.numel() for p in network.parameters()) == 12 * 7 + 7 * 5 + 5 * 3 + biases
    again: DenseNetwork = pickle.loads(pickle.dumps(network))
    for copy in (network, again):
        with torch.no_grad():
            layers(copy.encoder)[-1].weight.fill_(0.5)
        z = samples(3)
        expected = torch.tanh(z.sum(dim=1, keepdim=True) * 0.5).expand(-1, 5)
        np.testing.assert_allclose(copy.decoder[0](z).detach(), expected, atol=1e-6)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_reach_every_parameter(activation: str, tied: bool) -> None:
    network, x = dense(activation, tied=tied), samples(12, 64)
    (network.output_pre_activation(network.encode(x)) - x).square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())


@pytest.mark.parametrize("shape", [(8, 8), (7, 5), (1, 9), (28, 28), (13, 2), (1, 1)])
@pytest.mark.parametrize("channels", [(3,), (4, 2), (4, 3, 2)])
def test_images_come_back_in_their_exact_shape(shape: tuple[int, int], channels: tuple[int, ...]) -> None:
    network, x = convolutional(shape, channels), samples(shape[0] * shape[1])
    code = network.encode(x)
    assert code.shape == (9, 4)
    assert network.output_pre_activation(code).shape == x.shape


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@pytest.mark.parametrize("kernel", [1, 2, 5])
def test_any_kernel_size_keeps_the_shape(kernel: int) -> None:
    network, x = convolutional((7, 6), (4, 2), kernel), samples(42)
    assert network.output_pre_activation(network.encode(x)).shape == x.shape


def test_the_convolutional_network_has_the_parameters_it_describes() -> None:
    network = convolutional((7, 5), (4, 2))
    flat = 2 * 2 * 2
    down = (9 * 1 * 4 + 4) + (9 * 4 * 2 + 2)
    up = (9 * 2 * 4 + 4) + (9 * 4 * 4 + 4) + (9 * 4 * 1 + 1)
    code = (flat * 4 + 4) + (4 * flat + flat)
    assert sum(p.numel() for p in network.parameters()) == down + code + up
    x = samples(35, 64)
    (network.output_pre_activation(network.encode(x)) - x).square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())


def test_a_seed_draws_the_same_network_whatever_the_layout_in_memory() -> None:
    network, x = convolutional((8, 6), (4, 3)), samples(48)
    drawn = generator()
    kernels = [initialised((4, 1, 3, 3), drawn), initialised((3, 4, 3, 3), drawn)]
    to_code, from_code = initialised((4, 12), drawn), initialised((12, 4), drawn)
    maps = x.view(-1, 1, 8, 6)
    for kernel in kernels:
        pooled = F.max_pool2d(F.conv2d(maps, kernel, padding=1), 2, ceil_mode=True)
        maps = torch.tanh(pooled)
    # Channel by channel, as the weights were drawn.
    code = maps.flatten(1) @ to_code.T
    torch.testing.assert_close(network.encode(x), code)
    torch.testing.assert_close(network.maps(code), torch.tanh(code @ from_code.T).view(-1, 3, 2, 2))


@pytest.mark.parametrize("shape", [(4, 6), (5, 3)])
def test_gradients_of_convolutions_are_those_of_finite_differences(shape: tuple[int, int]) -> None:
    network = convolutional(shape, (3, 2)).double()
    x = samples(shape[0] * shape[1], 3).double()

    def reconstruct(*_: Tensor) -> Tensor:
        return network.output_pre_activation(network.encode(x))

    # It moves the parameters themselves, a little each, and looks what becomes of every pixel.
    assert torch.autograd.gradcheck(reconstruct, tuple(network.parameters()))
    code = network.encode(x).detach().requires_grad_()
    assert torch.autograd.gradcheck(network.output_pre_activation, (code,))


def initialised(shape: tuple[int, ...], drawn: torch.Generator) -> Tensor:
    weight = torch.empty(shape)
    initialise(weight, "xavier-uniform", drawn)
    return weight


def test_a_convolution_sees_neighbours_and_not_the_far_corner() -> None:
    network, x = convolutional((8, 8), (1,)), torch.zeros(2, 64)
    x[1, 0] = 1.0
    first, second = network.hidden(x)[0].detach()
    changed = (first != second).squeeze()
    assert bool(changed[0, 0])
    assert not bool(changed[1:, 1:].any())


def test_the_loss_of_an_epoch_is_the_mean_over_samples() -> None:
    X = torch.arange(10.0).reshape(10, 1)
    weight = nn.Parameter(torch.zeros(1))
    history = train(
        [weight],
        lambda x: x.mean() + 0.0 * weight.sum(),
        Batches(X),
        Schedule(3, 4, 1e-3),
        generator(),
        stage="s",
    )
    # Batches of 4, 4 and 2: a mean of batch means would differ from epoch to epoch.
    assert [entry["loss"] for entry in history] == pytest.approx([4.5] * 3)
    assert [(entry["stage"], entry["epoch"]) for entry in history] == [("s", 1), ("s", 2), ("s", 3)]


def test_every_sample_is_seen_once_an_epoch_in_a_new_order() -> None:
    X, seen = torch.arange(10.0).reshape(10, 1), []
    weight = nn.Parameter(torch.zeros(1))

    def loss(x: Tensor) -> Tensor:
        seen.extend(x.flatten().tolist())
        return weight.sum()

    train([weight], loss, Batches(X), Schedule(2, 4, 1e-3), generator())
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_finds_the_minimum_of_a_parabola(optimizer: str) -> None:
    weight = nn.Parameter(torch.tensor([3.0]))
    rate = {"adadelta": 30.0, "adagrad": 0.5}.get(optimizer, 0.02)
    schedule = Schedule(200, 10, rate, optimizer)
    train([weight], lambda x: (weight - x).square().mean(), Batches(torch.ones(20, 1)), schedule, generator())
    assert float(weight) == pytest.approx(1.0, abs=0.1)


def test_divergence_names_the_stage_the_epoch_and_the_rate() -> None:
    weight, X = nn.Parameter(torch.tensor([3.0])), torch.ones(20, 1)
    schedule = Schedule(50, 10, 1e12, "sgd")
    with pytest.raises(ValueError, match=r"warm diverged in epoch \d+ .*learning_rate below 1e\+12"):
        train(
            [weight], lambda x: (weight - x).square().mean(), Batches(X), schedule, generator(), stage="warm"
        )


@pytest.mark.skipif(torch.cuda.is_available(), reason="this needs a machine without CUDA")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="device 'cuda' is not available here; found: cpu"):
        resolve_device("cuda")


def test_auto_takes_a_device_that_is_there() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type == (
        "cuda" if torch.cuda.is_available() else resolve_device("auto").type
    )


def test_the_step_size_stays_or_falls_along_half_a_cosine() -> None:
    constant, cosine = (Schedule(10, 4, 0.2, decay=decay) for decay in ("constant", "cosine"))
    assert [constant.rate(p) for p in (0.0, 0.5, 1.0)] == [0.2] * 3
    assert [cosine.rate(p) for p in (0.0, 0.25, 0.5, 1.0)] == pytest.approx(
        [0.2, 0.1 * (1 + math.sqrt(0.5)), 0.1, 0.0], abs=1e-12
    )


def test_the_optimizer_takes_the_step_size_of_its_epoch() -> None:
    weight = nn.Parameter(torch.zeros(1))
    visited: list[float] = []

    def loss(x: Tensor) -> Tensor:
        visited.append(float(weight.detach()))
        return weight.sum()

    schedule = Schedule(4, 10, 0.2, "sgd", decay="cosine")
    train([weight], loss, Batches(torch.ones(10, 1)), schedule, generator())
    assert [*(-np.diff(visited))] == pytest.approx([schedule.rate(p) for p in (0.0, 0.25, 0.5)], rel=1e-5)
