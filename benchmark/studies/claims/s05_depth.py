"""S5: four layers to two numbers separate what one does not."""

from benchmark.studies.declaration import Case, Expectation, Study, gain
from benchmark.studies.study_figures import codes_figure, score_figure

_CASES = {
    "784-2": Case("autoencoder", {"code_activation": "relu", "epochs": 20}, width=2),
    "784-128-64-32-2, at once": Case("autoencoder", {"hidden": [128, 64, 32], "epochs": 20}, width=2),
    "784-128-64-32-2, layer by layer": Case(
        "stacked", {"hidden": [128, 64, 32], "epochs": 20, "output_activation": "sigmoid"}, width=2
    ),
}
_PLAIN, _DEEP, _STACKED = _CASES

STUDY = Study(
    id="S5",
    name="depth",
    claim="Four encoder layers to 2-D separate the digits much better than one",
    source="Keras blog, Building autoencoders in Keras (2016), and its readers",
    cases=_CASES,
    expectations=(
        Expectation("gain in NMI by four layers", gain(_STACKED, _PLAIN, "kmeans_nmi"), above=0.0),
        Expectation(
            "gain in k-NN accuracy by four layers", gain(_STACKED, _PLAIN, "knn_accuracy"), above=0.0
        ),
    ),
    about=(
        "A deep encoder bends its input several times before two numbers are left. Layer by layer, each is "
        "first trained alone on the codes of the one below; at once, all are trained together from the "
        "start."
    ),
    teaches=(
        "Depth is what makes two numbers of use. Whether the layers were trained one by one or together "
        "matters little: both separate what one layer does not."
    ),
    figures={
        "Test digits by their two numbers, with one layer and with four.": codes_figure,
        "What clusters in the plane tell of the digits.": score_figure(
            "kmeans_nmi", "NMI of k-means on 2-D codes"
        ),
    },
)
