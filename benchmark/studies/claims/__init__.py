"""One published claim a file; each declares a `STUDY`."""
