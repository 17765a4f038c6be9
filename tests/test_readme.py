"""What the README shows is what the repository holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.reporting.paper import board_text
from benchmark.results import open_store
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
