"""A prior estimated from all groups: empirical Bayes by the groups' own estimates.

Each group's estimate of a parameter is taken as normal around its value, and the groups' values as normal
around a location. The location and the SD between groups become the parameter's prior, with which each group
is fitted again. A parameter that is positive is treated so by its logarithm, and gets a lognormal prior.

The posterior of a group already holds the prior it was fitted with. Where that is a normal one with known
numbers, it is taken out: what is left is what the group's rows say.

References
----------
Efron and Morris (1975), Data analysis using Stein's estimator and its generalizations,
doi:10.1080/01621459.1975.10479864. Gelman et al. (2013), Bayesian Data Analysis, section 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import PriorError
from workbench.priors.forms import find_prior_statement
from workbench.program import Declaration, Program
from workbench.segments.folder import SharedPrior
from workbench.segments.pooling import estimate_spread
from workbench.segments.row import MOST_ELEMENTS, SegmentRow
from workbench.thresholds import FEWEST_COMPARED_GROUPS, LEARNED_SHARE_LIMIT

Floats = NDArray[np.float64]

_POSITIVE = re.compile(r"lower\s*=\s*0(\.0*)?\s*[,>]")
"""A declaration of what is positive."""

_VECTORS = {"vector": "[{}]'", "row_vector": "[{}]", "real": "{{{}}}"}
"""By the type of a parameter, `real` for an array: how Stan writes its values."""


@dataclass(frozen=True)
class SharedPriors:
    """The priors that all groups share.

    Attributes
    ----------
    forms
        By parameter: its prior, as `--prior-form` takes it.
    shared
        What they were estimated from, an entry for each element.
    reasons
        By parameter whose prior is not shared, why.
    """

    forms: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[SharedPrior, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)


def is_positive(declaration: Declaration) -> bool:
    """Return whether a parameter is positive by its declaration, and has no other bound."""
    return declaration.upper is None and bool(_POSITIVE.search(declaration.text))


def estimate_shared_priors(
    program: Program, hyperparameters: Mapping[str, Any], rows: Sequence[SegmentRow]
) -> SharedPriors:
    """Return the priors that all groups share, from the estimates of those whose fit can be relied on.

    Parameters
    ----------
    program
        The program that the groups were fitted by.
    hyperparameters
        The numbers of its priors.
    rows
        The groups.
    """
    reliable = [row for row in rows if not row.failure and row.verdict != "fail"]
    forms: dict[str, str] = {}
    shared: list[SharedPrior] = []
    reasons: dict[str, str] = {}
    for parameter in program.parameters:
        try:
            own = _estimate(program, parameter, hyperparameters, reliable)
        except PriorError as reason:
            reasons[parameter.name] = reason.message
            continue
        forms[parameter.name] = _write(parameter, own)
        shared += own
    return SharedPriors(forms, tuple(shared), reasons)


def _estimate(
    program: Program, parameter: Declaration, hyperparameters: Mapping[str, Any], rows: Sequence[SegmentRow]
) -> list[SharedPrior]:
    """Return location and scale of each element of a parameter.

    Raises
    ------
    PriorError
        Its prior cannot be shared; the message says why.
    """
    has_bounds = parameter.lower is not None or parameter.upper is not None
    if has_bounds and not is_positive(parameter):
        raise PriorError("it has bounds other than zero from below.")
    dimensions = parameter.depth + (parameter.kind in ("vector", "row_vector"))
    if parameter.kind not in _VECTORS or dimensions > 1 or (is_positive(parameter) and dimensions):
        raise PriorError(f"it is `{parameter.text}`: numbers, and vectors without bounds, can share a prior.")
    find_prior_statement(program, parameter.name)  # refuses what cannot be replaced
    labels = _find_labels(parameter.name, rows)
    if len(labels) >= MOST_ELEMENTS:
        raise PriorError("it has more elements than the index holds.")
    known = None if is_positive(parameter) else _find_normal(program, parameter.name, hyperparameters)
    transform = _to_log if is_positive(parameter) else _leave
    return [
        _share(
            label,
            *_remove_prior(*transform(*_collect(label, rows)), known),
            family="lognormal" if is_positive(parameter) else "normal",
            is_prior_removed=known is not None or find_prior_statement(program, parameter.name) is None,
        )
        for label in labels
    ]


def _find_labels(name: str, rows: Sequence[SegmentRow]) -> tuple[str, ...]:
    """Return the elements of a parameter, as the index names them.

    Raises
    ------
    PriorError
        Groups have different ones.
    """
    found = {tuple(label for label in row.estimates if label.partition("[")[0] == name) for row in rows}
    if len(found) != 1 or found == {()}:
        raise PriorError("its elements are not the same in all groups.")
    return found.pop()


def _collect(label: str, rows: Sequence[SegmentRow]) -> tuple[Floats, Floats]:
    found = [row.estimates[label] for row in rows]
    pairs = [(one.mean, one.sd) for one in found if one.mean is not None and one.sd]
    table = np.array(pairs, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _leave(means: Floats, sds: Floats) -> tuple[Floats, Floats]:
    return means, sds


def _to_log(means: Floats, sds: Floats) -> tuple[Floats, Floats]:
    """Return mean and SD of the logarithm of a lognormal quantity."""
    variance = np.log1p((sds / means) ** 2)
    return np.log(means) - variance / 2, np.sqrt(variance)


def _find_normal(
    program: Program, name: str, hyperparameters: Mapping[str, Any]
) -> tuple[float, float] | None:
    """Return mean and SD of a parameter's normal prior; `None` where it has none with known numbers."""
    term = find_prior_statement(program, name)
    if term is None or term.distribution not in ("normal", "std_normal"):
        return None
    if term.distribution == "std_normal":
        return 0.0, 1.0
    own = {hyper.argument: hyper for hyper in program.hyperparameters if hyper.term == term.index}
    numbers = []
    for argument in ("mu", "sigma"):
        hyper = own.get(argument)
        value = None if hyper is None or not hyper.is_whole else hyperparameters.get(hyper.name)
        if value is None or np.ndim(value):
            return None
        numbers.append(float(value))
    return numbers[0], numbers[1]


