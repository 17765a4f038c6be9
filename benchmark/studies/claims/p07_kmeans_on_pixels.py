"""P7: k-means on all 70,000 images, fitted and scored on the same."""

import numpy as np

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, score


def cluster(trial: Trial) -> Measured:
    """Cluster training and test images together; compare the clusters with the digits of all."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    X, y = np.concatenate([trial.X_train, trial.X_test]), np.concatenate([trial.y_train, trial.y_test])
    found = KMeans(int(y.max()) + 1, n_init=3, random_state=trial.seed).fit_predict(X)
    return Measured({"ari": adjusted_rand_score(y, found), "ami": adjusted_mutual_info_score(y, found)})


STUDY = Study(
    id="P7",
    name="kmeans-on-pixels",
    claim="k-means on the pixels of all 70,000 images: ARI 0.367, AMI 0.496",
    source="UMAP documentation, Using UMAP for clustering",
    cases={"70,000 images": Case("k-means of all", task=cluster)},
    expectations=(
        Expectation("adjusted Rand index", score("70,000 images", "ari"), about=0.367),
        Expectation("adjusted mutual information", score("70,000 images", "ami"), about=0.496),
    ),
    about=(
        "The floor of every deep clustering: ten centres in 784 dimensions. Fitted and scored on the same "
        "images, as papers on clustering do."
    ),
    teaches=(
        "Whatever a deep clustering gains, it gains on this floor. The spread over first centres is small "
        "beside it."
    ),
)
