"""How the figures of a report were measured."""

from __future__ import annotations

from math import isinf

from benchmark.measure.clock import DISTURBED
from benchmark.reporting.document import Block, Code, Table, Text, bullets
from benchmark.reporting.report_data import ReportData
from benchmark.scoring import DEFAULT, METRICS, Metric, metrics_of

_METHOD = """\
- **Clock.** Wall time, read right before and right after `fit` on the training set, and again around
  `transform` of the test set; the device is synchronised before each reading. Loading the data, the
  warm-up and the scoring stand outside.
- **Repeats.** Asked for N repeats, a job times N fits and transforms, each of a fresh copy with the same
  seed: the time is their median, the spread their largest minus smallest, the memory the greatest peak.
- **Timing** is `exclusive` where no other job of the suite ran on the machine meanwhile, and `shared` where
  some did (several workers on one machine). It is `disturbed` where processes that are none of the job's
  took more than {disturbed:.0%} of all cores while it warmed up, fitted and transformed; such a job is
  measured once more at the end of the run, and the less disturbed measurement is kept. `foreign_cpu` in
  `results.csv` is that share; it is empty where the job was too short to tell. Shared and disturbed times
  are never averaged or compared with others.
- **Precision** is that of matrix products: `fp32` is IEEE single precision (on CUDA, TF32 is off), `bf16` is
  bfloat16 with weights and updates in fp32.
- **Warm-up.** Each reducer first fits a slice of the training set and transforms a slice of the test set,
  large enough to take the same paths, so that compilation and first allocations are not charged to `fit`
  or `transform`; what that cost is a column of its own.
- **Memory.** Peak resident memory (MiB) above what was in use before; device memory as torch allocated it.
- **Scored on** is `heldout`, the test set, or `fitted` for a method that places no new samples: then the
  codes of the training set itself are scored, accuracies of classifiers are left out, and no rank, bold or
  front compares them with those of held-out rows.
- **Labels** are used for scoring, and for the control of that name; no reducer sees them.
- **Seeds.** A seed fixes every random choice of its job. A job that did not end well enters no mean.
- **Intervals** of scores are bootstrapped at 95 %: 1,000 times the seeds are weighted anew, and the test rows
  within them, the same for every reducer. With one seed they count test rows only; of few, seeds say little.
  Of jobs without predictions, and metrics that are not made of rows, they are Student's t over three seeds
  or more.
- **Ranks.** Two scores are told apart where the interval of their difference, over the same draws, leaves out
  0, at 95 % for all pairs together (Holm). The best rank of a score is behind those told to be better.
- **Pictures** of codes wider than two show their first two principal components. Of several seeds they show
  the one whose leading score is the median, and name it; where each seed has test rows of its own, the first.
- **What is comparable.** Scores compare across machines that ran the same data, sizes, code width and
  version;
  times and memory only within one machine, device and number of threads, and where the timing is
  exclusive. Losses of different reducers are different quantities and do not compare.
"""


def method(data: ReportData) -> list[Block]:
    """Return how every figure was measured, and what may be compared with what."""
    measured = [
        metric for name, metric in METRICS.items() if name in data.frame and data.frame[name].notna().any()
    ]
    shown = measured or metrics_of([DEFAULT]).values()
    rows: list[list[Text]] = [
        [m.title, [Code(m.name)], m.summary, _range(m), m.better, m.reference] for m in shown
    ]
    return [
        bullets(_METHOD.format(disturbed=DISTURBED)),
        Table(["heading", "column of results.csv", "what it is", "range", "better", "reference"], rows),
    ]


def _range(metric: Metric) -> str:
    return f"{metric.low:g} to {'∞' if isinf(metric.high) else format(metric.high, 'g')}"
