"""The command of the performance report, and the comparison of two commits: what they say, not how fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import compare
import report
import roofline
import sections
from images import training_images
from peers.start import BATCH_SIZE, autoencoder
from race import Trial, race
from rendering import lines, without_paths

ENVIRONMENT = {
    "machine": "00000000",
    "cpu": "a processor",
    "usable_cores": 2,
    "memory_gb": 8.0,
    "gpus": [],
    "operating_system": "Linux",
    "blas": [{"name": "openblas", "version": "0.3", "threads": 2}],
    "versions": {"python": "3.11", "torch": "2.6"},
    "git_commit": "0123456789abcdef",
}


def entry(figures: dict[str, Any], **changes: Any) -> dict[str, Any]:
    known = {"quick": False, "environment": ENVIRONMENT, "measured_at": "2026-11-01T12:00:00+00:00"}
    return {**known, "figures": figures, **changes}


def pca(ours: float) -> dict[str, Any]:
    """Return figures in which our PCA takes `ours` seconds and every other solver one."""
    seconds = {"ours": ours, "scikit-learn, full": 1.0, "scikit-learn, randomized": 1.0}
    results = {name: {"seconds": [s, 2 * s], "quality": [0.5, 0.5]} for name, s in seconds.items()}
    return {"n": 1000, "images": "MNIST", "results": results}


@pytest.mark.parametrize("name", sections.NAMES)
def test_every_section_says_what_it_is(name: str) -> None:
    section = sections.load(name)
    assert section.TITLE
    assert section.HOW.endswith(".")
    assert callable(section.measure)
    assert callable(section.rows)


def test_a_report_counts_the_targets_and_names_those_that_are_missed() -> None:
    assert "3 of 3 targets are met." in lines({"pca": entry(pca(0.5))}, drawn=False)
    text = "\n".join(lines({"pca": entry(pca(2.0))}, drawn=False))
    assert "1 of 3 targets are met. Not met:" in text
    assert "| 2 s, 0.50 times as fast | scikit-learn, full: 1 s | not slower | **no** |" in text


def test_the_fastest_peer_of_each_precision_is_the_one_to_beat() -> None:
    seconds = {"ours, fp32": 2.0, "slow, fp32": 9.0, "fast, fp32": 1.0, "ours, bf16": 1.0, "fast, bf16": 3.0}
    rectified = {"ours, rectified code": 1.0, "scikit-learn MLPRegressor": 1.0}
    results = {
        name: {"seconds": [s, 2 * s, 3 * s], "quality": [0.5, 0.5, 0.5]}
        for name, s in {**seconds, **rectified}.items()
    }
    dense = {"n": 1000, "images": "MNIST", "results": results}
    figures = {
        "precisions": ["fp32", "bf16"],
        "versions": {"jax": "1.0", "torch": "2.0"},
        "missing": ["pythae"],
        "networks": {"dense": dense},
    }
    text = "\n".join(lines({"peers": entry(figures)}, drawn=False))
    assert "5 of 6 targets are met." in text
    beaten = "fast, the fastest of 2: 1 s (median 2 s) | not slower | **no** |"
    what = "| 784-500-500-2000-10 and back, fp32, 1,000 images |"
    assert f"{what} 2 s (median 4 s), 0.50 times as fast | {beaten}" in text
    assert "3.00 times as fast | fast, the fastest of 1: 3 s (median 6 s) | not slower | yes |" in text
    assert "2 s (median 4 s), 4.50 times as fast | slow 9 s (median 18 s) |  |  |" in text
    assert "| versions | jax 1.0, torch 2.0 |" in text
    assert "| pythae: not measured, not installed |" in text


def test_what_was_not_measured_is_a_line_with_its_reason() -> None:
    entries = {
        "cuda": entry({"missing": "no GPU at hand"}, quick=True),
        "pca": {"quick": False, "error": "ValueError: nothing there"},
        "rbm": entry({"n": 1000}),
    }
    text = lines(entries, drawn=False)
    assert "not measured: no GPU at hand" in text
    assert "not measured: ValueError: nothing there" in text
    assert "not measured: the figures kept are of an earlier form; measure with --only rbm" in text


def test_sections_of_two_machines_and_commits_are_told_apart() -> None:
    other = {
        **ENVIRONMENT,
        "machine": "11111111",
        "cpu": "another processor",
        "git_commit": "fedcba9876543210",
    }
    text = lines({"rbm": entry(rbm()), "pca": entry(pca(0.5), environment=other)}, drawn=False)
    measured = "Measured at 2026-11-01T12:00:00+00:00, commit"
    first, second = (text.index(f"{measured} {what}.") for what in (
        "0123456789ab, machine 1", "fedcba987654, machine 2",
    ))  # fmt: skip
    assert first < second < text.index("### Machine 2")


def rbm() -> dict[str, Any]:
    result = {"seconds": [1.0], "quality": [-70.0]}
    return {"n": 1000, "epochs": 3, "results": {"ours": result, "scikit-learn BernoulliRBM": result}}


@pytest.mark.slow
def test_the_command_keeps_figures_and_names_no_path(tmp_path: Path) -> None:
    assert report.main(["--quick", "--only", "rbm", "--only", "cuda", "--output", str(tmp_path)]) == 0
    kept, text = (tmp_path / "performance.json").read_text(), (tmp_path / "report.md").read_text()
    assert list(json.loads(kept)) == ["rbm", "cuda"]
    assert "log pseudo-likelihood" in text
    assert (tmp_path / "peers.png").stat().st_size > 1000
    for path in (report.ROOT, tmp_path):
        assert f"{path}/" not in kept + text


def test_a_section_that_breaks_is_kept_as_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(quick: bool) -> None:
        raise ValueError("no file /home/someone/there.txt")

    monkeypatch.setattr(sections.load("pca"), "measure", broken)
    assert report.measure("pca", quick=True)["error"] == "ValueError: no file there.txt"


def test_paths_are_shortened_to_their_last_part() -> None:
    assert without_paths("cannot\nopen /a/b-c/d.py at 3/4") == "cannot open d.py at 3/4"


def test_contenders_take_turns() -> None:
    order: list[str] = []

    def contender(name: str) -> Any:
        return lambda seed: Trial(lambda: order.append(f"{name}{seed}"), lambda: float(seed))

    results = race({"a": contender("a"), "b": contender("b")}, rounds=2)
    assert order == ["a0", "b0", "a1", "b1"]
    assert results["b"].quality == (0.0, 1.0)


def test_the_roofline_has_the_shapes_of_the_convolutions() -> None:
    network = autoencoder("convolutional", 0, precision="fp32").fit(training_images(BATCH_SIZE)).network_
    kernels = [tuple(p.shape[:2]) for p in network.parameters() if p.ndim == 4]
    assert kernels == [(n_out, n_in) for n_in, n_out, _ in roofline.CONVOLUTIONS]


def test_a_case_is_compared_by_the_median_of_its_ratios() -> None:
    base = [{"same": 1.0, "worse": 1.0, "old": 1.0}] * 3
    head = [{"same": 1.0, "worse": seconds, "new": 1.0} for seconds in (1.2, 2.0, 1.3)]
    worse, same = compare.compare(base, head)
    assert (worse.name, worse.ratio, same.ratio) == ("worse", 1.3, 1.0)
    assert compare.report([worse, same], threshold=1.25)[1].endswith("1.30  slower")
    assert compare.unmatched(base, head) == ["only in base: old", "only in head: new"]
