"""Which metrics and clusterings there are: built in, and from plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from benchmark.errors import InputError
from benchmark.scoring import classification, clustering, fidelity
from benchmark.scoring.clusterings import BUILT_IN_CLUSTERINGS, DEFAULT, Clustering
from benchmark.scoring.metrics import Metric
from reducers.plugins import Kind, Plugin, every_plugin, kind_of

_AGREEMENT = [metric for one in BUILT_IN_CLUSTERINGS.values() for metric in clustering.agreement(one)]
# In the order in which tables show them.
_DECLARED = [
    *(metric for metric in _AGREEMENT if metric.clustering == DEFAULT),
    *(found for module in (classification, fidelity, clustering) for found in vars(module).values()),
    *(metric for metric in _AGREEMENT if metric.clustering != DEFAULT),
]
BUILT_IN_METRICS = {found.name: found for found in _DECLARED if isinstance(found, Metric)}


def _describe(plugin: Plugin) -> Clustering:
    made: Clustering = plugin.value
    taken = [metric.name for metric in clustering.agreement(made) if metric.name in BUILT_IN_METRICS]
    if taken:
        raise InputError(
            f"The clustering '{made.name}' of {plugin.origin} needs another prefix than {made.prefix!r}: "
            f"{taken[0]} is a metric that is built in."
        )
    return made


METRIC_KIND: Kind[Metric] = Kind("metric", BUILT_IN_METRICS, lambda plugin: plugin.value, InputError)
CLUSTERING_KIND: Kind[Clustering] = Kind("clustering", BUILT_IN_CLUSTERINGS, _describe, InputError)

_seen_metrics, _seen_clusterings = dict(BUILT_IN_METRICS), dict(BUILT_IN_CLUSTERINGS)
# What tables and figures call scores: every declaration that this process has come across, as modules are
# in `sys.modules`. A report has one of a plugin by its bare name where the plugin was not looked for. What
# may be asked for, and what is measured, never depends on these, but on the plugins of a request or a job.
METRICS: Mapping[str, Metric] = MappingProxyType(_seen_metrics)
CLUSTERINGS: Mapping[str, Clustering] = MappingProxyType(_seen_clusterings)


def find_clusterings(plugins: Sequence[str | Path] = ()) -> dict[str, Clustering]:
    """Return every clustering by name; raise `InputError` as `find_metrics` does."""
    found = CLUSTERING_KIND.find(plugins)
    _seen_clusterings.update(found)
    return found


def find_metrics(plugins: Sequence[str | Path] = ()) -> dict[str, Metric]:
    """Return every metric by name: built in, installed, from plugin files, and of every clustering.

    Raises
    ------
    InputError
        A plugin file cannot be read, or takes a name that is in use.
    """
    found = METRIC_KIND.find(plugins)
    for metric in chain.from_iterable(map(clustering.agreement, find_clusterings(plugins).values())):
        if found.setdefault(metric.name, metric).clustering != metric.clustering:
            raise InputError(
                f"Two metrics are named '{metric.name}', one of them that of the clustering "
                f"'{metric.clustering}'; rename one."
            )
    _seen_metrics.update(found)
    return found


def metrics_of(clusterings: Iterable[str], plugins: Sequence[str | Path] = ()) -> dict[str, Metric]:
    """Return the metrics that judge these clusterings, and those that judge none."""
    wanted = {"", *clusterings}
    return {name: found for name, found in find_metrics(plugins).items() if found.clustering in wanted}


def scoring_digest(clusterings: Iterable[str], plugins: Sequence[str | Path] = ()) -> str:
    """Return a digest of the code of plugins that score codes by these clusterings; "" where none does."""
    from reducers.source import modules_digest

    wanted, built_in = {"", *clusterings}, [*BUILT_IN_METRICS.values(), *BUILT_IN_CLUSTERINGS.values()]
    modules = {
        plugin.target.partition(":")[0]
        for plugin in every_plugin(plugins)
        if kind_of(plugin.value) in ("metric", "clustering")
        and getattr(plugin.value, "clustering", plugin.value.name) in wanted
        and not any(plugin.value is known for known in built_in)
    }
    return modules_digest(modules) if modules else ""
