"""The studies there are, by identifier."""

from __future__ import annotations

import importlib
import pkgutil

from benchmark.studies import claims
from benchmark.studies.declaration import Study

_NAMES = [module.name for module in pkgutil.iter_modules(claims.__path__, f"{claims.__name__}.")]
_FOUND: list[Study] = [importlib.import_module(name).STUDY for name in _NAMES]
STUDIES = {study.id: study for study in sorted(_FOUND, key=lambda s: (s.id[0] != "S", int(s.id[1:])))}
