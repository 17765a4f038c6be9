"""What a report is made from, read from the store once and handed to every section."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from benchmark.analysis.columns import is_control
from benchmark.analysis.ranking import with_ranks
from benchmark.analysis.tables import leaderboard, to_frame
from benchmark.datasets.samples import samples_key
from benchmark.plan.suite_plan import data_facts
from benchmark.reporting.views import View, load_arrays, shown_views
from benchmark.results import Record, Store, latest

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.results.artifacts import Arrays

# Beyond this, figures of one panel a reducer could no longer be read; the tables stay complete.
MOST_VIEWS = 60


@dataclass(frozen=True)
class ReportData:
    """A run as its report needs it.

    Attributes
    ----------
    facts : dict
        The run's ``run.json``; may be empty.
    frame, board : DataFrame
        All records, and their `leaderboard` with intervals and ranks, see `with_ranks`.
    views : list of View
        One a reducer, the best ranked first; at most `MOST_VIEWS`.
    cards : dict
        File name of every reducer's card.
    part : str
        The dataset, where the run has others too and this is what it holds of one.
    samples : dict of array
        The test samples that are shown; see `benchmark.datasets.samples.shown_samples`. May be empty.
    """

    facts: dict[str, Any]
    frame: pd.DataFrame
    board: pd.DataFrame
    views: list[View]
    cards: dict[str, str]
    part: str = ""
    samples: Arrays = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        """Names of the data the run used."""
        used = ", ".join(self.frame["dataset"].dropna().unique())
        return str(self.part or self.facts.get("dataset") or used or "no data")

    @property
    def devices(self) -> list[str]:
        """Devices that were asked for, the CPU first."""
        names = {*self.frame["device"].dropna(), *(self.facts.get("devices") or [])}
        return sorted(names, key=lambda name: (name != "cpu", name))

    @property
    def n_reducers(self) -> int:
        """How many reducers were asked for."""
        return int(self.frame.loc[~is_control(self.frame), "reducer"].nunique())

    def live(self, name: str) -> str:
        """Return the name of what moves, of which each dataset of several has its own."""
        return f"{name} of {self.part}" if self.part else name

    def inside(self, reducer: str) -> str:
        """Return the name of the figure of what a reducer has learned."""
        return self.cards[reducer].replace("reducer-", "inside-", 1)

    def file(self, name: str) -> str:
        """Return the name of a figure, of which each dataset of several has its own."""
        part = re.sub(r"[^A-Za-z0-9._-]+", "-", self.part)[:60]
        # Other names that begin alike, or differ in what a file cannot be called.
        part = part if part == self.part else f"{part}-{zlib.crc32(self.part.encode()):08x}"
        return f"{name.removesuffix('.png')}-{part}.png" if part else name


def gather(store: Store, part: str = "") -> ReportData:
    """Read a run, or what it holds of one dataset, from its store."""
    stored = latest(store.records())
    records = [record for record in stored if part in ("", record.dataset) and record.part == "test"]
    frame, facts = to_frame(records), store.facts()
    board = with_ranks(leaderboard(frame), frame, store)
    data = ReportData(facts, frame, board, _ranked_views(store, records, board), {}, part)
    cards = {name: data.file(file) for name, file in card_files(frame["reducer"].dropna()).items()}
    return replace(data, cards=cards, samples=_samples(store, facts, part))


def _samples(store: Store, facts: dict[str, Any], part: str) -> Arrays:
    """Return the samples of a dataset, of the only one without a name; nothing where they were not kept."""
    known = data_facts(facts)
    said = known.get(part) or (next(iter(known.values())) if len(known) == 1 else None)
    return load_arrays(store, "samples", samples_key(said["sha256"])) if said else {}


def _ranked_views(store: Store, records: list[Record], board: pd.DataFrame) -> list[View]:
    names = board.loc[~is_control(board), "reducer"].drop_duplicates()[:MOST_VIEWS]
    widths = board.loc[~board["baseline"], "n_components"].dropna().mode()
    return shown_views(store, records, names, None if widths.empty else int(widths.max()))


def card_files(names: Iterable[str]) -> dict[str, str]:
    """Return a PNG file name for every reducer: portable, at most 80 characters, and no two alike."""
    taken: set[str] = set()
    files = {}
    for name in sorted(set(names)):
        stem = re.sub(r"[^A-Za-z0-9_+]+", "-", name).strip("-")[:60] or "unnamed"
        numbered = chain([stem], (f"{stem}-{n}" for n in count(2)))
        unique = next(candidate for candidate in numbered if candidate.lower() not in taken)
        taken.add(unique.lower())
        files[name] = f"reducer-{unique}.png"
    return files
