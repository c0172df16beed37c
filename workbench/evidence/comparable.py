"""Whether evidences are of the same data: only then is their ratio a Bayes factor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from workbench.backends.base import Floats
from workbench.diagnostics.common_scale import explain_other_outcome, find_common_scale
from workbench.results import Fit
from workbench.thresholds import SAME_VALUE_LIMIT


@dataclass(frozen=True)
class SharedData:
    """What puts log evidences of several runs on one scale.

    Attributes
    ----------
    offsets
        By run, what to add to its log evidence [nats]; runs without an entry stay as they are.
    remark
        A sentence on what was added; empty if nothing was.
    obstacle
        Why they are not of the same data, as a sentence; empty where they are.
    """

    offsets: Mapping[str, float] = field(default_factory=dict)
    remark: str = ""
    obstacle: str = ""


def find_shared_data(
    fits: Mapping[str, Fit], unmodelled: Mapping[str, Mapping[str, Floats]] | None = None
) -> SharedData:
    """Return what puts the log evidences of runs on one scale, or why they are not of the same data.

    Every observed value of one run has to be one of every other run.

    Parameters
    ----------
    fits
        The runs by name.
    unmodelled
        By run, data whose density has no parameter, by variable: they are part of an evidence too.
    """
    if len(fits) < 2:
        return SharedData()
    shared = _find_scale(fits, unmodelled or {})
    remarks = [text for text in (shared.remark, _describe_standardized(fits)) if text]
    return replace(shared, remark=" ".join(remarks))


def _find_scale(fits: Mapping[str, Fit], further: Mapping[str, Mapping[str, Floats]]) -> SharedData:
    if other := explain_other_outcome(fits):
        return SharedData(obstacle=other)
    observed = {name: _collect_observed(fit, further.get(name, {})) for name, fit in fits.items()}
    for name, values in observed.items():
        if values is None:
            return SharedData(obstacle=f"it is not known which data `{name}` is a model of.")
    if not any(_is_mapped(fit) for fit in fits.values()):
        return _compare_values({name: values for name, values in observed.items() if values is not None})
    sizes = {name: 0 if values is None else values.size for name, values in observed.items()}
    if len(set(sizes.values())) > 1:
        return SharedData(obstacle=_describe_sizes(sizes))
    scale = find_common_scale(fits)
    offsets = {name: float(offset.sum()) for name, offset in scale.offsets.items()}
    return SharedData(offsets, scale.remark.replace("log likelihood", "log evidence"), scale.obstacle)


def _describe_standardized(fits: Mapping[str, Fit]) -> str:
    """Return that priors have different scales, where predictors are standardized in some runs only."""
    scaled = {name: tuple(sorted(fit.results.data.standardized.matrices)) for name, fit in fits.items()}
    if len(set(scaled.values())) < 2:
        return ""
    names = ", ".join(f"`{name}`" for name, matrices in scaled.items() if matrices)
    others = ", ".join(f"`{name}`" for name, matrices in scaled.items() if not matrices)
    return (
        f"Predictors are standardized in {names}{f' and not in {others}' if others else ''}: the same prior "
        "statements are about effects on different scales, and the Bayes factors compare different priors."
    )


def _compare_values(observed: Mapping[str, Floats]) -> SharedData:
    (first, reference), *others = observed.items()
    for name, values in others:
        if values.size != reference.size:
            return SharedData(obstacle=_describe_sizes({first: reference.size, name: values.size}))
        if not np.allclose(values, reference, rtol=SAME_VALUE_LIMIT, atol=0, equal_nan=True):
            return SharedData(obstacle=f"`{name}` and `{first}` were not fitted to the same outcome.")
    return SharedData()


def _describe_sizes(sizes: Mapping[str, int]) -> str:
    shown = [f"`{name}` is a model of {size:,} observed values" for name, size in sizes.items()]
    return f"{', and '.join(shown)}: a Bayes factor compares models of the same data."


def _collect_observed(fit: Fit, further: Mapping[str, Floats]) -> Floats | None:
    """Return all observed values of a run in ascending order; `None` where they are not known."""
    group = fit.find_group("observed_data")
    modelled = {} if group is None else {name: variable.values for name, variable in group.list_data()}
    sources = {column for outcome in fit.results.model.outcomes for column in outcome.columns}
    kept = {name for outcome in fit.results.model.outcomes for name in (outcome.variable or outcome.name,)}
    doubled = sources - kept if kept <= modelled.keys() else set()  # `y`, of which the program models `z`
    arrays = [
        np.asarray(values, dtype=float).ravel()
        for name, values in {**further, **modelled}.items()
        if name not in doubled
    ]
    return np.sort(np.concatenate(arrays)) if arrays else None


def _is_mapped(fit: Fit) -> bool:
    """Return whether the likelihood is a density of a function of the data."""
    return any(outcome.density_of for outcome in fit.results.model.outcomes)
