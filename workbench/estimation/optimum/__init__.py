"""Optima of the log density: found from several starts, finished by Newton's method, and judged."""
