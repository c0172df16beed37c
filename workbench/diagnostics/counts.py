"""The dispersion of counts, observed and replicated."""

from __future__ import annotations

from workbench.diagnostics.outcomes import Outcome
from workbench.results.view import Dispersion


def measure_dispersion(outcome: Outcome) -> Dispersion | None:
    """Return the spread of the observed counts around their predicted means, relative to the replicates.

    The spread is Pearson's statistic with the mean of the replicates; `p_value` is the share of replicates
    with a larger one, ties counted half. `None` where the replicates do not vary.
    """
    mean = outcome.replicates.mean(axis=0)
    is_positive = mean > 0
    if not is_positive.any():
        return None
    scale = mean[is_positive]
    observed = float(((outcome.observed - mean)[is_positive] ** 2 / scale).sum())
    replicated = ((outcome.replicates - mean)[:, is_positive] ** 2 / scale).sum(axis=1)
    if replicated.mean() == 0:
        return None
    p_value = (replicated > observed).mean() + 0.5 * (replicated == observed).mean()
    return Dispersion(observed / float(replicated.mean()), float(p_value))
