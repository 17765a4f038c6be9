"""S13: one autoencoder a digit; whose reconstruction is best says which digit it is."""

from typing import Any

import numpy as np

from benchmark.datasets import DataUnavailable, load_dataset
from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, Values, score
from benchmark.studies.heads import Classifier, n_classes, trained_perceptron
from benchmark.studies.letters import letters
from benchmark.studies.networks import as_images, reducer_of
from benchmark.studies.study_figures import evidence_images, scores_figure


def _experts(trial: Trial, X: np.ndarray, y: np.ndarray) -> list[Any]:
    """Train an autoencoder on each class, a small one for as many steps as one of usual size."""
    usual, experts = len(trial.X_train) / n_classes(trial), []
    for k in np.unique(y):
        made = reducer_of(trial, "autoencoder", hidden=(128,))
        steps = [np.ceil(n / made.batch_size) for n in (usual, (y == k).sum())]
        made.set_params(epochs=round(made.epochs * max(steps[0] / steps[1], 1)))
        experts.append(made.fit(X[y == k]))
    return experts


def _errors(experts: list[Any], X: np.ndarray) -> np.ndarray:
    """Return the squared error of every expert, shape (n, n_classes)."""
    return np.stack([made.score_samples(X) for made in experts], axis=1)


def classify(trial: Trial) -> Measured:
    """Compare experts with one perceptron, on what a classifier meets and on what it should not meet."""
    from sklearn.metrics import roc_auc_score

    X, y, X_test, y_test = trial.X_train, trial.y_train, trial.X_test, trial.y_test
    experts, whole = _experts(trial, X, y), trained_perceptron(trial, X, y)
    errors = _errors(experts, X_test)
    again = reducer_of(trial, "autoencoder", hidden=(128,)).set_params(random_state=trial.seed + 1)
    retrained = errors.copy()
    retrained[:, 0] = _errors([again.fit(X[y == 0])], X_test)[:, 0]
    kept = _imbalanced(y)
    few = _errors(_experts(trial, X[kept], y[kept]), X_test).argmin(axis=1)
    touched = _touched(trial)
    scores = {
        "accuracy": (errors.argmin(axis=1) == y_test).mean(),
        "retrained": (retrained.argmin(axis=1) == y_test).mean(),
        "perceptron": whole.score(X_test, y_test),
        "imbalanced": (few == y_test).mean(),
        "imbalanced_perceptron": trained_perceptron(trial, X[kept], y[kept]).score(X_test, y_test),
        "moved": _moved(_errors(experts, touched).argmin(axis=1)),
        "moved_perceptron": _moved(whole.predict(touched)),
        **_tempered(_errors(experts, X), y, errors, y_test),
    }
    images: dict[str, np.ndarray] = {}
    for name, foreign in _foreign(trial).items():
        strange = np.r_[np.zeros(len(errors)), np.ones(len(foreign))]
        for kind, doubt in (
            ("", np.r_[errors.min(axis=1), _errors(experts, foreign).min(axis=1)]),
            ("_perceptron", np.r_[_doubt(whole, X_test), _doubt(whole, foreign)]),
        ):
            scores[f"{name}{kind}"] = roc_auc_score(strange, doubt)
        images[name] = foreign[:10]
    for k in (0, 8):
        images[f"letters by the {k}"] = experts[k].inverse_transform(experts[k].transform(images["letters"]))
    return Measured({k: float(v) for k, v in scores.items()}, as_images(trial, images))


