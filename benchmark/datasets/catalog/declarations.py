"""The data sets known by name: what they are, and where they are published."""

from __future__ import annotations

from dataclasses import dataclass

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_DIGITS = tuple("0123456789")
_CLOTHES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Boot")


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """A data set known by its name.

    Attributes
    ----------
    name, summary : str
        As ``list datasets`` shows them; the name is that of the directory of its files, too.
    n_train, n_test : int
        Number of samples.
    image_shape : (int, int) or None
        Height and width of images in pixels.
    class_names : tuple of str
        Names of the labels 0, 1, ...
    citation, url : str
        The publication, and the page of the data.
    mirrors : tuple of str
        Base URLs, ending in "/", that hold the same four files; none where scikit-learn brings the data.
    sha256 : tuple of str
        SHA-256 of each file, in the order of `FILES`.
    bundled : str
        The function of `sklearn.datasets` that brings or makes the data where there are no mirrors.
    """

    name: str
    summary: str
    n_train: int = 60000
    n_test: int = 10000
    image_shape: tuple[int, int] | None = (28, 28)
    class_names: tuple[str, ...] = _DIGITS
    citation: str
    url: str
    mirrors: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    bundled: str = ""


def _table(
    name: str, summary: str, bundled: str, sizes: tuple[int, int], number: int, citation: str
) -> DatasetInfo:
    return DatasetInfo(
        name=name, summary=f"{summary}; bundled with scikit-learn", n_train=sizes[0], n_test=sizes[1],
        image_shape=None, class_names=(), citation=citation,
        url=f"https://archive.ics.uci.edu/dataset/{number}/", bundled=bundled,
    )  # fmt: skip


def _made(name: str, summary: str, bundled: str) -> DatasetInfo:
    return DatasetInfo(
        name=name, summary=f"{summary}; made by scikit-learn", n_train=4000, n_test=1000, image_shape=None,
        class_names=(), citation="Pedregosa et al., Scikit-learn, JMLR 12, 2011",
        url=f"https://scikit-learn.org/stable/modules/generated/sklearn.datasets.{bundled}.html",
        bundled=bundled,
    )  # fmt: skip


_ALL = (
    DatasetInfo(
        name="mnist",
        summary="handwritten digits",
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
        n_train=1438,
        n_test=359,
        image_shape=(8, 8),
        citation="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998",
        url="https://archive.ics.uci.edu/dataset/80/",
        bundled="load_digits",
    ),
    _table(
        "iris", "150 flowers of three species, 4 measurements", "load_iris", (120, 30), 53,
        "Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7, 1936",
    ),
    _table(
        "wine", "178 wines of three growers, 13 measurements in different units", "load_wine", (142, 36),
        109, "Aeberhard and Forina, Wine, UCI, 1991",
    ),
    _table(
        "breast-cancer", "569 tumours of two kinds, 30 measurements", "load_breast_cancer", (455, 114), 17,
        "Street, Wolberg and Mangasarian, Nuclear feature extraction for breast tumor diagnosis, 1993",
    ),
    _made("swiss-roll", "a rolled-up sheet in 3 dimensions, its length in ten classes", "make_swiss_roll"),
    _made("s-curve", "a sheet bent to an S in 3 dimensions, its length in ten classes", "make_s_curve"),
    _made("blobs", "ten round clusters in 20 dimensions", "make_blobs"),
)  # fmt: skip
DATASETS = {info.name: info for info in _ALL}
