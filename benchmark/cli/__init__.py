"""The command line: verbs, each of which parses, calls one function, and prints."""
