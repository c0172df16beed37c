"""Whether a run can be trusted: measures of its draws, checks with stable codes, and a verdict."""
