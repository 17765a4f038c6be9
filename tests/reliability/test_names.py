"""Names from data, plugins and foreign results: text in reports, and no way out of their directory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzz_documents import RECORD
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from benchmark.analysis.tables import save_tables
from benchmark.datasets import load_dataset
from benchmark.errors import InputError
from benchmark.plan.job import Job
from benchmark.reporting import write_report
from benchmark.reporting.markdown import escape
from benchmark.reporting.report_data import card_files
from benchmark.results import Record, Store, check_run_name

# What means something to Markdown, HTML, a terminal, a shell, a spreadsheet, a path or a formula.
MEANINGFUL = "|`*_[]<>&#!~\\$:@-+=(){}\"'./ \n\t\r\0\x1b\u202e1a"
TEXT = st.text(st.one_of(st.sampled_from(MEANINGFUL), st.characters()), max_size=30)
NASTY = (
    "../../evil", "/etc/passwd", "a\0b", "<script>alert(1)</script>", "a|b`c`*d*_e_", "$\\frac{", "[/red]",
    "![x](y)", "é\u202e\u0301", "x" * 300, "=1+1", "# head", "con", "https://a.b/c", "\x1b[31mred",
    "two\nlines", "~~no~~", ".", "..", "-rf", "%s{0}", "&lt;", "a\\", "\ud800", "名前",
)  # fmt: skip
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def printable(text: str) -> str:
    """What a reader should see of a name: one line, with a sign where nothing can be printed."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


@settings(max_examples=400, deadline=None)
@given(TEXT)
def test_a_name_reads_in_a_table_as_it_is(text: str) -> None:
    tokens = MARKDOWN.parse(f"| name |\n| --- |\n| {escape(text)} |\n")
    cells = [token.children for token in tokens if token.type == "inline"]
    assert len(cells) == 2
    assert cells[1] is not None
    assert {child.type for child in cells[1]} <= {"text", "text_special"}
    assert "".join(child.content for child in cells[1]) == printable(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=8))
def test_files_of_reducers_are_portable_and_no_two_alike(names: list[str]) -> None:
    files = card_files(names)
    assert set(files) == set(names)
    assert len({file.lower() for file in files.values()}) == len(files)
    for file in files.values():
        assert re.fullmatch(r"reducer-[A-Za-z0-9_+-]{1,80}\.png", file)


@settings(max_examples=300, deadline=None)
@given(TEXT, TEXT)
def test_the_key_of_a_job_names_a_file_beside_the_others(reducer: str, data: str) -> None:
    job = Job("r", "d", data, data, 1, 1, 1, reducer, {"n_components": 2}, "cpu", 1, 0, data)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,120}", job.key)
    path = Store("results", "r").record_path(job.key)
    assert path.parent == Path("results/r/jobs")
    assert path.stem == job.key


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_a_run_lies_in_the_results_directory_or_is_refused(name: str) -> None:
    try:
        checked = check_run_name(name)
    except InputError:
        return
    assert Path("results", checked).resolve().parent == Path("results").resolve()
    assert Store("results", name).path == Path("results", name)


@pytest.mark.parametrize("name", [name for name in NASTY if not set("/\0\ud800") & set(name)])
def test_the_file_of_a_data_set_gives_it_a_name_fit_for_a_directory(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name[:200]}.npy"
    np.save(path, np.eye(6))
    assert check_run_name(load_dataset(path).name)


def hostile_store(directory: Path) -> Store:
    """A run whose every name is a nasty one, as someone else's results may have them."""
    store = Store(directory / "results", "r")
    for place, name in enumerate(NASTY):
        record = RECORD | {
            "reducer": name, "dataset": name, "key": f"k{place}", "seed": place, "error": name,
            "device": name if place % 2 else "cpu", "status": "failed" if place % 3 else "ok",
            "params": {name: name, "n_components": 2}, "scores": {**RECORD["scores"], name: 0.5},
            "environment": {"cpu": name, name: name},
        }  # fmt: skip
        store.save(Record.from_json(json.dumps(record)))
        rng = np.random.default_rng(0)
        view = {
            "codes": rng.normal(size=(30, 2)), "labels": np.arange(30) % 3, "images": rng.random((3, 16)),
            "class_names": np.array([name[:50], "<b>", "$x_{"]), "image_shape": np.array([4, 4]),
        }  # fmt: skip
        store.save_arrays("views", f"k{place}", view)
    store.save_facts({"dataset": NASTY[3], "suite": NASTY[4], "devices": list(NASTY), "command": NASTY[5]})
    return store


