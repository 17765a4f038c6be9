"""Published claims of this field, each measured anew: a plan of jobs, and what is expected of their records.

``claims/`` holds one claim a file; `benchmark.studies.catalog` finds them. The jobs are ordinary ones: the
runner isolates, times and keeps them. Only what no reducer does is a `Task`, a function of a `Trial`.
"""
