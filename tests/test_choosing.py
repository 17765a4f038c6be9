"""What to take of a run, and what one run changed over another: by made records, and by the commands."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli import call_here
from test_ranking import Rows, first, kept, slots_of, stored

from benchmark.analysis.comparison import UNKNOWN, compare
from benchmark.analysis.recommendation import recommend
from benchmark.errors import InputError
from benchmark.results import Store


def run_of(path: Path, right: Mapping[str, Sequence[int]], **changes: Any) -> Store:
    """Store a run in which so many of 400 rows are right, by reducer and seed."""
    slots = slots_of(400)
    jobs: dict[str, list[Rows]] = {
        name: [kept(first(n, 400), slots) for n in seeds] for name, seeds in right.items()
    }
    store = stored(path, jobs, **changes)
    store.save_facts({"run": "r", "dataset": "digits", "dataset_sha256": "0" * 64})
    return store


def change_costs(store: Store, **costs: Mapping[str, float]) -> None:
    for record in list(store.records()):
        store.save(replace(record, **{name: by[record.reducer] for name, by in costs.items()}))


def test_of_what_is_not_told_apart_the_cheapest_is_taken(tmp_path: Path) -> None:
    store = run_of(tmp_path, {"slow": [381], "quick": [380], "poor": [200]})
    change_costs(store, fit_seconds={"slow": 90.0, "quick": 2.0, "poor": 0.1})
    found = recommend(store, "classification")
    assert found.rows["reducer"].tolist() == ["quick", "slow"]
    assert found.left_out == {}


def test_a_budget_leaves_out_what_costs_more_and_says_so(tmp_path: Path) -> None:
    store = run_of(tmp_path, {"slow": [399], "quick": [380], "poor": [200]})
    change_costs(
        store, fit_seconds={"slow": 90.0, "quick": 2.0, "poor": 0.1},
        peak_memory_mb={"slow": 10.0, "quick": 500.0, "poor": 5.0},
    )  # fmt: skip
    found = recommend(store, "classification", seconds=10)
    assert found.rows["reducer"].tolist() == ["quick"]
    assert {reason: rows["reducer"].tolist() for reason, rows in found.left_out.items()} == {
        "that take more than 10 s": ["slow"]
    }
    assert recommend(store, "classification", seconds=10, memory=100).rows["reducer"].tolist() == ["poor"]
    with pytest.raises(InputError, match=r"Nothing in the run 'r' is left.*3 that take more than 0.01 s"):
        recommend(store, "classification", seconds=0.01)


def test_a_purpose_that_nothing_speaks_for_is_an_error_with_its_name(tmp_path: Path) -> None:
    store = run_of(tmp_path, {"a": [300]})
    with pytest.raises(InputError, match=r"'r' measured nothing that speaks for clustering"):
        recommend(store, "clustering")
    with pytest.raises(InputError, match=r"--for must be .*; got 'cluster'"):
        recommend(store, "cluster")


def test_only_codes_that_can_be_drawn_are_recommended_for_drawing(tmp_path: Path) -> None:
    store = run_of(tmp_path, {"wide": [390]}, n_components=10, params={"n_components": 10})
    with pytest.raises(InputError, match="--components 2 measures such"):
        recommend(store, "visualisation")


def test_of_several_widths_the_plane_is_recommended_for_drawing_and_the_rest_is_named(tmp_path: Path) -> None:
    store = run_of(tmp_path, {"wide": [390], "broad": [380], "plane": [300]}, n_components=10)
    for record in list(store.records()):
        if record.reducer == "plane":
            store.save(replace(record, n_components=2))
    drawn = recommend(store, "visualisation")
    assert drawn.rows["reducer"].tolist() == ["plane"]
    told = recommend(store, "classification")
    assert told.rows["reducer"].tolist()[0] in ("wide", "broad")
    assert {reason: rows["reducer"].tolist() for reason, rows in told.left_out.items()} == {
        "of other data, sizes or width": ["plane"]
    }


def verdicts(path: Path, before: Sequence[int], after: Sequence[int], **changes: Any) -> dict[str, str]:
    one = run_of(path / "one", {"a": before})
    other = run_of(path / "other", {"a": after}, **changes)
    return {change.name: change.verdict for change in compare(one, other)}


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([300, 302, 298], [360, 362, 358], "better"),
        ([360, 362, 358], [300, 302, 298], "worse"),
        ([300], [301], "no change told"),
        ([300], [300], "no change told"),
        ([300], [360], "better"),
    ],
)
def test_a_change_is_told_where_noise_does_not_explain_it(
    tmp_path: Path, before: list[int], after: list[int], verdict: str
) -> None:
    assert verdicts(tmp_path, before, after)["knn_accuracy"] == verdict


def test_the_time_of_one_fit_says_nothing_of_its_noise(tmp_path: Path) -> None:
    assert verdicts(tmp_path, [300], [300], fit_seconds=5.0)["fit_seconds"] == UNKNOWN


def test_times_are_told_by_their_seeds_and_never_between_machines(tmp_path: Path) -> None:
    one, other = (run_of(tmp_path / name, {"a": [300] * 4}) for name in ("one", "other"))
    rng = np.random.default_rng(0)
    for store, seconds in ((one, 1.0), (other, 2.0)):
        for record in list(store.records()):
            store.save(replace(record, fit_seconds=seconds + rng.uniform(0, 0.05), timing="exclusive"))
    told = {change.name: change for change in compare(one, other)}
    assert told["fit_seconds"].verdict == "slower"
    assert told["fit_seconds"].margin < np.log(1.1)
    for record in list(other.records()):
        other.save(replace(record, environment={"machine": "elsewhere", "versions": {}}))
    assert "fit_seconds" not in {change.name for change in compare(one, other)}


def test_runs_that_share_nothing_are_refused(tmp_path: Path) -> None:
    one, other = run_of(tmp_path / "one", {"a": [300]}), run_of(tmp_path / "other", {"b": [300]})
    with pytest.raises(InputError, match="share no configuration"):
        compare(one, other)


@pytest.mark.slow
def test_the_same_run_again_is_told_to_differ_as_seldom_as_is_said(tmp_path: Path) -> None:
    rng, wrong = np.random.default_rng(0), 0
    for trial in range(60):
        slots = slots_of(400)
        stores = []
        for name in ("one", "other"):
            rows = [kept(rng.permutation(400) < 300 + rng.integers(-6, 7), slots) for _ in range(2)]
            stores.append(stored(tmp_path / f"{trial}-{name}", {"a": rows}))
        found = {change.name: change.verdict for change in compare(*stores)}
        wrong += found["knn_accuracy"] in ("better", "worse")
    assert wrong <= 6  # 5 % of 60 are 3


def test_the_commands_say_it_and_fail_where_they_are_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    run_of(tmp_path, {"a": [360]})
    (results / "r").rename(results / "before")
    run_of(tmp_path, {"a": [300]})
    where = ["--results-dir", str(results)]
    code, out, _ = call_here(capsys, "compare", "before", "r", *where, "--fail-on-regression")
    assert code == 1
    assert "worse" in out
    code, out, _ = call_here(capsys, "compare", "before", "r", *where, "--markdown")
    assert code == 0
    assert "| k-NN |" in out
    code, out, _ = call_here(capsys, "compare", "before", "r", *where, "--json")
    changes = json.loads(out)["changes"]
    assert {change["what"]: change["verdict"] for change in changes}["k-NN"] == "worse"
    code, out, _ = call_here(capsys, "recommend", "r", "--for", "classification", *where)
    assert (code, out.count("\n") >= 1) == (0, True)
    assert "take a: k-NN accuracy 0.750" in out
    code, out, _ = call_here(capsys, "recommend", "r", "--for", "classification", "--json", *where)
    assert json.loads(out)["recommended"]["reducer"] == "a"
    code, _, error = call_here(capsys, "recommend", "r", "--for", "speed", *where)
    assert (code, error.count("\n")) == (2, 1)


PAGE = (Path(__file__).parents[1] / "docs" / "choosing.md").read_text()
COMMANDS = re.findall(r"^python -m benchmark (.+)$", PAGE, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_documentation_answer_of_the_reference_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    reference = Path(__file__).parents[1] / "results" / "mnist-standard"
    for name in ("mnist-standard", "mnist-next"):
        shutil.copytree(reference, tmp_path / name)
    code, out, error = call_here(capsys, *shlex.split(command), "--results-dir", str(tmp_path))
    assert (code, error) == (0, "")
    assert "mnist" in out or "recommended" in out or "changes" in out or "To do" in out or "tabular" in out
