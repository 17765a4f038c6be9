"""How a table of one's own is to be read: which column is what, and by which scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmark.errors import InputError, suggestion


class Columns(NamedTuple):
    """The columns of a table by what they are; `label` and `split` are None where there is none."""

    features: list[str]
    label: str | None
    split: str | None


@dataclass(frozen=True)
class DataOptions:
    """What the user said of the data; the default leaves everything to the data.

    Attributes
    ----------
    label : str, optional
        The column of classes; by default the one called ``label``, if any.
    drop : tuple of str
        Columns that are no features.
    split : str, optional
        The column that says "train" or "test" of each row.
    scale : {'none', 'unit', 'standard'}, optional
        As given; one affine map for all features to [0, 1]; or every feature standardised first.
    missing : {'error', 'drop', 'mean'}
        What becomes of missing values: an error, their rows left out, or the mean of the training rows.
    image_shape : str, optional
        ``HEIGHTxWIDTH`` of images that are stored as rows.
    """

    label: str | None = None
    drop: tuple[str, ...] = ()
    split: str | None = None
    scale: str | None = None
    missing: str = "error"
    image_shape: str | None = None

    def choose(self, names: Sequence[str], where: str) -> Columns:
        """Return what the columns of a table are.

        Refused are a named column that does not exist or has two tasks, and a table without a feature.
        """
        asked = {"--label": self.label, "--split": self.split, **{f"--drop {n}": n for n in self.drop}}
        for option, name in asked.items():
            if name is not None and name not in names:
                few = ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
                raise InputError(
                    f"{option.split()[0]} names the column {name!r}, which {where} does not have."
                    f"{suggestion(name, names)} It has: {few}."
                )
        given = [name for name in asked.values() if name is not None]
        twice = next((name for name in given if given.count(name) > 1), None)
        if twice is not None:
            raise InputError(
                f"The column {twice!r} of {where} can be only one of --label, --split and --drop."
            )
        usual = [name for name in names if name.lower() == "label" and name not in given]
        if self.label is None and len(usual) > 1:
            raise InputError(
                f"{where} must have at most one column of labels; got {' and '.join(usual)}: say which with "
                "--label, and --drop the other."
            )
        label = self.label or (usual[0] if usual else None)
        features = [name for name in names if name not in (label, self.split, *self.drop)]
        if not features:
            raise InputError(f"{where} must have a column that is a feature; all of its columns are taken.")
        return Columns(features, label, self.split)

    def refuse_columns(self, where: str) -> None:
        """Raise `InputError` where a column is named of a file that has no names."""
        if self.label or self.split or self.drop:
            raise InputError(
                f"--label, --split and --drop name columns of a table, and {where} is none: give a .csv, "
                ".tsv or .parquet file."
            )

    def as_facts(self) -> dict[str, Any]:
        """Return what differs from the default, as JSON holds it."""
        default = vars(DataOptions())
        facts = {name: value for name, value in vars(self).items() if value != default[name]}
        return {**facts, "drop": list(self.drop)} if self.drop else facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> DataOptions:
        """Return the options of `as_facts`."""
        return cls(**{**facts, "drop": tuple(facts.get("drop", ()))})
