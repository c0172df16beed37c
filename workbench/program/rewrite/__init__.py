"""Statements rewritten: a weight for each term, log densities by term and by observation."""
