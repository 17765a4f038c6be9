"""The data sets known by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.datasets.arrays import Arrays
from benchmark.datasets.catalog.download import locate
from benchmark.datasets.catalog.sources import FILES, SOURCES
from benchmark.datasets.formats.idx import read_idx
from benchmark.errors import InputError

DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True)
class DatasetInfo:
    """What ``list datasets`` shows of a data set.

    Attributes
    ----------
    name, summary : str
    n_train, n_test : int
        Number of images.
    image_shape : (int, int)
        Height and width in pixels.
    class_names : tuple of str
    citation, url : str
        Where it was published, and where it comes from.
    """

    name: str
    summary: str
    n_train: int
    n_test: int
    image_shape: tuple[int, int]
    class_names: tuple[str, ...]
    citation: str
    url: str

    @property
    def shape(self) -> str:
        """The sizes in words."""
        height, width = self.image_shape
        return f"{self.n_train} + {self.n_test} images of {height} x {width} pixels"


DATASETS: dict[str, DatasetInfo] = {
    info.name: info
    for info in (
        DatasetInfo(
            "mnist",
            "handwritten digits",
            60000,
            10000,
            (28, 28),
            DIGIT_NAMES,
            "LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86, 1998",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        DatasetInfo(
            "fashion-mnist",
            "pictures of clothes, a harder MNIST",
            60000,
            10000,
            (28, 28),
            ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot"),
            "Xiao, Rasul and Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017",
            "https://github.com/zalandoresearch/fashion-mnist",
        ),
        DatasetInfo(
            "kmnist",
            "cursive Japanese characters",
            60000,
            10000,
            (28, 28),
            ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
            "Clanuwat et al., Deep Learning for Classical Japanese Literature, arXiv:1812.01718, 2018",
            "https://codh.rois.ac.jp/kmnist/",
        ),
        DatasetInfo(
            "digits",
            "small handwritten digits, bundled with scikit-learn: needs no download",
            1438,
            359,
            (8, 8),
            DIGIT_NAMES,
            "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
            "https://archive.ics.uci.edu/dataset/80/",
        ),
    )
}


def read_named(name: str, data_dir: str | Path | None = None, *, download: bool = True) -> Arrays:
    """Return the arrays of a data set of `DATASETS`; errors are those of `locate`."""
    if name == "digits":
        return _read_digits()
    return read_directory(locate(SOURCES[name], data_dir, download=download), DATASETS[name].class_names)


def read_directory(directory: Path, class_names: tuple[str, ...]) -> Arrays:
    """Return the arrays of the four IDX files in `directory`.

    Raises
    ------
    InputError
        A file is damaged, or images and labels do not fit each other.
    """
    X_train, y_train, X_test, y_test = (read_idx(directory / name) for name in FILES)
    for X, y, part in ((X_train, y_train, "train"), (X_test, y_test, "t10k")):
        if X.ndim != 3 or y.ndim != 1 or len(X) != len(y) or X.shape[1:] != X_train.shape[1:]:
            raise InputError(
                f"The {part} files in {directory} must hold images (n, height, width) and labels (n,) of the "
                f"same n and size; got the shapes {X.shape} and {y.shape}."
            )
        if y.max(initial=0) >= len(class_names):
            raise InputError(
                f"The {part} labels in {directory} must lie in 0 to {len(class_names) - 1}; got {y.max()}."
            )
    height, width = X_train.shape[1:]
    return Arrays(
        X_train.reshape(-1, height * width),
        y_train.astype(np.int64),
        X_test.reshape(-1, height * width),
        y_test.astype(np.int64),
        class_names,
        (height, width),
    )


def _read_digits() -> Arrays:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Arrays(
        X.astype(np.uint8), y.astype(np.int64), class_names=DIGIT_NAMES, image_shape=(8, 8), white=16.0
    )
