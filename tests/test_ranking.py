"""Intervals and ranks: against closed forms, scikit-learn on repeated rows, and simulated truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sklearn_metrics

from benchmark.analysis.ranking import load_leaderboard, with_ranks
from benchmark.analysis.statistics import (
    RESAMPLES,
    mean_over_seeds,
    ranks,
    resample,
    row_weights,
    seed_weights,
)
from benchmark.analysis.tables import leaderboard, to_frame
from benchmark.reporting import write_report
from benchmark.results import Record, Store
from benchmark.scoring import METRICS, Embedding, Metric, metric, score, score_rows
from benchmark.scoring.row_statistics import ACCURACY, SLOTS, row_slots

Rows = Mapping[str, np.ndarray]


def embedding(n: int = 300, seed: int = 0) -> Embedding:
    rng = np.random.default_rng(seed)
    y = np.arange(2 * n) % 4
    X = rng.normal(0, 3, (4, 6))[y] + rng.normal(0, 1, (2 * n, 6))
    Z = X + rng.normal(0, 3, X.shape)
    return Embedding(Z[:n], Z[n:], y[:n], y[n:], X[n:], Z[n:], n_jobs=1)


def slots_of(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).permutation(SLOTS)[:n].astype(np.uint16)


def kept(right: np.ndarray, slots: np.ndarray | None = None) -> Rows:
    """Return what a job keeps whose k-NN classifier is right in these rows, of two classes."""
    labels = (np.arange(len(right)) % 2).astype(np.uint8)
    predictions = np.where(right, labels, 1 - labels)
    return {"slots": slots_of(len(right)) if slots is None else slots, "labels": labels,
            "knn_predictions": predictions}  # fmt: skip


def stored(path: Path, jobs: Mapping[str, Sequence[Rows | None]], **changes: Any) -> Store:
    """Store a job a reducer and seed, with its accuracy and its rows; None for a job that kept no rows."""
    store = Store(path / "results", "r")
    for name, seeds in jobs.items():
        for seed, rows in enumerate(seeds):
            accuracy = 0.9 if rows is None else float(np.mean(rows["knn_predictions"] == rows["labels"]))
            n_test = 50 if rows is None else len(rows["labels"])
            facts: dict[str, Any] = {
                "run": "r", "dataset": "digits", "reducer": name, "device": "cpu", "precision": "fp32",
                "threads": 1, "seed": seed, "status": "ok", "n_train": 100, "n_test": n_test,
                "n_features": 64, "n_components": 2, "fit_seconds": 0.00012, "transform_seconds": 0.1,
                "params": {"n_components": 2}, "scores": {"knn_accuracy": accuracy}, "key": f"{name}-{seed}",
            }  # fmt: skip
            record = Record(**(facts | changes))
            store.save(record)
            if rows is not None:
                store.save_arrays("predictions", record.key, rows)
    return store


def board_of(store: Store) -> pd.DataFrame:
    frame = to_frame(store.records())
    return with_ranks(leaderboard(frame), frame, store).set_index("reducer", drop=False)


def rank_of(board: pd.DataFrame, name: str) -> tuple[Any, Any]:
    return tuple(board.loc[name, [f"knn_accuracy_{end}_rank" for end in ("best", "worst")]])


def interval_of(board: pd.DataFrame, name: str) -> tuple[Any, Any]:
    return tuple(board.loc[name, [f"knn_accuracy_ci_{end}" for end in ("low", "high")]])


def first(n: int, total: int) -> np.ndarray:
    return np.arange(total) < n


# ---------------------------------------------------------------- one definition of score and resample


def test_a_score_is_what_follows_from_the_rows_that_are_kept() -> None:
    scores, rows = score_rows(embedding())
    assert scores == score(embedding())
    once = resample({"slots": slots_of(300), **rows}, np.ones((SLOTS, 1), dtype=np.float32))
    # The others have an interval over seeds alone.
    assert set(once) == {name for name in scores if METRICS[name].statistic is not None}
    assert {"kmeans_nmi", "kmeans_ari", "kmeans_accuracy", "knn_accuracy", "continuity"} <= set(once)
    for name, value in ((name, scores[name]) for name in once):
        assert once[name] == pytest.approx([value], rel=1e-6), name


def test_kept_rows_are_of_small_types_and_shared_by_their_metrics() -> None:
    _, rows = score_rows(embedding())
    assert set(rows) == {"labels", "kmeans_clusters", "knn_predictions", "forest_predictions",
                         "linear_predictions", "squared_errors", "trustworthiness", "continuity"}  # fmt: skip
    assert {name: rows[name].dtype.itemsize for name in rows} == {
        name: 4 if name in ("squared_errors", "trustworthiness", "continuity") else 1 for name in rows
    }
    assert all(len(values) == 300 for values in rows.values())


SKLEARN: dict[str, tuple[str, Callable[..., float]]] = {
    "kmeans_nmi": ("kmeans_clusters", sklearn_metrics.normalized_mutual_info_score),
    "kmeans_ari": ("kmeans_clusters", sklearn_metrics.adjusted_rand_score),
    "knn_accuracy": ("knn_predictions", sklearn_metrics.accuracy_score),
}


def test_a_resample_scores_as_rows_that_are_repeated() -> None:
    _, rows = score_rows(embedding())
    slots = slots_of(300)
    weights = row_weights()[:, :5]
    found = resample({"slots": slots, **rows}, weights)
    for b in range(5):
        repeated = np.repeat(np.arange(300), weights[slots, b].astype(int))
        for name, (column, index) in SKLEARN.items():
            expected = index(rows["labels"][repeated], rows[column][repeated])
            assert found[name][b] == pytest.approx(expected, abs=1e-6), name
        for name, column in (("reconstruction_mse", "squared_errors"), ("continuity", "continuity")):
            assert found[name][b] == pytest.approx(rows[column][repeated].mean(), rel=1e-5), name


def test_indices_of_one_class_or_one_cluster_are_scikit_learns() -> None:
    for labels, clusters in (([0, 0, 0], [0, 0, 0]), ([0, 1, 0], [0, 0, 0]), ([0, 1, 2], [0, 1, 2])):
        for name, (_, index) in SKLEARN.items():
            statistic = METRICS[name].statistic
            assert statistic is not None
            found = statistic(np.array(clusters), np.array(labels))
            assert found == pytest.approx(index(labels, clusters), abs=1e-12), (name, labels, clusters)


def test_rows_that_were_not_looked_at_do_not_count() -> None:
    values, labels = np.array([1.0, np.nan, 0.5]), np.array([0, 1, 1])
    mean, nmi = METRICS["trustworthiness"].statistic, METRICS["kmeans_nmi"].statistic
    assert mean is not None
    assert nmi is not None
    assert mean(values, labels) == 0.75
    assert nmi(np.array([0, -1, 1]), labels) == 1.0


def test_a_metric_of_ones_own_may_declare_its_rows() -> None:
    @metric(low=0, high=1, higher_is_better=True, reference="mine", needs=("labels",), statistic=ACCURACY)
    def always_zero(embedding: Embedding) -> np.ndarray:
        """Share of the first class."""
        return np.zeros(len(embedding.Z_test), dtype=int)

    assert isinstance(always_zero, Metric)
    assert always_zero(embedding()) == 0.25
    assert set(score_rows(embedding(), {"always_zero": always_zero})[1]) == {"always_zero", "labels"}


def test_a_row_has_its_slot_by_its_content() -> None:
    X = np.random.default_rng(0).random((3_000, 5)).astype(np.float32)
    slots = row_slots(X)
    assert slots.dtype == np.uint16
    assert slots.max() < SLOTS
    assert (row_slots(X[::-1]) == slots[::-1]).all()
    # As many slots as so many draws leave in use.
    assert len(np.unique(slots)) == pytest.approx(SLOTS * (1 - np.exp(-3_000 / SLOTS)), rel=0.05)


# ---------------------------------------------------------------- intervals


def resampled_mean(jobs: Sequence[Rows], weights: np.ndarray | None = None) -> np.ndarray:
    """Return the mean accuracy over seeds, of which each job is one, in every resample."""
    weights = row_weights() if weights is None else weights
    scores = np.array([resample(rows, weights)["knn_accuracy"] for rows in jobs])
    drawn = seed_weights(range(len(jobs)), weights.shape[1])
    return mean_over_seeds(scores, np.array([drawn[seed] for seed in range(len(jobs))]))


def half_width(jobs: Sequence[Rows]) -> float:
    low, high = np.quantile(resampled_mean(jobs), [0.025, 0.975])
    return float(high - low) / 2


@pytest.mark.parametrize("n", [200, 5 * SLOTS])
def test_one_seed_gives_the_binomial_interval(n: int) -> None:
    """Complaint 4: no interval counted the test rows."""
    right = np.random.default_rng(0).random(n) < 0.8
    slots = slots_of(n) if n < SLOTS else row_slots(np.arange(n)[:, None])
    expected = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / n)
    assert half_width([kept(right, slots)]) == pytest.approx(expected, rel=0.1)


def test_seeds_on_the_same_test_rows_do_not_make_them_more() -> None:
    """Complaint 4: an interval over seeds ignored that they share test rows."""
    right = np.random.default_rng(0).random(400) < 0.8
    one = half_width([kept(right)])
    same = half_width([kept(right)] * 4)
    assert same == pytest.approx(one, rel=1e-6)
    other = [kept(np.roll(right, s), slots_of(400, s)) for s in range(4)]
    # Test rows of their own halve it; those seeds share by chance do not.
    assert half_width(other) == pytest.approx(one / 2, rel=0.2)


def test_seeds_alone_give_their_standard_error() -> None:
    # The score of a seed does not depend on the rows drawn: all right, or all wrong.
    resampled = resampled_mean([kept(np.full(50, seed < 2)) for seed in range(5)])
    expected = np.std([1, 1, 0, 0, 0], ddof=1) / np.sqrt(5)
    assert resampled.std() == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
def test_the_variance_of_a_mean_over_seeds_is_that_of_runs_made_anew(shared: bool) -> None:
    rng, weights = np.random.default_rng(0), row_weights()[:, :200]
    means, variances = [], []
    for _ in range(200):
        drawn = rng.random(250)
        # A seed has its own share of right rows, and test rows of its own or those of all.
        right = [(drawn if shared else rng.random(250)) < rng.normal(0.8, 0.03) for _ in range(4)]
        resampled = resampled_mean(
            [kept(own, slots_of(250, 0 if shared else seed)) for seed, own in enumerate(right)], weights
        )
        means.append(np.mean(right))
        variances.append(resampled.var())
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.25)


def test_intervals_hold_the_truth_as_often_as_they_say(tmp_path: Path) -> None:
    right = np.random.default_rng(0).random((150, 150)) < 0.85
    board = board_of(stored(tmp_path, {f"r{i}": [kept(own)] for i, own in enumerate(right)}))
    held = (board["knn_accuracy_ci_low"] <= 0.85) & (board["knn_accuracy_ci_high"] >= 0.85)
    # 0.95, and 1.8 standard errors of 150 cases on either side.
    assert 0.915 < held.mean() < 0.985


def test_an_interval_is_about_the_score_though_resamples_agree_better_by_chance(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels, clusters = rng.integers(8, size=(2, 120))
    rows = kept(first(60, 120)) | {"labels": labels, "kmeans_clusters": clusters}
    nmi = sklearn_metrics.normalized_mutual_info_score(labels, clusters)
    board = board_of(stored(tmp_path, {"pca": [rows]}, scores={"kmeans_nmi": nmi}))
    assert np.quantile(resample(rows, row_weights())["kmeans_nmi"], 0.1) > nmi
    assert board["kmeans_nmi_ci_low"].item() < nmi < board["kmeans_nmi_ci_high"].item()


def test_no_error_in_thirty_rows_leaves_room_for_a_tenth(tmp_path: Path) -> None:
    board = board_of(stored(tmp_path, {"pca": [kept(first(30, 30))]}))
    assert interval_of(board, "pca") == pytest.approx((0.9, 1.0))


# ---------------------------------------------------------------- ranks and ties


def test_one_row_in_thirty_is_a_tie(tmp_path: Path) -> None:
    """Complaint 4: 29 of 30 rows were called better than 28."""
    board = board_of(stored(tmp_path, {
        "pca": [kept(first(29, 30))], "umap": [kept(first(28, 30))], "rbm": [kept(first(3, 30))],
    }))  # fmt: skip
    assert rank_of(board, "pca") == rank_of(board, "umap") == (1, 2)
    assert rank_of(board, "rbm") == (3, 3)


def test_what_is_better_in_the_same_rows_is_told_apart_though_intervals_overlap(tmp_path: Path) -> None:
    jobs = {"pca": [kept(first(900, 1_000))], "umap": [kept(first(880, 1_000))]}
    board = board_of(stored(tmp_path, jobs))
    assert interval_of(board, "umap")[1] > interval_of(board, "pca")[0]
    assert (rank_of(board, "pca"), rank_of(board, "umap")) == ((1, 1), (2, 2))
    # The same shares, but wrong in rows of their own.
    apart = {"pca": [kept(first(900, 1_000))], "umap": [kept(~first(120, 1_000))]}
    assert rank_of(board_of(stored(tmp_path / "apart", apart)), "umap") == (1, 2)


def test_a_difference_within_seeds_is_no_difference(tmp_path: Path) -> None:
    shares = {"pca": (990, 600, 950), "umap": (900, 700, 750), "rbm": (100, 110, 105)}
    jobs = {name: [kept(first(n, 1_000)) for n in counts] for name, counts in shares.items()}
    board = board_of(stored(tmp_path, jobs))
    assert [rank_of(board, name) for name in shares] == [(1, 2), (1, 2), (3, 3)]


def test_equal_predictions_share_a_rank_and_few_rows_tell_nothing(tmp_path: Path) -> None:
    same = board_of(stored(tmp_path, {"pca": [kept(first(9, 10))], "umap": [kept(first(9, 10))]}))
    assert rank_of(same, "pca") == rank_of(same, "umap") == (1, 2)
    jobs = {"pca": [kept(first(3, 3))], "umap": [kept(first(0, 3))]}
    assert rank_of(board_of(stored(tmp_path / "few", jobs)), "umap") == (1, 2)


def test_equal_scores_are_rarely_told_apart_however_many_they_are() -> None:
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(200):
        best, _ = ranks(rng.normal(size=12), rng.normal(size=(12, 300)), 10_000)
        wrong += bool((best > 1).any())
    # 5 % of 200 are 10; 3 standard errors more are 19.
    assert wrong <= 19


def test_ranks_are_as_many_as_can_be_told() -> None:
    resampled = np.random.default_rng(0).normal(0, 0.01, (4, RESAMPLES))
    best, worst = ranks(np.array([0.5, 0.9, 0.895, 0.7]), resampled, 10_000)
    assert best.tolist() == [4, 1, 1, 3]
    assert worst.tolist() == [4, 2, 2, 3]


def test_where_less_is_better_the_least_is_first(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    jobs: dict[str, list[Rows | None]] = {}
    for name, scale in (("pca", 0.1), ("umap", 0.5)):
        jobs[name] = [kept(first(5, 200)) | {"squared_errors": scale * rng.random(200).astype(np.float32)}]
    store = stored(tmp_path, jobs)
    for name in jobs:
        record = store.get(f"{name}-0")
        assert record is not None
        mse = float(store.load_arrays("predictions", record.key)["squared_errors"].mean())
        store.save(Record(**{**vars(record), "scores": record.scores | {"reconstruction_mse": mse}}))
    board = board_of(store)
    assert board["reconstruction_mse_best_rank"].to_dict() == {"pca": 1, "umap": 2}


@pytest.mark.parametrize(
    "change",
    [{"dataset": "iris"}, {"n_train": 99}, {"n_components": 3},
     {"environment": {"versions": {"dimensionality-reduction-benchmark": "0.0.1"}}}],
)  # fmt: skip
def test_rows_of_another_task_are_not_ranked_together(change: dict[str, Any], tmp_path: Path) -> None:
    stored(tmp_path, {"pca": [kept(first(90, 100))]})
    board = board_of(stored(tmp_path, {"umap": [kept(first(10, 100))]}, **change))
    assert rank_of(board, "pca") == rank_of(board, "umap") == (1, 1)


def test_scores_of_other_machines_are_ranked_together(tmp_path: Path) -> None:
    stored(tmp_path, {"pca": [kept(first(90, 100))]})
    board = board_of(stored(tmp_path, {"umap": [kept(first(10, 100))]}, environment={"cpu": "other"}))
    assert board["machine"].nunique() == 2
    assert (rank_of(board, "pca"), rank_of(board, "umap")) == ((1, 1), (2, 2))


def test_a_baseline_has_an_interval_and_no_rank(tmp_path: Path) -> None:
    stored(tmp_path, {"raw": [kept(first(95, 100))]}, n_components=64)
    board = board_of(stored(tmp_path, {"pca": [kept(first(90, 100))]}))
    assert np.all(pd.isna(list(rank_of(board, "raw"))))
    assert not np.any(pd.isna(list(interval_of(board, "raw"))))
    assert rank_of(board, "pca") == (1, 1)


# ---------------------------------------------------------------- what was not kept


def test_without_predictions_nothing_is_ranked_or_made_up(tmp_path: Path) -> None:
    board = board_of(stored(tmp_path, {"pca": [None], "umap": [None, None], "rbm": [None, None, None]}))
    assert pd.isna(board["knn_accuracy_best_rank"]).all()
    assert np.all(pd.isna(list(interval_of(board, "pca"))))
    assert np.all(pd.isna(list(interval_of(board, "umap"))))
    assert interval_of(board, "rbm") == pytest.approx((0.9, 0.9))


def test_one_job_that_kept_no_rows_leaves_all_without_a_rank(tmp_path: Path) -> None:
    board = board_of(stored(tmp_path, {"pca": [kept(first(90, 100))], "umap": [None]}, n_test=100))
    assert pd.isna(board["knn_accuracy_best_rank"]).all()
    assert not np.any(pd.isna(list(interval_of(board, "pca"))))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"PK\x03\x04 torn"),
        lambda path: np.savez(path, slots=np.array([1, 2], dtype=np.uint16), labels=np.zeros(3)),
        lambda path: np.savez(path, **{**kept(first(90, 100)), "slots": np.full(100, SLOTS, np.uint16)}),
        lambda path: np.savez(path, **{**kept(first(90, 100)), "labels": np.full(100, "a")}),
    ],
)
def test_damaged_predictions_are_as_none(damage: Callable[[Path], object], tmp_path: Path) -> None:
    store = stored(tmp_path, {"pca": [kept(first(90, 100))]})
    damage(store.path / "predictions" / "pca-0.npz")
    board = board_of(store)
    assert np.all(pd.isna(list(interval_of(board, "pca"))))


def test_ranks_are_the_same_each_time_and_stand_in_a_table(tmp_path: Path) -> None:
    store = stored(tmp_path, {"pca": [kept(first(90, 100))], "007": [kept(first(40, 100))]})
    pd.testing.assert_frame_equal(board_of(store), board_of(store))
    write_report(store, tmp_path / "reports")
    board = load_leaderboard(store)
    assert board["reducer"].tolist() == ["pca", "007"]
    assert board["knn_accuracy_best_rank"].tolist() == [1, 2]
    assert board["knn_accuracy_ci_low"].tolist() == pytest.approx(board_of(store)["knn_accuracy_ci_low"])


# ---------------------------------------------------------------- what the report says


def summary_of(store: Store, path: Path) -> str:
    return write_report(store, path / "reports").read_text().splitlines()[2]


def test_the_headline_names_all_that_can_be_the_best(tmp_path: Path) -> None:
    counts = {"pca": (960, 955), "umap": (958, 956), "rbm": (500, 510)}
    jobs = {name: [kept(first(n, 1_000)) for n in both] for name, both in counts.items()}
    said = summary_of(stored(tmp_path, jobs), tmp_path)
    assert "On digits, **pca** and **umap** are not told apart in the best k-NN accuracy; the highest" in said
    assert "of 3 reducers." in said
    assert "One seed" not in said
    assert "With 1,000 test rows, intervals are up to 0.0" in said
    report = (tmp_path / "reports" / "r" / "report.md").read_text()
    assert "| pca | 1-2 |" in report
    assert "| rbm | 3 |" in report
    board = report.split("## Leaderboard")[1]
    assert board.count("**0.95") == 2
    assert "which count seeds and test rows" in board


def test_data_that_cannot_tell_say_so_and_why(tmp_path: Path) -> None:
    """Complaint 4: the headline named a winner that the data could not tell."""
    jobs = {"pca": [kept(first(29, 30))], "umap": [kept(first(28, 30))]}
    said = summary_of(stored(tmp_path, jobs), tmp_path)
    assert "these data cannot tell which of **pca** and **umap** has the best k-NN accuracy" in said
    assert "the highest is 0.967 (95 % interval 0.89" in said
    assert "One seed was run" in said
    assert "With 30 test rows, intervals are up to 0." in said


def test_many_ties_are_counted(tmp_path: Path) -> None:
    said = summary_of(stored(tmp_path, {f"r{i}": [kept(first(29, 30))] for i in range(11)}), tmp_path)
    assert "**r5**, **r6** and 3 more" in said


def test_a_headline_is_of_one_width_and_says_which(tmp_path: Path) -> None:
    stored(tmp_path, {"wide": [kept(first(99, 100))]}, n_components=9)
    jobs = {"pca": [kept(first(90, 100))], "umap": [kept(first(40, 100))]}
    said = summary_of(stored(tmp_path, jobs), tmp_path)
    assert "On digits (2-D), **pca** reached the best k-NN accuracy" in said
    assert "wide**" not in said


def test_without_predictions_the_headline_admits_it(tmp_path: Path) -> None:
    said = summary_of(stored(tmp_path, {"pca": [None], "umap": [None]}), tmp_path)
    assert "Whether others are told apart from it is not known: no predictions were kept." in said
