"""The denoising autoencoder: restores the input from a corrupted copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reducers.methods.autoencoders.autoencoder import DenseAutoencoder
from reducers.parameters import number, one_of, sizes

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Denoising(DenseAutoencoder):
    """A deep autoencoder trained to restore the input from a corrupted copy, drawn anew every batch.

    Parameters
    ----------
    corruption : {'masking', 'gaussian', 'salt-and-pepper'}
        Set a share of the features to 0; add Gaussian noise and clip to [0, 1]; or set a share to
        0 or 1 at random.
    level : float in [0, 1], default 0.25
        The share, or the standard deviation of the noise.
    """

    name = "denoising"
    reference = "Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11"

    hidden: tuple[int, ...] = sizes((500, 250))
    corruption: str = one_of("masking", "gaussian", "salt-and-pepper")
    level: float = number(0.25, low=0.0, high=1.0)

    def _corrupt(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return corrupt(x, self.corruption, self.level, generator)


def corrupt(x: Tensor, corruption: str, level: float, generator: torch.Generator) -> Tensor:
    """Return a corrupted copy of `x`, of the same shape; see `Denoising` for the kinds."""
    import torch

    if corruption == "gaussian":
        noise = torch.randn(x.shape, generator=generator, device=x.device)
        return (x + level * noise).clamp_(0.0, 1.0)
    draw = torch.rand(x.shape, generator=generator, device=x.device)
    kept = torch.where(draw < level, torch.zeros_like(x), x)
    if corruption == "masking":
        return kept
    return torch.where(draw < level / 2, torch.ones_like(x), kept)
