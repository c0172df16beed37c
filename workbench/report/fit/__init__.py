"""The report of one fit: each section in a file, built from the results of a run and its draws."""
