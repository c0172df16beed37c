"""What a page weights by itself: the draws of the base fit, and log ratios that agree with closed forms."""

from __future__ import annotations

import base64
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.studies.normal_mean import posterior
from workbench.errors import RunIncomplete
from workbench.studies import study_directory
from workbench.studies.fits.weights import weigh_draws


def read_column(column):
    codes = np.frombuffer(base64.b64decode(column.codes), "<u2").astype(float)
    values = column.offset + column.step * codes
    return np.exp(values) if column.spacing == "log" else values


def test_log_ratios_are_those_of_the_priors(study):
    data = study.results.reweighting
    draws = read_column(data.quantities["mu"])
    assert data.draws == data.of == len(draws)
    assert len(data.ratios) == len(study.results.points) - 1
    for each in data.ratios:
        values = study.results.points[each.point].values
        mean, sd = values.get("mu.mu", 0.0), values.get("mu.sigma", 1.0)
        exact = -0.5 * ((draws - mean) / sd) ** 2 + 0.5 * draws**2
        exact = np.maximum(exact - exact.max(), -50)
        assert np.abs(read_column(each.logs) - exact).max() < 2e-3


def test_weights_have_the_k_hat_of_the_study_and_the_mean_of_the_posterior(study):
    data = study.results.reweighting
    draws = read_column(data.quantities["mu"])
    compared = 0
    for each in data.ratios:
        point = study.results.points[each.point]
        weights = weigh_draws(read_column(each.logs), data.efficiency, 4)
        if point.how == "weights" and point.source == study.results.points[0].label:
            assert weights.khat == pytest.approx(point.khat, abs=0.02)
            assert weights.ess == pytest.approx(point.ess, rel=0.01)
        if weights.is_good:
            mean, sd = posterior(point.values.get("mu.mu", 0.0), point.values.get("mu.sigma", 1.0))
            assert weights.values @ draws == pytest.approx(mean, abs=5 * sd / weights.ess**0.5)
            compared += 1
    assert compared > 2


@pytest.mark.parametrize(
    "change",
    [
        {"draws": 3},
        {"tail": 0},
        {"quantities": {"mu": {"codes": "%%", "spacing": "linear", "offset": 0.0, "step": 1.0}}},
        {"ratios": [{"point": 999, "logs": None}]},
    ],
)
def test_what_is_not_a_number_for_each_draw_is_refused(study, change):
    data = msgspec.to_builtins(study.results.reweighting)
    if "ratios" in change:
        change = {"ratios": [{**data["ratios"][0], "point": 999}]}
    damaged = replace(study, record={**study.record, "reweighting": {**data, **change}})
    with pytest.raises(RunIncomplete):
        damaged.results  # noqa: B018


def test_they_are_read_back(study, study_folder):
    assert study_directory.read(study_folder).results.reweighting == study.results.reweighting
