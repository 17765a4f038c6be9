"""How the figures of a report were measured."""

from __future__ import annotations

from math import isinf

from benchmark.reporting.document import Block, Code, Table, bullets
from benchmark.reporting.report_data import ReportData
from benchmark.scoring import METRICS, Metric

_METHOD = """\
- **Clock.** Wall time, read right before and right after `fit` on the training set, and again around
  `transform` of the test set; the device is synchronised before each reading. Loading the data, the
  warm-up and the scoring stand outside.
- **Repeats.** Asked for N repeats, a job times N fits and transforms, each of a fresh copy with the same
  seed: the time is their median, the spread their largest minus smallest, the memory the greatest peak.
- **Timing** is `exclusive` where no other job of the suite ran on the machine meanwhile, and `shared` where
  some did (several workers on one machine). Shared times are never averaged or compared with others.
- **Precision** is that of matrix products: `fp32` is IEEE single precision (on CUDA, TF32 is off), `bf16` is
  bfloat16 with weights and updates in fp32.
- **Warm-up.** Each reducer first runs once on a small slice, so that compilation and first allocations
  are not charged to `fit`; what that cost is a column of its own.
- **Memory.** Peak resident memory (MiB) above what was in use before; device memory as torch allocated it.
- **Labels** are used for scoring only; no reducer sees them.
- **Seeds.** A seed fixes every random choice of its job. A job that did not end well enters no mean.
- **Intervals** of scores are bootstrapped at 95 %: 1,000 times the seeds are weighted anew, and the test rows
  within them, the same for every reducer. With one seed they count test rows only; of few, seeds say little.
  Of jobs without predictions, and metrics that are not made of rows, they are Student's t over three seeds
  or more.
- **Ranks.** Two scores are told apart where the interval of their difference, over the same draws, leaves out
  0, at 95 % for all pairs together (Holm). The best rank of a score is behind those told to be better.
- **Pictures** of codes wider than two show their first two principal components, of the first ok seed.
- **What is comparable.** Scores compare across machines that ran the same data, sizes, code width and
  version;
  times and memory only within one machine, device and number of threads, and where the timing is
  exclusive. Losses of different reducers are different quantities and do not compare.
"""


def method(data: ReportData) -> list[Block]:
    """Return how every figure was measured, and what may be compared with what."""
    measured = [metric for name, metric in METRICS.items() if data.frame[name].notna().any()]
    rows = [
        [[Code(m.name)], m.summary, _range(m), "higher" if m.higher_is_better else "lower", m.reference]
        for m in measured or METRICS.values()
    ]
    return [bullets(_METHOD), Table(["metric", "what it is", "range", "better", "reference"], rows)]


def _range(metric: Metric) -> str:
    return f"{metric.low:g} to {'∞' if isinf(metric.high) else format(metric.high, 'g')}"
