"""The loop that anybody would write in torch: what ours must not be slower than."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from images import training_images
from peers.start import BATCH_SIZE, CODE_LAYER, LAYERS, LEARNING_RATE, reconstruction_error
from race import Contender, Trial


def plain_loop(n: int, precision: str, epochs: int = 1, device: str = "cpu") -> Contender:
    """Return an eager loop of 784-500-500-2000-10 with fused Adam; bf16 is autocast."""

    def contender(seed: int) -> Trial:
        X = training_images(n)
        data = torch.from_numpy(X).to(device)
        torch.manual_seed(seed)
        network = _network().to(device)
        return Trial(
            lambda: _train(network, data, precision, epochs),
            lambda: reconstruction_error(X, _reconstruct(network, data)),
        )

    return contender


def _network() -> nn.Sequential:
    modules: list[nn.Module] = []
    for i, (n_in, n_out) in enumerate(LAYERS):
        layer = nn.Linear(n_in, n_out)
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        modules += [layer] if i in (CODE_LAYER, len(LAYERS) - 1) else [layer, nn.ReLU()]
    return nn.Sequential(*modules)


def _train(network: nn.Sequential, data: torch.Tensor, precision: str, epochs: int) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(epochs):
        total = torch.zeros((), device=data.device)
        for index in torch.randperm(len(data), device=data.device).split(BATCH_SIZE):
            x = data[index]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(data.device.type, torch.bfloat16, enabled=precision == "bf16"):
                loss = F.mse_loss(network(x).float(), x)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(x)
        total.item()


def _reconstruct(network: nn.Sequential, data: torch.Tensor) -> Any:
    with torch.inference_mode():
        return torch.cat([network(block) for block in data.split(4096)]).cpu().numpy()
