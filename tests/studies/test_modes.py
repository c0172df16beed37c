"""Modes at the points of a study: where their climbs begin, and what happens where that leads nowhere."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from tests.studies import normal_mean as exact
from workbench.estimation.sampling import laplace
from workbench.methods import Map, Mle, Nuts
from workbench.results.method_result import MethodResult
from workbench.studies import parse_axis
from workbench.studies.fits import full_fits
from workbench.studies.plan.plan import BASE, Point
from workbench.workflow import sensitivity, study_options
from workbench.workflow.options import FitOptions

TWO_MODES = """
data { int<lower=0> N; vector[N] y; }
parameters { real mu; }
model {
  target += log_mix(0.5, normal_lpdf(mu | -3, 0.5), normal_lpdf(mu | 3, 0.5));
  y ~ normal(mu, 4);
}
"""
FEW = np.array([0.4, -0.1, 0.9])


@pytest.fixture
def climbs(monkeypatch, tmp_path):
    """A workshop whose climbs are recorded by their start; climbs from `failing` values of `mu` fail."""

    class Climbs:
        program = SimpleNamespace(parameters=(SimpleNamespace(name="mu", members=()),))

        def __init__(self):
            self.seen, self.failing, self.modes = [], set(), 1

        def climb(self, setting, method, around, at=None):
            start = None if at is None else at.inits[0]["mu"]
            self.seen.append((method.name, start))
            facts: dict[str, Any] = {
                "modes": [{}] * self.modes,
                "starts": [{}] * (method.starts if at is None else 1),
            }
            if start in self.failing:
                return MethodResult("failed", "it was told to fail."), None
            return MethodResult("ok", "", facts, {"mu": {"value": 2.0 if method.jacobian else 1.0}}), None

        def shop(self):
            setting = SimpleNamespace(request=SimpleNamespace(program=self.program))
            return SimpleNamespace(
                kept=tmp_path,
                key=lambda *parts: "-".join(parts),
                setting=lambda request, exe, name: setting,
                variant=lambda point: SimpleNamespace(model=SimpleNamespace(exe=None)),
            )

    found = Climbs()
    monkeypatch.setattr(full_fits, "posterior_mode", found.climb)
    monkeypatch.setattr(full_fits, "request_at", lambda shop, point: None)
    monkeypatch.setattr(laplace, "approximate", lambda setting, around: MethodResult("ok", "", {}, {}))
    return found


def test_a_point_is_climbed_to_from_the_modes_of_the_base(climbs):
    shop = climbs.shop()
    base = full_fits.modes(shop, BASE)
    assert climbs.seen == [("map", None), ("map_unconstrained", None)]
    climbs.seen.clear()
    found = full_fits.modes(shop, Point({"mu.sigma": 2.0}), base)
    assert climbs.seen == [("map", 1.0), ("map_unconstrained", 2.0)]
    assert found["map"]["starts"] == 1
    climbs.seen.clear()
    again = full_fits.modes(shop, Point({"mu.sigma": 2.0}), base)
    assert {**again, "draws": None} == {**found, "draws": None}
    assert climbs.seen == []


def test_the_usual_starts_take_over_where_the_climb_from_there_fails(climbs):
    shop = climbs.shop()
    base = full_fits.modes(shop, BASE)
    climbs.seen.clear()
    climbs.failing = {1.0}
    found = full_fits.modes(shop, Point({"mu.sigma": 2.0}), base)
    assert climbs.seen == [("map", 1.0), ("map", None), ("map_unconstrained", 2.0)]
    assert found["map"]["status"] == "ok"
    assert found["map"]["starts"] == 4


@pytest.mark.parametrize("why", ["several modes", "another form", "no mode"])
def test_the_usual_starts_are_taken_where_the_base_says_too_little(climbs, why):
    shop = climbs.shop()
    climbs.modes = 2 if why == "several modes" else 1
    base = full_fits.modes(shop, BASE)
    if why == "no mode":
        base = {
            **base,
            "map": {**base["map"], "status": "failed"},
            "mode": {**base["mode"], "status": "failed"},
        }
    climbs.seen.clear()
    forms = {"mu": "cauchy(0, 1)"} if why == "another form" else {}
    full_fits.modes(shop, Point({}, forms) if forms else Point({"mu.sigma": 2.0}), base)
    assert climbs.seen == [("map", None), ("map_unconstrained", None)]


def kept_modes(folder):
    records = [json.loads(path.read_text()) for path in (folder / "kept").glob("*.json")]
    return [one for one in records if "mode" in one and "starts" in one["mode"]]


@pytest.mark.usefixtures("tools")
def test_modes_depend_neither_on_jobs_nor_on_what_was_finished(normal_files, tmp_path):
    options = FitOptions(methods=(Mle(), Map(), Nuts(2, 200, 200)), seed=4, jobs=2)
    asked = study_options.StudyOptions(
        axes=(parse_axis("mu.sigma=0.05,0.2,1,5"),), methods=("map", "laplace"), with_prior=False
    )
    found = []
    for jobs, axis in ((1, "mu.sigma=0.05,0.2,1,5"), (2, "mu.sigma=0.2,1"), (2, "mu.sigma=0.05,0.2,1,5")):
        folder = tmp_path / ("one" if jobs == 1 else "two")
        one = replace(asked, axes=(parse_axis(axis),), jobs=jobs, output=folder)
        found.append(sensitivity.study_files(normal_files[0], normal_files[1], options, one).frame)
    assert found[0].equals(found[2])  # the third goes on from the narrower second
    assert sorted(one["map"]["starts"] for one in kept_modes(tmp_path / "one")) == [1, 1, 1, 4]
    for row in found[0][found[0]["method"] == "map"].to_dict("records"):
        assert row["mean"] == pytest.approx(exact.posterior(sd=row["mu.sigma"])[0], abs=1e-6)


@pytest.mark.usefixtures("tools")
def test_where_there_are_two_modes_the_higher_is_found_at_every_point(tmp_path):
    model, data = tmp_path / "two_modes.stan", tmp_path / "few.csv"
    model.write_text(TWO_MODES)
    data.write_text("y\n" + "\n".join(map(str, FEW)) + "\n")
    options = FitOptions(methods=(Mle(), Map(), Nuts(2, 300, 300)), seed=2, jobs=2)
    asked = study_options.StudyOptions(
        axes=(parse_axis("mu.mu=-2,-5"),), methods=("map",), with_prior=False, jobs=2, output=tmp_path / "s"
    )
    frame = sensitivity.study_files(model, data, options, asked).frame
    assert {one["map"]["starts"] for one in kept_modes(tmp_path / "s")} == {4}
    for row in frame.to_dict("records"):
        assert row["mean"] == pytest.approx(highest(row["mu.mu"]), abs=1e-4)


def highest(left):
    """Return the higher mode of the posterior by SciPy, from both of the prior's."""

    def height(mu):
        mix = np.logaddexp(-0.5 * ((mu - left) / 0.5) ** 2, -0.5 * ((mu - 3) / 0.5) ** 2)
        return -(mix - 0.5 * np.sum(((FEW - mu) / 4) ** 2))

    ends = [optimize.minimize_scalar(height, bracket=(at - 0.2, at + 0.2)) for at in (left, 3)]
    return min(ends, key=lambda one: one.fun).x
