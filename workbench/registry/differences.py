"""What differs between two fits: program, data, priors, settings, verdict, and how far estimates moved."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from workbench.registry.summary import RememberedEstimate, choose_method, remember
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
    """

    name: str
    before: Any
    after: Any
    set_before: str = ""
    set_after: str = ""


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
    one = before.estimates(method) if method else {}
    other = after.estimates(method) if method else {}
    earlier = {before.label(name): remember(estimate) for name, estimate in one.items()}
    later = {after.label(name): remember(estimate) for name, estimate in other.items()}
    moves = [
        EstimateMove(name, earlier[name], later[name], measure_move(earlier[name], later[name]))
        for name in earlier
        if name in later
    ]
    return FitDifferences(
        program=_compare_programs(before, after),
        facts=tuple(_compare_facts(before, after)),
        priors=compare_priors(before, after),
        method=method,
        moves=tuple(sorted(moves, key=lambda move: -abs(move.in_sd or 0.0))),
        gone=tuple(name for name in earlier if name not in later),
        new=tuple(name for name in later if name not in earlier),
    )


def measure_move(before: RememberedEstimate, after: RememberedEstimate) -> float | None:
    """Return how far an estimate moved in combined SDs; `None` where an SD is not known or is zero.

    >>> measure_move(RememberedEstimate(1.0, 3.0), RememberedEstimate(6.0, 4.0))
    1.0
    """
    if before.estimate is None or after.estimate is None or before.sd is None or after.sd is None:
        return None
    unit = math.hypot(before.sd, after.sd)
    return (after.estimate - before.estimate) / unit if unit > 0 else None


def compare_priors(before: Results, after: Results) -> tuple[PriorChange, ...]:
    """Return the hyperparameters and whole priors that are not the same in both, by name."""
    changes = [
        PriorChange(
            name,
            before.priors.get(name),
            after.priors.get(name),
            before.prior_origins.get(name, _ORIGIN_UNKNOWN) if name in before.priors else "",
            after.prior_origins.get(name, _ORIGIN_UNKNOWN) if name in after.priors else "",
        )
        for name in {**before.priors, **after.priors}
        if before.priors.get(name) != after.priors.get(name)
    ]
    one = {prior.parameter: prior for prior in before.model.replaced_priors}
    other = {prior.parameter: prior for prior in after.model.replaced_priors}
    for name in {**one, **other}:
        earlier = one[name].statement if name in one else None
        later = other[name].statement if name in other else None
        if earlier != later:
            changes.append(PriorChange(name, earlier, later))
    return tuple(changes)


def _compare_programs(before: Results, after: Results) -> str:
    if before.model.source == after.model.source:
        return ""
    one, other = (each.model.source.splitlines() for each in (before, after))
    lines = difflib.unified_diff(one, other, before.model.name, after.model.name, lineterm="", n=2)
    return "\n".join(lines)


def _compare_facts(before: Results, after: Results) -> list[tuple[str, str, str]]:
    facts = [_list_facts(each) for each in (before, after)]
    names = dict.fromkeys([*facts[0], *facts[1]])
    found = [(name, facts[0].get(name, ""), facts[1].get(name, "")) for name in names]
    return [fact for fact in found if fact[1] != fact[2]]


def _list_facts(results: Results) -> Mapping[str, str]:
    data = results.data
    settings = results.request
    methods = {} if settings is None else dict(settings.methods)
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
        "standardized": data.standardized.status,
        **{f"settings of {name}": _describe(chosen) for name, chosen in methods.items()},
        "level of intervals": f"{results.interval.level:g}",
        "seed": str(results.seed),
        "workbench": results.workbench,
        "Stan": results.toolchain.stan,
        "compiler": results.toolchain.compiler,
    }


def _describe_levels(levels: tuple[str, ...]) -> str:
    shown = ", ".join(levels[:10])
    return shown if len(levels) <= 10 else f"{shown} and {len(levels) - 10} more"


def _describe(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {msgspec.json.encode(value).decode()}" for name, value in settings.items())
