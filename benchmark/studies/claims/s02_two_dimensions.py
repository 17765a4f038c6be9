"""S2: a deep autoencoder down to two numbers, drawn as a scatter."""

from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.study_figures import codes_figure, pictures_figure

_DEEP = {
    "hidden": [128, 64, 10], "activation": "relu", "epochs": 20, "batch_size": 256, "learning_rate": 0.001,
}  # fmt: skip
STUDY = Study(
    id="S2",
    name="two-dimensions",
    claim="The codes of 784-128-64-10-2 form visible groups of digits in the plane, with some overlap",
    source="TensorFlow tutorials on autoencoders; Hinton and Salakhutdinov (2006), fig. 3",
    cases={"784-128-64-10-2": Case("autoencoder", _DEEP, width=2), "PCA": Case("pca", width=2, seeds=1)},
    expectations=(
        Expectation(
            "k-NN accuracy of the codes less PCA's",
            lambda e: e.scores("784-128-64-10-2", "knn_accuracy") - e.scores("PCA", "knn_accuracy")[:1],
            above=0.0,
        ),
        Expectation(
            "k-NN accuracy of the codes: they overlap", score("784-128-64-10-2", "knn_accuracy"), below=0.95
        ),
    ),
    about=(
        "Two numbers a digit can be drawn as a point in the plane. If digits of a class lie together there, "
        "the neighbours of a point have its class, which is what the accuracy of k nearest neighbours says."
    ),
    teaches=(
        "Ones and sevens stand apart; digits that are written alike, fours and nines, or threes, fives and "
        "eights, share a place. Two numbers are enough for groups, not for ten clean ones."
    ),
    figures={
        "Test digits by their two numbers, coloured by class.": codes_figure,
        "Test digits, and what two numbers say of them.": pictures_figure,
    },
)
