"""The data sets known by name, and where they come from."""
