"""Data sets: four by name, anything else by the path of a file."""

from __future__ import annotations

from benchmark.datasets.catalog import DATASETS, DatasetInfo
from benchmark.datasets.dataset import Dataset, load_dataset
from benchmark.datasets.download import DataUnavailable
from benchmark.datasets.files import SUFFIXES
from benchmark.datasets.idx import read_idx
from benchmark.datasets.sources import SOURCES, Source

__all__ = [
    "DATASETS",
    "SOURCES",
    "SUFFIXES",
    "DataUnavailable",
    "Dataset",
    "DatasetInfo",
    "Source",
    "load_dataset",
    "read_idx",
]
