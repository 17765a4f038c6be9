"""The studies there are, by identifier."""

from __future__ import annotations

import importlib
import pkgutil

from benchmark.studies import claims
from benchmark.studies.declaration import Study


def _load() -> dict[str, Study]:
    found: list[Study] = []
    for module in pkgutil.iter_modules(claims.__path__, f"{claims.__name__}."):
        study = importlib.import_module(module.name).STUDY
        found.append(study)
    return {
        study.id: study for study in sorted(found, key=lambda study: (study.id[0] != "S", int(study.id[1:])))
    }


STUDIES = _load()
