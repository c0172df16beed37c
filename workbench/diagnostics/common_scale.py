"""The scale on which log likelihoods of several runs are densities of the same values.

The log likelihood of `log(weight)` and that of `weight` differ by the Jacobian of the logarithm, whatever the
models are. Runs are compared on the scale of one data column; where a log likelihood cannot be put on it,
they are not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.left_out_units import is_in_row_order, is_weighted
from workbench.diagnostics.loo import count_cells
from workbench.results import Fit
from workbench.results.outcome_scales import read_scales
from workbench.results.view import OutcomeDescription
from workbench.results.view.estimates import LogLikelihoodSource
from workbench.thresholds import SAME_VALUE_LIMIT

_WITH_TRIALS = re.compile(
    r"\b(?:binomial|binomial_logit|beta_binomial|binomial_logit_glm)"
    r"(?:\(|_lu?pmf\([^|]*\|)(?P<trials>(?:[^(),\[\]]|\[[^\]]*\])+),"
)
"""A density of a number of successes, and the number of trials that it is given."""

Floats = NDArray[np.float64]
"""An array of doubles."""


@dataclass(frozen=True)
class CommonScale:
    """What puts runs on one scale.

    Attributes
    ----------
    offsets
        By run, what to add to the log likelihood of each row [nats]; runs without an entry stay as they are.
    remark
        A sentence on what was added; empty if nothing was.
    obstacle
        Why there is no common scale; empty where there is one.
    """

    offsets: Mapping[str, Floats] = field(default_factory=dict)
    remark: str = ""
    obstacle: str = ""


@dataclass(frozen=True)
class _Representation:
    """The outcome of a run on one scale.

    Attributes
    ----------
    scale
        The name of that scale: ``weight`` or ``log(weight)``.
    values
        The observed value of each row of the log likelihood.
    offset
        What the log likelihood of each row lacks on this scale [nats].
    """

    scale: str
    values: Floats
    offset: Floats


def find_common_scale(fits: Mapping[str, Fit], observations: Mapping[str, int] | None = None) -> CommonScale:
    """Return what puts the log likelihoods of runs on one scale, or why they have none in common.

    Parameters
    ----------
    fits
        The runs by name.
    observations
        How many log likelihoods each program has by its own statements, which are compared then; without them
        it is those of the draws, which the author's program may state.
    """
    counts = observations or {name: count for name, fit in fits.items() if (count := count_cells(fit))}
    by_author = observations is None
    first, *others = fits
    for name in others:
        if counts.get(name, 0) != counts.get(first, 0):
            return CommonScale(obstacle=_describe_other_rows(fits, counts, name, first))
    if other := explain_other_weights(fits, by_author=by_author):
        return CommonScale(obstacle=other)
    by_run = {
        name: list(_represent(fit, counts.get(name, 0), by_author=by_author)) for name, fit in fits.items()
    }
    if not any(_is_mapped(fit) for fit in fits.values()):
        return _compare_plain(fits, by_run, counts if by_author else {})
    for name, representations in by_run.items():
        if not representations:
            return CommonScale(obstacle=_explain_no_scale(name, fits[name]))
    for wanted in by_run[first]:
        found = {name: _find_equal(wanted, representations) for name, representations in by_run.items()}
        chosen = {name: item for name, item in found.items() if item is not None}
        if len(chosen) == len(fits):
            return _to_common_scale(chosen)
    unlike = next(
        name for name in by_run if not any(_find_equal(item, by_run[name]) for item in by_run[first])
    )
    return CommonScale(
        obstacle=(
            f"`{unlike}` is a model of {_list_scales(by_run[unlike])}, and `{first}` of "
            f"{_list_scales(by_run[first])}: their outcomes are not the same values on any scale that the "
            "workbench can compute."
        )
    )


def explain_other_weights(fits: Mapping[str, Fit], *, by_author: bool = True) -> str:
    """Return that some programs weight the log densities of rows and others do not; empty if all are alike.

    Parameters
    ----------
    fits
        The runs by name.
    by_author
        Whether log likelihoods are those of the draws, which the author's program may state without weights.
    """
    weighted = {name: is_weighted(fit, by_author=by_author) for name, fit in fits.items()}
    if len(set(weighted.values())) < 2:
        return ""
    first, *_, last = sorted(weighted, key=lambda name: not weighted[name])
    return f"the program of `{first}` weights the log densities of rows, and that of `{last}` does not."


def explain_other_outcome(fits: Mapping[str, Fit]) -> str:
    """Return which run was fitted to another outcome than the first; empty where none is known to be."""
    (first, reference), *others = fits.items()
    for name, fit in others:
        if _has_other_outcome(reference, fit):
            return _describe_other_outcome(name, first)
        if _has_other_trials(reference, fit):
            return (
                f"the outcomes of `{name}` and `{first}` are successes among other numbers of trials: "
                "they are not the same outcome."
            )
    return ""


def find_same_outcome(fits: Mapping[str, Fit]) -> tuple[str, ...]:
    """Return the most runs that have the same outcome as one of them; none where all differ."""
    groups = [
        tuple(
            name
            for name, fit in fits.items()
            if fit is one or not (_has_other_outcome(one, fit) or _has_other_trials(one, fit))
        )
        for one in fits.values()
    ]
    largest = max(groups, key=len, default=())
    return largest if len(largest) > 1 else ()


def _has_other_outcome(fit: Fit, other: Fit) -> bool:
    """Return whether no observed variable of two fits can be the same, whatever else they were fitted to.

    Of a function of the data, such as a logarithm, only the number of its values tells outcomes apart.
    """
    observed, others = _read_observed(fit), _read_observed(other)
    if not observed or not others:
        return False
    is_mapped = _is_mapped(fit) or _is_mapped(other)
    return not any(
        first.shape == second.shape if is_mapped else _are_equal(first, second)
        for first in observed.values()
        for second in others.values()
    )


def _has_other_trials(fit: Fit, other: Fit) -> bool:
    """Return whether successes are counted among different numbers of trials: these belong to the outcome.

    A program whose density has none, such as a Poisson distribution, may have any.
    """
    trials, others = _read_trials(fit), _read_trials(other)
    return trials is not None and others is not None and not _are_equal(trials, others)


def _read_trials(fit: Fit) -> Floats | None:
    """Return the numbers of trials of all densities of a run, in ascending order; `None` without any."""
    known = _read_data(fit, "observed_data") | _read_data(fit, "constant_data")
    rows = max((values.size for values in _read_observed(fit).values()), default=1)
    found: list[Floats] = []
    for term in fit.results.model.terms:
        for match in _WITH_TRIALS.finditer(term.statement) if term.role == "likelihood" else ():
            text = match["trials"].strip()
            name = re.match(r"[A-Za-z]\w*", text)
            if name is not None and name[0] in known:
                values = known[name[0]]
                found.append(np.repeat(values, rows) if values.size == 1 else values)
            elif text.isdecimal():
                found.append(np.full(rows, float(text)))
    return np.sort(np.concatenate(found)) if found else None


def are_plain(fits: Mapping[str, Fit]) -> bool:
    """Return whether the outcomes of all runs are known to be data as they are, not functions of them."""
    outcomes = [fit.results.model.outcomes for fit in fits.values()]
    return all(outcomes) and all(each.plain and not each.density_of for found in outcomes for each in found)


def _describe_other_rows(fits: Mapping[str, Fit], counts: Mapping[str, int], name: str, first: str) -> str:
    """Return that two log likelihoods have not the same number of terms, in words that fit the outcome."""
    if not _have_equal_data(fits[first], fits[name]):
        return _describe_other_outcome(name, first)
    fewer, more = sorted((first, name), key=lambda each: counts.get(each, 0))
    few, many = counts.get(fewer, 0), counts.get(more, 0)
    if not few:
        return f"`{fewer}` has no log likelihood of each row."
    outcomes = [fits[each].results.model.outcomes for each in (fewer, more)]
    is_one = all(len(found) == 1 for found in outcomes) and outcomes[0][0].name == outcomes[1][0].name
    observed = _read_observed(fits[more])
    if is_one and are_plain(fits) and observed.get(outcomes[1][0].name, np.empty(0)).size == many:
        return (
            f"`{fewer}` models {few:,} of the {many:,} values of `{outcomes[1][0].name}`, and `{more}` all."
        )
    return (
        f"the log likelihood of `{fewer}` has {few:,} terms and that of `{more}` {many:,}: they are not of "
        "the same rows."
    )


def _describe_other_outcome(name: str, first: str) -> str:
    return f"`{name}` and `{first}` were not fitted to the same outcome."


def _to_common_scale(chosen: Mapping[str, _Representation]) -> CommonScale:
    offsets = {name: item.offset for name, item in chosen.items() if np.any(item.offset)}
    scale = min((item.scale for item in chosen.values()), key=len)
    if not offsets:
        return CommonScale()
    moved = ", ".join(f"`{name}`" for name in offsets)
    remark = (
        f"The runs are compared as densities of `{scale}`: to the log likelihood of {moved} the log Jacobian "
        f"of the map from `{scale}` to the outcome of that program was added."
    )
    return CommonScale(offsets, remark)


def _compare_plain(
    fits: Mapping[str, Fit], by_run: Mapping[str, list[_Representation]], counts: Mapping[str, int]
) -> CommonScale:
    """Return the common scale of runs whose outcomes are all data as they are.

    Where log densities are to be compared one by one, and how many there are is given, they have to be in one
    order: that of the rows, or one that is as little known for both programs.
    """
    (first, reference), *others = fits.items()
    for name, fit in others:
        ordered, compared = by_run[first], by_run[name]
        is_same = (
            any(_find_equal(item, compared) for item in ordered)
            if ordered and compared
            else _have_equal_data(reference, fit)
        )
        if not is_same and not (counts and _have_equal_data(reference, fit)):
            return CommonScale(obstacle=_describe_other_outcome(name, first))
        in_order = {
            is_in_row_order(each, counts.get(run, 0)) for run, each in ((first, reference), (name, fit))
        }
        if counts and (not is_same or (len(in_order) > 1 and not (ordered and compared))):
            return CommonScale(
                obstacle=(
                    f"the log likelihoods of `{name}` and `{first}` are not known to hold the rows in the "
                    "same order."
                )
            )
    return CommonScale()


def _have_equal_data(fit: Fit, other: Fit) -> bool:
    """Return whether two fits have an observed variable in common, or else the same table."""
    observed, others = _read_observed(fit), _read_observed(other)
    if not observed or not others:
        return fit.results.data.sha256 == other.results.data.sha256
    return any(_are_equal(first, second) for first in observed.values() for second in others.values())


def _find_equal(wanted: _Representation, among: list[_Representation]) -> _Representation | None:
    return next((item for item in among if _are_equal(wanted.values, item.values)), None)


def _are_equal(first: Floats, second: Floats) -> bool:
    return first.shape == second.shape and np.allclose(
        first, second, rtol=SAME_VALUE_LIMIT, atol=0, equal_nan=True
    )


def _represent(fit: Fit, rows: int, *, by_author: bool = True) -> Iterator[_Representation]:
    """Yield a run's outcome on each scale on which it is known, its own first."""
    source = fit.results.nuts.log_lik if by_author else LogLikelihoodSource()
    outcomes = fit.results.model.outcomes
    if source.scale == "unknown" and _is_mapped(fit):
        return
    if source.scale != "column":
        own = _assemble(fit, outcomes, rows, "")
        if own is not None:
            yield own
    columns = dict.fromkeys(column for outcome in outcomes for column in outcome.columns)
    for column in [source.column] if source.scale == "column" else columns:
        scaled = _assemble(fit, outcomes, rows, column)
        if scaled is not None:
            is_there = source.scale == "column"
            yield _Representation(scaled.scale, scaled.values, np.zeros(rows) if is_there else scaled.offset)


