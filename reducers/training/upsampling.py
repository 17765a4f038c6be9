"""3x3 convolutions at twice an image's resolution, computed at the resolution it had before.

A convolution of an image upsampled by repetition sees every pixel four times. Its output is taken here in
*windows*: window (s, t) holds the rows 2s - 1 and 2s and the columns 2t - 1 and 2t, so that all four of its
pixels depend on the same 2x2 pixels of the small image. One 2x2 convolution to four times the channels
computes them, with 4/9 of the operations and without the large image; what windows reach beyond the
image is the padding of the next convolution (sub-pixel convolution, Shi et al. 2016, with the kernels
of an upsampling by repetition).

A tensor of windows has shape (n, 4 * channels, height + 1, width + 1); its channels are ordered by
row within the window, column, and channel of the image.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from reducers.training.products import before_activation, convolution, linear

# By row of a window, whether it is the one above or below, and row of the two pixels between those windows:
# the row of the kernel through which they meet; -1 where they do not.
_MEETS = [[[0, -1], [2, 1]], [[1, 0], [-1, 2]]]


def upsampled_windows(x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
    """Return the activated, same-padded convolution of `x` upsampled to twice its size, as windows.

    Parameters
    ----------
    x : Tensor of shape (n, n_in, height, width)
    weight : Tensor of shape (n_out, n_in, 3, 3)
    bias : Tensor of shape (n_out,)
    activation : a key of `reducers.training.products.FUSED_ACTIVATIONS`

    Returns
    -------
    Tensor of shape (n, 4 * n_out, height + 1, width + 1)
        0 outside of the image; computed in the precision of `x`.
    """
    return _Windows.apply(x, _folded(weight), bias.repeat(4), activation)  # type: ignore[no-any-return, no-untyped-call]


def image_of(windows: Tensor) -> Tensor:
    """Return windows as an image of shape (n, channels, 2 * height, 2 * width), channels last in memory."""
    n, channels, height, width = windows.shape
    split = windows.permute(0, 2, 3, 1).reshape(n, height, width, 2, 2, channels // 4)
    pixels = split.permute(0, 1, 3, 2, 4, 5).reshape(n, 2 * height, 2 * width, channels // 4)
    return pixels[:, 1:-1, 1:-1].contiguous().permute(0, 3, 1, 2)


def to_one_channel(windows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the same-padded convolution of an image given as `windows` to one channel.

    A convolution to a single channel leaves most of a vector unit idle. Here one matrix product gives
    what every window adds to the pixels around it, and these are summed.

    Parameters
    ----------
    windows : Tensor of shape (n, 4 * channels, height + 1, width + 1)
        0 outside of the image.
    weight : Tensor of shape (1, channels, 3, 3)
    bias : Tensor of shape (1,)

    Returns
    -------
    Tensor of shape (n, 2 * height, 2 * width), float32
    """
    n, _, height, width = windows.shape
    last = windows.permute(0, 2, 3, 1).flatten(0, 2)
    # Every pixel gets one part of each of four windows: the bias comes with the first of them.
    parts = linear(last, _scattered(weight).t(), F.pad(bias.expand(4), (0, 12)), "linear")
    pixels: Tensor = _Gathered.apply(parts.view(n, height, width, 2, 2, 4))  # type: ignore[no-untyped-call]
    rows = pixels.view(n, height - 1, width - 1, 2, 2).transpose(2, 3)
    return rows.reshape(n, 2 * height - 2, 2 * width - 2)


class _Windows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, activation: str) -> Tensor:
        weight, bias = weight.to(x.dtype), bias.to(x.dtype)
        y = _cleared(convolution(x, weight, bias, padding=1, activation=activation))
        ctx.save_for_backward(x, weight, y)
        ctx.activation = activation
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, y = ctx.saved_tensors
        gradient = before_activation(gradients[0], y, ctx.activation)
        # Where the activation has no slope of its own, this is the caller's tensor.
        gradient = _cleared(gradient.clone() if gradient is gradients[0] else gradient)
        one, none = [1, 1], [0, 0]
        sizes, wanted = [len(weight)], [ctx.needs_input_grad[0], True, True]
        to_input, to_weight, to_bias = torch.ops.aten.convolution_backward(
            gradient, x, weight, sizes, one, one, one, False, none, 1, wanted
        )
        return to_input, to_weight.float(), to_bias.float(), None


class _Gathered(torch.autograd.Function):
    """The sum of what four windows add to the pixels between them."""

    @staticmethod
    def forward(ctx: Any, parts: Tensor) -> Tensor:
        ctx.shape, ctx.dtype = parts.shape, parts.dtype
        parts = parts.float()
        first, *others = (_between(parts, t, s) for t in range(2) for s in range(2))
        pixels = first.clone(memory_format=torch.contiguous_format)
        for other in others:
            pixels += other
        return pixels

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        parts = torch.zeros(ctx.shape, dtype=ctx.dtype, device=gradients[0].device)
        for t in range(2):
            for s in range(2):
                _between(parts, t, s).copy_(gradients[0])
        return parts


def _between(parts: Tensor, t: int, s: int) -> Tensor:
    """Return what the windows below (`t`) and right (`s`) of the pixels add to them."""
    height, width = parts.shape[1] - 1, parts.shape[2] - 1
    return parts[:, t : height + t, s : width + s, t, s]


def _cleared(windows: Tensor) -> Tensor:
    """Return windows that are 0 beyond their image: the same ones, where they lie channels last."""
    windows = windows.contiguous(memory_format=torch.channels_last)
    n, channels, height, width = windows.shape
    split = windows.permute(0, 2, 3, 1).view(n, height, width, 2, 2, channels // 4)
    split[:, 0, :, 0] = 0
    split[:, -1, :, 1] = 0
    split[:, :, 0, :, 0] = 0
    split[:, :, -1, :, 1] = 0
    return windows


def _folded(weight: Tensor) -> Tensor:
    """Return a 3x3 kernel (n_out, n_in, 3, 3) as the 2x2 kernels of windows, (4 * n_out, n_in, 2, 2)."""
    kernels = _paired(_paired(weight, -2), -1).transpose(0, 1).flatten(0, 2)
    return kernels.contiguous(memory_format=torch.channels_last)


def _paired(weight: Tensor, dim: int) -> Tensor:
    """Return a kernel's three rows (or columns) summed to the two they fall on, for both of a window."""
    first, middle, last = weight.unbind(dim)
    pairs = (first + middle, last), (first, middle + last)
    return torch.stack([torch.stack(pair, dim) for pair in pairs])


def _scattered(weight: Tensor) -> Tensor:
    """Return a kernel (1, channels, 3, 3) as the matrix (4 * channels, 16) from windows to their parts."""
    rows = torch.tensor(_MEETS, device=weight.device)
    padded = F.pad(weight[0], (0, 1, 0, 1))
    # Of shape (channels, row, which row of windows, row of the pixels, and the same of columns).
    parts = padded[:, rows[..., None, None, None], rows]
    return parts.permute(1, 4, 0, 2, 5, 3, 6).reshape(-1, 16)
