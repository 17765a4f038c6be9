"""Data sets of openml.org, fetched once by scikit-learn's reader and kept as a table in the cache."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmark.datasets.catalog.download import DataUnavailable, cache_directory, unreachable
from benchmark.errors import InputError
from benchmark.results.atomic import write_atomically

PREFIX = "openml:"
_SERVER = "https://www.openml.org/"


def openml_table(name: str, *, download: bool = True) -> Path:
    """Return the parquet file of a data set of OpenML, its target in the column `label`.

    Its name is ``openml:`` and the name or the number there, as "openml:credit-g" or "openml:31"; of others,
    `InputError` is raised. `DataUnavailable` is where the cache does not hold it, and it was not fetched.
    """
    asked = name.removeprefix(PREFIX)
    if not re.fullmatch(r"\w[\w.()+-]{0,80}", asked):
        raise InputError(f"{name!r} must be openml:NAME or openml:NUMBER, as openml:credit-g or openml:31.")
    path = cache_directory() / "openml" / f"openml-{asked}.parquet"
    if not path.is_file():
        failure = _fetch(asked, path) if download else "downloading is switched off"
        if failure:
            raise DataUnavailable(
                f"{name} is not in {path.parent} and was not fetched ({failure}): go online once, see "
                f"{_SERVER} for names and numbers, or give the path of a file of your own."
            )
    return path


def _fetch(asked: str, path: Path) -> str:
    """Write the table of a data set to `path`; return what went wrong, or ""."""
    # scikit-learn waits without end for a server that is silent.
    failure = unreachable(_SERVER)
    if failure:
        return failure
    from sklearn.datasets import fetch_openml

    which: dict[str, Any] = {"data_id": int(asked)} if asked.isdecimal() else {"name": asked}
    try:
        found = fetch_openml(**which, as_frame=True, cache=False, n_retries=1, parser="auto")
    except (OSError, ValueError) as error:
        return str(error).rstrip(".")
    target = found.target_names[0] if len(found.target_names) == 1 else None
    frame = found.frame.rename(columns={target: "label"})
    write_atomically(path, lambda file: frame.to_parquet(file, index=False))
    return ""
