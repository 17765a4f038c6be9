"""Letters that look written: drawn from the fonts that matplotlib brings, slanted, thickened and blurred."""

from __future__ import annotations

from pathlib import Path

import numpy as np

# Those that no digit looks like.
_LETTERS = "ABCEFGHJKMNPRTUVWXYaekmprtwxy"


def letters(shape: tuple[int, int], n: int, seed: int) -> np.ndarray:
    """Return `n` images of letters, float32 in [0, 1], shape (n, height * width)."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    rng = np.random.default_rng(seed)
    fonts = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
    fonts = [path for path in fonts if "Display" not in path.stem]
    found = np.empty((n, *shape), dtype=np.float32)
    for place in range(n):
        letter = _LETTERS[rng.integers(len(_LETTERS))]
        font = ImageFont.truetype(fonts[rng.integers(len(fonts))], 72)
        image = Image.new("L", (128, 128))
        ImageDraw.Draw(image).text(
            (64, 64), letter, 255, font, anchor="mm", stroke_width=int(rng.integers(0, 4))
        )
        slant = rng.uniform(-0.3, 0.4)
        image = image.transform(image.size, Image.Transform.AFFINE, (1, slant, -64 * slant, 0, 1, 0))
        image = image.rotate(rng.uniform(-12, 12)).filter(ImageFilter.GaussianBlur(1.5))
        # As MNIST's digits: fitted into a square that leaves a seventh of the side free on every side.
        image = image.crop(image.getbbox())
        side = 5 * min(shape) / 7
        scale = side / max(image.size)
        small = image.resize([max(round(length * scale), 1) for length in image.size], Image.Resampling.BOX)
        canvas = Image.new("L", shape[::-1])
        canvas.paste(small, ((shape[1] - small.width) // 2, (shape[0] - small.height) // 2))
        found[place] = np.asarray(canvas, dtype=np.float32) / 255
    return found.reshape(n, -1)
