"""Drift is called what it is, and seldom where there is none: normal rows with an exact posterior."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.special import ndtr

from workbench.monitoring.drift import (
    DriftEvidence,
    ParameterMove,
    PredictedElements,
    compare_columns,
    compare_levels,
    judge_drift,
    list_levels,
    measure_improvement,
)

NAMES = tuple(each.name for each in fields(PredictedElements))
"""What is known of each element."""

FITTED = 400
"""Rows of the fit."""


def fit(design, y, sigma=1.0):
    """Return mean and covariance of the coefficients, flat prior."""
    covariance = np.linalg.inv(design.T @ design) * sigma**2
    return covariance @ design.T @ y / sigma**2, covariance


def diagnose(rng, rows=150, *, shift=0.0, slope=0.0, sigma=1.0, at=0.0, odd=0, group=0.0):
    """Return the evidence and the decision for rows of a line with mean 1 and slope 2, or moved ones."""
    x = rng.normal(size=FITTED)
    design = np.column_stack([np.ones(FITTED), x])
    y = 1 + 2 * x + rng.normal(size=FITTED)
    x_new = rng.normal(at, 1, rows)
    levels = rng.choice(list("abcd"), rows).astype(object)
    y_new = 1 + shift + (2 + slope) * x_new + sigma * rng.normal(size=rows) + group * (levels == "b")
    y_new[:odd] += 8
    new = np.column_stack([np.ones(rows), x_new])
    before, spread = fit(design, y)
    after, spread_after = fit(np.vstack([design, new]), np.concatenate([y, y_new]))
    sd = np.sqrt(1 + np.einsum("ij,jk,ik->i", new, spread, new))
    elements = PredictedElements(
        outcome=np.full(rows, "y", dtype=object),
        rows=np.arange(1, rows + 1),
        batches=np.full(rows, "new.csv", dtype=object),
        observed=y_new,
        mean=new @ before,
        sd=sd,
        transform=ndtr((y_new - new @ before) / sd),
        mean_after=new @ after,
    )
    moves = tuple(
        ParameterMove(name, before[k], np.sqrt(spread[k, k]), after[k], np.sqrt(spread_after[k, k]))
        for k, name in enumerate(("alpha", "beta"))
    )
    evidence = DriftEvidence(FITTED, moves, elements, {"g": levels}, (compare_columns(x, x_new, "x"),))
    return evidence, judge_drift(evidence)


def count(kind, times=60, **changes):
    rng = np.random.default_rng(7)
    return sum(diagnose(rng, **changes)[1].kind == kind for _ in range(times))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("parameter", {"shift": 0.5}),
        ("parameter", {"slope": -0.5}),
        ("parameter", {"slope": 0.5, "odd": 1}),
        ("noise", {"sigma": 1.6}),
        ("noise", {"sigma": 0.6}),
        ("predictors", {"at": 1.0}),
        ("rows", {"odd": 2}),
        ("group", {"group": 1.2}),
    ],
)
def test_each_kind_of_drift_is_called_what_it_is(kind, changes):
    assert count(kind, **changes) >= 51


def test_the_parameter_the_group_and_the_rows_are_named():
    rng = np.random.default_rng(3)
    assert diagnose(rng, shift=0.6)[1].move.name == "alpha"
    assert diagnose(rng, slope=0.6)[1].move.name == "beta"
    assert sorted(diagnose(rng, odd=2)[1].odd.tolist()) == [0, 1]
    level = diagnose(rng, group=1.5)[1].level
    assert (level.column, level.level) == ("g", "b")


def test_two_levels_of_an_outcome_are_no_more_noise():
    """A fit of old and new rows together takes a shift for noise; the new rows alone do not."""
    evidence, _ = diagnose(np.random.default_rng(1), shift=1.0)
    moves = (
        ParameterMove("sigma", 2.04, 0.046, 2.20, 0.045, 2.03, 0.08),
        ParameterMove("alpha", 20.2, 0.175, 19.7, 0.168, 17.9, 0.35),
    )
    decision = judge_drift(DriftEvidence(FITTED, moves, evidence.elements))
    assert decision.kind == "parameter"
    assert decision.move == moves[1]
    assert moves[1].apart == pytest.approx(-2.3 / np.hypot(0.35, 0.175))
    pooled = tuple(replace(move, mean_alone=None, sd_alone=None) for move in moves)
    assert judge_drift(DriftEvidence(FITTED, pooled, evidence.elements)).move == pooled[0]


def test_what_a_fit_gains_by_having_seen_the_rows_is_no_improvement():
    rng = np.random.default_rng(3)
    clean = [diagnose(rng)[0] for _ in range(300)]
    gains, expected = [], []
    for each in clean:
        before, after = (
            each.elements.observed - mean for mean in (each.elements.mean, each.elements.mean_after)
        )
        gains.append(float(((before**2 - after**2) / each.elements.sd**2).sum()))
        learned = np.array([1 - (move.sd_after / move.sd_before) ** 2 for move in each.moves])
        expected.append(float((learned * (2 - learned) / (1 - learned)).sum()))
    assert abs(np.mean(gains) - np.mean(expected)) < 4 * np.std(gains) / np.sqrt(len(gains))
    # Where the gain happens to be small its spread is too, so that the ratio is skewed to below.
    corrected = np.array([measure_improvement(each.elements, each.moves) for each in clean])
    as_seen = np.array([measure_improvement(each.elements) for each in clean])
    assert np.median(corrected) < 0.5 < np.median(as_seen)
    assert (corrected > 3).mean() < 0.03


def test_without_drift_little_is_found_and_moves_are_normal_scores():
    rng = np.random.default_rng(11)
    found, scores, groups = [], [], []
    for _ in range(400):
        evidence, decision = diagnose(rng, rows=200)
        found.append(decision.kind)
        scores += [move.score for move in evidence.moves]
        groups += [level.score for level in list_levels(evidence)]
    # Five looks at 1 % each, and about 20 in 400 by chance.
    assert sum(kind != "none" for kind in found) <= 34
    assert abs(np.var(scores) - 1) < 5 * np.sqrt(2 / 800)
    assert np.var(groups) < 1.2


def test_columns_are_compared_on_their_scale_and_levels_by_their_shares():
    rng = np.random.default_rng(1)
    shift = compare_columns(rng.normal(10, 2, 4000), rng.normal(11, 4, 4000), "x")
    assert shift.in_sd == pytest.approx(0.5, abs=0.1)
    assert shift.spread == pytest.approx(2, abs=0.1)
    assert shift.p_value < 1e-6
    levels = compare_levels(
        np.array(["a"] * 80 + ["b"] * 20, object), np.array(["a"] * 40 + ["c"] * 60, object), "g"
    )
    assert (levels.level, levels.before, levels.after) == ("c", 0.0, 0.6)
    same = compare_levels(np.array(["a"] * 5, object), np.array(["a"] * 9, object), "g")
    assert same.p_value == 1


def test_categories_without_means_are_judged_by_the_posterior():
    rng = np.random.default_rng(2)
    evidence, _ = diagnose(rng, shift=0.6)
    nothing = np.full(len(evidence.elements.rows), np.nan)
    elements = PredictedElements(
        evidence.elements.outcome, evidence.elements.rows, evidence.elements.batches,
        evidence.elements.observed, nothing, nothing, evidence.elements.transform, nothing,
    )  # fmt: skip
    decision = judge_drift(DriftEvidence(FITTED, evidence.moves, elements))
    assert decision.move is not None
    assert (decision.kind, decision.move.name) == ("parameter", "alpha")


def test_a_drift_of_one_outcome_among_several_is_not_lost():
    rng = np.random.default_rng(5)
    one, two = (diagnose(rng, rows=300, shift=shift)[0].elements for shift in (0.0, 0.3))
    joined = {name: np.concatenate([getattr(each, name) for each in (one, two)]) for name in NAMES}
    joined["outcome"] = np.repeat(np.array(["y", "z"], dtype=object), 300)
    joined["mean_after"] = joined["mean"]  # no parameter follows it
    decision = judge_drift(DriftEvidence(FITTED, (), PredictedElements(**joined)))
    assert (decision.kind, decision.outcome, decision.move) == ("parameter", "z", None)
