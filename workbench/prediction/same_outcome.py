"""Which outcomes several runs predict in common, so that their predictions can be averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.errors import RequestError
from workbench.prediction.predictions import Floats
from workbench.prediction.table_checks import is_far
from workbench.results import Fit

_HINT = "average runs of one outcome, from the same column and in the same unit"
"""What to do where runs have different outcomes."""


@dataclass(frozen=True)
class CommonOutcomes:
    """Outcomes that several runs have in common.

    Attributes
    ----------
    names
        By run, what each of its outcomes is called by all: as in the first run.
    left_out
        Outcomes of some runs that others do not predict.
    """

    names: Mapping[str, Mapping[str, str]]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class _NamedOutcome:
    """An outcome of a run: its columns with their units, its kind, and what was observed of it."""

    columns: tuple[str, ...]
    is_integer: bool
    levels: tuple[str, ...]
    observed: Floats | None = field(compare=False)


def find_common_outcomes(fits: Mapping[str, Fit]) -> CommonOutcomes:
    """Return the outcomes that runs have in common: of one column, in one unit and of one kind.

    An outcome with another name is the same if both are read from the same columns.

    Raises
    ------
    RequestError
        There is none, or outcomes of one name differ in their columns, unit, kind or categories.
    """
    (first, reference), *others = ((name, _list_outcomes(fit)) for name, fit in fits.items())
    names = {first: {own: own for own in reference}}
    for name, outcomes in others:
        names[name] = {}
        for wanted, outcome in reference.items():
            own = _find_same(wanted, outcome, outcomes)
            if own:
                _check_alike(wanted, (first, outcome), (name, outcomes[own]))
                names[name][own] = wanted
    common = [wanted for wanted in reference if all(wanted in own.values() for own in names.values())]
    if not common:
        lists = "; ".join(f"`{name}` predicts {_quote(own)}" for name, own in ((first, reference), *others))
        raise RequestError(f"the runs have no outcome in common: {lists}.", hint=_HINT)
    kept = {
        name: {own: wanted for own, wanted in found.items() if wanted in common}
        for name, found in names.items()
    }
    every = dict.fromkeys(own for name, found in ((first, reference), *others) for own in found)
    left_out = [own for own in every if not any(own in found for found in kept.values())]
    return CommonOutcomes(kept, tuple(left_out))


def _list_outcomes(fit: Fit) -> dict[str, _NamedOutcome]:
    """Return the outcomes of a run that can be predicted, and the columns that some are made from."""
    data = fit.results.data
    columns: Mapping[str, tuple[str, ...]] = data.rules.get("variables", {})
    group = fit.find_group("observed_data")
    observed = {} if group is None else dict(group.list_data())
    found = {}
    for outcome in fit.results.model.outcomes:
        for name in (outcome.name, *outcome.columns):
            is_own = name == outcome.name
            values = observed.get(name)
            found[name] = _NamedOutcome(
                tuple(columns.get(name, ())),
                outcome.integer and is_own,
                tuple(data.levels.get(name, ())),
                None if values is None else np.asarray(values.values, dtype=float).ravel(),
            )
    return found


def _find_same(name: str, outcome: _NamedOutcome, others: Mapping[str, _NamedOutcome]) -> str:
    """Return the name of an outcome in another run; empty where it does not have it."""
    if name in others:
        return name
    same = [other for other, found in others.items() if outcome.columns and found.columns == outcome.columns]
    return same[0] if len(same) == 1 else ""


def _check_alike(name: str, first: tuple[str, _NamedOutcome], second: tuple[str, _NamedOutcome]) -> None:
    """Refuse outcomes of one name that are not the same.

    Raises
    ------
    RequestError
        The message says in what they differ.
    """
    (run, one), (other, two) = first, second
    reason = ""
    if one.columns and two.columns and one.columns != two.columns:
        reason = f"`{run}` reads it from {_quote(one.columns)}, and `{other}` from {_quote(two.columns)}"
    elif one.is_integer != two.is_integer:
        whole, real = (run, other) if one.is_integer else (other, run)
        reason = f"`{whole}` gives probabilities of whole numbers, and `{real}` densities"
    elif one.levels != two.levels:
        reason = f"`{run}` knows {_quote(one.levels) or 'numbers'}, and `{other}` {_quote(two.levels)}"
    elif one.observed is not None and two.observed is not None and is_far(one.observed, two.observed):
        reason = (
            f"in `{run}` it runs from {_say_range(one.observed)}, and in `{other}` from "
            f"{_say_range(two.observed)}, which seems to be another unit"
        )
    if reason:
        raise RequestError(f"the runs do not have the same outcome `{name}`: {reason}.", hint=_HINT)


def _say_range(values: Floats) -> str:
    return f"{np.nanmin(values):.4g} to {np.nanmax(values):.4g}"


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
