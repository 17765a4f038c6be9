"""What ``run.json`` says of a run: what was asked, of which data, on which machine, how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.measure.outcome import utc_now
from benchmark.plan import Plan
from benchmark.request import BaseRequest
from benchmark.results import Record
from benchmark.results.record import machine_id


class RunFacts:
    """The facts of a run that begins now, or that goes on from `earlier` facts of the same thing.

    Parameters
    ----------
    request : BaseRequest
    plan : Plan
    environment : mapping
        Of this machine.
    earlier : mapping
        ``run.json`` as the call before left it; empty for a new run.
    """

    def __init__(
        self, request: BaseRequest, plan: Plan, environment: Mapping[str, Any], earlier: Mapping[str, Any]
    ) -> None:
        self._request, self._plan, self._environment = request, plan, environment
        self._earlier = earlier
        # Of all the calls that went into the run; this one adds its own when it ends.
        self._wall_seconds = float(earlier.get("wall_seconds") or 0.0)
        self._started = time.monotonic()

    def count_spent(self, records: Iterable[Record]) -> None:
        """Count what the jobs of a killed call took, one after the other: it could not tell itself."""
        if self._earlier and not self._earlier.get("finished_at"):
            spent = round(sum(record.spent_seconds for record in records), 2)
            self._wall_seconds = max(self._wall_seconds, spent)

    def begun(self, done: Mapping[str, Record]) -> dict[str, Any]:
        """Return the facts while jobs run; `done` are the records that need not be measured again."""
        command = self._request.command()
        before = self._earlier.get("commands") or [self._earlier.get("command")]
        return {
            "run": self._plan.run,
            **self._plan.facts(self._earlier, done),
            "threads": self._plan.threads,
            "arithmetic": dict(self._plan.arithmetic),
            "started_at": self._earlier.get("started_at") or utc_now(),
            "finished_at": None,
            "wall_seconds": self._wall_seconds,
            "overhead_seconds": float(self._earlier.get("overhead_seconds") or 0.0),
            "command": command,
            "commands": list(dict.fromkeys([*filter(None, before), command])),
            "environment": dict(self._environment),
        }

    def ended(
        self, done: Mapping[str, Record], stored: Iterable[Record], overhead_seconds: float
    ) -> dict[str, Any]:
        """Return the facts at the end; `stored` are all records of the run, whoever measured them."""
        facts = self.begun(done)
        facts["wall_seconds"] = round(self._wall_seconds + time.monotonic() - self._started, 2)
        facts["overhead_seconds"] = round(facts["overhead_seconds"] + overhead_seconds, 2)
        return {**facts, **origins(stored), "finished_at": utc_now()}


def origins(records: Iterable[Record]) -> dict[str, Any]:
    """Return machines and commits that rows come from, where these are several."""
    environments = [record.environment for record in records if record.status == "ok"]
    machines = {machine_id(environment): environment for environment in environments}
    commits = dict.fromkeys(str(environment.get("git_commit") or "unknown") for environment in environments)
    found = {"environments": machines, "commits": list(commits)}
    return {name: several for name, several in found.items() if len(several) > 1}
