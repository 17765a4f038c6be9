"""Data sets of OpenML: fetched once, kept as a table, and one sentence where they cannot be had."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import requests

from benchmark.datasets import DataUnavailable, load_dataset
from benchmark.errors import InputError

FRAME = pd.DataFrame({"a": range(0, 60, 2), "b": [1.5, 2.5, 9.0] * 10, "kind": ["x", "y", "x"] * 10})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("benchmark.datasets.catalog.openml.cache_directory", lambda: tmp_path / "cache")
    monkeypatch.setattr(requests, "head", lambda *args, **kwargs: None)
    return tmp_path / "cache"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What scikit-learn's reader was asked for."""
    calls: list[dict[str, Any]] = []

    def fetch_openml(**which: Any) -> Any:
        calls.append(which)
        return SimpleNamespace(frame=FRAME.astype({"kind": "category"}), target_names=["kind"])

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    return calls


def test_a_name_is_fetched_once_and_its_target_is_the_label(asked: list[dict[str, Any]]) -> None:
    data = load_dataset("openml:credit-g")
    assert data.name == f"openml-credit-g-{data.sha256[:6]}"
    assert data.class_names == ("x", "y")
    assert data.feature_names == ("a", "b")
    again = load_dataset("openml:credit-g", seed=1, download=False)
    assert again.sha256 == data.sha256
    assert [call["name"] for call in asked] == ["credit-g"]


def test_a_number_is_an_id(asked: list[dict[str, Any]]) -> None:
    load_dataset("openml:31")
    assert [call["data_id"] for call in asked] == [31]


@pytest.mark.parametrize("name", ["openml:", "openml:../x", "openml:a b", "openml:a/b", "openml:" + "x" * 99])
def test_what_can_be_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="must be openml:NAME or openml:NUMBER"):
        load_dataset(name)


def test_nothing_is_fetched_where_that_is_switched_off(asked: list[dict[str, Any]]) -> None:
    with pytest.raises(
        DataUnavailable, match=r"openml:iris is not in .*downloading is switched off.*go online"
    ):
        load_dataset("openml:iris", download=False)
    assert asked == []


def test_offline_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def head(*args: Any, **kwargs: Any) -> None:
        assert kwargs["timeout"]
        raise requests.ConnectionError("a long story")

    monkeypatch.setattr(requests, "head", head)
    with pytest.raises(DataUnavailable, match=r"\(no connection\): go online once") as caught:
        load_dataset("openml:iris")
    assert str(caught.value).isprintable()
    assert not list(cache.rglob("*.parquet"))


def test_what_the_server_does_not_know_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch_openml(**which: Any) -> Any:
        raise ValueError("No active dataset nothing found.")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    with pytest.raises(DataUnavailable, match=r"\(No active dataset nothing found\)"):
        load_dataset("openml:nothing")
