"""The kinds of arrays that are kept beside a record, each declared once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]


class Artifact(NamedTuple):
    """A kind of arrays: a file ``<kind>/<key>.npz`` for every job that has them.

    `committed` kinds are kept by git of the reference runs; ``.gitignore`` names the others.
    The files of `compressed` kinds are smaller, and slower to write.
    """

    committed: bool
    compressed: bool


ARTIFACTS = {
    "embeddings": Artifact(committed=False, compressed=False),  # the codes of both parts
    "models": Artifact(committed=False, compressed=False),  # fitted reducers, which `reducers.load` reads
    "predictions": Artifact(committed=True, compressed=True),  # what scores are made of, a value a test row
    "evidence": Artifact(committed=True, compressed=True),  # what the figure of a study is drawn of
    "samples": Artifact(committed=False, compressed=True),  # test samples that a report shows, by dataset
    "views": Artifact(committed=True, compressed=True),  # what the report draws
}
