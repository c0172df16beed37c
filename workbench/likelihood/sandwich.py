"""Covariances that do not rely on the model's variances: sandwiches of scores, by row or by cluster.

Everything is in the coordinates of the directions in which the density has unit curvature. The inverse
Hessian is the unit matrix there, so the sandwich is its middle: the sum of squared scores.

References
----------
White (1982), Maximum likelihood estimation of misspecified models, Econometrica 50(1),
doi:10.2307/1912526.
Liang and Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73(1),
doi:10.1093/biomet/73.1.13.
Cameron and Miller (2015), A practitioner's guide to cluster-robust inference, Journal of Human Resources
50(2), doi:10.3368/jhr.50.2.317.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.backends.base import Floats, Integers
from workbench.errors import MethodError
from workbench.thresholds import FEWEST_CLUSTERS


@dataclass(frozen=True)
class Sandwich:
    """A robust covariance in coordinates of unit curvature.

    Attributes
    ----------
    covariance
        `(F, F)`.
    units
        How many rows or clusters it is from.
    factor
        By what its middle was multiplied, for finite samples.
    words
        What it is, in a sentence.
    warnings
        Why it may be wrong, in sentences.
    degrees
        Degrees of freedom of the t distribution for intervals; `None` for the normal.
    """

    covariance: Floats
    units: int
    factor: float
    words: str
    warnings: tuple[str, ...] = ()
    degrees: int | None = None


def sum_by_cluster(scores: Floats, codes: Integers) -> Floats:
    """Return the sum of the scores of each cluster, `(G, F)`.

    Parameters
    ----------
    scores
        `(N, F)`.
    codes
        The cluster of each row, from 0, `(N,)`.
    """
    total = np.zeros((int(codes.max()) + 1, scores.shape[1]))
    np.add.at(total, codes, scores)
    return total


def compute_sandwich(
    scores: Floats, codes: Integers | None = None, column: str = "", rows: str = "rows"
) -> Sandwich:
    """Return the sandwich covariance of an estimate.

    Rows: the factor is 1, as statsmodels has it for `cov_type="HC0"`. Clusters: it is G / (G - 1) x
    (N - 1) / (N - K), as statsmodels has it for `cov_type="cluster"`, where K counts all parameters. Scores
    are centred: at a penalised mode they do not add up to 0.

    Parameters
    ----------
    scores
        Derivatives of the log likelihood of each row along directions of unit curvature, `(N, F)`.
    codes
        The cluster of each row; without it each row is one.
    column
        The name of the column of clusters.
    rows
        What the rows are called.

    Raises
    ------
    MethodError
        There are too few rows or clusters for a covariance.
    """
    count, parameters = scores.shape
    units = scores if codes is None else sum_by_cluster(scores, codes)
    groups = len(units)
    what = rows if codes is None else f"clusters of `{column}`"
    if groups < 2 or (codes is None and groups <= parameters) or count <= parameters:
        raise MethodError(
            f"{groups} {what} are too few for robust standard errors of {parameters} parameters: scores vary "
            "between rows or clusters that are independent of each other."
        )
    units = units - units.mean(axis=0)
    factor = 1.0
    words = f"sandwich of the scores of {groups:,} {rows}, without a factor (HC0)"
    warnings: list[str] = []
    if codes is not None:
        factor = groups / (groups - 1) * (count - 1) / (count - parameters)
        words = (
            f"sandwich of the scores of {groups:,} {what}, times G/(G-1) x (N-1)/(N-K) = {factor:.4g} with "
            f"G = {groups:,}, N = {count:,} and K = {parameters} parameters; intervals by t with "
            f"{groups - 1:,} degrees of freedom"
        )
        if groups < FEWEST_CLUSTERS:
            warnings.append(
                f"{groups} clusters are few: below {FEWEST_CLUSTERS} clustered standard errors tend to be "
                "too "
                "small, more so where clusters differ in size."
            )
        if groups <= parameters:
            warnings.append(
                f"{groups} clusters for {parameters} parameters: standard errors of single parameters can be "
                "had, but no joint test."
            )
    covariance = factor * units.T @ units
    return Sandwich(
        covariance, groups, factor, words, tuple(warnings), groups - 1 if codes is not None else None
    )
