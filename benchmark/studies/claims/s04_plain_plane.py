"""S4: one layer to two numbers is not enough."""

from benchmark.studies.declaration import Case, Expectation, Study, score
from benchmark.studies.study_figures import codes_figure, pictures_figure

STUDY = Study(
    id="S4",
    name="plain-plane",
    claim="The 2-D codes of a plain 784-2-784 do not separate ten digits, and its images are blurred",
    source="Keras blog, Building autoencoders in Keras (2016), and its readers",
    cases={
        "784-2-784": Case("autoencoder", {"code_activation": "relu", "epochs": 20}, width=2),
        "PCA": Case("pca", width=2, seeds=1),
    },
    expectations=(
        Expectation("NMI of the codes", score("784-2-784", "kmeans_nmi"), below=0.5),
        Expectation("k-NN accuracy of the codes", score("784-2-784", "knn_accuracy"), below=0.5),
        Expectation(
            "MSE over that of PCA-2: no sharper than the best plane",
            lambda e: e.scores("784-2-784", "reconstruction_mse") / e.scores("PCA", "reconstruction_mse")[:1],
            above=1.0,
        ),
    ),
    about=(
        "With one layer, the code is a rectified weighted sum of pixels, and the image a sum of two "
        "patterns. Ten digits need more than two patterns."
    ),
    teaches=(
        "Without a bend between input and code, two units find no better plane than PCA does, and "
        "neighbours in it know less."
    ),
    figures={
        "Test digits by their two numbers, beside the plane of largest variance.": codes_figure,
        "Test digits, and what two patterns add up to.": pictures_figure,
    },
)
