"""What was published stands beside what was measured, where that is the same."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.published import PUBLISHED, best_published, published_for
from benchmark.datasets.catalog.declarations import DATASETS
from benchmark.reporting.document import Table
from benchmark.reporting.published_figures import published_figures
from benchmark.reporting.report_data import gather
from benchmark.results import open_store
from benchmark.scoring import METRICS
from benchmark.studies.catalog import STUDIES
from reducers.registry import find_reducers

ROOT = Path(__file__).parents[1]
ROW = {"dataset": "mnist", "reducer": "pca", "n_components": 2, "knn_accuracy": 0.42}


def test_every_figure_is_of_a_method_and_a_score_that_there_are() -> None:
    for dataset, figures in PUBLISHED.items():
        assert dataset in DATASETS
        for figure in figures:
            assert figure.reducer in find_reducers()
            assert METRICS[figure.metric].low <= figure.value <= METRICS[figure.metric].high
            assert figure.source


def test_every_figure_is_one_that_a_study_claims() -> None:
    claimed = {expected.about for study in STUDIES.values() for expected in study.expectations}
    for figure in PUBLISHED["mnist"]:
        # Errors of reconstruction are claimed for an image of 784 pixels.
        assert figure.value in claimed or round(784 * figure.value, 2) in claimed, figure


def test_a_figure_is_of_the_same_data_method_width_and_score() -> None:
    assert [figure.value for figure in published_for(ROW)] == [0.462]
    for other in (
        {"dataset": "digits"}, {"reducer": "ica"}, {"n_components": 10}, {"knn_accuracy": float("nan")},
        {"knn_accuracy": pd.NA}, {"knn_accuracy": None},
    ):  # fmt: skip
        assert not published_for(ROW | other)


def test_the_best_is_that_of_any_clusters_and_none_of_other_scores() -> None:
    best = best_published("mnist", "kmeans_nmi")
    assert best is not None
    assert best.value == max(f.value for f in PUBLISHED["mnist"] if f.metric in ("kmeans_nmi", "own_nmi"))
    assert best_published("mnist", "knn_accuracy") is None
    assert best_published("digits", "kmeans_nmi") is None


@pytest.mark.parametrize("run", ["mnist-standard"])
def test_the_reference_run_stands_beside_them(run: str) -> None:
    shown, note = published_figures(gather(open_store(ROOT / "results", run)))
    assert isinstance(shown, Table)
    assert {row[0] for row in shown.rows} >= {"raw", "stacked"}
    assert all(row[shown.header.index("source")] for row in shown.rows)
    assert note
