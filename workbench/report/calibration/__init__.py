"""The report of a calibration: the answer, which quantities it is about, pictures of ranks, tables."""
