"""Statements rewritten: a weight for each term, and log densities by term and by observation."""
