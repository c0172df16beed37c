"""The sections of a report, one file each: from a run's record (and draws) to a `Section`."""
