"""What the report of studies says: a table of all claims, then a section each."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.reporting.document import Block, Heading, Paragraph, Picture, Strong, Table, bullets, prose
from benchmark.reporting.number_text import NOT_MEASURED
from benchmark.reporting.reducer_sections import failed_jobs
from benchmark.reporting.report_data import ReportData, gather
from benchmark.reporting.run_setup import run_setup
from benchmark.reporting.views import load_arrays
from benchmark.results import Record, Store
from benchmark.studies.catalog import STUDIES
from benchmark.studies.declaration import Evidence, Study
from benchmark.studies.verdict import Finding, findings, verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from benchmark.reporting.page import Widget
    from benchmark.results.artifacts import Arrays

_INTRODUCTION = """\
Every line is a claim that somebody published, measured anew by ordinary jobs of this suite: isolated,
timed, and kept with the machine that made them. A verdict is computed from records: a published figure
**holds** where it lies in the 95 % interval that predicts one more run from the mean and the spread over
seeds, a published difference where its one-sided interval lies beyond 0; else it **differs**. With one seed
there is no spread, and a figure has to agree in its last digit.
"""
_REFUTED = "{count} of {total} claims that were measured differ."
_METHOD = """\
- **Cases** are fitted on the training set and scored on the test set, {n_train} and {n_test} samples of
  {data}.
- **Tasks**, what no reducer does (classifiers on top, ensembles, walks between codes), run in a process of
  their own too; the clock stands around the whole of them.
- **Seeds** are those of weights, batches and noise; the data stay the same.
"""


def evidence_of(store: Store) -> dict[str, Evidence]:
    """Return the evidence for each study of a run, by its identifier."""
    records = store.records_by_key()

    def load(kind: str, record: Record) -> Arrays:
        return load_arrays(store, kind, record.key)

    named = store.facts().get("studies", {})
    by_study = {
        name: {case: [records[key] for key in keys if key in records] for case, keys in named[name].items()}
        for name in STUDIES
        if name in named
    }
    return {name: Evidence(by_case, load) for name, by_case in by_study.items()}


def study_content(store: Store) -> StudyContent:
    """Return what the report of a run of studies says."""
    return StudyContent(gather(store), evidence_of(store))


@dataclass(frozen=True)
class StudyContent:
    """The report of studies: the run, and the evidence for each."""

    data: ReportData
    evidence: Mapping[str, Evidence]

    def drawings(self) -> Iterator[tuple[str, Figure | None]]:
        """Yield the figure of every study that has one."""
        for name, evidence in self.evidence.items():
            study = STUDIES[name]
            for file, draw in zip(_files(study), study.figures.values(), strict=True):
                yield file, draw(evidence)

    def widgets(self, blocks: Iterable[Block]) -> dict[str, Widget]:
        """Return what moves in the document: nothing."""
        return {}

    def blocks(self, drawn: Container[str]) -> list[Block]:
        """Return the document, which shows the figures that are named in `drawn`."""
        found = {name: findings(STUDIES[name], evidence) for name, evidence in self.evidence.items()}
        facts = self.data.facts
        sizes = {key: f"{facts.get(key) or 0:,}" for key in ("n_train", "n_test")}
        return [
            Heading("Published claims, measured", level=1),
            Paragraph(prose(_INTRODUCTION)),
            Paragraph(_outcome(found)),
            _claims(found),
            *(block for name, each in found.items() for block in _section(STUDIES[name], each, drawn)),
            Heading("Failures"),
            *failed_jobs(self.data),
            Heading("What was run"),
            *run_setup(self.data),
            Heading("How it was measured"),
            bullets(_METHOD, data=facts.get("dataset") or "unknown data", **sizes),
        ]


def _outcome(found: Mapping[str, list[Finding]]) -> str:
    verdicts = [verdict(results) for results in found.values()]
    measured = [state for state in verdicts if state != "not measured"]
    return _REFUTED.format(count=measured.count("differs"), total=len(measured))


def _claims(found: Mapping[str, list[Finding]]) -> Block:
    rows = []
    for name, results in found.items():
        study = STUDIES[name]
        measured = "; ".join(brief(each) for each in results if len(each.values)) or NOT_MEASURED
        state = _state(verdict(results))
        rows.append([f"{study.id} {study.name}", study.claim, study.source, measured, state])
    return Table(["study", "claim", "source", "measured", "verdict"], rows)


def _section(study: Study, results: list[Finding], drawn: Container[str]) -> list[Block]:
    title = Heading(f"{study.id}: {study.name.replace('-', ' ')}", short=study.id)
    blocks: list[Block] = [title, Paragraph(study.about)]
    named = zip(_files(study), study.figures, strict=True)
    blocks += [Picture(file, caption) for file, caption in named if file in drawn]
    header = ["figure", "published", "measured (95 % interval)", "seeds", "verdict"]
    rows = [
        [each.expectation.what, _published(each), _measured(each), str(len(each.values)), _state(each.state)]
        for each in results
    ]
    blocks.append(Table(header, rows, numeric=frozenset({1, 2, 3})))
    if verdict(results) == "differs":
        blocks.append(Paragraph(f"Why it differs: {study.reason or 'reason not found'}."))
    return [*blocks, *([Paragraph(study.teaches)] if study.teaches else [])]


def _state(state: str) -> str | list[Strong]:
    return [Strong(state)] if state == "differs" else state


def _published(finding: Finding) -> str:
    asked = finding.expectation
    if asked.about is not None:
        return f"{asked.about:,.{asked.digits}f}"
    sign, bound = (">", asked.above) if asked.above is not None else ("<", asked.below)
    return f"{sign} {bound:,.{asked.digits}f}"


def _measured(finding: Finding) -> str:
    if not len(finding.values):
        return NOT_MEASURED
    digits = finding.expectation.digits
    known = f" ± {finding.half_width:,.{digits}f}" if len(finding.values) > 1 else ""
    return f"{finding.mean:,.{digits}f}{known}"


def brief(finding: Finding) -> str:
    """Return a figure in one line: what it is, what was measured, and what was published."""
    # No line ends between a number and its sign or interval.
    measured, published = (text.replace(" ", "\u00a0") for text in (_measured(finding), _published(finding)))
    return f"{finding.expectation.what}: {measured} ({published})"


def _files(study: Study) -> list[str]:
    return [f"{study.id.lower()}-{study.name}-{place}.png" for place in range(1, len(study.figures) + 1)]
