"""The conformance kit for plugins of every kind; `reducers.checks` holds what it checks of reducers.

One call tells all that a plugin breaks, of a file or of an object::

    from benchmark.conformance import check_plugin
    check_plugin("my_plugin.py")
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets import DatasetInfo
from benchmark.datasets.arrays import Arrays, check_enough
from benchmark.datasets.catalog.named import read_made
from benchmark.plugin_kinds import KINDS
from benchmark.scoring import CLUSTERINGS, Clustering, Embedding, Metric, find_metrics, score
from benchmark.scoring.embedding import PARTS
from benchmark.scoring.examples import arrays_of, make_embeddings, without
from reducers import checks as of_reducers
from reducers.plugins import kind_of, plugins_in_file

# What a metric may lose by chance where the codes lose all that they say.
_SLACK = 0.05


def check_plugin(plugin: str | Path | object) -> None:
    """Check a plugin file, or a reducer, metric, clustering or dataset, and say all that is wrong at once.

    Raises
    ------
    AssertionError
        Something promised is broken; each line names the plugin and what it breaks.
    InputError, RegistryError
        The file cannot be read, or takes a name that is in use.
    """
    found = all_breaches(plugin)
    if found:
        raise AssertionError("\n".join(found))


def all_breaches(plugin: str | Path | object) -> list[str]:
    """Return what `check_plugin` would say, a line a breach."""
    given = [plugin]
    if isinstance(plugin, str | Path):
        for kind in KINDS.values():
            kind.find([plugin])
        find_metrics([plugin])
        given = [found.value for found in plugins_in_file(Path(plugin))]
    return [breach for one in given for breach in breaches(one)]


def breaches(plugin: object) -> list[str]:
    """Return what a reducer (or its class), a metric, a clustering or a dataset breaks, a line a check."""
    made = plugin() if isinstance(plugin, type) else plugin
    kind = kind_of(type(made)) or kind_of(made)
    if kind not in CHECKS:
        return [f"{plugin!r:.60} must be a reducer, metric, clustering or dataset, or the path of a file."]
    complaints = []
    for check in CHECKS[kind]:
        try:
            # Odd codes make libraries warn, which is no news here.
            with warnings.catch_warnings(action="ignore"):
                check(made)
        except AssertionError as error:
            complaints.append(str(error))
        except Exception as error:
            complaints.append(f"{check.__name__} met {type(error).__name__}: {error}")
    # One fault may show in several checks.
    return [f"The {kind} '{getattr(made, 'name', '')}': {one}" for one in dict.fromkeys(complaints)]


def check_text(plugin: Any) -> None:
    """A summary and what to cite are there: tables and reports show them."""
    empty = [name for name in ("summary", "reference", "citation", "url") if getattr(plugin, name, "-") == ""]
    _demand(not empty, f"{' and '.join(empty)} must not be empty (a metric's summary is its docstring)")


def check_metric_declaration(metric: Metric) -> None:
    """The range is one, and the clustering that it judges exists."""
    _demand(-np.inf < metric.low < metric.high, f"low must be finite and below high; got {metric.low:g}")
    known = ("", *CLUSTERINGS)
    _demand(metric.clustering in known, f"no clustering is named {metric.clustering!r}")


def check_metric_scores(metric: Metric) -> None:
    """A number within the range, or None, whatever the codes: tied, duplicated or all the same."""
    for name, embedding in make_embeddings().items():
        _scored(metric, embedding, f"of {name} codes")


def check_metric_needs(metric: Metric) -> None:
    """Without a part that it does not need, it scores; what it needs is declared."""
    for part in PARTS:
        where = f"without {part} (which needs does not name; a metric may also return None)"
        _scored(metric, without(make_embeddings()["plain"], part), where)


def check_metric_direction(metric: Metric) -> None:
    """Codes given to the wrong samples are not the better ones, by `higher_is_better`."""
    made = make_embeddings()
    good, bad = (_scored(metric, made[name], f"of {name} codes") for name in ("plain", "shuffled"))
    if metric.higher_is_better is not None and good is not None and bad is not None:
        gain = (bad - good) * (1 if metric.higher_is_better else -1)
        told = f"codes score {good:.3g}, and {bad:.3g} where they are shuffled: is higher_is_better right?"
        _demand(gain <= _SLACK * max(abs(good), abs(bad)), told)


def check_metric_repeats(metric: Metric) -> None:
    """The same codes have the same score; neither they nor global random states are touched."""
    _repeats(lambda embedding: np.asarray(metric(embedding), dtype=float))


def check_clustering_assigns(clustering: Clustering) -> None:
    """Rows of the test set, none twice, each with a whole number, whatever the codes."""
    for name, embedding in make_embeddings().items():
        where, n = f"of {name} codes, assign must return", len(embedding.Z_test)
        try:
            rows, clusters = (np.asarray(part) for part in clustering.assign(embedding))
        except Exception as error:
            met = f"it met {type(error).__name__}: {error}"
            raise AssertionError(f"{where} (rows, clusters); {met}") from error
        counted = rows.ndim == 1 and rows.dtype.kind in "iu" and len(np.unique(rows)) == len(rows) > 0
        within = bool(counted and rows.min() >= 0 and rows.max() < n)
        _demand(within, f"{where} row numbers of 0 to {n - 1}, none of them twice")
        whole = clusters.shape == rows.shape and clusters.dtype.kind in "iu"
        told = f"got {clusters.dtype} of shape {clusters.shape} for {len(rows)} rows"
        _demand(whole, f"{where} a whole number for every row; {told}")


def check_clustering_is_blind(clustering: Clustering) -> None:
    """Which class a sample is of changes nothing: clusters are compared with the classes."""
    embedding = make_embeddings()["plain"]
    turned = replace(embedding, **{name: getattr(embedding, name)[::-1] for name in ("y_train", "y_test")})
    same = [np.array_equal(*pair) for pair in zip(*map(clustering.assign, (embedding, turned)), strict=True)]
    _demand(all(same), "the clusters must not depend on which class a sample is of")


def check_clustering_repeats(clustering: Clustering) -> None:
    """The same codes and seed give the same clusters; neither codes nor global random states are touched."""
    _repeats(lambda embedding: np.vstack(clustering.assign(embedding)))


def check_dataset_loads(info: DatasetInfo) -> None:
    """Finite samples that fit each other, of several classes; what is tested is trained, if labelled."""
    arrays = _loaded(info)
    labels = [y for y in (arrays.y_train, arrays.y_test) if y is not None]
    _demand(arrays.X_test is None or len(labels) != 1, "both parts must have labels, or neither")
    _demand(not labels or len(arrays.class_names) > 1, "labels must be of at least two classes, or absent")
    untrained = set(range(len(arrays.class_names))) - set(labels[0].tolist()) if labels else ()
    _demand(not untrained, f"classes {untrained} are in the test part only")


def check_dataset_repeats(info: DatasetInfo) -> None:
    """The same data every time: jobs load them anew; global random states are not touched."""
    once = _loaded(info).sha256()
    digests: list[str] = []
    _untouched(lambda: digests.append(_loaded(info).sha256()))
    _demand(digests == [once], "load must return the same data every time: fix the seed of what is random")


CHECKS: Mapping[str, tuple[Callable[[Any], None], ...]] = {
    "reducer": of_reducers.CHECKS,
    "metric": (
        check_text, check_metric_declaration, check_metric_scores, check_metric_needs,
        check_metric_direction, check_metric_repeats,
    ),
    "clustering": (check_text, check_clustering_assigns, check_clustering_is_blind, check_clustering_repeats),
    "dataset": (check_text, check_dataset_loads, check_dataset_repeats),
}  # fmt: skip


def _scored(metric: Metric, embedding: Embedding, where: str) -> float | None:
    try:
        return score(embedding, {metric.name: metric}).get(metric.name)
    except Exception as error:
        raise AssertionError(f"{where}, it met {type(error).__name__}: {error}") from error


def _repeats(compute: Callable[[Embedding], np.ndarray]) -> None:
    embedding = make_embeddings()["plain"]
    before = {name: array.copy() for name, array in arrays_of(embedding).items()}
    found: list[np.ndarray] = []
    _untouched(lambda: found.append(compute(embedding)))
    again = compute(make_embeddings()["plain"])
    _demand(np.array_equal(found[0], again, equal_nan=True), "the same codes must give the same result again")
    changed = [name for name, array in before.items() if not np.array_equal(getattr(embedding, name), array)]
    _demand(not changed, f"{' and '.join(changed)} of the embedding must not be changed")


def _loaded(info: DatasetInfo) -> Arrays:
    _demand(info.load is not None, "a plugin must have a function as its load")
    return check_enough(info.name, read_made(info))


def _untouched(call: Callable[[], object]) -> None:
    touched = of_reducers.touched_generators(call)
    _demand(not touched, f"the global random state of {' and '.join(touched)} must not be touched")


def _demand(condition: bool, complaint: str) -> None:
    if not condition:
        raise AssertionError(complaint)