def _assemble(
    fit: Fit, outcomes: tuple[OutcomeDescription, ...], rows: int, column: str
) -> _Representation | None:
    """Return the outcome on its own scale or on that of a column; `None` if a row is not known."""
    values, offset = np.full(rows, np.nan), np.zeros(rows)
    is_known = np.zeros(rows, dtype=bool)
    names = []
    for outcome in outcomes:
        pair = _read_outcome(fit, outcome, column)
        if pair is None or outcome.first_row is None or outcome.row_step is None:
            return None
        places = outcome.first_row + outcome.row_step * np.arange(len(pair[0]))
        if len(places) and places[-1] >= rows:
            return None
        values[places], offset[places] = pair
        is_known[places] = True
        names.append(outcome.density_of if outcome.density_of and not column else outcome.name)
    if not is_known.all():
        return None
    return _Representation(column or ", ".join(names), values, offset)


def _read_outcome(fit: Fit, outcome: OutcomeDescription, column: str) -> tuple[Floats, Floats] | None:
    """Return the values of an outcome on a scale, and what its log likelihood lacks there."""
    if column in outcome.columns:
        return read_scales(fit.tree, outcome.variable or outcome.name).get(column)
    if outcome.columns and column:
        scaled = read_scales(fit.tree, outcome.variable or outcome.name)
        return next(iter(scaled.values()), None)
    values = _read_observed(fit).get(outcome.variable or outcome.name)
    return None if values is None or not outcome.plain else (values, np.zeros(len(values)))


