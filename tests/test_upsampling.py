"""Convolutions in windows: the same values and gradients as the plain way, for images of even size."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from reducers.training.image_network import ConvolutionalDesign, ConvolutionalNetwork
from reducers.training.products import ACTIVATIONS, FUSED_ACTIVATIONS
from reducers.training.upsampling import image_of, to_one_channel, upsampled_windows

SHAPES = [(8, 8), (6, 8), (2, 2), (2, 10), (28, 28)]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return values.to(memory_format=torch.channels_last) if len(shape) == 4 else values


def upsampled(x: Tensor, weight: Tensor, bias: Tensor, shape: tuple[int, int], activation: str) -> Tensor:
    """The plain way."""
    large = F.interpolate(x, size=shape, mode="nearest")
    return ACTIVATIONS[activation](F.conv2d(large, weight, bias, padding=1))


def gradients(y: Tensor, wanted: list[Tensor]) -> list[Tensor]:
    return list(torch.autograd.grad((y * drawn(*y.shape, seed=9)).sum(), wanted))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("activation", FUSED_ACTIVATIONS)
def test_windows_hold_the_convolution_of_the_upsampled_image(shape: tuple[int, int], activation: str) -> None:
    given = [drawn(3, 5, shape[0] // 2, shape[1] // 2), drawn(4, 5, 3, 3, seed=1), drawn(4, seed=2)]
    x, weight, bias = (tensor.requires_grad_() for tensor in given)
    expected = upsampled(x, weight, bias, shape, activation)
    found = image_of(upsampled_windows(x, weight, bias, activation))
    torch.testing.assert_close(found, expected)
    for one, other in pairwise([gradients(y, [x, weight, bias]) for y in (expected, found)]):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("activation", FUSED_ACTIVATIONS)
def test_one_channel_out_of_windows_is_the_convolution_of_their_image(
    shape: tuple[int, int], activation: str
) -> None:
    given = [drawn(3, 5, shape[0] // 2, shape[1] // 2), drawn(4, 5, 3, 3, seed=1), drawn(4, seed=2)]
    given += [drawn(1, 4, 3, 3, seed=3), drawn(1, seed=4)]
    x, weight, bias, kernel, level = (tensor.requires_grad_() for tensor in given)
    image = upsampled(x, weight, bias, shape, activation)
    expected = F.conv2d(image, kernel, level, padding=1).squeeze(1)
    windows = upsampled_windows(x, weight, bias, activation)
    found = to_one_channel(windows, kernel, level)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    wanted = [x, weight, bias, kernel, level]
    for one, other in pairwise([gradients(y, wanted) for y in (expected, found)]):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


def test_windows_are_0_beyond_the_image() -> None:
    x, weight, bias = drawn(2, 3, 4, 4), drawn(5, 3, 3, 3, seed=1), torch.full((5,), 3.0)
    windows = upsampled_windows(x, weight, bias, "sigmoid")
    split = windows.permute(0, 2, 3, 1).view(2, 5, 5, 2, 2, 5)
    # Rows -1 and 8, columns -1 and 8 of the image.
    beyond = [split[:, 0, :, 0], split[:, -1, :, 1], split[:, :, 0, :, 0], split[:, :, -1, :, 1]]
    assert all(not part.any() for part in beyond)
    assert int((windows == 0).sum()) == 2 * 5 * (10 * 10 - 8 * 8)


def test_half_precision_agrees_to_its_own_rounding() -> None:
    x, weight, bias = drawn(3, 16, 14, 14), drawn(16, 16, 3, 3, seed=1) / 12, drawn(16, seed=2)
    kernel, level = drawn(1, 16, 3, 3, seed=3) / 12, drawn(1, seed=4)

    def computed(dtype: torch.dtype) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            return to_one_channel(upsampled_windows(x.to(dtype), weight, bias, "relu"), kernel, level)

    exact, half = computed(torch.float32), computed(torch.bfloat16)
    assert half.dtype == torch.float32
    assert float((half - exact).abs().max()) < 0.03 * float(exact.abs().max())


@pytest.mark.parametrize("n", [8, 64])
@pytest.mark.parametrize("activation", FUSED_ACTIVATIONS)
def test_gradients_in_half_precision_are_as_near_to_single_as_those_of_the_plain_way(
    activation: str, n: int
) -> None:
    given = [drawn(n, 8, 7, 7), drawn(8, 8, 3, 3, seed=1) / 8, drawn(8, seed=2) / 8]
    given += [drawn(1, 8, 3, 3, seed=3) / 8, drawn(1, seed=4)]
    x, weight, bias, kernel, level = wanted = [tensor.requires_grad_() for tensor in given]

    def found(half: bool, windows: bool) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            small = x.to(torch.bfloat16) if half else x
            if windows:
                y = to_one_channel(upsampled_windows(small, weight, bias, activation), kernel, level)
            else:
                image = upsampled(small, weight, bias, (14, 14), activation)
                y = F.conv2d(image, kernel, level, padding=1).squeeze(1)
        return gradients(y.float(), wanted)

    exact = found(half=False, windows=False)
    ours, plain = (
        [float((a - b).norm() / b.norm()) for a, b in zip(found(True, windows), exact, strict=True)]
        for windows in (True, False)
    )
    # Where a relu's input is nearly 0, either rounding may put it on the other side: some percent of both.
    assert all(one <= 2 * other + 0.004 for one, other in zip(ours, plain, strict=True)), (ours, plain)


def test_a_network_in_half_precision_has_gradients_as_near_to_single_as_the_plain_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design = ConvolutionalDesign((28, 28), (16, 8), 10, 3, "tanh", "linear", "xavier-uniform")
    network = ConvolutionalNetwork(design, torch.Generator().manual_seed(0))
    x = torch.rand(32, 784, generator=torch.Generator().manual_seed(1))

    def found(half: bool, windows: bool) -> list[Tensor]:
        monkeypatch.setattr(ConvolutionalNetwork, "_in_windows", windows)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            output = network.output_pre_activation(network.encode(x))
        loss = F.binary_cross_entropy_with_logits(output.float(), x)
        return list(torch.autograd.grad(loss, list(network.parameters())))

    exact = found(half=False, windows=False)
    ours, plain = (
        [float((a - b).norm() / b.norm()) for a, b in zip(found(True, windows), exact, strict=True)]
        for windows in (True, False)
    )
    assert all(one <= 2 * other + 0.004 for one, other in zip(ours, plain, strict=True)), (ours, plain)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(28, 28), (8, 4), (7, 5), (10, 2)])
def test_both_ways_through_the_network_give_the_same_image(shape: tuple[int, int], activation: str) -> None:
    design = ConvolutionalDesign(shape, (4, 3), 6, 3, activation, "linear", "xavier-uniform")
    network = ConvolutionalNetwork(design, torch.Generator().manual_seed(0))
    z = drawn(3, 6)
    x = network.maps(z)
    torch.testing.assert_close(
        network.output_pre_activation(z), network._from_images(x), rtol=1e-4, atol=1e-5
    )


def test_what_was_computed_without_gradients_can_be_trained_later() -> None:
    x, weight, bias = drawn(2, 3, 2, 2), drawn(4, 3, 3, 3, seed=1), drawn(4, seed=2)
    kernel, level = drawn(1, 4, 3, 3, seed=3), drawn(1, seed=4)

    def computed() -> Tensor:
        return to_one_channel(upsampled_windows(x, weight, bias, "relu"), kernel, level)

    with torch.inference_mode():
        computed()
    for trained in (weight, kernel):
        trained.requires_grad_()
    computed().sum().backward()
    assert weight.grad is not None
    assert kernel.grad is not None
