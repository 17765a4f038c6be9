"""P4: deep embedded clustering that still reconstructs."""

from benchmark.studies.declaration import Case, Expectation, Study, gain, score

STUDY = Study(
    id="P4",
    name="kept-structure",
    claim=(
        "All 70,000 images, fitted and scored: accuracy 0.818 of k-means on an autoencoder's codes, 0.866 of "
        "DEC, 0.881 of IDEC, which keeps reconstructing"
    ),
    source=(
        "Guo, Gao, Liu and Yin (2017), Improved deep embedded clustering with local structure preservation, "
        "IJCAI"
    ),
    cases={
        "codes": Case("stacked", protocol="transductive"),
        "DEC": Case("dec", protocol="transductive"),
        "IDEC": Case("idec", protocol="transductive"),
    },
    expectations=(
        Expectation("accuracy, k-means on codes", score("codes", "kmeans_accuracy"), about=0.818),
        Expectation("accuracy, DEC", score("DEC", "own_accuracy"), about=0.866),
        Expectation("accuracy, IDEC", score("IDEC", "own_accuracy"), about=0.881),
        Expectation("gain of IDEC over DEC", gain("IDEC", "DEC", "own_accuracy"), above=0.0),
    ),
    about=(
        "Training towards sure assignments may tear apart what belongs together. IDEC adds the loss of the "
        "autoencoder, so that codes keep standing for their images."
    ),
    reason=(
        "the codes of this autoencoder are better to cluster than the paper's, and DEC gains more from them "
        "than IDEC, which is held to its images"
    ),
    teaches=("A term that protects costs something where nothing was about to break."),
)
