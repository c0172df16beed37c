"""Runs compared by how well they predict, or why they cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import ascii_uppercase

import numpy as np

from workbench.comparison.cross_validation import LEAVE_ONE_OUT, CrossValidation
from workbench.comparison.selection import may_be_chance
from workbench.comparison.standings import (
    Standing,
    compare_predictions,
    find_comparable_scale,
    find_missing,
)
from workbench.comparison.weights import WeightKind
from workbench.diagnostics.common_scale import explain_other_outcome, find_same_outcome
from workbench.diagnostics.left_out_units import describe_units
from workbench.diagnostics.loo import count_cells, label_rows
from workbench.results import Fit


@dataclass(frozen=True)
class PredictionComparison:
    """How well the runs predict.

    Attributes
    ----------
    obstacle
        Why they cannot be compared; empty where they can.
    standings
        By run, the best first.
    rows
        How many rows or groups were left out, each at a time.
    remark
        The scale on which the runs are compared, where it is not that of every log likelihood.
    has_other_outcome
        Whether some run is known to have another outcome than the first: no predictions can be compared.
    alike
        The runs that then have the same outcome as another one, most of them; empty where none do.
    scheme
        What was left out, as it is said: "leave-one-out", "10-fold".
    has_groups
        Whether whole groups of rows are what is predicted.
    weights
        How the runs are weighted.
    notes
        What there is to say of each run's left-out rows, by run.
    letters
        The letter that stands for each run in drawings.
    labels
        The name of each unit that all runs predict; empty where these are rows of a sample.
    may_be_chance
        Whether the best of many runs may be best by chance.
    missing
        Runs that are not compared while the others are, and why, in a sentence each.
    """

    obstacle: str = ""
    standings: Mapping[str, Standing] | None = None
    rows: int = 0
    remark: str = ""
    has_other_outcome: bool = False
    alike: tuple[str, ...] = ()
    scheme: str = LEAVE_ONE_OUT
    has_groups: bool = False
    weights: WeightKind = "stacking"
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    letters: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = field(default=(), repr=False)
    may_be_chance: bool = False
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What is left out at a time."""
        return "group" if self.has_groups else "row"


def compare(
    fits: Mapping[str, Fit],
    left_out: Mapping[str, CrossValidation] | None = None,
    *,
    weights: WeightKind = "stacking",
    missing: Mapping[str, str] | None = None,
) -> PredictionComparison:
    """Compare runs by what they say of left-out rows, where that is possible.

    Parameters
    ----------
    fits
        The runs by name.
    left_out
        What each says of left-out units, where other fits or repairs found it; by default leave-one-out by
        importance weights.
    weights
        How they are weighted; weights by evidence are no matter of predictions, and missing here.
    missing
        Why runs are not in `left_out`, in a sentence each. Without `left_out`, runs that have no
        leave-one-out are left aside as long as there are two others.
    """
    if left_out is None:
        known, missing = _set_aside(fits)
    else:
        known = {name: fit for name, fit in fits.items() if name in left_out}
    found = _compare_known(known, left_out, weights)
    return replace(found, missing=missing or {})


def _set_aside(fits: Mapping[str, Fit]) -> tuple[Mapping[str, Fit], Mapping[str, str]]:
    """Return the runs that have leave-one-out, and why others have none; all where too few would be left."""
    missing = {} if explain_other_outcome(fits) else find_missing(fits)
    known = {name: fit for name, fit in fits.items() if name not in missing}
    return (known, missing) if len(known) > 1 else (fits, {})


def refuse(fits: Mapping[str, Fit], obstacle: str, scheme: str, weights: WeightKind) -> PredictionComparison:
    """Return that runs cannot be compared, and why."""
    has_other = bool(explain_other_outcome(fits))
    alike = find_same_outcome(fits) if has_other else ()
    return PredictionComparison(
        obstacle, has_other_outcome=has_other, alike=alike, scheme=scheme, weights=weights
    )


def _compare_known(
    fits: Mapping[str, Fit], left_out: Mapping[str, CrossValidation] | None, weights: WeightKind
) -> PredictionComparison:
    """Compare runs all of which say something of left-out rows, where they are on one scale."""
    first = None if left_out is None else next(iter(left_out.values()))
    scheme = LEAVE_ONE_OUT if first is None else first.scheme
    scale = find_comparable_scale(fits, left_out)
    if scale.obstacle:
        return refuse(fits, scale.obstacle, scheme, weights)
    standings = compare_predictions(fits, scale.offsets, left_out, weights=weights)
    return PredictionComparison(
        standings=standings,
        rows=count_cells(next(iter(fits.values()))) if first is None else _count_units(standings),
        remark=scale.remark,
        scheme=scheme,
        has_groups=first is not None and bool((first.rows > 1).any()),
        weights=weights,
        notes=_list_notes(fits, left_out),
        letters=dict(zip(fits, ascii_uppercase, strict=False)),
        labels=_list_labels(fits, standings, left_out),
        may_be_chance=may_be_chance([standing.elpd for standing in standings.values()]),
    )


def _list_notes(
    fits: Mapping[str, Fit], left_out: Mapping[str, CrossValidation] | None
) -> dict[str, tuple[str, ...]]:
    """Return what there is to say of each run's left-out units: what they are if no rows, and its notes."""
    notes: dict[str, tuple[str, ...]] = {}
    for name, fit in fits.items():
        found = None if left_out is None else left_out[name]
        is_by_entry = found is None or found.scheme == LEAVE_ONE_OUT
        units = describe_units(fit, count_cells(fit)) if is_by_entry else ""
        said = (*((units,) if units else ()), *(() if found is None else found.notes))
        if said:
            notes[name] = said
    return notes


def _count_units(standings: Mapping[str, Standing]) -> int:
    """Return how many units all runs predict."""
    elpd = next(iter(standings.values())).elpd_by_unit
    return 0 if elpd is None else len(elpd)


def _list_labels(
    fits: Mapping[str, Fit],
    standings: Mapping[str, Standing],
    left_out: Mapping[str, CrossValidation] | None,
) -> tuple[str, ...]:
    """Return the name of each unit that all runs predict; empty where these are rows of a sample."""
    if left_out is None:
        is_sampled = any(standing.sampled is not None for standing in standings.values())
        return () if is_sampled else tuple(label_rows(next(iter(fits.values()))))
    is_shared = np.logical_and.reduce([~np.isnan(found.elpd) for found in left_out.values()])
    labels = next(iter(left_out.values())).labels
    return tuple(label for label, is_kept in zip(labels, is_shared, strict=True) if is_kept)