def _remove_prior(means: Floats, sds: Floats, known: tuple[float, float] | None) -> tuple[Floats, Floats]:
    """Return estimates without the normal prior that is in them; groups that say next to nothing go."""
    if known is None:
        return means, sds
    center, scale = known
    precisions = sds**-2.0 - scale**-2.0
    says = precisions > LEARNED_SHARE_LIMIT * sds**-2.0
    precisions = precisions[says]
    likely = (means[says] / sds[says] ** 2 - center / scale**2) / precisions
    return likely, precisions**-0.5


def _share(label: str, means: Floats, sds: Floats, *, family: str, is_prior_removed: bool) -> SharedPrior:
    """Return the prior of an element.

    Where groups do not differ beyond chance, its scale is the standard error of its location: a scale of zero
    would make no prior.

    Raises
    ------
    PriorError
        Too few groups say something about it.
    """
    if len(means) < FEWEST_COMPARED_GROUPS:
        raise PriorError(
            f"{len(means)} groups say something about it; at least {FEWEST_COMPARED_GROUPS} are needed."
        )
    spread = estimate_spread(means, sds)
    return SharedPrior(
        parameter=label,
        family=family,
        is_prior_removed=is_prior_removed,
        location=spread.mean,
        scale=max(spread.between, spread.mean_se),
        location_se=spread.mean_se,
        between=spread.between,
        groups=len(means),
        within=float(np.median(sds)),
    )


def _write(parameter: Declaration, shared: Sequence[SharedPrior]) -> str:
    """Return a prior as Stan writes it."""
    family = shared[0].family
    numbers = [[repr(float(one.location)) for one in shared], [repr(float(one.scale)) for one in shared]]
    if not parameter.depth and parameter.kind == "real":
        return f"{family}({numbers[0][0]}, {numbers[1][0]})"
    vector = _VECTORS[parameter.kind]
    return f"{family}({', '.join(vector.format(', '.join(texts)) for texts in numbers)})"


def list_hints(program: Program, hyperparameters: Mapping[str, Any], rows: Sequence[SegmentRow]) -> list[str]:
    """Return sentences on parameters of which groups differ less than each of them is uncertain."""
    found = [
        one
        for one in estimate_shared_priors(program, hyperparameters, rows).shared
        if one.within is not None and one.between < one.within
    ]
    if not found:
        return []
    named = ", ".join(f"`{one.parameter}`" for one in found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    size = int(np.median([row.rows for row in rows]))
    return [
        f"Groups differ in {named}{more} by less than a group's own estimate is uncertain, with {size} rows "
        "in the median group: a hierarchical model, or --share-prior, lets groups learn from each other."
    ]


_MOST_NAMED = 3
"""Parameters that a hint names. Ours."""
