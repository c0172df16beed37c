"""Optima of the log density: from several starts, refined by Newton's method, and checked.

From top to bottom::

    mle, map               the two point estimates    penalties: priors as ridge and lasso penalties
    profile                profile-likelihood intervals
    generated_quantities   what the program computes at an optimum, with standard errors
    search                 all starts of a density, and the distinct optima that they reach
    convergence            whether a point is a mode and, if not, why
    multistart             Stan's optimisers from several starts
    nonsmooth              Newton's method where the density has breakpoints, as the lasso's
    newton                 Newton's method
    log_density            a log density and its gradient at many points
"""
