"""Weights of an average, whether it helps, and which runs have no outcome in common: without Stan."""

import json
import math

import numpy as np
import pytest
import xarray as xr

from workbench.comparison.averaging import average_densities, drop_negligible, measure_gain
from workbench.comparison.weights import find_weights
from workbench.errors import RequestError
from workbench.prediction.same_outcome import find_common_outcomes
from workbench.results import Fit
from workbench.workflow.average import find_average

RNG = np.random.default_rng(12)
TWO_KINDS = np.concatenate([RNG.normal(0, 1, 150), RNG.normal(0, 6, 50)])
"""An outcome of two kinds of rows, which no single normal describes."""


def make_fit(
    scale: float = 1.0,
    shift: float = 0.0,
    observed=TWO_KINDS,
    *,
    name: str = "y",
    columns=("y",),
    integer: bool = False,
) -> Fit:
    """Return a normal model of given scale, whose mean is off by `shift`."""
    rng = np.random.default_rng(3)
    shape = (2, 200)
    mu = np.mean(observed) + shift + rng.normal(0, 0.05, shape)
    log_lik = -0.5 * ((observed - mu[..., None]) / scale) ** 2 - math.log(scale * math.sqrt(2 * math.pi))
    chains = {"chain": np.arange(2), "draw": np.arange(200)}
    tree = xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset({"mu": (("chain", "draw"), mu)}, coords=chains),
            "/log_likelihood": xr.Dataset({"log_lik": (("chain", "draw", "N"), log_lik)}, coords=chains),
            "/observed_data": xr.Dataset({name: (("N",), observed)}),
        }
    )
    outcome = {"name": name, "replicate": f"{name}_rep", "integer": integer, "first_row": 0, "row_step": 1}
    rules = {"variables": {name: list(columns)}, "groups": {}, "given": {}}
    record = {
        "nuts": {"status": "ok", "chains": 2, "draws": 200},
        "model": {"name": "normal", "outcomes": [outcome]},
        "data": {"sha256": "0", "rules": rules, "rows": len(observed)},
    }
    return Fit(record, tree)


NARROW, WIDE = make_fit(1.0), make_fit(6.0)


def log_normal(scale):
    return -0.5 * ((TWO_KINDS - TWO_KINDS.mean()) / scale) ** 2 - math.log(scale * math.sqrt(2 * math.pi))


def test_averaging_helps_where_rows_are_of_two_kinds():
    found = find_average({"narrow": NARROW, "wide": WIDE})
    assert sum(found.weights.values()) == pytest.approx(1)
    assert 0.5 < found.weights["narrow"] < 0.9
    assert found.gain is not None
    assert (found.gain.answer, found.gain.is_nested) == ("clear", True)
    mixed = np.logaddexp(
        log_normal(1) + math.log(found.weights["narrow"]), log_normal(6) + math.log(found.weights["wide"])
    )
    gains = mixed - max((log_normal(1), log_normal(6)), key=lambda rows: rows.sum())
    assert found.gain.gain == pytest.approx(gains.sum(), rel=0.02)
    assert found.gain.se == pytest.approx(math.sqrt(len(gains)) * gains.std(ddof=1), rel=0.05)
    assert "Averaging helps: its leave-one-out elpd is higher than that of the best run" in found.sentences[1]
    assert json.loads(json.dumps(found.to_dict()))["gain"]["answer"] == "clear"


def test_runs_that_predict_alike_are_said_to():
    found = find_average({"one": make_fit(3.0), "two": make_fit(3.0, shift=0.01)})
    assert found.gain is not None
    assert found.gain.answer == "alike"
    assert "the runs predict alike" in found.sentences[1]


def test_one_run_with_nearly_all_weight_is_said_to_predict_the_same():
    found = find_average({"good": make_fit(3.0), "off": make_fit(3.0, shift=9.0)})
    assert found.gain is not None
    assert (found.gain.answer, found.gain.heaviest) == ("one run", "good")
    assert "`good` has nearly all weight" in found.sentences[1]


def test_equal_weights_that_predict_worse_are_said_to():
    found = find_average({"good": make_fit(3.0), "off": make_fit(3.0, shift=3.0)}, "equal")
    assert found.weights == {"good": 0.5, "off": 0.5}
    assert found.gain is not None
    assert not found.gain.is_nested
    assert found.gain.gain < 0
    assert "does not clearly help: its leave-one-out elpd is lower than that" in found.sentences[1]


