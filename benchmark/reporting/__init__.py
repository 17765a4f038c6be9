"""Tables to figures and Markdown: what a reader sees of a run."""

from benchmark.reporting.markdown import write_report

__all__ = ["write_report"]
