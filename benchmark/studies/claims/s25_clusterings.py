"""S25: the classical clusterings on pixels, on linear reductions, and on deep codes."""

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, gain
from benchmark.studies.study_figures import score_figure

_JUDGES = ("kmeans", "affinity-propagation", "ward")
_SCORES = {"k-means": "kmeans_nmi", "affinity propagation": "affinity_nmi", "Ward": "ward_nmi"}
_MDS_POINTS = 1_000


def scale(trial: Trial) -> Measured:
    """Place test samples by multidimensional scaling, which places no new ones, and cluster them."""
    from sklearn.cluster import AffinityPropagation, AgglomerativeClustering, KMeans
    from sklearn.manifold import MDS
    from sklearn.metrics import normalized_mutual_info_score

    rows = trial.rng.permutation(len(trial.X_test))[:_MDS_POINTS]
    y, n_classes, seed = trial.y_test[rows], int(trial.y_train.max()) + 1, trial.seed
    placed = MDS(trial.width, n_init=1, random_state=seed).fit_transform(trial.X_test[rows])
    found = {
        "kmeans": KMeans(n_classes, n_init=10, random_state=seed),
        "affinity": AffinityPropagation(damping=0.9, max_iter=500, random_state=seed),
        "ward": AgglomerativeClustering(n_classes),
    }
    return Measured({
        f"{name}_nmi": normalized_mutual_info_score(y, estimator.fit_predict(placed))
        for name, estimator in found.items()
    })  # fmt: skip


STUDY = Study(
    id="S25",
    name="clusterings",
    claim=(
        "Linear reductions do poorly on images; on deep codes k-means, affinity propagation and hierarchical "
        "clustering work"
    ),
    source=(
        "Xie, Girshick and Farhadi (2016), Unsupervised deep embedding for clustering analysis, and its "
        "readers"
    ),
    cases={
        "pixels": Case("raw", clusterings=_JUDGES),
        "PCA": Case("pca", clusterings=_JUDGES),
        "MDS, of 1,000 test digits": Case("multidimensional scaling", task=scale),
        "codes": Case("stacked", {"hidden": [500, 500, 2000], "epochs": 40}, clusterings=_JUDGES),
    },
    expectations=(
        *(
            Expectation(f"gain in NMI of codes over pixels, {name}", gain("codes", "pixels", nmi), above=0.0)
            for name, nmi in _SCORES.items()
        ),
        Expectation(
            "NMI of k-means on PCA less that on pixels", gain("PCA", "pixels", "kmeans_nmi"), below=0.05
        ),
        Expectation(
            "gain in NMI of codes over MDS, k-means",
            gain("codes", "MDS, of 1,000 test digits", "kmeans_nmi"),
            above=0.0,
        ),
    ),
    about=(
        "Clusterings look for groups in distances. Affinity propagation, Ward's method and multidimensional "
        "scaling (MDS) are given a part of the test set, as their cost grows with its square."
    ),
    teaches=(
        "On deep codes every clustering finds more of the digits than on pixels, on PCA's codes less. "
        "Affinity propagation chooses the number of its clusters, and gains least: it is not told that "
        "there are ten digits."
    ),
    figures={
        f"What the clusters of {name} tell of the digits.": score_figure(nmi, f"NMI of {name}")
        for name, nmi in _SCORES.items()
    },
)
