"""Draws from the posterior, exact or approximate: NUTS, Laplace, Pathfinder, and importance weights."""
