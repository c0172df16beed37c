"""How probable data are under a program, priors and all: log evidence, Bayes factors, model probabilities.

From top to bottom::

    bayes_factors    evidences of several runs compared, or why they cannot be
    log_evidence     the log evidence of one run, and how far it can be relied on
    bridge           bridge sampling: the integral of a density from its draws
"""
