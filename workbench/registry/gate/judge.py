"""The criteria of a gate, in the order in which they are asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import numpy as np

from workbench.registry.differences import EstimateMove, FitDifferences, compare_fits
from workbench.registry.gate.criteria import (
    Criterion,
    GateResult,
    decide,
    failed,
    not_applicable,
    passed,
    with_numbers,
)
from workbench.registry.gate.evidence import (
    HeldOutOutcome,
    compare_scores,
    measure_calibration,
    measure_prediction_moves,
)
from workbench.registry.gate.limits import GateLimits
from workbench.results.quantities import owner
from workbench.results.view import Results

_ORDER = {"ok": 0, "caution": 1, "fail": 2}
"""Verdicts, the best first."""

CARRIED = "carried"
"""What acknowledges that the champion's posterior stands in the place of all priors."""

_NO_CHAMPION = "there is no champion to compare with."
_NO_ROWS = "no held-out rows were given (`--data`)."
"""Why criteria do not apply."""


def judge(
    challenger: Results,
    champion: Results | None,
    held_out: Sequence[HeldOutOutcome] | str,
    limits: GateLimits,
    names: tuple[str, str] = ("challenger", "champion"),
    *,
    is_carried: bool = False,
) -> GateResult:
    """Return whether a challenger may take the place of a champion, criterion by criterion.

    Parameters
    ----------
    challenger, champion
        What they found; there is no champion before the first promotion.
    held_out
        How both predicted the same rows, by outcome; empty where no rows were given, and a sentence where
        they could not be predicted.
    limits
        What is demanded.
    names
        What they are called.
    is_carried
        Whether the challenger is a fit of new rows whose prior is the champion's posterior.
    """
    criteria: list[Criterion] = []
    if champion is None:
        criteria.append(_judge_verdict(challenger, None, limits))
        names_left = (
            "program",
            "data",
            "priors",
            "parameters",
            "held-out score",
            "calibration",
            "predictions",
        )
        criteria += [not_applicable(name, _NO_CHAMPION) for name in names_left]
    else:
        differences = compare_fits(champion, challenger)
        verdict = _judge_verdict(challenger, champion, limits)
        if is_carried:
            criteria += _judge_carried(verdict, limits)
        else:
            criteria += [
                _judge_program(differences, champion, challenger, limits),
                verdict,
                _judge_rows(challenger, champion, limits),
                *_judge_priors(differences, limits),
            ]
        criteria += [
            _judge_parameters(differences, champion, limits),
            *_judge_held_out(held_out, limits),
        ]
    rows = None if isinstance(held_out, str) or not held_out else held_out[0].count
    return GateResult(challenger=names[0], champion=names[1], criteria=tuple(criteria), rows=rows)


def _judge_program(
    differences: FitDifferences, champion: Results, challenger: Results, limits: GateLimits
) -> Criterion:
    """Demand the same program, the same columns, and the same levels or more."""
    named = ["the program"] if differences.program else []
    one, other = champion.data.binding, challenger.data.binding
    known = {**champion.priors, **challenger.priors}
    named += [
        f"the columns of `{name}`"
        for name in {**one, **other}
        if one.get(name) != other.get(name) and name not in known
    ]
    named += [
        f"levels of `{name}` that are gone ({', '.join(gone[:5])})"
        for name, levels in champion.data.levels.items()
        if (gone := [level for level in levels if level not in challenger.data.levels.get(name, ())])
    ]
    if not named:
        return passed("program", "the same program and columns", "the same")
    found = f"{'; '.join(named)} differ"
    if limits.program == "any":
        return passed("program", found, "any")
    reason = 'program = "any" in the file of limits accepts another one'
    return failed("program", found, "the same", reason)


def _judge_carried(verdict: Criterion, limits: GateLimits) -> Iterable[Criterion]:
    """Return the criteria of program, data and priors where the champion's posterior stands for its rows."""
    yield passed("program", "that of the champion", "the same")
    yield verdict
    yield not_applicable("data", "the champion's rows are in the prior of the new ones.")
    found = "the champion's posterior in the place of all priors"
    reason = "" if CARRIED in limits.accept_priors else f"--accept-prior {CARRIED} acknowledges it"
    yield decide("priors", found, "acknowledged", reason, is_met=CARRIED in limits.accept_priors)


