"""What the first user of this package complained of, and that every complaint has tests which name it.

1. Other data, or another suite, under the name of a run made one table of two things, or replaced rows.
2. Label, index and scale of columns could not be named, and mistakes in them were not said.
3. Data that need to be standardised (wine) were measured as they are, without a word.
4. Headlines told apart what lies within noise.
5. Several settings of a reducer could not be compared, and replaced each other.
6. `run()` took neither data nor estimators nor plain names.
7. Tables and progress did not fit 80 columns, and told neither epoch nor time left.
8. Times taken beside a busy program were called exclusive.
9. UMAP's first transform of small data was compiled on the clock.
10. A file `benchmark.py`, a broken plugin or a missing device ended in silence, or ended everything.
11. Methods were asked for what there is not: an inverse, pictures of a table; stored plugins stayed at home.
12. Of options and calls that add up, only the last was measured or reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from test_execution import SUITE, job_of, recorded
from test_settings import plan_of, run

from benchmark.cli import app as cli
from benchmark.execution import runner
from benchmark.request import Request
from benchmark.results import Store

__all__ = ["run"]


def complaints_named() -> set[int]:
    """Return the complaints that docstrings of tests name."""
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        tests = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))
        said = (re.match(r"Complaint (\d+): ", ast.get_docstring(node) or "") for node in tests)
        found |= {int(match[1]) for match in said if match}
    return found


def test_every_complaint_has_a_test() -> None:
    listed = {int(number) for number in re.findall(r"^(\d+)\. ", __doc__, re.M)}
    assert complaints_named() == listed == set(range(1, 13))


def test_a_convolution_is_not_made_of_a_table_unless_somebody_says_so(tmp_path: Path) -> None:
    """Complaint 11: iris got the convolutional network."""
    (job,) = plan_of(Request(("convolutional",), "iris")).jobs
    assert job.unavailable == "convolutional takes images: if iris holds some, say --image-shape HEIGHTxWIDTH"
    (tmp_path / "pixels.csv").write_text("\n".join(["a,b,c,d,e,f", *(f"{i},0,1,2,3,255" for i in range(20))]))
    asked = Request(("convolutional",), str(tmp_path / "pixels.csv"), components=(2,))
    (job,) = plan_of(asked).jobs
    assert str(job.unavailable).endswith("say --image-shape HEIGHTxWIDTH")
    (job,) = plan_of(Request(asked.reducers, asked.dataset, components=(2,), image_shape="2x3")).jobs
    assert (job.unavailable, job.params["image_shape"]) == (None, [2, 3])


def test_a_transformer_without_an_inverse_is_scored_without_reconstruction(tmp_path: Path) -> None:
    """Complaint 11: KernelPCA failed where it could be scored."""
    (tmp_path / "tiny.toml").write_text(SUITE)
    record, _ = recorded(job_of("sklearn.decomposition.KernelPCA", tmp_path / "tiny.toml"))
    assert (record.status, record.error) == ("ok", None)
    assert "reconstruction_mse" not in record.scores
    assert record.scores.keys() > {"knn_accuracy", "kmeans_nmi", "trustworthiness"}


class Asked(Exception):
    """Carries the request that the command line made."""


def test_options_that_are_repeated_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Complaint 12: of two --dataset or two --components the last won, silently."""

    def refuse(request: Request, observer: object) -> None:
        raise Asked(request)

    monkeypatch.setattr(runner, "run", refuse)
    words = "run --reducer pca --dataset digits --dataset iris --components 2 --components 3"
    monkeypatch.setattr("sys.argv", ["benchmark", *words.split()])
    with pytest.raises(Asked) as caught:
        cli.main()
    request = caught.value.args[0]
    assert (request.dataset, request.components) == (("digits", "iris"), (2, 3))
    assert {job.params["n_components"] for job in plan_of(request).jobs if job.dataset == "iris"} == {2, 3}


def test_the_duration_of_a_run_is_that_of_all_its_calls(run: Callable[..., Store]) -> None:
    """Complaint 12: the duration was that of the last call."""
    store = run("pca")
    store.save_facts(store.facts() | {"wall_seconds": 1000.0})
    # Jobs that end at once may add less than is kept of a second.
    assert 1000 <= run("pca", "raw").facts()["wall_seconds"] < 1900
