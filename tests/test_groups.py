"""Groups of reducers: what ``--group`` measures, and that ``--all`` measures what it always did."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_registry import BUILT_IN, PLUGIN

from benchmark.analysis.columns import CONTROLS
from benchmark.cli.list import list_rows
from benchmark.errors import InputError
from benchmark.plan.suite import check_request, choose_reducers
from benchmark.request import Request
from reducers.registry import FURTHER, GROUPS, find_reducers


def test_every_reducer_there_is_has_a_group() -> None:
    assert {"classic", "autoencoders", "neighbours"} <= set(GROUPS)
    assert set(GROUPS) <= {"classic", "autoencoders", "neighbours", "deep-clustering"}
    assert all(entry.group in GROUPS for entry in find_reducers().values())


def test_all_stays_what_it_was() -> None:
    assert choose_reducers(Request()) == (*BUILT_IN, *CONTROLS)
    assert not set(BUILT_IN) & {entry.name for entry in FURTHER}


def test_a_group_is_those_that_say_so_and_several_are_their_union() -> None:
    of = {group: [n for n, e in find_reducers().items() if e.group == group] for group in GROUPS}
    for group, names in of.items():
        assert list(choose_reducers(Request(groups=(group,)))) == names
    assert {"umap", "tsne", "pacmap", "isomap"} <= set(of["neighbours"])
    both = choose_reducers(Request(groups=("classic", "neighbours")))
    assert set(both) == {*of["classic"], *of["neighbours"]}
    assert choose_reducers(Request(("stacked", "pca"), groups=("classic",)))[:2] == ("stacked", "pca")


def test_everything_is_everything(tmp_path: Path) -> None:
    plugin = tmp_path / "half.py"
    plugin.write_text(PLUGIN)
    found = choose_reducers(Request(groups=("everything",), plugins=(str(plugin),)))
    assert set(found) == {*find_reducers(), "half", *CONTROLS}


def test_an_unknown_group_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"--group must be one of classic, .*everything; got 'clasic'"):
        check_request(Request(groups=("clasic",)))


def test_the_command_that_is_kept_says_the_group() -> None:
    assert Request(groups=("classic", "neighbours")).command() == (
        "python -m benchmark run --suite standard --group classic --group neighbours"
    )


def test_the_list_shows_the_group(tmp_path: Path) -> None:
    rows = {row["name"]: row["group"] for row in list_rows("reducers", str(tmp_path))}
    assert (rows["pca"], rows["stacked"], rows["isomap"]) == ("classic", "autoencoders", "neighbours")