def _judge_verdict(challenger: Results, champion: Results | None, limits: GateLimits) -> Criterion:
    if challenger.diagnosis is None:
        return failed("verdict", "the challenger was not checked", "a verdict", "`workbench check` gives one")
    verdict = challenger.diagnosis.verdict
    before = None if champion is None or champion.diagnosis is None else champion.diagnosis.verdict
    if limits.verdict == "ok":
        return decide("verdict", verdict, "ok", is_met=verdict == "ok")
    if before is None:
        return decide("verdict", verdict, "not fail", is_met=verdict != "fail")
    is_met = verdict != "fail" and _ORDER[verdict] <= _ORDER[before]
    reasons = " ".join(challenger.diagnosis.reasons[:1]) if not is_met else ""
    return decide("verdict", f"{verdict}, before {before}", "not worse, and not fail", reasons, is_met=is_met)


def _judge_rows(challenger: Results, champion: Results, limits: GateLimits) -> Criterion:
    one, other = champion.data.rows, challenger.data.rows
    if not one or other is None:
        return not_applicable("data", "the number of rows is not known.")
    found = f"{other:,} rows, before {one:,}"
    share = f"at least {limits.rows:.0%} of them"
    criterion = decide("data", found, share, is_met=other >= limits.rows * one)
    return with_numbers(criterion, rows=other, before=one, least_share=limits.rows)


def _judge_priors(differences: FitDifferences, limits: GateLimits) -> Iterable[Criterion]:
    """Demand that each change of a prior is acknowledged."""
    if not differences.priors:
        yield passed("priors", "all as before", "each change acknowledged")
    for change in differences.priors:
        is_accepted = change.name in limits.accept_priors
        found = f"{_show(change.before)} became {_show(change.after)}"
        if change.set_after:
            found += f", set by {change.set_after}"
        reason = "" if is_accepted else f"--accept-prior {change.name} acknowledges it"
        yield decide(f"prior {change.name}", found, "acknowledged", reason, is_met=is_accepted)


def _judge_parameters(differences: FitDifferences, champion: Results, limits: GateLimits) -> Criterion:
    """Demand that no parameter moved further than chance moves the largest of so many."""
    name = "parameters"
    declared = {each.name for each in champion.model.parameters if each.block == "parameters"}
    stan_names = champion.names_by_label
    moves = [
        move
        for move in differences.moves
        if not declared or owner(stan_names.get(move.name, move.name)) in declared
    ]
    if not moves:
        return not_applicable(name, "the fits have no estimates of the same parameters.")
    known = [move for move in moves if move.in_sd is not None]
    if not known:
        return _judge_points(name, moves, limits)
    limit = NormalDist().inv_cdf(1 - limits.chance / (2 * len(known)))
    largest = max(known, key=lambda move: abs(move.in_sd or 0.0))
    moved = abs(largest.in_sd or 0.0)
    length = math.sqrt(sum((move.in_sd or 0.0) ** 2 for move in known))
    found = (
        f"the largest move is {moved:.2f} combined SDs, of `{largest.name}`; the length of all "
        f"{len(known)} together (L2) is {length:.2f}"
    )
    criterion = decide(name, found, f"at most {limit:.2f} combined SDs", is_met=moved <= limit)
    return with_numbers(criterion, largest=moved, length=length, parameters=len(known), most=limit)


def _judge_points(name: str, moves: Sequence[EstimateMove], limits: GateLimits) -> Criterion:
    """Judge points without SDs by how far they moved relative to their size."""
    pairs = np.array(
        [
            (move.before.estimate, move.after.estimate)
            for move in moves
            if move.before.estimate is not None and move.after.estimate is not None
        ]
    )
    if not len(pairs):
        return not_applicable(name, "the fits have no estimates of the same parameters.")
    size = float(np.linalg.norm(pairs[:, 0]))
    length = float(np.linalg.norm(pairs[:, 1] - pairs[:, 0]))
    relative = length / size if size else math.inf if length else 0.0
    distances = np.abs(pairs[:, 1] - pairs[:, 0])
    largest = moves[int(np.argmax(distances))]
    found = (
        f"together they moved by {relative:.1%} of their length (L2); the largest move is "
        f"{distances.max():.3g}, of `{largest.name}`"
    )
    reason = "there are no SDs: points are judged by their size"
    criterion = decide(
        name, found, f"at most {limits.relative:.0%}", reason, is_met=relative <= limits.relative
    )
    return with_numbers(criterion, relative=relative, largest=float(distances.max()), most=limits.relative)


