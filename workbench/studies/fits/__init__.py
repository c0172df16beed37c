"""The fits of a study, and the points between them by importance weights."""
