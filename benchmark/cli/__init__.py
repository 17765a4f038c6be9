"""The command line: a file a verb, which parses, calls one function, and prints."""
