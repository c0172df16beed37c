"""Point estimates and posteriors by Stan's algorithms, each checked.

From top to bottom::

    estimate      one fit: every requested method, and what `run.json` and `fit.nc` hold
    append        a fit with further draws of its chains
    auto          the cheapest method whose own diagnostic accepts it
    schedule      the requested methods, in the order in which one helps the next
    sampling/     NUTS with retries, Laplace, Pathfinder, importance weights, initial values
    optimum/      MLE and MAP: multistart, Newton's method, the check for convergence, profiles
    standardize/  results on the scale of the data where predictors were standardized
    equivalence   the instrumented program compared with the original
    context       the request, executable, backend and data files that all methods share
"""
