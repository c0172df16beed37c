"""Draws from the posterior, exact or approximate.

From top to bottom::

    retry                    NUTS, again with other settings where its diagnostics fail
    nuts                     NUTS and the summaries of its draws
    laplace, pathfinder      normal approximations
    psis                     importance weights, and k-hat
    warm_start               the end of a run as a start
    initial_values           a point as Stan's initial values
"""
