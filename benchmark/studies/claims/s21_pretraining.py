"""S21: a deep belief network beside the same network without its pretraining."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.study_figures import score_figure

_HIDDEN = {1: [], 2: [500], 3: [1000, 500], 4: [1000, 500, 250]}
_SIGMOID = {"activation": "sigmoid", "weight_init": "small-normal", "loss": "bce", "epochs": 20}
_CASES = {
    f"{layers} layers, {how}": case
    for layers, hidden in _HIDDEN.items()
    for how, case in (
        ("pretrained", Case("dbn", {"hidden": hidden, "epochs": 20}, width=30)),
        ("not pretrained", Case("autoencoder", {"hidden": hidden, **_SIGMOID}, width=30)),
    )
    if hidden
}


def _gain(layers: int, evidence: Evidence) -> Any:
    with_it, without = (
        evidence.scores(f"{layers} layers, {how}", "reconstruction_mse")
        for how in ("pretrained", "not pretrained")
    )
    return without - with_it


STUDY = Study(
    id="S21",
    name="pretraining",
    claim="Pretraining by RBMs rescues deep sigmoid networks from vanishing gradients",
    source=(
        "Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, Science "
        "313"
    ),
    cases=_CASES,
    expectations=tuple(
        Expectation(
            f"fall of the test MSE by pretraining, {layers} layers",
            partial(_gain, layers),
            above=0.0,
            digits=4,
        )
        for layers in (2, 3, 4)
    ),
    about=(
        "A gradient shrinks in every sigmoid layer that it passes, so that the first layers of a deep "
        "network hardly learn. Restricted Boltzmann machines train each layer alone before, without a long "
        "way for the gradient."
    ),
    figure=partial(score_figure, cases=list(_CASES), metric="reconstruction_mse", label="test MSE"),
)
