"""P2: the error of networks that were pretrained in different ways and fine-tuned with labels."""

from typing import Any

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, gain, score
from benchmark.studies.heads import n_classes, on_top_of, trained
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import score_figure


def support_vectors(trial: Trial) -> Measured:
    """Train a support vector machine with a Gaussian kernel on pixels."""
    from sklearn.svm import SVC

    machine = SVC(C=trial.params["C"], gamma=trial.params["gamma"], cache_size=2000)
    return _error(machine.fit(trial.X_train, trial.y_train), trial)


def fine_tune(trial: Trial) -> Measured:
    """Pretrain three layers as the case says, put a classifier on top, train all of it with labels."""
    own = {k: v for k, v in trial.params.items() if k in ("level", "pretrain_epochs")}
    made = reducer_of(trial, trial.params["how"], hidden=(1000, 1000, 1000), precision="fp32", **own)
    layers = made.fit(trial.X_train).network_.encoder[:3]
    network = on_top_of(layers, n_classes(trial), trial.seed)
    return _error(trained(trial, network, trial.X_train, trial.y_train), trial)


def _error(classifier: Any, trial: Trial) -> Measured:
    return Measured({"error": 100 * (1 - float(classifier.score(trial.X_test, trial.y_test)))})


# The whole autoencoder is trained as shortly as can be: the paper goes from layers straight to labels.
_LENGTHS = {"pretrain_epochs": 20, "epochs": 1, "steps": 18_000}
_PUBLISHED = {"SVM-RBF": 1.40, "SAE-3": 1.40, "DBN-3": 1.24, "SDAE-3": 1.28}


def _pretrained(how: str, **level: float) -> Case:
    return Case("pretrained layers", {"how": how, **level, **_LENGTHS}, task=fine_tune)


STUDY = Study(
    id="P2",
    name="fine-tuned",
    claim="Test error after fine-tuning with labels: SVM-RBF 1.40, SAE-3 1.40, DBN-3 1.24, SDAE-3 1.28 %",
    source="Vincent et al. (2010), Stacked denoising autoencoders, JMLR 11, table 3, MNIST",
    cases={
        "SVM-RBF": Case("support vectors", {"C": 10.0, "gamma": 0.02}, task=support_vectors, seeds=1),
        "SAE-3": _pretrained("stacked-denoising", level=0.0),
        "DBN-3": _pretrained("dbn"),
        "SDAE-3": _pretrained("stacked-denoising", level=0.25),
    },
    expectations=(
        *(
            Expectation(f"error of {case}, %", score(case, "error"), about=about, digits=2)
            for case, about in _PUBLISHED.items()
        ),
        Expectation(
            "fall of the error by noise in the pretraining, points",
            gain("SAE-3", "SDAE-3", "error"),
            above=0.0,
            digits=2,
        ),
    ),
    about=(
        "Three layers learn from images alone, one after the other: as autoencoders (SAE), as denoising ones "
        "(SDAE) or as Boltzmann machines (DBN). A classifier goes on top, and all is trained with labels."
    ),
    reason=(
        "the paper trains on 50,000 images and keeps 10,000 to choose sizes, rates and the moment to stop "
        "for each; here one size, one rate and a fixed number of steps serve all of them"
    ),
    teaches=(
        "Noise in the pretraining lowers the error, as the paper says. How far each goes depends on a search "
        "over settings that costs more than the method."
    ),
    figures={
        "Error on the test digits by pretraining, a point for each seed.": score_figure(
            "error", "test error, %"
        )
    },
)
