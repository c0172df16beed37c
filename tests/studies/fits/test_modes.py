"""Modes at the points of a study: where optimisation starts, and what happens if it fails from there."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import optimize

from tests.studies import normal_mean as exact
from workbench.estimation.sampling import laplace
from workbench.methods import Map, Mle, Nuts
from workbench.results.method_result import MethodResult
from workbench.studies import parse_axis
from workbench.studies.fits import modes
from workbench.studies.plan.plan import BASE, Point
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

TWO_MODES = """
data { int<lower=0> N; vector[N] y; }
parameters { real mu; }
model {
  target += log_mix(0.5, normal_lpdf(mu | -3, 0.5), normal_lpdf(mu | 3, 0.5));
  y ~ normal(mu, 4);
}
"""
FEW = np.array([0.4, -0.1, 0.9])


class Optimiser:
    """An optimiser that records where each search starts; it fails from the values of `mu` in `failing`."""

    program = SimpleNamespace(parameters=(SimpleNamespace(name="mu", members=()),))

    def __init__(self, folder):
        self.folder, self.searches, self.failing, self.modes = folder, [], set(), 1
        self.known = []

    def find_map(self, context, method, approximation, start=None, known=None):
        """Return a mode at 1, or at 2 on the unconstrained scale."""
        value = None if start is None else start.inits[0]["mu"]
        self.searches.append((method.name, value))
        self.known.append(known)
        facts: dict[str, Any] = {
            "modes": [{}] * self.modes,
            "starts": [{}] * (method.starts if start is None else 1),
        }
        if value in self.failing:
            return MethodResult("failed", "it fails from here."), None
        return MethodResult("ok", "", facts, {"mu": {"value": 2.0 if method.jacobian else 1.0}}), None

    def make_context(self):
        """Return a study that uses this optimiser."""
        fit_context = SimpleNamespace(request=SimpleNamespace(program=self.program))
        return SimpleNamespace(
            cache_folder=self.folder,
            make_key=lambda *parts: "-".join(parts),
            make_fit_context=lambda request, exe, name: fit_context,
            find_variant=lambda point: SimpleNamespace(model=SimpleNamespace(exe=None)),
        )


@pytest.fixture
def optimiser(monkeypatch, tmp_path):
    optimiser = Optimiser(tmp_path)
    monkeypatch.setattr(modes, "find_map", optimiser.find_map)
    monkeypatch.setattr(modes, "find_known_point", lambda context, optima: "the unconstrained mode")
    monkeypatch.setattr(modes, "make_request", lambda context, point: None)
    monkeypatch.setattr(laplace, "run_laplace", lambda context, optima: MethodResult("ok", "", {}, {}))
    return optimiser


def test_the_search_starts_at_the_modes_of_the_base(optimiser):
    context = optimiser.make_context()
    base = modes.find_modes(context, BASE)
    assert optimiser.searches == [("map_unconstrained", None), ("map", None)]
    assert optimiser.known == [None, "the unconstrained mode"]
    optimiser.searches.clear()
    found = modes.find_modes(context, Point({"mu.sigma": 2.0}), base)
    assert optimiser.searches == [("map_unconstrained", 2.0), ("map", 1.0)]
    assert found.map.starts == 1
    optimiser.searches.clear()
    again = modes.find_modes(context, Point({"mu.sigma": 2.0}), base)
    assert (again.map, again.mode, again.laplace) == (found.map, found.mode, found.laplace)
    assert optimiser.searches == []


def test_the_usual_starts_follow_if_the_search_from_there_fails(optimiser):
    context = optimiser.make_context()
    base = modes.find_modes(context, BASE)
    optimiser.searches.clear()
    optimiser.failing = {1.0}
    found = modes.find_modes(context, Point({"mu.sigma": 2.0}), base)
    assert optimiser.searches == [("map_unconstrained", 2.0), ("map", 1.0), ("map", None)]
    assert found.map.is_ok
    assert found.map.starts == 4


@pytest.mark.parametrize("why", ["several modes", "another form", "no mode"])
def test_the_usual_starts_are_used_if_the_base_tells_too_little(optimiser, why):
    context = optimiser.make_context()
    optimiser.modes = 2 if why == "several modes" else 1
    base = modes.find_modes(context, BASE)
    if why == "no mode":
        failed = msgspec.structs.replace(base.map, status="failed")
        base = replace(base, map=failed, mode=failed)
    optimiser.searches.clear()
    point = Point({}, {"mu": "cauchy(0, 1)"}) if why == "another form" else Point({"mu.sigma": 2.0})
    modes.find_modes(context, point, base)
    assert optimiser.searches == [("map_unconstrained", None), ("map", None)]


def list_cached_modes(folder):
    records = [json.loads(path.read_text()) for path in (folder / "kept").glob("*.json")]
    return [record for record in records if "mode" in record and "starts" in record["mode"]]


@pytest.mark.usefixtures("tools")
def test_modes_depend_neither_on_jobs_nor_on_what_was_finished(normal_files, tmp_path):
    fit_options = FitOptions(methods=(Mle(), Map(), Nuts(2, 200, 200)), seed=4, jobs=2)
    options = StudyOptions(methods=("map", "laplace"), with_prior=False)
    frames = []
    for jobs, text in ((1, "mu.sigma=0.05,0.2,1,5"), (2, "mu.sigma=0.2,1"), (2, "mu.sigma=0.05,0.2,1,5")):
        folder = tmp_path / ("first" if jobs == 1 else "second")
        here = replace(options, axes=(parse_axis(text),), jobs=jobs, output=folder)
        frames.append(exact.run_study(normal_files, fit_options, here).frame)
    assert frames[0].equals(frames[2])  # the third continues the narrower second
    starts = [record["map"]["starts"] for record in list_cached_modes(tmp_path / "first")]
    assert sorted(starts) == [1, 1, 1, 4]
    for row in frames[0][frames[0]["method"] == "map"].to_dict("records"):
        assert row["mean"] == pytest.approx(exact.posterior(sd=row["mu.sigma"])[0], abs=1e-6)


@pytest.mark.usefixtures("tools")
def test_the_higher_of_two_modes_is_found_at_every_point(tmp_path):
    model, data = tmp_path / "two_modes.stan", tmp_path / "few.csv"
    model.write_text(TWO_MODES)
    data.write_text("y\n" + "\n".join(map(str, FEW)) + "\n")
    fit_options = FitOptions(methods=(Mle(), Map(), Nuts(2, 300, 300)), seed=2, jobs=2)
    options = StudyOptions(
        axes=(parse_axis("mu.mu=-2,-5"),), methods=("map",), with_prior=False, jobs=2, output=tmp_path / "s"
    )
    frame = study_files(model, data, fit_options, options).frame
    assert {record["map"]["starts"] for record in list_cached_modes(tmp_path / "s")} == {4}
    for row in frame.to_dict("records"):
        assert row["mean"] == pytest.approx(find_higher_mode(row["mu.mu"]), abs=1e-4)


def find_higher_mode(left):
    """Return the higher mode of the posterior by SciPy, from both modes of the prior."""

    def negative_log_density(mu):
        mix = np.logaddexp(-0.5 * ((mu - left) / 0.5) ** 2, -0.5 * ((mu - 3) / 0.5) ** 2)
        return -(mix - 0.5 * np.sum(((FEW - mu) / 4) ** 2))

    ends = [optimize.minimize_scalar(negative_log_density, bracket=(at - 0.2, at + 0.2)) for at in (left, 3)]
    return min(ends, key=lambda end: end.fun).x
