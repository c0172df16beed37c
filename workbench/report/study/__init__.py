"""The report of a study of prior sensitivity, a section a file."""
