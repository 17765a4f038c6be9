"""Tables and statistics: types, round trips, and that no failed row enters a mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmark.analysis.columns import COLUMNS, DTYPES
from benchmark.analysis.statistics import pareto_front
from benchmark.analysis.tables import failures, leaderboard, load_table, save_tables, speedup, to_frame
from benchmark.errors import InputError
from benchmark.results import Record, Store
from benchmark.scoring import BUILT_IN_METRICS


def record(reducer: str = "pca", seed: int = 0, device: str = "cpu", **changes: Any) -> Record:
    width = changes.get("n_components", 2)
    facts: dict[str, Any] = {
        "run": "r", "dataset": "digits", "precision": "float32", "threads": 2, "status": "ok", "n_train": 100,
        "n_test": 50, "n_features": 64, "n_components": 2, "fit_seconds": 1.0,
        "params": {"n_components": width}, "key": f"{reducer}-{device}-{seed}-{width}",
    }  # fmt: skip
    return Record(reducer=reducer, seed=seed, device=device, **(facts | changes))


def stored(path: Path, records: list[Record]) -> Store:
    store = Store(path, "r")
    for item in records:
        store.save(item)
    return store


def test_columns_are_the_documented_ones_in_order() -> None:
    expected = (
        "run, dataset, reducer, device, precision, threads, timing, machine, seed, status, n_train, n_test, "
        "n_features, n_components, n_parameters, warmup_seconds, fit_seconds, fit_spread_seconds, "
        "transform_seconds, transform_spread_seconds, score_seconds, "
        "peak_memory_mb, peak_device_memory_mb, kmeans_nmi, kmeans_ari, kmeans_accuracy, knn_accuracy, "
        "forest_accuracy, linear_accuracy, reconstruction_mse, trustworthiness, continuity, "
        "triplet_accuracy, distance_correlation, silhouette, stability, favoured_clusters, own_nmi, "
        "own_ari, own_accuracy, params, error, started_at, key, setting, chosen, foreign_cpu, "
        "code, version, scored_on"
    )
    assert ", ".join(COLUMNS) == expected
    assert {name for name, m in BUILT_IN_METRICS.items() if m.clustering in ("", "kmeans")} <= set(COLUMNS)
    assert set(DTYPES) == set(COLUMNS)


def test_frame_has_types_order_and_missing_values() -> None:
    frame = to_frame([
        record("umap", seed=1, scores={"kmeans_nmi": 0.5, "sharpness": 2.0}),
        record("pca", seed=3, status="failed", fit_seconds=None, n_components=None, error="no"),
        record("pca", seed=0, n_components=10),
        record("pca", seed=1),
    ])  # fmt: skip
    assert list(frame["reducer"]) == ["pca", "pca", "pca", "umap"]
    assert list(zip(frame["n_components"], frame["seed"], strict=True))[:1] == [(2, 1)]
    assert list(frame.columns)[list(frame.columns).index("own_accuracy") + 1] == "sharpness"
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {**DTYPES, "sharpness": "Float64"}
    assert pd.isna(frame.loc[frame["status"] == "failed", "fit_seconds"]).all()
    assert frame["kmeans_nmi"].isna().sum() == 3
    assert json.loads(frame["params"].iloc[0]) == {"n_components": 2}


def test_failed_row_keeps_the_width_that_was_asked_for() -> None:
    frame = to_frame([record(status="failed", n_components=None, params={"n_components": 7})])
    assert frame["n_components"].item() == 7


def test_spread_is_that_of_the_repeats() -> None:
    times = {"fit_times": [2.0, 1.5, 4.0], "transform_times": [0.25]}
    frame = to_frame([record(**times), record("raw")])
    assert frame["fit_spread_seconds"].tolist() == [2.5, pd.NA]
    assert frame["transform_spread_seconds"].isna().all()
    board = leaderboard(to_frame([record(**times), record(seed=1, fit_times=[1.0, 1.5])]))
    assert board["fit_spread_seconds"].item() == 1.5


def test_a_table_of_an_earlier_version_is_rebuilt_from_its_records(tmp_path: Path) -> None:
    store = stored(tmp_path, [record()])
    frame = save_tables(store)
    earlier = frame.drop(columns=["timing", "fit_spread_seconds", "transform_spread_seconds"])
    earlier.to_parquet(store.path / "results.parquet")
    pd.testing.assert_frame_equal(load_table(store), frame)
    (store.path / "results.parquet").unlink()
    earlier.to_csv(store.path / "results.csv", index=False)
    pd.testing.assert_frame_equal(load_table(store), frame)


def test_scores_cannot_overwrite_other_columns() -> None:
    frame = to_frame([record(scores={"reducer": 1.0, "params": 2.0, "key": 3.0})])
    assert frame["reducer"].item() == "pca"
    assert frame["params"].item() == '{"n_components": 2}'


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.none() | st.text(max_size=40)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(fit=numbers, nmi=numbers, extra=numbers, error=texts, name=st.text(min_size=1, max_size=12))
def test_csv_and_parquet_give_everything_back(
    tmp_path_factory: pytest.TempPathFactory, fit: float, nmi: float, extra: float, error: str, name: str
) -> None:
    scores = {key: value for key, value in (("kmeans_nmi", nmi), ("extra", extra)) if value is not None}
    store = Store(tmp_path_factory.mktemp("run"), "r")
    store.save(record(fit_seconds=fit, scores=scores, error=error, params={name: name, "n_components": 2}))
    store.save(record("umap", seed=2**31, scores={"extra": 1 / 3}))
    frame = save_tables(store)
    pd.testing.assert_frame_equal(load_table(store), frame, check_exact=True)
    (store.path / "results.parquet").unlink()
    pd.testing.assert_frame_equal(load_table(store), frame, check_exact=True)


def test_words_that_look_like_missing_values_survive_csv(tmp_path: Path) -> None:
    store = stored(tmp_path, [record(error="NA"), record("null", error='nan, "x"\n<b>|`\r\n007')])
    frame = save_tables(store)
    (store.path / "results.parquet").unlink()
    again = load_table(store)
    assert list(again["error"]) == ['nan, "x"\n<b>|`\n007', "NA"]
    pd.testing.assert_frame_equal(again, frame)


def test_table_is_rebuilt_from_records_where_no_file_is(tmp_path: Path) -> None:
    store = stored(tmp_path, [record(), record("umap")])
    assert list(load_table(store)["reducer"]) == ["pca", "umap"]
    assert not (store.path / "results.csv").exists()


def test_nothing_recorded_is_an_empty_table(tmp_path: Path) -> None:
    store = Store(tmp_path, "r")
    assert save_tables(store).empty
    assert list(load_table(store).columns) == list(COLUMNS)
    assert leaderboard(to_frame([])).empty
    assert speedup(to_frame([])).empty
    assert failures(to_frame([])).empty


def test_leaderboard_averages_ok_seeds_only() -> None:
    board = leaderboard(to_frame([
        record(seed=0, fit_seconds=1.0, scores={"knn_accuracy": 0.8}),
        record(seed=1, fit_seconds=3.0, scores={"knn_accuracy": 0.9}),
        record(seed=2, fit_seconds=900.0, status="timeout", scores={"knn_accuracy": 0.0}),
        record("umap", scores={"knn_accuracy": 0.95}),
    ]))  # fmt: skip
    assert list(board["reducer"]) == ["umap", "pca"]
    pca = board.iloc[1]
    assert (pca["seeds"], pca["fit_seconds"], pca["fit_seconds_count"]) == (2, 2.0, 2)
    assert pca["knn_accuracy"] == pytest.approx(0.85)
    assert pca["knn_accuracy_std"] == pytest.approx(np.std([0.8, 0.9], ddof=1))
    assert pd.isna(board.iloc[0]["knn_accuracy_std"])
    assert pd.isna(pca["kmeans_nmi"])
    assert pca["kmeans_nmi_count"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"device": "cuda"},
        {"n_components": 9},
        {"precision": "float64"},
        {"n_train": 9},
        {"threads": 1},
        {"timing": "shared"},
        {"code": "other"},
        {"scored_on": "fitted"},
        {"environment": {"versions": {"dimensionality-reduction-benchmark": "0.2.0"}}},
    ],
)
def test_leaderboard_never_averages_different_configurations(change: dict[str, Any]) -> None:
    board = leaderboard(to_frame([record(), record(seed=1), record(key="other", **change)]))
    assert sorted(board["seeds"]) == [1, 2]


def test_codes_as_wide_as_the_data_are_the_baseline() -> None:
    board = leaderboard(to_frame([record("raw", n_components=64), record("pca"), record("umap", seed=1)]))
    assert dict(zip(board["reducer"], board["baseline"], strict=True)) == {
        "raw": True, "pca": False, "umap": False,
    }  # fmt: skip
    full = leaderboard(to_frame([record("raw", n_components=64), record("pca", n_components=64)]))
    assert dict(zip(full["reducer"], full["baseline"], strict=True)) == {"raw": True, "pca": False}


def test_speedup_sets_devices_side_by_side() -> None:
    rows = speedup(to_frame([
        record(fit_seconds=8.0, scores={"knn_accuracy": 0.80}),
        record(device="cuda", fit_seconds=2.0, scores={"knn_accuracy": 0.79}),
        record("umap", fit_seconds=5.0),
        record("umap", device="cuda", status="unavailable", fit_seconds=None, n_train=None, error="no"),
    ])).set_index("reducer")  # fmt: skip
    assert rows.loc["pca", "speedup"] == 4.0
    assert rows.loc["pca", "knn_accuracy_difference"] == pytest.approx(-0.01)
    assert rows.loc["umap", "status"] == "unavailable"
    assert rows.loc["umap", "error"] == "no"
    assert rows.loc["umap", "fit_seconds_cpu"] == 5.0
    assert rows["speedup"].isna().to_dict() == {"pca": False, "umap": True}


def test_speedup_compares_no_times_that_were_shared() -> None:
    (row,) = speedup(to_frame([record(), record(device="cuda", timing="shared")])).to_dict("records")
    assert row["timing"] == "shared"
    assert pd.isna(row["speedup"])


def test_failures_name_every_row_that_is_not_ok() -> None:
    failed = failures(to_frame([record(), record(seed=1, status="killed", error="out of memory")]))
    assert failed[["seed", "status", "error"]].values.tolist() == [[1, "killed", "out of memory"]]


points = hnp.arrays(float, st.tuples(st.integers(0, 12), st.just(2)), elements=st.integers(0, 4).map(float))


@given(points)
def test_pareto_front_is_what_the_definition_says(pairs: np.ndarray) -> None:
    cost, value = pairs.T
    beaten = [
        any(c <= cost[i] and v >= value[i] and (c < cost[i] or v > value[i]) for c, v in pairs)
        for i in range(len(pairs))
    ]
    assert list(pareto_front(cost, value)) == [not b for b in beaten]


def test_pareto_front_leaves_out_what_was_not_measured() -> None:
    assert list(pareto_front([1, np.nan, 2], [0.5, 0.9, np.nan])) == [True, False, False]
    with pytest.raises(InputError, match="shapes"):
        pareto_front([1, 2], [1])
