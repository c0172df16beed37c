"""The report of fits to each group of a table."""
