"""S11: k-means on codes finds digits that it does not find on pixels."""

from benchmark.studies.declaration import Case, Expectation, Study, gain, score
from benchmark.studies.study_figures import codes_figure, score_figure

_SIZES = {"hidden": [500, 500, 2000], "epochs": 40}
_CASES = {
    "pixels": Case("raw", width=10),
    "codes, linear": Case("stacked", _SIZES),
    "codes, sigmoid": Case("stacked", {**_SIZES, "code_activation": "sigmoid"}),
}

STUDY = Study(
    id="S11",
    name="kmeans-on-codes",
    claim="k-means has NMI 0.50 on pixels and 0.74 on the codes of 784-500-500-2000-10",
    source=(
        "Xie, Girshick and Farhadi (2016), Unsupervised deep embedding for clustering analysis, and its "
        "readers"
    ),
    cases=_CASES,
    expectations=(
        Expectation("NMI on pixels", score("pixels", "kmeans_nmi"), about=0.50, digits=2),
        Expectation("NMI on codes", score("codes, linear", "kmeans_nmi"), about=0.74, digits=2),
        Expectation("gain of codes over pixels", gain("codes, linear", "pixels", "kmeans_nmi"), above=0.0),
    ),
    about=(
        "k-means puts each sample to the nearest of ten centres. Normalised mutual information (NMI) says "
        "how much such clusters tell of the digits: 0 nothing, 1 everything."
    ),
    teaches=(
        "Between pixels, straight distances mean little; a code in which they do makes an old method work."
    ),
    figures={
        "What the clusters tell of the digits, a point for each seed.": score_figure(
            "kmeans_nmi", "NMI of k-means"
        ),
        "What is clustered, seen in the plane, coloured by class.": codes_figure,
    },
    seeds=5,
)
