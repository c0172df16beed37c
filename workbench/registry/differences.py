"""What differs between two fits: program, data, priors, settings, verdict, and how far estimates moved."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.registry.summary import (
    RememberedEstimate,
    VersionSummary,
    choose_method,
    describe_settings,
    remember,
)
from workbench.results.view import Results

_ORIGIN_UNKNOWN = "not stated"
"""Who set a hyperparameter, where the run does not say."""


@dataclass(frozen=True)
class PriorChange:
    """A hyperparameter, or a whole prior, that is not the same in both.

    Attributes
    ----------
    name
        The hyperparameter, such as `beta.sigma`; a parameter where its whole prior was replaced.
    before, after
        Its values; `None` where it has none.
    set_before, set_after
        Who set them.
    is_whole
        Whether it is a whole prior; `None` is then the one of the program.
    """

    name: str
    before: Any
    after: Any
    set_before: str = ""
    set_after: str = ""
    is_whole: bool = False


@dataclass(frozen=True)
class EstimateMove:
    """How far an estimate moved.

    Attributes
    ----------
    name
        The quantity.
    before, after
        It in both fits.
    in_sd
        The difference over the root of the sum of both variances; `None` where an SD is not known.
    """

    name: str
    before: RememberedEstimate
    after: RememberedEstimate
    in_sd: float | None


@dataclass(frozen=True)
class FitDifferences:
    """What differs between two fits.

    Attributes
    ----------
    program
        The lines of the program that differ, as `diff -u` shows them; empty where it is the same.
    facts
        What else differs: its name, before and after.
    priors
        The priors that differ.
    method
        Whose estimates are compared; empty where the fits have no method in common.
    moves
        The quantities of both, those that moved most first.
    gone, new
        Quantities that only one of them has.
    """

    program: str
    facts: tuple[tuple[str, str, str], ...]
    priors: tuple[PriorChange, ...]
    method: str
    moves: tuple[EstimateMove, ...]
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def distance(self) -> float | None:
        """The root mean square of the moves, in combined SDs; `None` where none is known."""
        known = [move.in_sd for move in self.moves if move.in_sd is not None]
        return math.sqrt(sum(value**2 for value in known) / len(known)) if known else None


def compare_fits(before: Results, after: Results) -> FitDifferences:
    """Return what differs between two fits."""
    method = choose_method(before, after)
    one = before.estimates(method or choose_method(before)) if method or choose_method(before) else {}
    other = after.estimates(method or choose_method(after)) if method or choose_method(after) else {}
    earlier = {before.label(name): remember(estimate) for name, estimate in one.items()}
    later = {after.label(name): remember(estimate) for name, estimate in other.items()}
    return FitDifferences(
        program=_compare_programs(before, after),
        facts=_compare_facts(_list_facts(before), _list_facts(after)),
        priors=compare_priors(before, after),
        method=method,
        moves=_list_moves(earlier, later),
        gone=tuple(name for name in earlier if name not in later),
        new=tuple(name for name in later if name not in earlier),
    )


def compare_remembered(before: VersionSummary, after: VersionSummary) -> FitDifferences:
    """Return what differs between two versions by what is remembered of them, also when their runs are gone.

    `facts` has what went into the fits and nothing that came out of them; programs are known by their hash.
    Estimates by different methods are not compared.
    """
    method = before.method if before.method == after.method else ""
    one = before.estimates if method else {}
    other = after.estimates if method else {}
    return FitDifferences(
        program="",
        facts=_compare_facts(_list_remembered(before), _list_remembered(after)),
        priors=_compare_values(
            (before.priors, before.prior_origins, before.replaced_priors),
            (after.priors, after.prior_origins, after.replaced_priors),
        ),
        method=method,
        moves=_list_moves(one, other),
        gone=tuple(name for name in one if name not in other),
        new=tuple(name for name in other if name not in one),
    )


def _list_moves(
    before: Mapping[str, RememberedEstimate], after: Mapping[str, RememberedEstimate]
) -> tuple[EstimateMove, ...]:
    """Return the quantities of both, those that moved most first."""
    moves = [
        EstimateMove(name, before[name], after[name], measure_move(before[name], after[name]))
        for name in before
        if name in after
    ]
    return tuple(sorted(moves, key=lambda move: -abs(move.in_sd or 0.0)))


def measure_move(before: RememberedEstimate, after: RememberedEstimate) -> float | None:
    """Return how far an estimate moved in combined SDs; `None` where no SD is known, or it is zero.

    Where only one of them has an SD, as a posterior mean beside a point, that is the unit.

    >>> measure_move(RememberedEstimate(1.0, 3.0), RememberedEstimate(6.0, 4.0))
    1.0
    """
    if before.estimate is None or after.estimate is None:
        return None
    unit = math.hypot(before.sd or 0.0, after.sd or 0.0)
    return (after.estimate - before.estimate) / unit if unit > 0 else None


def compare_priors(before: Results, after: Results) -> tuple[PriorChange, ...]:
    """Return the hyperparameters and whole priors that are not the same in both, by name."""
    one, other = (
        (
            each.priors,
            each.prior_origins,
            {prior.parameter: prior.statement for prior in each.model.replaced_priors},
        )
        for each in (before, after)
    )
    return _compare_values(one, other)


_Priors = tuple[Mapping[str, Any], Mapping[str, str], Mapping[str, str]]
"""Hyperparameters, who set them, and whole priors that were replaced, each by name."""


def _compare_values(before: _Priors, after: _Priors) -> tuple[PriorChange, ...]:
    (one, set_before, replaced), (other, set_after, replaced_after) = before, after
    changes = [
        PriorChange(
            name,
            one.get(name),
            other.get(name),
            set_before.get(name, _ORIGIN_UNKNOWN) if name in one else "",
            set_after.get(name, _ORIGIN_UNKNOWN) if name in other else "",
        )
        for name in {**one, **other}
        if one.get(name) != other.get(name)
    ]
    changes += [
        PriorChange(name, replaced.get(name), replaced_after.get(name), is_whole=True)
        for name in {**replaced, **replaced_after}
        if replaced.get(name) != replaced_after.get(name)
    ]
    return tuple(changes)


def _compare_programs(before: Results, after: Results) -> str:
    if before.model.source == after.model.source:
        return ""
    one, other = (each.model.source.splitlines() for each in (before, after))
    lines = difflib.unified_diff(one, other, before.model.name, after.model.name, lineterm="", n=2)
    return "\n".join(lines)


def _compare_facts(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    found = [(name, before.get(name, ""), after.get(name, "")) for name in {**before, **after}]
    return tuple(fact for fact in found if fact[1] != fact[2])


def _list_remembered(summary: VersionSummary) -> Mapping[str, str]:
    """Return what went into a version, beside its priors."""
    columns = {name: text for name, text in summary.columns.items() if name not in summary.priors}
    return {
        "program": summary.program[:12],
        "data": summary.data[:12],
        "rows": "" if summary.rows is None else f"{summary.rows:,}",
        **{f"columns of `{name}`": text for name, text in columns.items()},
        **summary.settings,
        "method": summary.method,
        "update of": summary.updated_from,
        "seed": "" if summary.seed is None else str(summary.seed),
        "workbench": summary.workbench,
        "Stan": summary.stan,
        "compiler": summary.compiler,
    }


def _list_facts(results: Results) -> Mapping[str, str]:
    data = results.data
    diagnosis = results.diagnosis
    return {
        "verdict": "" if diagnosis is None else diagnosis.verdict,
        "rows": "" if data.rows is None else f"{data.rows:,}",
        "hash of the data": data.sha256[:12],
        **{
            f"columns of `{name}`": columns
            for name, columns in data.binding.items()
            if name not in results.priors
        },
        **{f"levels of `{name}`": _describe_levels(levels) for name, levels in data.levels.items()},
        **describe_settings(results),
        "level of intervals": f"{results.interval.level:g}",
        "seed": str(results.seed),
        "workbench": results.workbench,
        "Stan": results.toolchain.stan,
        "compiler": results.toolchain.compiler,
    }


def _describe_levels(levels: tuple[str, ...]) -> str:
    shown = ", ".join(levels[:10])
    return shown if len(levels) <= 10 else f"{shown} and {len(levels) - 10} more"
