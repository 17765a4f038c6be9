"""The short form of the campaign: ``python tests/reliability/fuzz.py`` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fuzz_campaign import campaign
from fuzz_parsers import PARSERS, Parser
from fuzz_worker import judge, make

from benchmark.errors import InputError

SEED = 9  # of which the few bombs are of all formats
INPUTS = dict.fromkeys(PARSERS, 300) | {"record": 100, "bombs": 8}


@pytest.mark.slow
@pytest.mark.parametrize("name", PARSERS)
def test_every_input_is_read_or_refused(name: str, tmp_path: Path) -> None:
    result = campaign(name, INPUTS[name], seed=SEED, keep=tmp_path)
    assert result.findings == {}
    assert sum(result.counts.values()) == INPUTS[name]
    assert result.counts["refused"]
    assert result.counts["accepted"] or name == "bombs", "made files that are all wrong test little"


def test_same_seed_makes_the_same_inputs() -> None:
    for name in set(PARSERS) - {"bombs"}:
        made = [make(name, 3, number) for number in range(40)]
        assert made == [make(name, 3, number) for number in range(40)]
        assert len({content for _, content in made}) > 20


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("read", "outcome", "found"),
    [
        (lambda path: None, "accepted", ""),
        (lambda path: _raise(InputError(f"{path} is wrong.")), "refused", ""),
        (lambda path: _raise(InputError("It is wrong.")), "finding", "no clear sentence"),
        (lambda path: _raise(InputError(f"{path.name} is wrong")), "finding", "no clear sentence"),
        (lambda path: _raise(KeyError("x")), "finding", "KeyError"),
        (lambda path: _raise(RecursionError()), "finding", "RecursionError"),
    ],
)
def test_judge_knows_a_finding(tmp_path: Path, read: object, outcome: str, found: str) -> None:
    got, detail = judge(Parser(make=lambda rng: ("", b""), read=read), tmp_path / "input")  # type: ignore[arg-type]
    assert got == outcome
    assert found in detail


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak of memory")
def test_judge_sees_memory_that_was_given_back(tmp_path: Path) -> None:
    def read(path: Path) -> None:
        assert len(b"x" * 2_100_000_000)

    outcome, detail = judge(Parser(make=lambda rng: ("", b""), read=read), tmp_path / "input")
    assert outcome == "finding"
    assert "2.1 GB of memory" in detail


CULPRITS = {
    "os.abort()": "code -6",
    "os.kill(os.getpid(), 9)": "code -9",
    "[None for _ in iter(int, 1)]": "code -27",  # ended by the clock of its work
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the numbers of signals are those of Linux")
@pytest.mark.parametrize("culprit", CULPRITS)
def test_death_of_the_process_is_a_finding_and_the_rest_goes_on(
    culprit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose parser dies of every input that begins with a zero byte."""
    import fuzz_campaign

    worker = (Path(fuzz_campaign.__file__).parent / "fuzz_worker.py").read_text()
    code = f"""
import os
import fuzz_parsers
fuzz_parsers.PARSERS['idx'] = fuzz_parsers.Parser(
    lambda rng: ('input', rng.choice((b'0', b'1', b'1'))),
    lambda path: {culprit} if path.read_bytes() == b'0' else None)
def _warm_up(name, directory): directory.mkdir(parents=True, exist_ok=True)
"""
    worker = worker.replace("MOST_SECONDS = 10", "MOST_SECONDS = 1")
    worker = worker.replace('if __name__ == "__main__":\n', code + 'if __name__ == "__main__":\n')
    (tmp_path / "fuzz_worker.py").write_text(worker)
    monkeypatch.setattr(fuzz_campaign, "WORKER", tmp_path / "fuzz_worker.py")
    result = campaign("idx", 6, seed=0, keep=tmp_path / "kept")
    assert sum(result.counts.values()) == 6
    assert result.counts["accepted"] >= 1
    assert result.findings
    for number, detail in result.findings.items():
        assert CULPRITS[culprit] in detail
        assert (tmp_path / "kept" / f"idx-{number}-input").read_bytes() == b"0"