def _read_observed(fit: Fit) -> dict[str, Floats]:
    return _read_data(fit, "observed_data")


def _read_data(fit: Fit, group: str) -> dict[str, Floats]:
    """Return the numbers of a group of data by variable, in one dimension."""
    if group not in fit.tree.children:
        return {}
    return {
        str(name): np.asarray(array.values, dtype=float).ravel()
        for name, array in fit.tree[group].data_vars.items()
    }


def _is_mapped(fit: Fit) -> bool:
    """Return whether the likelihood is a density of a function of the data."""
    return any(outcome.density_of for outcome in fit.results.model.outcomes)


def _list_scales(representations: list[_Representation]) -> str:
    return " or ".join(f"`{scale}`" for scale in dict.fromkeys(item.scale for item in representations))


def _explain_no_scale(name: str, fit: Fit) -> str:
    """Return why the log likelihood of a run is on no scale that another run could share."""
    source = fit.results.nuts.log_lik
    if source.scale == "unknown":
        return (
            f"the outcome of `{name}` is a function of the data, and the scale of its own `{source.name}` is "
            f"not known: {source.reason}"
        )
    mapped = next(
        (outcome for outcome in fit.results.model.outcomes if outcome.density_of),
        OutcomeDescription(name="", density_of="the data"),
    )
    if mapped.columns and mapped.first_row is None:
        return f"it is not known which row of the log likelihood of `{name}` belongs to which observation."
    if not mapped.density_of or mapped.columns:
        return f"the outcome of `{name}` is not known for each row of its log likelihood."
    return (
        f"the likelihood of `{name}` is a density of `{mapped.density_of}`, a map of the data that the "
        "workbench cannot undo: log likelihoods on different scales cannot be compared."
    )
