"""Predictors standardized while fitting, and results on the scale of the data.

From top to bottom::

    original_scale   a backend whose results are on the scale of the data
    copies           a program that can compute transformed parameters again
    rescaling        the map back, and the check that it is right
    dependents       the transformed parameters that would be rescaled too
"""
