"""S26: dropout in hidden layers, noise on what each layer is given, both, or neither."""

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study
from benchmark.studies.heads import n_classes, on_top_of, trained
from benchmark.studies.networks import neighbours_accuracy, reducer_of
from benchmark.studies.study_figures import score_figure

_SHARE = 0.25  # of a layer's inputs, or of its units


def train(trial: Trial) -> Measured:
    """Train an autoencoder as the case says; score its codes, and classifiers fine-tuned from it."""
    given, X_test = trial.params, trial.X_test
    made = reducer_of(
        trial, "stacked-denoising", hidden=(500, 250), level=given["noise"], dropout=given["dropout"],
        pretrain_epochs=given["pretrain_epochs"], precision="fp32",
    )  # fmt: skip
    codes = made.fit_transform(trial.X_train)
    scores = {
        "error": float(made.score_samples(X_test).mean()),
        "knn": neighbours_accuracy(trial, codes, made.transform(X_test)),
    }
    for name, share in (("accuracy", 0.0), ("accuracy with dropout", _SHARE)):
        network = on_top_of(made.network_.encoder[:-1], n_classes(trial), trial.seed, share)
        head = trained(trial, network, trial.X_train, trial.y_train)
        scores[name] = head.score(X_test, trial.y_test)
    return Measured(scores)


_LENGTHS = {"epochs": 20, "pretrain_epochs": 10, "steps": 6000}
_CASES = {
    name: Case("stacked network", {"noise": noise, "dropout": dropout, **_LENGTHS}, width=32, task=train)
    for name, noise, dropout in (
        ("neither", 0.0, 0.0), ("noise", _SHARE, 0.0), ("dropout", 0.0, _SHARE), ("both", _SHARE, _SHARE),
    )
}  # fmt: skip


def _expect(what: str, of: tuple[str, str], over: tuple[str, str]) -> Expectation:
    return Expectation(what, lambda e: e.scores(*of) - e.scores(*over), above=0.0, digits=4)


_PLAIN, _DROPPED = ("neither", "accuracy"), ("neither", "accuracy with dropout")

STUDY = Study(
    id="S26",
    name="noise-or-dropout",
    claim="Different means: noise belongs to each layer's pretraining, dropout to the fine-tuning",
    source="readers' comparison of Vincent et al. (2010), JMLR 11, with Srivastava et al. (2014), JMLR 15",
    cases=_CASES,
    expectations=(
        _expect("fine-tuned accuracy, gain by noise in the pretraining", ("noise", "accuracy"), _PLAIN),
        _expect("fine-tuned accuracy, gain by dropout in the fine-tuning", _DROPPED, _PLAIN),
        _expect("test MSE, rise by dropout in the autoencoder", ("dropout", "error"), ("neither", "error")),
        _expect("k-NN accuracy of codes, noise less dropout", ("noise", "knn"), ("dropout", "knn")),
        _expect("fine-tuned accuracy, gain by each in its place", ("noise", _DROPPED[1]), _PLAIN),
    ),
    about=(
        "Both spoil what a layer sees. Noise makes a layer restore what was taken from its input, dropout "
        "lets none rely on a unit below; so one may serve learning without labels, the other with them."
    ),
    teaches=(
        "Noise in the pretraining and dropout in the fine-tuning each help the classifier about as much, "
        "and together no further. In an autoencoder, dropout costs: its error nearly doubles."
    ),
    figures={
        "Accuracy after fine-tuning, by what spoiled the autoencoder's training.": score_figure(
            "accuracy", "fine-tuned accuracy"
        )
    },
)
