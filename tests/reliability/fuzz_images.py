"""Images and sparse matrices: valid, damaged, and lying about their sizes."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from random import Random

import numpy as np
from fuzz_mutations import NUMBERS, damaged
from PIL import Image
from scipy import sparse

Made = tuple[str, bytes]

# Suffixes of what `image_folder` reads, with Pillow's name of the format.
KINDS = {".png": "PNG", ".jpg": "JPEG", ".bmp": "BMP", ".tif": "TIFF", ".webp": "WEBP", ".pgm": "PPM"}
MODES = ("L", "L", "L", "RGB", "RGBA", "P", "1", "I;16", "CMYK")
SIZE = (6, 4)


def image(rng: Random) -> Made:
    """Return an image, whole or damaged, at times under the name of another format."""
    suffix = rng.choice(sorted(KINDS))
    data = rng.choice(images()[suffix])
    if rng.random() < 0.6:
        data = damaged(rng, data, images()[suffix])
    return f"input{suffix if rng.random() < 0.95 else rng.choice(sorted(KINDS))}", data


@cache
def images() -> dict[str, list[bytes]]:
    """Return valid images by suffix, of all modes that their format has; drawn from a seed of their own."""
    rng = np.random.default_rng(0)
    made: dict[str, list[bytes]] = {suffix: [] for suffix in KINDS}
    for suffix, kind in KINDS.items():
        for mode in MODES:
            grey = Image.fromarray(rng.integers(0, 256, SIZE[::-1], dtype=np.uint8))
            target = io.BytesIO()
            try:
                grey.convert(mode).save(target, kind)
            except (OSError, ValueError, KeyError):
                continue  # a format without this mode
            made[suffix].append(target.getvalue())
    return made


def matrix(rng: Random) -> Made:
    """Return a sparse matrix of SciPy's, its parts at times swapped, extreme or damaged."""
    n, width = rng.choice((5, 12, 40)), rng.randrange(1, 6)
    whole = sparse.random(n, width, 0.5, rng.choice(("csr", "csc", "coo", "bsr", "dia")), random_state=n)
    target = io.BytesIO()
    sparse.save_npz(target, whole, compressed=rng.random() < 0.5)
    target.seek(0)
    with np.load(target) as held:
        parts = {name: held[name] for name in held.files}
    for _ in range(rng.choice((0, 0, 1, 2))):
        name = rng.choice(sorted(parts))
        part = parts[name].copy()
        if part.ndim and part.size and part.dtype.kind in "iuf":
            # A place outside of the matrix is what unchecked code would write to.
            extreme = rng.choice((-1, *NUMBERS)) % 2 ** (8 * part.dtype.itemsize - 1) * rng.choice((1, -1))
            part.flat[rng.randrange(part.size)] = extreme
        parts[name] = part[: rng.randrange(1, len(part) + 1)] if part.ndim and rng.random() < 0.3 else part
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, part in parts.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, part, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
    data = target.getvalue()
    return "input.npz", damaged(rng, data) if rng.random() < 0.3 else data
