"""The dense autoencoder of `peers.start`, trained by skorch and by pythae."""

from __future__ import annotations

import tempfile
from typing import Any

from images import N_PIXELS
from peers.plain import dense_halves
from peers.start import (
    ADAM_EPSILON,
    BATCH_SIZE,
    LEARNING_RATE,
    N_COMPONENTS,
    Peer,
    Start,
    reconstruction_error,
)
from race import Trial


def skorch_fit(network: str, precision: str) -> Peer:
    """Return skorch's ``NeuralNet.fit``."""
    import skorch
    import torch

    def peer(began: Start) -> Trial:
        net = skorch.NeuralNet(
            torch.nn.Sequential(*dense_halves(began)),
            criterion=torch.nn.MSELoss,
            optimizer=torch.optim.Adam,
            lr=LEARNING_RATE,
            batch_size=BATCH_SIZE,
            max_epochs=1,
            train_split=None,
            verbose=0,
        )
        X = began.ordered
        return Trial(lambda: net.fit(X, X), lambda: reconstruction_error(X, net.predict(X)))

    return peer


def pythae_train(network: str, precision: str) -> Peer:
    """Return pythae's ``BaseTrainer.train`` of its ``AE``."""
    import torch

    def peer(began: Start) -> Trial:
        X, model = began.ordered, _pythae_model(began)
        # Closed and removed when the trial is forgotten.
        directory = tempfile.TemporaryDirectory()
        trainer = _pythae_trainer(model, began, directory.name)

        def error() -> float:
            with torch.no_grad():
                code = model.encoder(torch.from_numpy(X)).embedding
                found = reconstruction_error(X, model.decoder(code).reconstruction.numpy())
            directory.cleanup()
            return found

        return Trial(trainer.train, error)

    return peer


def _pythae_model(began: Start) -> Any:
    from pythae.models import AE, AEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    down, up = dense_halves(began)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = down

        def forward(self, x: Any) -> Any:
            return ModelOutput(embedding=self.layers(x))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = up

        def forward(self, z: Any) -> Any:
            return ModelOutput(reconstruction=self.layers(z))

    return AE(AEConfig(input_dim=(N_PIXELS,), latent_dim=N_COMPONENTS), Encoder(), Decoder())


def _pythae_trainer(model: Any, began: Start, directory: str) -> Any:
    import torch
    from pythae.data.datasets import BaseDataset, collate_dataset_output
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class InOrder(BaseTrainer):
        def get_train_dataloader(self, train_dataset: Any) -> Any:
            return torch.utils.data.DataLoader(train_dataset, BATCH_SIZE, collate_fn=collate_dataset_output)

    config = BaseTrainerConfig(
        output_dir=directory,
        per_device_train_batch_size=BATCH_SIZE,
        num_epochs=1,
        learning_rate=LEARNING_RATE,
        # Its loss is the sum over pixels where ours is the mean: the gradients are as many times larger.
        optimizer_params={"eps": ADAM_EPSILON * N_PIXELS},
        no_cuda=True,
    )
    return InOrder(
        model, BaseDataset(torch.from_numpy(began.ordered), torch.zeros(len(began.ordered))), None, config
    )
