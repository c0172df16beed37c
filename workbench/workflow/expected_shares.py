"""The probability of a yes in new rows: from the likelihood, without the noise of drawn outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.backends import RawRun
from workbench.binding import BoundData
from workbench.diagnostics.calibration import average_probability
from workbench.program import Replicate
from workbench.request import FitRequest
from workbench.results.outcomes import find_first_rows
from workbench.results.quantities import owner
from workbench.thresholds import REPLAY_DISTANCE_LIMIT

_BERNOULLI = "bernoulli"
"""How the distributions of yes/no outcomes begin."""


def compute_shares(generated: RawRun, request: FitRequest, bound: BoundData) -> dict[str, float]:
    """Return the probability of a one by column of a replicate, for outcomes whose likelihood is Bernoulli.

    The mean of drawn zeros and ones estimates the same, with an error of up to half of one over the root of
    the number of draws. Where the two are too far apart for that, the author's program draws something else:
    then the outcome is left out.

    Parameters
    ----------
    generated
        Log likelihood and replicates of the new rows.
    request
        The request of the run.
    bound
        The new rows; outcomes in them have any value.
    """
    program = request.program
    log_lik = None if program.instrumented is None else program.instrumented.outputs.log_lik
    entries = [i for i, column in enumerate(generated.columns) if owner(column) == log_lik]
    first_rows = find_first_rows(replace(request, data=bound))
    shares: dict[str, float] = {}
    for replicate in program.replicates:
        columns = [i for i, column in enumerate(generated.columns) if owner(column) == replicate.name]
        if not _is_yes_or_no(replicate) or replicate.outcome not in first_rows or not columns:
            continue
        first, step = first_rows[replicate.outcome]
        values = np.ravel(bound.values.get(replicate.outcome, []))
        places = first + step * np.arange(len(columns))
        if len(values) != len(columns) or places[-1] >= len(entries):
            continue
        terms = generated.draws[0][:, np.asarray(entries)[places]]
        found = average_probability(terms.T, values)
        drawn = generated.draws[0][:, columns]
        error = np.sqrt(found * (1 - found) / len(drawn))
        if (np.abs(drawn.mean(axis=0) - found) <= REPLAY_DISTANCE_LIMIT * error + 1 / len(drawn)).all():
            shares |= {generated.columns[i]: float(share) for i, share in zip(columns, found, strict=True)}
    return shares


def _is_yes_or_no(replicate: Replicate) -> bool:
    """Return whether every distribution of an outcome is a Bernoulli distribution."""
    names = replicate.distributions
    return bool(names) and all(name.startswith(_BERNOULLI) for name in names)
