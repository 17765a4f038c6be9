"""Jobs on this machine, each in a process of its own."""

from benchmark.execution.local.local_pool import LocalWorker as LocalWorker