def walk(tokens: Any) -> Iterator[Any]:
    for token in tokens or ():
        yield token
        yield from walk(token.children)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_report_of_nasty_names_stays_in_its_place_and_is_text(tmp_path: Path) -> None:
    store = hostile_store(tmp_path)
    save_tables(store)
    report = write_report(store, tmp_path / "reports")
    inside = {path.name for path in (tmp_path / "reports" / "r").iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {"results", "reports"}
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"r"}
    assert all(re.fullmatch(r"[A-Za-z0-9_+.-]+", name) for name in inside)
    found = list(walk(MARKDOWN.parse(report.read_text(encoding="utf-8"))))
    assert not [token for token in found if token.type in ("html_inline", "html_block", "fence")]
    assert {token.attrs["src"] for token in found if token.type == "image"} <= inside
    assert all(token.attrs["href"].endswith(".md") for token in found if token.type == "link_open")
    text = "\n".join(token.content for token in found if token.type == "text")
    assert "\x1b" not in text
    for name in ("../../evil", "<script>alert(1)</script>", "$\\frac{", "=1+1", "名前"):
        assert name in "".join(token.content for token in found if token.type in ("text", "text_special"))


@pytest.mark.parametrize("name", ["seeds", "knn_accuracy_std", "fit_seconds_count", "x_cpu", "x_difference"])
def test_a_score_named_like_a_column_of_a_summary_breaks_no_report(name: str, tmp_path: Path) -> None:
    store = Store(tmp_path, "r")
    scores = {**RECORD["scores"], name: 0.5}
    store.save(Record.from_json(json.dumps({**RECORD, "scores": scores})))
    save_tables(store)
    assert "pca" in write_report(store, tmp_path / "reports").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["seeds", "a_std", "a b", "1st", "<b>", ""])
def test_a_metric_cannot_take_such_a_name(name: str) -> None:
    from benchmark.scoring import Metric

    with pytest.raises(InputError, match="A metric's name must be a Python name"):
        Metric(name, lambda embedding: 0.0, 0, 1, True, (), "", "")


def test_a_job_file_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    """Storing a job removes those it replaces, by their keys: a foreign key must not lead outside."""
    store = Store(tmp_path / "results", "r")
    (tmp_path / "precious.json").write_text("{}")
    (tmp_path / "precious.npz").write_text("")
    store.save(Record.from_json(json.dumps(RECORD)))
    foreign = {**RECORD, "key": "../../../precious"}
    store.record_path("foreign").write_text(json.dumps(foreign))
    store = Store(tmp_path / "results", "r", warn=lambda _: None)
    store.save(Record.from_json(json.dumps({**RECORD, "key": "other"})))
    assert [record.key for record in store.records()] == ["other"]
    assert (tmp_path / "precious.json").exists()
    assert (tmp_path / "precious.npz").exists()


def test_a_pipe_among_the_job_files_is_not_waited_for(tmp_path: Path) -> None:
    import os

    store = Store(tmp_path, "r")
    store.save(Record.from_json(json.dumps(RECORD)))
    os.mkfifo(store.record_path("pipe"))
    (store.path / "jobs" / "directory.json").mkdir()
    assert [record.reducer for record in store.records()] == ["pca"]


PLUGIN = """
from reducers.base import Reducer

class Mine(Reducer):
    name, reference = {name!r}, "none"
    def _fit(self, X, rng): pass
    def _transform(self, X): return X[:, : self.n_components]
"""


@pytest.mark.parametrize("name", [name for name in NASTY if name != "con"] + ["sklearn.mine", " a", ""])
def test_a_plugin_must_give_its_reducer_a_plain_name(name: str, tmp_path: Path) -> None:
    from reducers.registry import RegistryError, find_reducers

    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN.format(name=name))
    with pytest.raises(RegistryError, match=r"needs a (name of 1 to 60|class attribute 'name')"):
        find_reducers([path])
