"""The loop that anybody would write in torch: eager, fused Adam, the data in memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from peers.start import BATCH_SIZE, CODE_LAYER, LEARNING_RATE, Peer, Start, is_linear, reconstruction_error
from race import Trial


def plain_loop(network: str, precision: str, epochs: int = 1, device: str = "cpu") -> Peer:
    """Return an eager loop; bf16 is autocast, and images lie channels last."""
    build, loss, squash = _NETWORKS[network]

    def peer(began: Start) -> Trial:
        module, data = build(began).to(device), torch.from_numpy(began.ordered).to(device)
        return Trial(
            partial(_train, module, loss, data, precision, epochs),
            lambda: reconstruction_error(began.ordered, _reconstruct(module, squash, data)),
        )

    return peer


def _train(
    network: nn.Module, loss_of: Callable[..., Any], data: torch.Tensor, precision: str, epochs: int
) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    for epoch in range(epochs):
        total = torch.zeros((), device=data.device)
        # The first epoch's order is that of ours.
        order = (torch.randperm if epoch else torch.arange)(len(data), device=data.device)
        for index in order.split(BATCH_SIZE):
            x = data[index]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(data.device.type, torch.bfloat16, enabled=precision == "bf16"):
                loss = loss_of(network(x).float(), x)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(x)
        total.item()


def _reconstruct(network: nn.Module, squash: Callable[..., torch.Tensor], data: torch.Tensor) -> Any:
    with torch.inference_mode():
        return torch.cat([squash(network(block)) for block in data.split(4096)]).cpu().numpy()


def dense_halves(began: Start) -> tuple[nn.Sequential, nn.Sequential]:
    """Return encoder and decoder of the dense autoencoder with the weights of `began`."""
    modules: list[nn.Module] = []
    for i, (weight, bias) in enumerate(began.weights):
        layer = _with_weights(nn.Linear(*reversed(weight.shape)), weight, bias)
        modules += [layer] if is_linear(i) else [layer, nn.ReLU()]
    code = 2 * CODE_LAYER + 1
    return nn.Sequential(*modules[:code]), nn.Sequential(*modules[code:])


class ConvolutionalAutoencoder(nn.Module):
    """Convolution, rectifier and pooling twice to a dense code, and back by upsampling; channels last."""

    def __init__(self, began: Start) -> None:
        super().__init__()
        layers = [
            _with_weights(
                nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding="same")
                if weight.ndim == 4
                else nn.Linear(*reversed(weight.shape)),
                weight,
                bias,
            )
            for weight, bias in began.weights
        ]
        self.down, self.up = nn.ModuleList(layers[:2]), nn.ModuleList(layers[4:6])
        self.to_code, self.from_code, self.output = layers[2], layers[3], layers[6]
        self.to(memory_format=torch.channels_last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output's pre-activation of images as rows of 784 pixels."""
        x = x.view(-1, 1, 28, 28).to(memory_format=torch.channels_last)
        for layer in self.down:
            x = F.max_pool2d(torch.relu(layer(x)), 2)
        code = self.to_code(x.permute(0, 2, 3, 1).flatten(1))
        x = torch.relu(self.from_code(code)).view(len(x), 7, 7, -1).permute(0, 3, 1, 2)
        for layer in self.up:
            x = torch.relu(layer(F.interpolate(x, scale_factor=2)))
        pixels: torch.Tensor = self.output(x).flatten(1)
        return pixels


def _with_weights(layer: nn.Module, weight: Any, bias: Any) -> nn.Module:
    layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    return layer


_NETWORKS: dict[str, tuple[Callable[[Start], nn.Module], Callable[..., Any], Callable[..., Any]]] = {
    "dense": (lambda began: nn.Sequential(*dense_halves(began)), F.mse_loss, lambda x: x),
    "convolutional": (ConvolutionalAutoencoder, F.binary_cross_entropy_with_logits, torch.sigmoid),
}
