"""S6: what a sparse autoencoder gains, and how much of it is its depth."""

from benchmark.studies.declaration import Case, Expectation, Study, gain
from benchmark.studies.study_figures import score_figure

_HIDDEN = {"hidden": [128, 64], "epochs": 20}
_CASES = {
    "plain, one layer": Case("autoencoder", {"code_activation": "relu", "epochs": 20}, width=2),
    "deep, without a penalty": Case("sparse", {**_HIDDEN, "weight": 0.0}, width=2),
    "deep, L1 1e-5": Case("sparse", _HIDDEN, width=2),
    "deep, KL to 0.05": Case(
        "sparse", {**_HIDDEN, "penalty": "kl", "weight": 1e-3, "activation": "sigmoid"}, width=2
    ),
}
_PLAIN, _DEEP, _L1, _ = _CASES
_BY_DEPTH, _BY_PENALTY = gain(_DEEP, _PLAIN, "knn_accuracy"), gain(_L1, _DEEP, "knn_accuracy")


STUDY = Study(
    id="S6",
    name="sparsity-or-depth",
    claim="A sparse autoencoder is better than a plain one; most of the gain is due to depth",
    source="Keras blog, Building autoencoders in Keras (2016); Ng (2011), CS294A lecture notes",
    cases=_CASES,
    expectations=(
        Expectation(
            "gain in k-NN accuracy of sparse over plain", gain(_L1, _PLAIN, "knn_accuracy"), above=0.0
        ),
        Expectation(
            "gain by depth alone, less the gain by the penalty",
            lambda e: _BY_DEPTH(e) - _BY_PENALTY(e),
            above=0.0,
        ),
    ),
    about=(
        "A penalty on activity lets few units of a layer answer to an image, so that each stands for "
        "something. The network that is usually shown with it is deeper, too: a deep one without the penalty "
        "tells the two apart."
    ),
    teaches=(
        "The penalty that is usually shown adds nothing to what depth has brought, and holding inner units "
        "to a low activity costs some accuracy. Compare like with like before crediting an idea."
    ),
    figures={
        "The step from one layer to many is the gain by depth, what lies above it that by a penalty.": (
            score_figure("knn_accuracy", "k-NN accuracy of 2-D codes")
        )
    },
)
