"""The leaderboard as a paper takes it: what stands in it, in which form, and that nothing in it is markup."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from test_choosing import run_of
from test_cli import call_here
from test_ranking import board_of

from benchmark.reporting.paper import FORMATS, board_text
from benchmark.results import Store

NASTY = r"50%_of&co#1{x}$y~z^\w<v>"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A run of two reducers that are not told apart, and one that is worse."""
    store = run_of(tmp_path, {"good": [381, 379], "as-good": [380, 377], NASTY: [200, 210]})
    for record in list(store.records()):
        seconds = {"good": 90.0, "as-good": 2.0}.get(record.reducer, 0.5) + record.seed
        store.save(replace(record, fit_seconds=seconds))
    return store


def half_width(store: Store, name: str) -> float:
    row = board_of(store).loc[name]
    mean = row["knn_accuracy"]
    return float(max(mean - row["knn_accuracy_ci_low"], row["knn_accuracy_ci_high"] - mean))


def test_latex_has_booktabs_means_with_margins_and_the_best_in_bold(store: Store) -> None:
    lines = board_text(store, "latex", ["rank", "fit_seconds", "knn_accuracy"]).splitlines()
    assert lines[0] == r"% \usepackage{booktabs}"
    assert lines[1] == r"\begin{tabular}{lrrr}"
    assert (lines[2], lines[4], *lines[-2:]) == (
        r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}",
    )  # fmt: skip
    assert lines[3] == r"reducer & rank & fit (s) & k-NN \\"
    good, as_good, nasty = lines[5:-2]
    margin = f"{half_width(store, 'good'):.3f}"
    assert good == rf"good & 1-2 & 90.5 $\pm$ 0.7 & \textbf{{0.950}} $\pm$ {margin} \\"
    assert r"\textbf{0.946}" in as_good, "it is not told apart from the best"
    assert r"\textbf{1.00} $\pm$ 0.71" in nasty, "it is the fastest"
    assert r"\textbf{0.5" not in nasty


def test_nothing_in_latex_is_markup_but_ours(store: Store) -> None:
    text = board_text(store, "latex", ["knn_accuracy"])
    shown = r"50\%\_of\&co\#1\{x\}\$y\textasciitilde{}z\textasciicircum{}\textbackslash{}w"
    assert shown + r"\textless{}v\textgreater{} & 0.5" in text
    cells = [len(re.findall(r"(?<!\\)&", line)) for line in text.splitlines()[3:-2] if "midrule" not in line]
    assert cells == [1, 1, 1, 1]


def test_markdown_has_the_same_figures(store: Store) -> None:
    header, rule, good, *_ = board_text(store, "markdown", ["knn_accuracy"]).splitlines()
    assert (header, rule) == ("| reducer | k-NN |", "| --- | ---: |")
    assert good == f"| good | **0.950** ± {half_width(store, 'good'):.3f} |"


def test_by_default_the_columns_are_those_of_the_report(store: Store) -> None:
    header = board_text(store, "markdown").splitlines()[0]
    assert header == "| reducer | rank | fit (s) | transform (s) | k-NN |"


def test_csv_has_every_figure_and_names_choose_among_them(store: Store) -> None:
    whole = pd.read_csv(io.StringIO(board_text(store, "csv")))
    board = board_of(store)
    assert whole["knn_accuracy"].tolist() == board["knn_accuracy"].tolist()
    chosen = pd.read_csv(io.StringIO(board_text(store, "csv", ["knn_accuracy"])))
    measured = {name for name in chosen if name.startswith("knn_accuracy")}
    assert {"knn_accuracy", "knn_accuracy_std", "knn_accuracy_ci_low", "knn_accuracy_best_rank"} <= measured
    assert "reducer" in chosen
    assert not [name for name in chosen if name.startswith(("fit", "kmeans"))]


def test_what_is_too_small_or_not_measured_has_no_margin(store: Store) -> None:
    for record in list(store.records()):
        seconds = 1e-6 if record.reducer == "good" else None
        store.save(replace(record, fit_seconds=seconds, fit_times=[]))
    rows = board_text(store, "markdown", ["fit_seconds"]).splitlines()[2:]
    assert [row.split("|")[2].strip() for row in rows[:2]] == ["**&lt; 0.00001**", "–"]
    assert "--" in board_text(store, "latex", ["fit_seconds"])


def test_the_command_prints_the_board_or_writes_it_and_leaves_the_report_alone(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--results-dir", str(store.path.parent), "--reports-dir", str(tmp_path / "reports"))
    for form in FORMATS:
        code, out, error = call_here(capsys, "report", "r", "--format", form, *where)
        assert (code, error, out) == (0, "", board_text(store, form))
    file = tmp_path / "board.tex"
    words = ("--format", "latex", "--columns", "rank, knn_accuracy", "--output", str(file))
    assert call_here(capsys, "report", "r", *words, *where) == (0, "", "")
    assert file.read_text() == board_text(store, "latex", ["rank", "knn_accuracy"])
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--format", "word"), "--format must be one of latex, csv, markdown; got 'word'."),
        (("--format", "csv", "--columns", "knn_acuracy"), "got 'knn_acuracy'. Did you mean 'knn_accuracy'?"),
        (("--columns", "rank"), "name its --format, latex, csv or markdown."),
        (("--format", "csv", "--output", "/nowhere/x.csv"), "The file /nowhere/x.csv cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(
    words: tuple[str, ...], expected: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, error = call_here(capsys, "report", "r", "--results-dir", str(store.path.parent), *words)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert expected in error
