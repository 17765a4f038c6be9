"""What the README shows is what the repository holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.reporting.paper import board_text
from benchmark.results import open_store
from benchmark.studies.catalog import STUDIES
from benchmark.studies.claims_report import evidence_of
from benchmark.studies.verdict import findings, verdict
from reducers import make_reducer
from reducers.checks import check_reducer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


BOARD = ("rank", "fit_seconds", "kmeans_nmi", "kmeans_accuracy", "knn_accuracy", "reconstruction_mse")


def test_the_table_is_what_the_records_say() -> None:
    marked = re.search(r"<!-- reference table: (\S+) -->(.*?)<!-- /reference table -->", README, re.DOTALL)
    assert marked is not None
    store = open_store(ROOT / "results", "mnist-standard")
    if store.facts()["started_at"] != marked.group(1):
        pytest.skip("this checkout holds a run of its own in place of the reference run")
    assert marked.group(2).strip() == board_text(store, "markdown", BOARD).strip()


def test_it_says_how_many_claims_differ_as_the_records_do() -> None:
    said = re.search(r"<!-- studies: (\S+) -->.*?(\d+) of (\d+) claims\s+differ", README, re.DOTALL)
    assert said is not None
    store = open_store(ROOT / "results", "studies")
    if store.facts()["started_at"] != said[1]:
        pytest.skip("this checkout holds studies of its own in place of the committed ones")
    evidence = evidence_of(store)
    found = [verdict(findings(STUDIES[name], each)) for name, each in evidence.items()]
    measured = [state for state in found if state != "not measured"]
    assert (measured.count("differs"), len(measured)) == (int(said[2]), int(said[3]))


def test_every_path_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) > 5
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


def test_it_has_the_two_commands() -> None:
    assert re.search(r"^pip install .* && python -m benchmark run --all$", README, re.MULTILINE)
    assert re.search(r"^pip install .* && pytest$", README, re.MULTILINE)


def test_its_plugin_conforms(tmp_path: Path) -> None:
    code = re.search(r"```python\n(from reducers import Reducer.*?)```", README, re.DOTALL)
    assert code is not None
    path = tmp_path / "plugin.py"
    path.write_text(code.group(1))
    check_reducer(make_reducer("top-variance", [path], n_components=2))
