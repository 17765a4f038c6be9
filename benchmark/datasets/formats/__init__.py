"""Files of data, one format a file, read without running any code of theirs."""
