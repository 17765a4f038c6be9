"""S24: an autoencoder that reads a digit row by row, beside dense ones of as many parameters."""

from benchmark.studies.declaration import Case, Expectation, Study, gain
from benchmark.studies.study_figures import score_figure

STUDY = Study(
    id="S24",
    name="row-by-row",
    claim="An autoencoder of recurrent cells is a variant that learns codes as the others do",
    source=(
        "Srivastava, Mansimov and Salakhutdinov (2015), Unsupervised learning of video representations "
        "using LSTMs, ICML; readers' recurrent autoencoders"
    ),
    # Of 28 rows of 28 pixels, all but PCA have 135,000 parameters, to within half a percent.
    cases={
        "GRU": Case("recurrent", {"units": 128, "epochs": 20}, width=32),
        "LSTM": Case("recurrent", {"cell": "lstm", "units": 110, "epochs": 20}, width=32),
        "dense, one layer": Case("autoencoder", {"hidden": [82], "epochs": 20}, width=32),
        "dense, two layers": Case("autoencoder", {"hidden": [78, 52], "epochs": 20}, width=32),
        "PCA": Case("pca", width=32),
    },
    expectations=(
        *(
            Expectation(
                f"k-NN accuracy, {cell} less the dense of {layers}",
                gain(cell, f"dense, {layers}", "knn_accuracy"),
                above=-0.01,
            )
            for cell in ("GRU", "LSTM")
            for layers in ("one layer", "two layers")
        ),
        *(
            Expectation(
                f"test MSE, PCA's less that of the {cell}",
                gain("PCA", cell, "reconstruction_mse"),
                above=0.0,
                digits=4,
            )
            for cell in ("GRU", "LSTM")
        ),
    ),
    about=(
        "A recurrent network sees one row at a time and keeps in its state what it needs of those before. "
        "The state after the last row becomes the code, from which a second network writes the rows again."
    ),
    teaches=(
        "Reading row by row, with as many weights, gives codes that are worth a little more to neighbours "
        "than those of dense networks, for many times the training. PCA's, which nobody trains, are worth "
        "as much."
    ),
    figures={"Accuracy of neighbours on the codes of each.": score_figure("knn_accuracy", "k-NN accuracy")},
)
