"""Studies: what a verdict follows from, which studies there are, and each of them end to end on a slice."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from in_process import measured_here

from benchmark.errors import InputError
from benchmark.execution import runner
from benchmark.measure.trial import Measured, Trial
from benchmark.request import StudyRequest
from benchmark.results import Record, Store
from benchmark.studies import study_plan as plan
from benchmark.studies.catalog import STUDIES
from benchmark.studies.claims import s18_softmax
from benchmark.studies.claims_report import evidence_of, study_content
from benchmark.studies.declaration import Case, Evidence, Expectation, Study
from benchmark.studies.heads import on_top_of, perceptron, seeded, trained
from benchmark.studies.networks import CutOff, Foreteller
from benchmark.studies.study_figures import lines_figure
from benchmark.studies.study_plan import StudyPlan, choose_studies
from benchmark.studies.verdict import findings, judge, verdict
from reducers import make_reducer


def evidence(scores: Sequence[float | None], status: str = "ok") -> Evidence:
    records = [
        Record("r", "mnist", "x", "cpu", "fp32", 1, seed, status, f"k{seed}",
               scores={} if score is None else {"score": score})
        for seed, score in enumerate(scores)
    ]  # fmt: skip
    return Evidence({"case": records})


def expected(**bounds: float) -> Expectation:
    digits = int(bounds.pop("digits", 3))
    return Expectation("score", lambda e: e.scores("case", "score"), digits=digits, **bounds)


@pytest.mark.parametrize(
    ("scores", "bounds", "state"),
    [
        ([0.49, 0.50, 0.51], {"about": 0.52}, "holds"),  # within what one more run may give
        ([0.49, 0.50, 0.51], {"about": 0.60}, "differs"),
        ([0.5004], {"about": 0.5}, "holds"),  # one seed: the last digit
        ([0.502], {"about": 0.5}, "differs"),
        ([0.1, 0.11, 0.12], {"above": 0.0}, "holds"),
        ([-0.1, 0.05, 0.15], {"above": 0.0}, "differs"),  # not told apart from 0
        ([0.3, 0.31, 0.32], {"below": 0.5}, "holds"),
        ([0.6, 0.61, 0.62], {"below": 0.5}, "differs"),
        ([], {"about": 0.5}, "not measured"),
        ([None, None], {"about": 0.5}, "not measured"),
    ],
)
def test_a_verdict_follows_from_the_values_and_their_spread(
    scores: list[float | None], bounds: dict[str, float], state: str
) -> None:
    assert judge(expected(**bounds), evidence(scores)).state == state


def test_intervals_of_one_more_run_hold_it_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    holds = [
        judge(expected(about=float(rng.normal()), digits=9), evidence(list(rng.normal(size=3)))).state
        == "holds"
        for _ in range(2_000)
    ]
    assert np.mean(holds) == pytest.approx(0.95, abs=0.015)


def test_a_study_differs_where_one_figure_does_and_holds_where_all_do() -> None:
    def said(*bounds: dict[str, float]) -> str:
        expectations = tuple(expected(**bound) for bound in bounds)
        return verdict(findings(Study("S0", "x", "", "", {}, expectations, ""), evidence([0.5, 0.5])))

    assert said({"about": 0.5}, {"above": 0.4}) == "holds"
    assert said({"about": 0.5}, {"above": 0.6}) == "differs"


def test_a_figure_that_cannot_be_computed_costs_its_own_row() -> None:
    broken = Expectation("sum", lambda e: e.scores("case", "score") + np.zeros(7), above=0.0)
    finding = judge(broken, evidence([0.5, 0.5]))
    assert finding.state == "not measured"
    assert "ValueError" in finding.problem


def test_what_did_not_end_well_is_no_evidence() -> None:
    assert judge(expected(above=0.0), evidence([1.0, 1.0], status="failed")).state == "not measured"


def test_names_are_taken_in_any_case_and_unknown_ones_are_answered_with_those_that_exist() -> None:
    assert list(choose_studies(["s11", "softmax"])) == ["S11", "S18"]
    with pytest.raises(InputError, match=r"No study is called 'S99'.*Known: S1, S2"):
        choose_studies(["S99"])


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.id)
def test_every_study_says_what_it_is_and_expects_something(study: Study) -> None:
    assert study.claim
    assert study.source
    assert len(study.about.split()) > 15
    assert study.expectations
    for expectation in study.expectations:
        bounds = (expectation.about, expectation.above, expectation.below)
        assert sum(bound is not None for bound in bounds) == 1
    assert [finding.state for finding in findings(study, Evidence({}))] == ["not measured"] * len(
        study.expectations
    )


def trial_of(X: np.ndarray, y: np.ndarray, steps: int, seed: int = 0) -> Trial:
    return Trial(X, y, X, y, None, {"steps": steps}, 2, seed, "cpu")


def test_a_softmax_regression_finds_what_is_linear() -> None:
    import torch

    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5)).astype(np.float32)
    y = (X[:, 0] > X[:, 1]).astype(np.int64)
    network = seeded(torch.nn.Linear, 5, 2, seed=0)
    assert trained(trial_of(X, y, steps=200), network, X, y, "SGD", 0.5).score(X, y) > 0.97


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_the_same_seed_trains_the_same_head_and_no_global_state_moves(dropout: float) -> None:
    import torch

    X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    y = np.arange(60) % 3
    before = torch.get_rng_state()
    trial = trial_of(X, y, steps=20, seed=7)
    made = [
        trained(trial, seeded(perceptron, 4, 3, 8, dropout, seed=7), X, y, "Adam", 0.01, 10) for _ in range(2)
    ]
    assert np.array_equal(made[0].predict_proba(X), made[1].predict_proba(X))
    assert torch.equal(before, torch.get_rng_state())


def test_a_classifier_stands_on_copies_of_layers_and_silences_them_in_training_only() -> None:
    import torch

    below = [seeded(torch.nn.Linear, 4, 50, seed=0)]
    network, x = on_top_of(below, 3, seed=0, dropout=0.5), torch.ones(1, 4)
    assert not torch.equal(network(x), network(x))
    network.train(False)
    assert torch.equal(network(x), network(x))
    network.requires_grad_(False)[0][0].weight.zero_()
    assert bool(below[0].weight.any())


def test_networks_that_read_a_digit_row_by_row_have_as_many_parameters_as_the_dense_ones() -> None:
    import torch

    counts = []
    for case in STUDIES["S24"].cases.values():
        if case.reducer != "pca":
            made: Any = make_reducer(case.reducer, n_components=case.width, **case.params)
            made.network_ = made._build_network(784, torch.Generator().manual_seed(0))
            counts.append(made.n_parameters_)
    assert len(counts) == 4
    assert max(counts) < 1.005 * min(counts)


def test_a_loss_with_a_cut_off_leaves_good_samples_out() -> None:
    import torch

    made = CutOff(2, cut_off=0.01)
    x = torch.tensor([[0.5, 0.5], [1.0, 1.0]])
    loss = made._reconstruction_loss(torch.zeros(2, 2), x)  # outputs 0.5: the first is exact
    assert float(loss) == pytest.approx(0.25 / 2)


def test_a_foreteller_sees_first_rows_only() -> None:
    import torch

    x = torch.ones(200, 64)
    seen = Foreteller(2, row=8)._corrupt(x, torch.Generator().manual_seed(0)).reshape(200, 8, 8)
    rows = seen.sum(dim=(1, 2)) / 8
    assert set(rows.tolist()) == set(range(1, 9))
    assert bool((seen[:, 0] == 1).all())


def test_ticks_of_curves_are_numbers_that_can_be_read() -> None:
    logarithmic = lines_figure({"a": ([2, 50, 2000], [0.001, 0.02, 0.1])}, "width", "error", log="xy")
    whole = lines_figure({"a": ([1, 2, 3], [0.1, 0.2, 0.3])}, "layer", "error")
    assert logarithmic is not None
    assert whole is not None
    axes = logarithmic.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "50", "2,000"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.001", "0.01", "0.1"]
    assert {place % 1 for place in whole.axes[0].get_xticks()} == {0.0}


def test_the_example_of_the_documentation_is_a_study() -> None:
    page = (Path(__file__).parents[1] / "docs" / "studies.md").read_text()
    example = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert example is not None
    made: dict[str, Study] = {}
    exec(example.group(1), made)
    found = Evidence({"PCA": evidence([0.0]).records["case"]})
    assert [finding.state for finding in findings(made["STUDY"], found)] == ["not measured"]


def fails(trial: Trial) -> Measured:
    raise ZeroDivisionError(f"seed {trial.seed}")


@pytest.fixture
def request_of_a_slice(tmp_path: Path) -> StudyRequest:
    return StudyRequest(
        suite="tiny",
        dataset="digits",
        results_dir=str(tmp_path / "results"),
        reports_dir=str(tmp_path / "reports"),
    )


def test_a_study_that_raises_is_a_row_with_its_reason(
    request_of_a_slice: StudyRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = replace(STUDIES["S18"], cases={"pixels": Case("broken", {"steps": 1}, task=fails)})
    monkeypatch.setitem(STUDIES, "S18", study)
    with measured_here():
        result = runner.run(replace(request_of_a_slice, studies=("S18",)), None, StudyPlan, study_content)
    assert [record.error for record in result.failed] == ["ZeroDivisionError: seed 0"]
    found = evidence_of(Store(request_of_a_slice.results_dir, result.run))["S18"]
    assert verdict(findings(study, found)) == "not measured"
    assert "broken" in result.report.read_text()


def test_what_two_studies_share_is_measured_once(request_of_a_slice: StudyRequest) -> None:
    class Machine:
        devices, threads = ("cpu",), 1

    made = StudyPlan(replace(request_of_a_slice, studies=("S11", "S25")), Machine())
    jobs = made.next({})
    assert len(jobs) == made.total == 5  # pixels, PCA, MDS, and two kinds of codes
    assert {job.clusterings for job in jobs if job.reducer == "raw"} == {
        ("kmeans", "affinity-propagation", "ward")
    }
    assert plan.shortened(Case("stacked", {"epochs": 40}), 0.1)["epochs"] == 4
    assert plan.shortened(Case("stacked", {}), 0.0)["epochs"] == 1


_SOME_STUDY = """
LABEL = 'a'
_STEPS = 10


