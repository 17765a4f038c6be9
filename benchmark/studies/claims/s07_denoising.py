"""S7: an autoencoder trained on noise removes it from digits that it has never seen."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.networks import mse, reducer_of
from benchmark.studies.study_figures import image_rows


def denoise(trial: Trial) -> Measured:
    """Train with noise of a kind, or with none; give it noisy images, and compare with the clean ones."""
    import torch

    from reducers.methods.autoencoders.stacked import corrupt

    kind, level = trial.params["corruption"], 0.5
    made = reducer_of(
        trial, "denoising", corruption=kind, level=level if trial.params["noisy"] else 0.0, hidden=(128,)
    ).fit(trial.X_train)
    generator = torch.Generator().manual_seed(trial.seed)
    seen = corrupt(torch.from_numpy(trial.X_test.copy()), kind, level, generator).numpy()
    restored = made.inverse_transform(made.transform(seen))
    filters = made.network_.encoder[0].weight.detach().cpu().numpy()
    alike = np.abs(np.corrcoef(filters))[np.triu_indices(len(filters), 1)]
    shape = (-1, *(trial.image_shape or (1, trial.X_test.shape[1])))
    images = {"clean": trial.X_test[:10], "seen": seen[:10], "restored": restored[:10]}
    scores = {"error": mse(restored, trial.X_test), "likeness": float(alike.mean())}
    return Measured(scores, {name: X.reshape(shape) for name, X in images.items()})


_CASES = {
    f"{kind}, trained {'with' if noisy else 'without'}": Case(
        "denoising network", {"corruption": kind, "noisy": noisy, "epochs": 20}, width=64, task=denoise
    )
    for kind in ("gaussian", "masking")
    for noisy in (True, False)
}


def _gain(kind: str, score: str, evidence: Evidence) -> Any:
    with_noise, without = (evidence.scores(f"{kind}, trained {how}", score) for how in ("with", "without"))
    return without - with_noise


def _draw(evidence: Evidence) -> Any:
    arrays = {case: evidence.arrays(case) for case in _CASES}
    first = arrays["gaussian, trained with"]
    if first is None:
        return None
    restored = {case: found["restored"] for case, found in arrays.items() if found is not None}
    return image_rows({"clean": first["clean"], "gaussian noise": first["seen"], **restored})


STUDY = Study(
    id="S7",
    name="denoising",
    claim="Trained on noisy digits, it removes noise from unseen ones, and its filters are more distinct",
    source="Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11; Keras blog (2016)",
    cases=_CASES,
    expectations=(
        Expectation(
            "fall of the error, Gaussian noise", partial(_gain, "gaussian", "error"), above=0.0, digits=4
        ),
        Expectation(
            "fall of the error, masking noise", partial(_gain, "masking", "error"), above=0.0, digits=4
        ),
        Expectation(
            "fall of the likeness of filters, Gaussian", partial(_gain, "gaussian", "likeness"), above=0.0
        ),
        Expectation(
            "fall of the likeness of filters, masking", partial(_gain, "masking", "likeness"), above=0.0
        ),
    ),
    about=(
        "It is shown a spoilt digit and must give back the clean one, so it has to know what digits look "
        "like. The likeness of filters is the mean absolute correlation between two of them."
    ),
    figures=(_draw,),
)
