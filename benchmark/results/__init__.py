"""What a run leaves behind: records, arrays beside them, the store that keeps both."""

from benchmark.results.record import STATUSES, Record, latest
from benchmark.results.store import RunError, Store, check_run_name, find_runs, open_store, tell

__all__ = [
    "STATUSES",
    "Record",
    "RunError",
    "Store",
    "check_run_name",
    "find_runs",
    "latest",
    "open_store",
    "tell",
]
