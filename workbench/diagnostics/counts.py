"""Counts: their dispersion, and how often each value occurs, in data and replicates.

References
----------
Kleiber and Zeileis (2016), Visualizing count data regressions using rootograms,
doi:10.1080/00031305.2016.1173590.
"""

from __future__ import annotations

import numpy as np

from workbench.diagnostics.outcomes import Outcome

MOST_BARS = 50
"""Bars of a rootogram at most; of more values, several share a bar."""

BAND = 0.9
"""Probability of the band of replicated frequencies."""


def dispersion(outcome: Outcome) -> dict[str, float] | None:
    """Return the spread of the observed counts around their predicted means, by that of the replicates.

    The spread is Pearson's statistic with the mean of the replicates; `p_value` is the share of replicates
    with a larger one, ties counted half. `None` where the replicates do not vary.
    """
    mean = outcome.replicates.mean(axis=0)
    varies = mean > 0
    if not varies.any():
        return None
    observed = float(((outcome.observed - mean)[varies] ** 2 / mean[varies]).sum())
    replicated = ((outcome.replicates - mean)[:, varies] ** 2 / mean[varies]).sum(axis=1)
    if replicated.mean() == 0:
        return None
    larger = (replicated > observed).mean() + 0.5 * (replicated == observed).mean()
    return {"ratio": observed / float(replicated.mean()), "p_value": float(larger)}


def rootogram(outcome: Outcome) -> list[dict[str, float]]:
    """Return how often values occur in the data and in the replicates, a row for each bar.

    `first` and `last` are the values of a bar; `lower` and `upper` hold the replicated frequencies with
    probability `BAND`.
    """
    # The largest replicates are rare and would stretch the axis: the bars end where the data or nearly all
    # replicates do.
    largest = int(max(outcome.observed.max(), np.quantile(outcome.replicates, 0.999)))
    smallest = int(min(outcome.observed.min(), outcome.replicates.min()))
    width = -(-(largest - smallest + 1) // MOST_BARS)
    edges = np.arange(smallest, largest + width + 1, width)
    observed = _frequencies(outcome.observed, edges)
    replicated = np.array([_frequencies(one, edges) for one in outcome.replicates])
    lower, upper = np.quantile(replicated, [(1 - BAND) / 2, (1 + BAND) / 2], axis=0)
    return [
        {
            "first": float(edges[k]),
            "last": float(edges[k + 1] - 1),
            "observed": float(observed[k]),
            "expected": float(replicated[:, k].mean()),
            "lower": float(lower[k]),
            "upper": float(upper[k]),
        }
        for k in range(len(edges) - 1)
    ]


def _frequencies(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    found = np.histogram(values, bins=edges)[0]
    # The last bin of a histogram also holds its upper edge, which is the first value of no bar.
    found[-1] -= (values == edges[-1]).sum()
    return found
