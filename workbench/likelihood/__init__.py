"""Inference by maximum likelihood: standard errors without trust in the model, nested tests, criteria.

From top to bottom::

    criteria         AIC, AICc and BIC of several runs, and their weights
    nesting          whether one run is another under a null, proved by their likelihoods
    nested           likelihood-ratio, score and Wald tests of parameters set to constants
    null             what a null hypothesis states
    standard_errors  standard errors of all kinds side by side
    bootstrap        what is resampled, and what comes of the resamples
    intervals        percentile and BCa intervals
    resample         one resample: rows, clusters or simulated outcomes, and the maximum for them
    climb            the maximum for other data, near that of the fit
    clusters         the cluster of each row
    sandwich         covariances from the scores of rows or clusters
    stationary       whether a parameter has no score in any row: a bound in disguise
    prior_share      how much of the curvature at a posterior mode is that of its priors
    row_scores       derivatives of the log likelihood of each row, and of all quantities
    mode             the estimate of a run, found again and checked
    obstacles        why an estimate is none of maximum likelihood
"""
