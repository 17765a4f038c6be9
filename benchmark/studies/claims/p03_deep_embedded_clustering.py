"""P3: clusters of pixels, of an autoencoder's codes, and of deep embedded clustering."""

from benchmark.studies.declaration import Case, Expectation, Study, score

_PUBLISHED = {  # accuracy and NMI, and the prefix of the scores that are compared with them
    "k-means on pixels": (0.53, 0.50, "kmeans"),
    "k-means on codes": (0.88, 0.81, "kmeans"),
    "DEC": (0.91, 0.87, "own"),
}

STUDY = Study(
    id="P3",
    name="deep-embedded-clustering",
    claim=(
        "All 70,000 images, fitted and scored: k-means on pixels has accuracy 0.53 and NMI 0.50, on an "
        "autoencoder's codes 0.88 and 0.81, DEC 0.91 and 0.87"
    ),
    source=(
        "DEC-keras, mean of 10 trials, after Xie, Girshick and Farhadi (2016), Unsupervised deep embedding "
        "for clustering analysis"
    ),
    cases={
        "k-means on pixels": Case("raw", protocol="transductive"),
        "k-means on codes": Case("stacked", protocol="transductive"),
        "DEC": Case("dec", protocol="transductive"),
    },
    expectations=tuple(
        Expectation(f"{index}, {case}", score(case, f"{prefix}_{metric}"), about=value, digits=2)
        for case, (accuracy, nmi, prefix) in _PUBLISHED.items()
        for index, metric, value in (("accuracy", "accuracy", accuracy), ("NMI", "nmi", nmi))
    ),
    about=(
        "Deep embedded clustering trains encoder and centres together towards the assignments that they are "
        "surest of. Clusters are compared with the digits, matched one to one; the pretraining here is "
        "shorter than the 300 epochs of the source."
    ),
    reason=(
        "the autoencoder is another one, trained for 40 epochs where the source takes 300, and DEC makes "
        "more of it"
    ),
    teaches=(
        "DEC moves codes towards centres that are there already: it sharpens the clusters that k-means has "
        "found, and finds no others."
    ),
)