def _imbalanced(y: np.ndarray) -> np.ndarray:
    """Return rows: all of the first class, one in a hundred of every other, and five at least."""
    shares = [
        np.flatnonzero(y == k)[: None if k == 0 else max((y == k).sum() // 100, 5)] for k in np.unique(y)
    ]
    return np.concatenate(shares)


def _foreign(trial: Trial) -> dict[str, np.ndarray]:
    """Return images that are no digits: letters, and Japanese ones where their data set is at hand."""
    shape = trial.image_shape or (28, 28)
    found = {"letters": letters(shape, 500, trial.seed)}
    try:
        kuzushiji = load_dataset("kmnist", n_train=10, n_test=500, download=False)
    except DataUnavailable:
        return found
    if kuzushiji.image_shape == shape:
        found["kmnist"] = kuzushiji.scaled()[1]
    return found


def _doubt(classifier: Classifier, X: np.ndarray) -> np.ndarray:
    doubt: np.ndarray = 1 - classifier.predict_proba(X).max(axis=1)
    return doubt


def _touched(trial: Trial) -> np.ndarray:
    """Return each of 200 test images unchanged, then with one of 50 pixels inverted."""
    images = np.repeat(trial.X_test[:200], 51, axis=0)
    places = trial.rng.integers(images.shape[1], size=len(images))
    changed = np.flatnonzero(np.arange(len(images)) % 51)
    images[changed, places[changed]] = 1 - images[changed, places[changed]]
    return images


def _moved(found: np.ndarray) -> float:
    """Return the share of images to which some changed pixel gives another class."""
    by_image = found.reshape(-1, 51)
    return float((by_image != by_image[:, :1]).any(axis=1).mean())


def _tempered(
    errors_train: np.ndarray, y_train: np.ndarray, errors: np.ndarray, y: np.ndarray
) -> dict[str, float]:
    """Return the accuracy on the two classes that are confused most, with one temperature, and with two.

    The softmax of -error / temperature says what is nearest; a temperature for each class is found by a
    logistic regression on the training errors.
    """
    from sklearn.linear_model import LogisticRegression

    counts = np.zeros((errors.shape[1],) * 2)
    np.add.at(counts, (y_train, errors_train.argmin(axis=1)), 1)
    counts += counts.T
    np.fill_diagonal(counts, 0)
    pair = np.array(np.unravel_index(counts.argmax(), counts.shape) if counts.any() else (0, 1))
    train, test = np.isin(y_train, pair), np.isin(y, pair)
    inputs = [e[:, pair] / errors_train[:, pair].mean() for e in (errors_train[train], errors[test])]
    model = LogisticRegression(fit_intercept=False).fit(inputs[0], y_train[train])
    return {
        "one_temperature": float((pair[inputs[1].argmin(axis=1)] == y[test]).mean()),
        "two_temperatures": float(model.score(inputs[1], y[test])),
    }


_CASE = "ten autoencoders"


def _gain(of: str, over: str) -> Values:
    return lambda evidence: evidence.scores(_CASE, of) - evidence.scores(_CASE, over)


_LOST = _gain("accuracy", "imbalanced")
_LOST_BY_PERCEPTRON = _gain("perceptron", "imbalanced_perceptron")
_SHOWN = {
    f"{title}, {who}": f"{name}{kind}"
    for name, title in (
        ("imbalanced", "classes 1:100"), ("letters", "letters (AUROC)"),
        ("kmnist", "KMNIST (AUROC)"), ("moved", "moved by a pixel"),
    )
    for kind, who in (("", "experts"), ("_perceptron", "perceptron"))
}  # fmt: skip

STUDY = Study(
    id="S13",
    name="an-autoencoder-a-class",
    claim=(
        "The least of ten reconstruction errors classifies; foreign images are found; one class is retrained "
        "alone; a class 100 times larger does no harm"
    ),
    source="readers' classifier of ten autoencoders",
    cases={_CASE: Case("ten autoencoders", {"epochs": 20, "steps": 3000}, width=32, task=classify)},
    expectations=(
        Expectation("accuracy", score(_CASE, "accuracy"), above=0.95),
        Expectation(
            "letters found among digits (AUROC), less by a perceptron's doubt",
            _gain("letters", "letters_perceptron"), above=0.0,
        ),
        Expectation(
            "accuracy lost by a class 100 times larger: a perceptron's less ours",
            lambda e: _LOST_BY_PERCEPTRON(e) - _LOST(e), above=0.0,
        ),
        Expectation(
            "change of accuracy by retraining one class", _gain("retrained", "accuracy"), about=0.0, digits=2
        ),
        Expectation(
            "share of digits that one changed pixel can move, a perceptron's less ours",
            _gain("moved_perceptron", "moved"), above=0.0,
        ),
        Expectation(
            "gain on the two most confused digits by a temperature for each",
            _gain("two_temperatures", "one_temperature"), above=0.0,
        ),
    ),
    about=(
        "Each autoencoder has seen one digit only, and gives back badly what is another. No network ever "
        "compares two digits, so that what has never been seen is well reconstructed by none."
    ),
    reason=(
        "an expert with a hundredth of the images gives back its own digits badly, while that of the large "
        "class gives back everybody's: whose error is least then says who has learned most; letters are "
        "made of strokes as digits are, so that some are given back well; and what a changed pixel or a "
        "temperature does is not told apart from the spread of seeds"
    ),
    teaches=(
        "Ten networks that never meet can classify, and one of them can be replaced alone. But errors can "
        "be compared only between experts that have learned equally much."
    ),
    figures={
        "What are no digits, and what the experts for 0 and 8 make of letters.": evidence_images(_CASE),
        "Ten experts beside one perceptron.": scores_figure(_CASE, _SHOWN, "accuracy, AUROC or share"),
    },
)  # fmt: skip