def _judge_held_out(held_out: Sequence[HeldOutOutcome] | str, limits: GateLimits) -> Iterable[Criterion]:
    names = ("held-out score", "calibration", "predictions")
    if isinstance(held_out, str):
        yield failed(names[0], "not known", "both predict the held-out rows", held_out)
        yield from (not_applicable(name, "the held-out rows could not be predicted.") for name in names[1:])
        return
    if not held_out:
        yield from (not_applicable(name, _NO_ROWS) for name in names)
        return
    for outcome in held_out:
        of_which = f" of {outcome.name}" if len(held_out) > 1 else ""
        if outcome.count < limits.fewest_rows:
            why = f"{outcome.count} held-out rows are too few: at least {limits.fewest_rows} are judged."
            yield from (not_applicable(f"{name}{of_which}", why) for name in names)
            continue
        yield _judge_score(outcome, limits, f"{names[0]}{of_which}")
        yield _judge_calibration(outcome, limits, f"{names[1]}{of_which}")
        yield _judge_predictions(outcome, limits, f"{names[2]}{of_which}")


def _judge_score(outcome: HeldOutOutcome, limits: GateLimits, name: str) -> Criterion:
    difference = compare_scores(outcome)
    value = f"{difference.value:+.1f}".replace("-", "−")
    found = f"{value} ± {difference.se:.1f} nats on {outcome.count:,} rows"
    demanded = f"not worse by more than {limits.score_errors:g} standard errors"
    if difference.impossible:
        reason = f"the challenger holds {difference.impossible} observed values for impossible"
        return failed(name, found, demanded, reason)
    if math.isnan(difference.se):
        return not_applicable(name, "no log density of these rows is known.")
    reach = limits.score_errors * difference.se
    numbers = {
        "difference": difference.value,
        "standard_error": difference.se,
        "rows": outcome.count,
        "standard_errors": limits.score_errors,
    }
    if limits.score == "better":
        demanded = f"better by more than {limits.score_errors:g} standard errors"
        return with_numbers(decide(name, found, demanded, is_met=difference.value > reach), **numbers)
    reason = ""
    if difference.possible:
        reason = f"the champion held {difference.possible} observed values for impossible"
    criterion = decide(name, found, demanded, reason, is_met=difference.value >= -reach)
    return with_numbers(criterion, **numbers)


def _judge_calibration(outcome: HeldOutOutcome, limits: GateLimits, name: str) -> Criterion:
    if not outcome.has_order:
        return not_applicable(name, "categories have no order, and hence no transforms.")
    before, after, test = measure_calibration(outcome)
    if math.isnan(after):
        return not_applicable(name, "the outcome may be censored, or nothing varies.")
    is_met = after >= limits.calibration or (not math.isnan(before) and before <= after)
    found = f"{_show_p(after)} ({test}), before {_show_p(before)}"
    demanded = f"at least {limits.calibration:g}, or not below the champion's"
    criterion = decide(name, found, demanded, is_met=is_met)
    return with_numbers(criterion, p=after, before=before, least=limits.calibration)


def _judge_predictions(outcome: HeldOutOutcome, limits: GateLimits, name: str) -> Criterion:
    if not outcome.has_order:
        return not_applicable(name, "categories cannot be subtracted.")
    moves = measure_prediction_moves(outcome)
    if not len(moves):
        return not_applicable(name, "no prediction has a spread.")
    mean, share = float(moves.mean()), float((moves > limits.moved).mean())
    found = (
        f"predictions moved by {mean:.2f} predictive SDs on average, and {share:.1%} by more than "
        f"{limits.moved:g}"
    )
    demanded = f"at most {limits.prediction:g}, and at most {limits.moved_share:.0%}"
    is_met = mean <= limits.prediction and share <= limits.moved_share
    criterion = decide(name, found, demanded, is_met=is_met)
    return with_numbers(
        criterion, mean=mean, share=share, most_mean=limits.prediction, most_share=limits.moved_share
    )


def _show_p(value: float) -> str:
    return "p not known" if math.isnan(value) else f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _show(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(_show(each) for each in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)