def draw(figure):
    return figure


def steps():
    return _STEPS


def train(trial):
    return steps()
"""


@pytest.mark.parametrize(
    ("was", "becomes", "is_the_same"),
    [
        ("_STEPS = 10", "_STEPS = 20", False),
        ("return _STEPS", "return 2 * _STEPS", False),
        ("return figure", "return None", True),  # what draws is no part of what is measured
        ("LABEL = 'a'", "LABEL = 'b'", True),
        ("return steps()", "# Said otherwise.\n    return steps()", True),
    ],
)
def test_a_task_has_the_digest_of_the_code_that_it_reaches(
    was: str, becomes: str, is_the_same: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some_study.py"
    digests = []
    for text in (_SOME_STUDY, _SOME_STUDY.replace(was, becomes)):
        file.write_text(text)
        module = ModuleType("some_study")
        module.__file__ = str(file)
        monkeypatch.setitem(sys.modules, "some_study", module)
        exec(text, module.__dict__)
        digests.append(plan._digest(module.train))
    assert was in _SOME_STUDY
    assert (digests[0] == digests[1]) is is_the_same


def test_a_task_reaches_what_studies_share() -> None:
    found: dict[str, str] = {}
    plan._reach(sys.modules[s18_softmax.__name__], "classify", found)
    places = {place.removeprefix("benchmark.studies.") for place in found}
    assert {
        "claims.s18_softmax:classify",
        "heads:trained",
        "heads:_OF_OPTIMIZER",
        "networks:inputs_of",
    } <= places
    assert not {"networks:SparseCode", "heads:convolutional_network", "letters:letters"} & places


def run_here(asked: StudyRequest) -> Path:
    """Run studies on a slice in this process; return their report, where nothing failed."""
    with measured_here():
        result = runner.run(asked, None, StudyPlan, study_content)
    assert not result.failed, [(record.reducer, record.error) for record in result.failed]
    assert asked.studies is not None
    assert list(evidence_of(Store(asked.results_dir, result.run))) == list(asked.studies)
    return result.report


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.id)
def test_a_study_runs_end_to_end_on_a_slice(study: Study, request_of_a_slice: StudyRequest) -> None:
    report = run_here(replace(request_of_a_slice, studies=(study.id,)))
    text = report.read_text()
    assert f"## {study.id}: " in text
    for place in range(1, len(study.figures) + 1):
        assert (report.parent / f"{study.id.lower()}-{study.name}-{place}.png").is_file()


@pytest.mark.slow
def test_studies_of_one_run_share_a_report_that_can_be_made_again(
    request_of_a_slice: StudyRequest,
) -> None:
    asked = replace(request_of_a_slice, studies=("S2", "S4"))
    report = run_here(asked)
    text = report.read_text()
    assert 0 < text.index("## S2: ") < text.index("## S4: ")
    assert '<a href="#s2-two-dimensions">S2</a>' in report.with_suffix(".html").read_text()
    assert run_here(asked).read_text() == text
