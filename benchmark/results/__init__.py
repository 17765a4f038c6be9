"""What a run leaves behind: records, arrays beside them, the store that keeps both."""

from benchmark.errors import RunError
from benchmark.results.record import STATUSES, Record, latest, title
from benchmark.results.store import Store, find_runs, open_store, print_warning
from benchmark.run_names import check_run_name

__all__ = [
    "STATUSES",
    "Record",
    "RunError",
    "Store",
    "check_run_name",
    "find_runs",
    "latest",
    "open_store",
    "print_warning",
    "title",
]
