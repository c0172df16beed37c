"""The report of a study of prior sensitivity, one section a file."""
