"""The methods, one a file; nothing but methods."""
