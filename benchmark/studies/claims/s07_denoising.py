"""S7: an autoencoder trained on noise removes it from digits that it has never seen."""

from typing import Any

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Evidence, Expectation, Study, gain
from benchmark.studies.networks import as_images, mse, reducer_of
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
    images = {"clean": trial.X_test[:10], "seen": seen[:10], "restored": restored[:10]}
    scores = {"error": mse(restored, trial.X_test), "likeness": float(alike.mean())}
    return Measured(scores, as_images(trial, images))


_KINDS = ("gaussian", "masking")
_CASES = {
    f"{kind}, trained {'with' if noisy else 'without'}": Case(
        "denoising network", {"corruption": kind, "noisy": noisy, "epochs": 20}, width=64, task=denoise
    )
    for kind in _KINDS
    for noisy in (True, False)
}


def _draw(evidence: Evidence) -> Any:
    arrays = {case: found for case in _CASES if (found := evidence.arrays(case))}
    if "gaussian, trained with" not in arrays:
        return None
    first, restored = arrays["gaussian, trained with"], {c: found["restored"] for c, found in arrays.items()}
    return image_rows({"clean": first["clean"], "gaussian noise": first["seen"], **restored})


STUDY = Study(
    id="S7",
    name="denoising",
    claim="Trained on noisy digits, it removes noise from unseen ones, and its filters are more distinct",
    source="Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11; Keras blog (2016)",
    cases=_CASES,
    expectations=tuple(
        Expectation(
            f"fall of the {what}, {of}",
            gain(f"{kind}, trained without", f"{kind}, trained with", metric),
            above=0.0,
            digits=digits,
        )
        for what, metric, digits, names in (
            ("error", "error", 4, ("Gaussian noise", "masking noise")),
            ("likeness of filters", "likeness", 3, ("Gaussian", "masking")),
        )
        for kind, of in zip(_KINDS, names, strict=True)
    ),
    about=(
        "It is shown a spoilt digit and must give back the clean one, so it has to know what digits look "
        "like. The likeness of filters is the mean absolute correlation between two of them."
    ),
    teaches=(
        "A network that was never shown noise gives it back as strokes; one that was has learned how "
        "strokes go on. Whether its filters come out more distinct depends on the noise."
    ),
    figures={"Clean digits, the noisy ones that the networks see, and what each makes of them.": _draw},
)
