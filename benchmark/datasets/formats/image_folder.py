"""A folder of images of one size: a sub-folder a class, or images without classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.datasets.arrays import Arrays, check_arrays
from benchmark.datasets.formats.limits import check_size
from benchmark.errors import InputError, choices

if TYPE_CHECKING:
    from PIL import Image

# What Pillow reads of each suffix; no other of its parsers sees a file.
_FORMATS = {
    ".bmp": "BMP", ".jpeg": "JPEG", ".jpg": "JPEG", ".pgm": "PPM", ".png": "PNG", ".tif": "TIFF",
    ".tiff": "TIFF", ".webp": "WEBP",
}  # fmt: skip
_GREY, _COLOURED = ("1", "L"), ("LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


def read_images(directory: Path) -> Arrays:
    """Read the images of a folder in the order of their names; colour is turned to grey.

    Sub-folders `train` and `test` with the classes below them are a split. Refused are no images, images
    beside sub-folders, of different sizes, of more than 8 bits a channel or damaged, and more than
    `check_size` allows.
    """
    split = [directory / part for part in ("train", "test")]
    halves = split if {path.name for path in _folders(directory)} == {"train", "test"} else [directory]
    paths, labels = zip(*(_labelled(half, directory.name) for half in halves), strict=True)
    X, coloured = _read([path for part in paths for path in part], directory)
    n = len(paths[0])
    test = (X[n:], labels[1]) if len(halves) == 2 else (None, None)
    arrays = check_arrays(directory.name, X[:n], labels[0], *test)
    note = f"{coloured:,} of {len(X):,} images are coloured; they are turned to grey, without transparency."
    return replace(arrays, notes=(note,)) if coloured else arrays


def _folders(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.suffix.lower() in _FORMATS and path.is_file())


def _labelled(directory: Path, where: str) -> tuple[list[Path], np.ndarray | None]:
    """Return the images of one part, and the names of their sub-folders where it has any."""
    folders, own = _folders(directory), _images(directory)
    if folders and own:
        raise InputError(
            f"{where} must hold images, or a sub-folder of images for each class, not both; got "
            f"{own[0].name!r} beside {folders[0].name!r}."
        )
    found = {folder: _images(folder) for folder in folders} or {directory: own}
    empty = next((folder.name for folder, images in found.items() if not images), None)
    if empty is not None:
        raise InputError(
            f"{where} must hold images of the types {choices(_FORMATS)}, in a sub-folder for each class or "
            f"in none; got none in {empty!r}."
        )
    paths = [path for images in found.values() for path in images]
    return paths, np.array([path.parent.name for path in paths], dtype=object) if folders else None


def _read(paths: Sequence[Path], directory: Path) -> tuple[np.ndarray, int]:
    """Return images as (n, height, width), and how many of them have colours."""
    X, coloured = np.empty((0, 0, 0), dtype=np.uint8), 0
    for place, path in enumerate(paths):
        where = f"{path.relative_to(directory)} of {directory.name}"
        try:
            with _opened(path, where) as image:
                if not place:
                    check_size(directory, len(paths) * image.height * image.width)
                    X = np.empty((len(paths), image.height, image.width), dtype=np.uint8)
                if (image.height, image.width) != X.shape[1:]:
                    raise InputError(
                        f"The images of {directory.name} must be of one size; {paths[0].name} has "
                        f"{X.shape[1]}x{X.shape[2]} pixels, {where} {image.height}x{image.width}: resize "
                        "them."
                    )
                coloured += image.mode in _COLOURED
                X[place] = np.asarray(image.convert("L"))
        except InputError:
            raise
        except Exception as error:  # a damaged file makes parsers raise anything
            reason = " ".join(str(error).replace(str(path), path.name).split()) or type(error).__name__
            raise InputError(f"{where} cannot be read as an image: {reason.rstrip('.')}.") from error
    return X, coloured


def _opened(path: Path, where: str) -> Image.Image:
    """Return an image whose header was read, and nothing else."""
    from PIL import Image

    image = Image.open(path, formats=[_FORMATS[path.suffix.lower()]])
    if image.mode not in (*_GREY, *_COLOURED) or getattr(image, "n_frames", 1) > 1:
        raise InputError(
            f"{where} must be one image of 8 bits a channel; got the mode {image.mode}, or several images: "
            "convert it."
        )
    return image
