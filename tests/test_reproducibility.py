"""The same seed gives the same codes, in another process too; who cannot promise it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from in_process import measured_here
from test_cli import call_here
from test_conformance import Mean, fast

from reducers import find_reducers
from reducers.checks import check_same_seed_same_result, make_data, touched_generators
from reducers.registry import BUILT_IN

SCRIPT = """
import hashlib, sys
from test_conformance import fast
from reducers.checks import make_data
X, unseen = make_data(), make_data(30, seed=1)
for name in sys.argv[1:]:
    # What "auto" is, each process measures.
    choices = ({"precision": p} for p in ("fp32", "bf16")) if "precision" in fast(name).get_params() else [{}]
    for chosen in choices:
        made = fast(name).set_params(random_state=3, **chosen).fit(X)
        codes = made.transform(X).tobytes() + made.transform(unseen).tobytes()
        print(name, *chosen.values(), hashlib.sha256(codes).hexdigest())
"""


@pytest.mark.slow
def test_a_seed_gives_the_same_codes_in_two_processes_to_the_last_bit() -> None:
    names = [entry.name for entry in BUILT_IN if entry.reproducible]
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    # Sets and dicts of names are in another order in each process, unless that is fixed.
    found = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, *names], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": seed},
        ).stdout.splitlines()
        for seed in ("1", "2")
    ]  # fmt: skip
    assert list(dict.fromkeys(line.split()[0] for line in found[0])) == names
    assert found[0] == found[1]


def test_every_built_in_reducer_promises_it() -> None:
    assert [entry.name for entry in BUILT_IN if not entry.reproducible] == []


class Fresh(Mean):
    """Draws what it does from the machine, and says so."""

    name = "fresh"
    reproducible = False

    def _fit(self, X: np.ndarray, rng: np.random.Generator) -> None:
        self.scale_ = np.random.default_rng().random()


def test_the_kit_does_not_ask_for_what_is_not_promised() -> None:
    check_same_seed_same_result(Fresh())
    assert Fresh().__sklearn_tags__().non_deterministic
    assert not fast("pca").__sklearn_tags__().non_deterministic


PLUGIN = """
import numpy as np
from reducers import Reducer


class Fresh(Reducer):
    name, reference, reproducible = "fresh", "none", False

    def _fit(self, X, rng):
        self.factor_ = np.random.default_rng().random()

    def _transform(self, X):
        return self.factor_ * X[:, : self.n_components]
"""


@pytest.mark.slow
def test_lists_and_reports_say_who_does_not_promise_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import benchmark

    monkeypatch.chdir(tmp_path)
    (tmp_path / "fresh.py").write_text(PLUGIN)
    (tmp_path / "tiny.toml").write_text("seeds = 1\ncomponents = [2]\n")
    assert find_reducers(["fresh.py"])["fresh"].reproducible is False
    rows = json.loads(call_here(capsys, "list", "reducers", "--plugin", "fresh.py", "--json")[1])
    assert {row["name"] for row in rows if row["reproducible"] == "no"} == {"fresh"}
    with measured_here():
        benchmark.run(["fresh", "pca"], "iris", suite="tiny.toml", name="mine", plugins="fresh.py")
    sections = Path("reports/mine/report.md").read_text().split("\n### ")
    said = [section.split("\n")[0] for section in sections if "The same seed gives other codes" in section]
    assert said == ["fresh"]


def test_a_global_generator_of_python_is_watched_too() -> None:
    import random

    assert touched_generators(random.random) == ["Python"]
    assert touched_generators(lambda: fast("random-projection").fit(make_data())) == []
