"""The data sets known by name: what they are, and where they are published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from benchmark.errors import InputError
from benchmark.run_names import check_run_name
from reducers.plugins import Kind

if TYPE_CHECKING:
    import pandas as pd

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """A data set known by its name.

    Attributes
    ----------
    name, summary : str
        As ``list datasets`` shows them; the name is that of the directory of its files, too.
    citation, url : str
        The publication, and the page of the data.
    load : callable, optional
        Returns the data, the same ones every time: X, (X, y), or (X_train, y_train, X_test, y_test), without
        a split of their own 80 % of them to train with. X are samples (n, n_features), images (n, height,
        width) or a DataFrame of numbers; y are whole numbers or text. Without it there are `mirrors`.
    is_table : bool
        The features may be in different units, and are then standardised; a DataFrame always is a table.
    white : float
        The value of a full pixel in data of type uint8.
    class_names : tuple of str
        Names of the labels 0, 1, ... in the files of the mirrors.
    mirrors : tuple of str
        Base URLs, ending in "/", that hold the same four files.
    sha256 : tuple of str
        SHA-256 of each file, in the order of `FILES`.
    """

    plugin_kind: ClassVar[str] = "dataset"

    name: str
    summary: str
    citation: str
    url: str
    load: Callable[[], Any] | None = None
    is_table: bool = False
    white: float = 255.0
    class_names: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_run_name(self.name, "A data set's name")
        if callable(self.load) == bool(self.mirrors):
            raise InputError(
                f"The data set '{self.name}' needs a function as its load, or mirrors, and not both; got "
                f"{self.load!r:.60} and {len(self.mirrors)} mirrors."
            )


def _of_scikit_learn(function: str, **options: float) -> Any:
    import sklearn.datasets

    return getattr(sklearn.datasets, function)(**options)


def _load_digits() -> tuple[np.ndarray, np.ndarray]:
    found = _of_scikit_learn("load_digits")
    return found.images.astype(np.uint8), found.target


def _load_table(function: str) -> tuple[pd.DataFrame, np.ndarray]:
    import pandas as pd

    found = _of_scikit_learn(function)
    return pd.DataFrame(found.data, columns=found.feature_names), found.target_names[found.target]


def _make_points(function: str, **options: float) -> tuple[np.ndarray, np.ndarray]:
    X, y = _of_scikit_learn(function, n_samples=5000, random_state=0, **options)
    # Along a sheet: as many points in each of ten pieces.
    return X, y if y.dtype.kind == "i" else (np.argsort(np.argsort(y)) * 10) // len(y)


def _table(name: str, summary: str, function: str, number: int, citation: str) -> DatasetInfo:
    return DatasetInfo(
        name=name, summary=f"{summary}; bundled with scikit-learn", citation=citation,
        url=f"https://archive.ics.uci.edu/dataset/{number}/", load=partial(_load_table, function),
        is_table=True,
    )  # fmt: skip


def _made(name: str, summary: str, **options: float) -> DatasetInfo:
    function = f"make_{name.replace('-', '_')}"
    return DatasetInfo(
        name=name, summary=f"{summary}; made by scikit-learn",
        citation="Pedregosa et al., Scikit-learn, JMLR 12, 2011",
        url=f"https://scikit-learn.org/stable/modules/generated/sklearn.datasets.{function}.html",
        load=partial(_make_points, function, **options), is_table=True,
    )  # fmt: skip


_ALL = (
    DatasetInfo(
        name="mnist",
        summary="handwritten digits",
        class_names=tuple("0123456789"),
        citation="LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86, 1998",
        url="http://yann.lecun.com/exdb/mnist/",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        sha256=(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    DatasetInfo(
        name="fashion-mnist",
        summary="pictures of clothes, a harder MNIST",
        class_names=_CLOTHES,
        citation="Xiao, Rasul and Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017",
        url="https://github.com/zalandoresearch/fashion-mnist",
        mirrors=(
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        sha256=(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    DatasetInfo(
        name="kmnist",
        summary="cursive Japanese characters",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        citation="Clanuwat et al., Deep Learning for Classical Japanese Literature, arXiv:1812.01718, 2018",
        url="https://codh.rois.ac.jp/kmnist/",
        mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        sha256=(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
    ),
    DatasetInfo(
        name="digits",
        summary="small handwritten digits, bundled with scikit-learn: needs no download",
        citation="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
        url="https://archive.ics.uci.edu/dataset/80/",
        load=_load_digits,
        white=16.0,
    ),
    _table(
        "iris", "150 flowers of three species, 4 measurements", "load_iris", 53,
        "Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 1936",
    ),
    _table(
        "wine", "178 wines of three growers, 13 measurements in different units", "load_wine", 109,
        "Aeberhard and Forina, Wine, UCI, 1991",
    ),
    _table(
        "breast-cancer", "569 tumours of two kinds, 30 measurements", "load_breast_cancer", 17,
        "Street, Wolberg and Mangasarian, Nuclear feature extraction for breast tumor diagnosis, 1993",
    ),
    # With a little noise, and clusters that just touch.
    _made("swiss-roll", "a rolled-up sheet in 3 dimensions, its length in ten classes", noise=0.5),
    _made("s-curve", "a sheet bent to an S in 3 dimensions, its length in ten classes", noise=0.05),
    _made("blobs", "ten round clusters in 20 dimensions", n_features=20, centers=10, cluster_std=3.0),
)  # fmt: skip
DATASETS = {info.name: info for info in _ALL}
DATASET_KIND: Kind[DatasetInfo] = Kind("dataset", DATASETS, lambda plugin: plugin.value, InputError)


def find_datasets(plugins: Sequence[str | Path] = ()) -> dict[str, DatasetInfo]:
    """Return every data set by name: built in, installed, and from plugin files.

    `InputError` is raised where one of these cannot be read, or takes a name that is in use.
    """
    return DATASET_KIND.find(plugins)
