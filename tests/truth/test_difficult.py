"""Posteriors that mislead: each must be flagged by the methods that it misleads."""

from pathlib import Path

import numpy as np
import pytest

import workbench

pytestmark = [pytest.mark.usefixtures("tools"), pytest.mark.truth]

HERE = Path(__file__).parent
FUNNEL = HERE / "programs" / "funnel.stan"
TWO_MODES = HERE.parent / "models" / "driver_two_modes.stan"


def found(record):
    return {one["code"] for one in record["diagnosis"]["checks"] if one["status"] in ("issue", "tip")}


def test_a_funnel(tmp_path):
    """The neck is where chains diverge and the energy does not mix; the mode lies far down in it.

    At the joint mode x is close to 0 and v^2/18 + 9v/2 is smallest, v = -81/2.
    """
    outcomes = np.random.default_rng(1).normal(0, 2, 9).tolist()
    record = workbench.fit(FUNNEL, {"y": outcomes}, jobs=2, output=tmp_path / "run").record
    assert record["map"]["estimates"]["v"]["value"] == pytest.approx(-40.5, abs=0.01)
    assert record["gaps"]["v"]["in_sd"] < -5
    assert record["laplace"]["khat"] > record["laplace"]["khat_threshold"]
    assert not record["laplace"]["corrected"]
    assert record["mle"]["status"] == "failed"
    assert "no maximum: it keeps rising along `v` (last value -7" in record["mle"]["reason"]
    assert "The effects that `v` scales can move ever closer to their mean" in record["mle"]["reason"]
    assert min(record["nuts"]["ebfmi"]) < 0.3
    assert record["diagnosis"]["verdict"] == "fail"
    assert {"WB203", "WB301", "WB401", "WB402"} <= found(record)
    assert record["nuts"]["advice"]


def test_a_funnel_takes_auto_to_the_last_rung(tmp_path):
    outcomes = np.random.default_rng(1).normal(0, 2, 9).tolist()
    run = workbench.fit(FUNNEL, {"y": outcomes}, method="auto", jobs=2, output=tmp_path / "run")
    laplace = run.record["ladder"][1]
    assert (laplace["method"], laplace["accepted"]) == ("laplace", False)
    assert "the draws miss too much of the posterior's tails" in laplace["why"]


def test_two_modes(tmp_path):
    """Two normals of sd 1 at -3 and 3: the posterior mean is 0, its sd sqrt(10), where no mode is."""
    run = workbench.fit(TWO_MODES, {}, starts=12, jobs=2, output=tmp_path / "run")
    record = run.record
    for method in ("map", "map_unconstrained"):
        part = record[method]
        first, second = part["modes"]
        assert first["starts"] + second["starts"] == 12
        assert {round(abs(one["estimates"]["x"]), 3) for one in (first, second)} == {3.0}
        assert first["estimates"]["x"] * second["estimates"]["x"] < 0
        assert "2 maxima are equally high" in part["remark"]
        assert part["distance_in"] == "posterior SDs"
        assert second["distance"] == pytest.approx(6 / record["nuts"]["estimates"]["x"]["sd"], rel=1e-6)


def test_two_modes_take_auto_to_nuts(tmp_path):
    record = workbench.fit(TWO_MODES, {}, method="auto", starts=12, output=tmp_path / "run").record
    assert [rung["accepted"] for rung in record["ladder"]] == [False, False, False, True]
    assert "k-hat" in record["ladder"][1]["why"]
