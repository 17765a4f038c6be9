"""A folder of images: a sub-folder a class, one size, grey; anything else is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets import load_dataset
from benchmark.datasets.data_options import DataOptions
from benchmark.datasets.formats import limits
from benchmark.errors import InputError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 5, 7), dtype=np.uint8)


def folder(path: Path, suffix: str = ".png") -> Path:
    """Write twelve images of 5x7 pixels in two classes."""
    for place, pixels in enumerate(PIXELS):
        file = path / "pets" / ("cat" if place % 2 else "dog") / f"{place:02}{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    return path / "pets"


def test_sub_folders_are_classes_and_rows_follow_the_names_of_files(tmp_path: Path) -> None:
    data = load_dataset(folder(tmp_path))
    assert data.name == f"pets-{data.sha256[:6]}"
    assert data.class_names == ("cat", "dog")
    assert data.image_shape == (5, 7)
    assert data.X_train.dtype == np.uint8
    assert (data.offset, data.scale) == (0.0, 255.0)
    in_order = np.concatenate([PIXELS[1::2], PIXELS[::2]]).reshape(12, 35)
    np.testing.assert_array_equal(data.X_train, in_order[data.rows_train])
    assert data.y_test is not None
    assert data.y_test.tolist() == (data.rows_test >= 6).astype(int).tolist()
    assert data.notes == ()


def test_images_without_sub_folders_have_no_classes(tmp_path: Path) -> None:
    data = load_dataset(folder(tmp_path) / "cat")
    assert (data.n_train + data.n_test, data.n_classes) == (6, 0)


def test_train_and_test_are_a_split_and_no_classes(tmp_path: Path) -> None:
    folder(tmp_path / "train")
    folder(tmp_path / "test")
    root = tmp_path / "all"
    for part in ("train", "test"):
        (root / part).parent.mkdir(exist_ok=True)
        (tmp_path / part / "pets").rename(root / part)
    data = load_dataset(root)
    assert (data.n_train, data.n_test, data.class_names) == (12, 12, ("cat", "dog"))
    np.testing.assert_array_equal(data.X_train, data.X_test)


def test_colour_is_turned_to_grey_and_it_is_said(tmp_path: Path) -> None:
    root = folder(tmp_path)
    colour = np.zeros((5, 7, 3), np.uint8)
    colour[..., 0] = 200
    Image.fromarray(colour).save(root / "cat" / "01.png")
    data = load_dataset(root)
    assert any("1 of 12 images are coloured" in note for note in data.notes)
    X = np.concatenate([data.X_train, data.X_test])[np.argsort([*data.rows_train, *data.rows_test])]
    assert set(X[0].tolist()) == {round(0.299 * 200)}


def test_every_format_that_keeps_pixels_gives_the_same_pixels(tmp_path: Path) -> None:
    hashes = {load_dataset(folder(tmp_path / s, s)).sha256 for s in (".png", ".bmp", ".tiff", ".pgm")}
    assert len(hashes) == 1


def test_files_that_are_no_images_are_left_alone(tmp_path: Path) -> None:
    expected = load_dataset(folder(tmp_path)).sha256
    (tmp_path / "pets" / "readme.txt").write_text("x")
    (tmp_path / "pets" / ".hidden").mkdir()
    assert load_dataset(tmp_path / "pets").sha256 == expected


def _other_size(root: Path) -> None:
    Image.fromarray(PIXELS[0].T).save(root / "dog" / "00.png")


def _damaged(root: Path) -> None:
    (root / "dog" / "02.png").write_bytes((root / "dog" / "02.png").read_bytes()[:60])


def _other_content(root: Path) -> None:
    (root / "dog" / "02.png").write_bytes(b"GIF89a not at all")


def _sixteen_bits(root: Path) -> None:
    Image.fromarray(PIXELS[0].astype(np.uint16) * 200).save(root / "dog" / "02.png")


def _several_frames(root: Path) -> None:
    frames = [Image.fromarray(pixels) for pixels in PIXELS[:3]]
    frames[0].save(root / "dog" / "02.tiff", save_all=True, append_images=frames[1:])


def _beside(root: Path) -> None:
    Image.fromarray(PIXELS[0]).save(root / "own.png")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_size, r"of one size; 01.png has 5x7 pixels, dog/00.png of pets 7x5: resize"),
        (_damaged, r"dog/02.png of pets cannot be read as an image"),
        (_other_content, r"dog/02.png of pets cannot be read as an image: .*02.png"),
        (_sixteen_bits, r"dog/02.png of pets must be one image of 8 bits a channel; got the mode I;16"),
        (_several_frames, r"dog/02.tiff of pets must be one image .* or several images"),
        (_beside, r"not both; got 'own.png' beside 'cat'"),
        (lambda root: (root / "empty").mkdir(), r"types .bmp, .*got none in 'empty'"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, change: object, said: str) -> None:
    root = folder(tmp_path)
    change(root)  # type: ignore[operator]
    with pytest.raises(InputError, match=said):
        load_dataset(root)


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must hold images of the types .bmp, .*, in a sub-folder for each"):
        load_dataset(tmp_path)


def test_no_more_pixels_than_a_packed_file_may_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMALL", 100)
    monkeypatch.setattr(limits, "RATIO", 0)
    with pytest.raises(InputError, match=r"pets must not unpack to more than 100 bytes"):
        load_dataset(folder(tmp_path))


def test_columns_are_none_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--label.*pets is none"):
        load_dataset(folder(tmp_path), options=DataOptions(label="cat"))


def test_only_of_images_pictures_are_kept(tmp_path: Path) -> None:
    """Complaint 11: the columns of a table were shown as pictures."""
    from benchmark.measure.view import make_view

    np.save(tmp_path / "table.npy", PIXELS.reshape(12, 35))
    Z = np.zeros((2, 2), np.float32)
    kept = {}
    for source in (folder(tmp_path), tmp_path / "table.npy"):
        test = load_dataset(source, n_test=2).scaled()[1]
        kept[source.name] = set(make_view(load_dataset(source, n_test=2), Z, test, test))
    assert {"images", "reconstructions", "image_shape"} <= kept["pets"]
    assert kept["table.npy"] == {"codes", "variance_shown", "column_errors"}
