"""Reducers over several datasets: ranks by hand, and tests against their definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from rich.console import Console
from scipy.stats import friedmanchisquare, wilcoxon

from benchmark.analysis.across import differences, mean_ranks, scores_by_dataset
from benchmark.analysis.statistics import signed_rank_p
from benchmark.analysis.tables import leaderboard, to_frame
from benchmark.cli.closing_table import closing_ranks
from benchmark.reporting import write_report
from benchmark.reporting.over_datasets import critical_differences_figure
from benchmark.results import Record, Store

NAMES = ("pca", "umap", "rbm", "raw")


def record(dataset: str, name: str, scores: Mapping[str, float], **changes: Any) -> Record:
    facts: dict[str, Any] = {
        "run": "r", "dataset": dataset, "reducer": name, "device": "cpu", "precision": "fp32", "threads": 1,
        "seed": 0, "status": "ok", "n_train": 100, "n_test": 50, "n_features": 64,
        "n_components": 64 if name == "raw" else 2, "fit_seconds": 0.1, "params": {"n_components": 2},
        "scores": dict(scores),
    }  # fmt: skip
    facts |= changes
    return Record(**facts, key=f"{dataset}-{name}-{facts['n_components']}-{facts['seed']}")


def board_of(records: Sequence[Record]) -> pd.DataFrame:
    return leaderboard(to_frame(records))


def two(accuracy: float, nmi: float) -> dict[str, float]:
    return {"knn_accuracy": accuracy, "kmeans_nmi": nmi}


def drawn(n_datasets: int, names: Sequence[str] = NAMES, noise: float = 0.0) -> list[Record]:
    """Return records in which an earlier name is better on every dataset, but for noise."""
    rng = np.random.default_rng(0)
    return [
        record(f"d{place:02}", name, two(*(0.9 - 0.02 * worse - 0.001 * place + rng.normal(0, noise, 2))))
        for place in range(n_datasets)
        for worse, name in enumerate(names)
    ]


def test_ranks_are_means_over_metrics_and_never_of_scores() -> None:
    board = board_of([
        record("a", "pca", two(0.9, 0.5)), record("a", "umap", two(0.8, 0.7)),
        record("a", "rbm", two(0.8, 0.1)), record("b", "pca", two(0.2, 0.2)),
        record("b", "umap", two(0.1, 0.1)), record("b", "rbm", two(0.99, 0.0)),
    ])  # fmt: skip
    ranks = mean_ranks(scores_by_dataset(board)[0])
    assert list(ranks.index) == ["pca", "umap", "rbm"]
    # Of a: pca is first and second; umap shares the second place, and is first.
    assert ranks["a"].tolist() == [1.5, 1.75, 2.75]
    assert ranks["b"].tolist() == [1.5, 2.5, 2.0]


def test_without_labels_trustworthiness_ranks() -> None:
    board = board_of([
        record("a", "pca", two(0.9, 0.5)), record("a", "umap", two(0.8, 0.4)),
        record("b", "pca", {"trustworthiness": 0.8}), record("b", "umap", {"trustworthiness": 0.9}),
    ])  # fmt: skip
    scores, _ = scores_by_dataset(board)
    assert list(scores.columns) == [("a", "knn_accuracy"), ("a", "kmeans_nmi"), ("b", "trustworthiness")]
    assert mean_ranks(scores).loc["umap"].to_dict() == {"a": 2.0, "b": 1.0}


def test_who_lacks_a_score_and_who_is_a_control_is_left_out() -> None:
    records = [
        *drawn(3),
        record("d00", "convolutional", two(1.0, 1.0)),
        record("d01", "labels", two(1.0, 1.0)),
    ]
    scores, incomplete = scores_by_dataset(board_of(records))
    assert sorted(scores.index) == sorted(NAMES)
    assert incomplete == ["convolutional"]
    assert mean_ranks(scores).loc["pca"].tolist() == [1.0] * 3


@pytest.mark.parametrize("changes", [{"status": "failed"}, {"scores": {"reconstruction_mse": 0.1}}])
def test_without_leading_scores_nobody_is_compared(changes: dict[str, Any], tmp_path: Path) -> None:
    records = [record(data, name, **{"scores": two(0.5, 0.5), **changes}) for data in "ab" for name in NAMES]
    assert closing_ranks(board_of(records), 80) is None
    assert "Fewer than two reducers have" in report_of(tmp_path, records)


def test_the_widest_codes_that_all_have_are_compared() -> None:
    wide = [
        record(data, name, two(accuracy, 0.5), n_components=10)
        for data in ("d00", "d01")
        for name, accuracy in (("pca", 0.1), ("umap", 0.2), ("rbm", 0.3))
    ]
    scores, _ = scores_by_dataset(board_of([*drawn(2), *wide]))
    assert scores.loc["rbm", ("d00", "knn_accuracy")] == 0.3
    # Raw has the width of the data.
    assert "raw" in scores.index


def test_tests_are_those_of_their_definitions() -> None:
    scores, _ = scores_by_dataset(board_of(drawn(12, noise=0.01)))
    found = next(one for one in differences(scores) if one.metric.name == "knn_accuracy")
    own = scores.xs("knn_accuracy", axis=1, level=1)
    assert found.n_datasets == 12
    assert found.friedman == pytest.approx(friedmanchisquare(*own.to_numpy()).pvalue)
    assert found.friedman < 0.05
    raw = {pair: wilcoxon(*own.loc[list(pair)].to_numpy()).pvalue for pair in combinations(NAMES, 2)}
    corrected = 0.0
    for place, pair in enumerate(sorted(raw, key=lambda pair: raw[pair])):
        corrected = max(corrected, min(raw[pair] * (len(raw) - place), 1.0))
        assert found.pairs.loc[pair] == pytest.approx(corrected)


@pytest.mark.parametrize("n", [5, 9, 12])
def test_p_is_exact_with_ties_and_zeros(n: int) -> None:
    for seed in range(5):
        found = np.random.default_rng(seed).normal(0.08, 0.1, n).round(1)
        # SciPy tries all signs of so few.
        assert signed_rank_p(found) == pytest.approx(wilcoxon(found, zero_method="zsplit").pvalue)
    assert signed_rank_p(np.ones(n)) == 2 / 2**n
    assert signed_rank_p(np.zeros(n)) == 1


def test_reducers_that_are_alike_are_not_told_apart() -> None:
    told = 0
    columns = pd.MultiIndex.from_product([[f"d{place}" for place in range(12)], ["knn_accuracy"]])
    for seed in range(200):
        scores = np.random.default_rng(seed).random((4, 12))
        (found,) = differences(pd.DataFrame(scores, list(NAMES), columns))
        told += bool((found.pairs < 0.05).any(axis=None))
    assert told <= 16


def test_equal_scores_are_not_told_apart() -> None:
    records = [record(f"d{k}", name, two(0.5, 0.5)) for k in range(6) for name in NAMES]
    (found, _) = differences(scores_by_dataset(board_of(records))[0])
    assert found.friedman == 1
    assert (found.pairs == 1).all(axis=None)
    assert critical_differences_figure([found]) is not None


def report_of(path: Path, records: Sequence[Record]) -> str:
    store = Store(path / "results", "r")
    for one in records:
        store.save(one)
    return write_report(store, path / "reports").read_text()


@pytest.mark.slow
def test_five_datasets_get_a_diagram_and_the_report_says_what_they_cannot_tell(tmp_path: Path) -> None:
    text = report_of(tmp_path, [*drawn(5), record("d00", "convolutional", two(1.0, 1.0))])
    assert text.index("## Leaderboard: d04") < text.index("## Over all datasets") < text.index("## Failures")
    assert "| pca | 1.00 | 1.0 | 1.0 | 1.0 | 1.0 | 1.0 |" in text
    assert "among these 4 reducers" in text
    assert "Left out, for they lack a score on some dataset: convolutional." in text
    assert "By k-NN accuracy, 5 datasets tell none of the 6 pairs of reducers apart at 5 %" in text
    limit = "the smallest p that a pair can have is 0.0625, so none can be told apart at 5 %"
    assert text.count(limit) == 1
    assert "of 4 reducers, that takes 8 datasets" in text
    assert imread(tmp_path / "reports" / "r" / "critical-differences.png").shape[1] == 1350


@pytest.mark.slow
def test_eight_datasets_tell_four_reducers_apart(tmp_path: Path) -> None:
    text = report_of(tmp_path, drawn(8))
    assert (
        "By NMI, 8 datasets tell 6 of the 6 pairs of reducers apart at 5 % (Friedman p &lt; 0.001)." in text
    )
    assert "smallest p" not in text


@pytest.mark.slow
def test_fewer_datasets_get_ranks_only(tmp_path: Path) -> None:
    text = report_of(tmp_path, drawn(3))
    assert "| umap | 2.00 | 2.0 | 2.0 | 2.0 |" in text
    assert "takes 5 datasets or more to say" in text
    assert "critical-differences" not in text
    assert not (tmp_path / "reports" / "r" / "critical-differences.png").exists()


def test_one_dataset_is_not_compared_with_others(tmp_path: Path) -> None:
    assert "Over all datasets" not in report_of(tmp_path, drawn(1))
    assert closing_ranks(board_of(drawn(1)), 80) is None


@pytest.mark.parametrize(("n_datasets", "fits"), [(3, True), (40, False)])
def test_the_terminal_has_a_short_board_that_fits(n_datasets: int, fits: bool) -> None:
    console = Console(width=80, record=True)
    table = closing_ranks(board_of(drawn(n_datasets)), 80)
    assert table is not None
    console.print(table)
    text = console.export_text()
    assert ("d01" in text) is fits
    assert "pca" in text
    assert "1.00" in text
    assert "…" not in text