def test_weights_that_are_found_without_a_row_do_not_gain_by_chance():
    """Of two runs that differ by noise alone the average gains on the rows of its weights, nested less."""
    rng = np.random.default_rng(5)
    nested, seen = [], []
    for _ in range(60):
        elpd = {name: rng.normal(-1, 0.4, 40) for name in ("a", "b", "c")}
        weights = find_weights("stacking", elpd)
        nested.append(measure_gain(elpd, weights, "stacking").gain)
        best = max(float(rows.sum()) for rows in elpd.values())
        seen.append(float(average_densities(elpd, weights).sum()) - best)
    assert np.mean(nested) < np.mean(seen) - 0.5


def test_rows_of_a_sample_stand_for_all():
    elpd = {"a": log_normal(1.0), "b": log_normal(6.0)}
    weights = {"a": 0.7, "b": 0.3}
    whole, part = measure_gain(elpd, weights, "given"), measure_gain(elpd, weights, "given", rows=2000)
    assert part.gain == pytest.approx(10 * whole.gain)
    assert part.se == pytest.approx(10 * whole.se)
    assert part.rows == 2000


def test_given_weights_are_taken_as_they_are():
    found = find_average({"narrow": NARROW, "wide": WIDE}, {"wide": 0.25, "narrow": 0.75})
    assert found.weights == {"narrow": 0.75, "wide": 0.25}
    assert found.kind == "given"
    assert find_average({"narrow": NARROW, "wide": WIDE}, {"wide": 0, "narrow": 1}).weights["wide"] == 0


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({"narrow": 0.7}, "none of `wide`"),
        ({"narrow": 0.7, "wide": 0.7}, "add up to 1, found 1.4"),
        ({"narrow": 1.7, "wide": -0.7}, "`wide` was expected to be 0 to 1, found -0.7"),
        ({"narrow": math.nan, "wide": 0.5}, "found nan"),
        ({"narrow": 0.5, "wide": 0.3, "third": 0.2}, "`third`, which is no run"),
    ],
)
def test_weights_that_are_none_are_refused(weights, reason):
    with pytest.raises(RequestError, match=reason):
        find_average({"narrow": NARROW, "wide": WIDE}, weights)


def test_a_single_run_is_no_average():
    with pytest.raises(RequestError, match="at least two"):
        find_average({"narrow": NARROW})


def test_negligible_weights_are_0_and_the_others_add_up_to_1():
    assert drop_negligible({"a": 0.6, "b": 0.4 - 1e-9, "c": 1e-9}) == pytest.approx(
        {"a": 0.6, "b": 0.4, "c": 0.0}
    )


def test_runs_of_other_rows_are_averaged_by_given_weights_alone():
    other = make_fit(3.0, observed=TWO_KINDS[:100])
    with pytest.raises(RequestError, match="no weights by stacking"):
        find_average({"one": WIDE, "two": other})
    found = find_average({"one": WIDE, "two": other}, "equal")
    assert found.gain is None
    assert "It is not known whether averaging helps" in found.sentences[1]


def test_an_outcome_of_another_name_from_the_same_column_is_the_same():
    found = find_common_outcomes(
        {"a": make_fit(columns=("score",)), "b": make_fit(name="z", columns=("score",))}
    )
    assert found.names == {"a": {"y": "y"}, "b": {"z": "y"}}
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (make_fit(columns=("sales",)), "`a` reads it from `y`, and `b` from `sales`"),
        (make_fit(columns=("y:days",)), "`a` reads it from `y`, and `b` from `y:days`"),
        (make_fit(integer=True), "`b` gives probabilities of whole numbers, and `a` densities"),
        (make_fit(name="z", columns=("z",)), "no outcome in common: `a` predicts `y`; `b` predicts `z`"),
        (make_fit(observed=1000 + 1000 * np.abs(TWO_KINDS)), "seems to be another unit"),
    ],
)
def test_other_outcomes_are_refused(other, reason):
    with pytest.raises(RequestError, match=reason):
        find_common_outcomes({"a": make_fit(), "b": other})
