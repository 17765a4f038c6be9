"""Data sets: some by name, anything else by the path of a file or a folder."""

from benchmark.datasets.catalog.declarations import DATASETS, DatasetInfo, find_datasets
from benchmark.datasets.catalog.download import DataUnavailable
from benchmark.datasets.dataset import Dataset, load_dataset
from benchmark.datasets.formats.idx import read_idx

__all__ = [
    "DATASETS",
    "DataUnavailable",
    "Dataset",
    "DatasetInfo",
    "find_datasets",
    "load_dataset",
    "read_idx",
]
