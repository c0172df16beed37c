"""Pathfinder: its k-hat, and draws resampled by importance."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.estimation.minimal import NAMES, make_context, make_program
from workbench.backends.fake import FakeBackend
from workbench.estimation.sampling.pathfinder import run_pathfinder
from workbench.methods import Pathfinder

MEANS = dict(zip(NAMES, (1.0, 0.5, -2.0), strict=True))
SDS = dict(zip(NAMES, (0.1, 0.2, 1.0), strict=True))


def test_exact_draws_have_a_khat_of_zero(tmp_path):
    context = make_context(FakeBackend(MEANS, SDS), tmp_path)
    result, run = run_pathfinder(context, Pathfinder(draws=1000))
    assert run is not None
    assert result.facts["khat"] == 0
    alpha = result.estimates["alpha"]
    assert alpha["mean"] == pytest.approx(1.0, abs=6 * 0.1 / np.sqrt(1000))
    assert result.groups["pathfinder"]["beta"].dims[0] == "draw"


@dataclass(frozen=True)
class Wide(FakeBackend):
    """A backend whose paths end with twice the posterior's standard deviations."""

    def pathfinder(self, job, method):
        run = super().pathfinder(job, method)
        noise = (run.draws - self._location) / self._scale
        approximation = -0.5 * (noise**2).sum(axis=2) - len(self.means) * np.log(2)
        target = -0.5 * ((2 * noise) ** 2).sum(axis=2)
        draws = self._location + self._scale * 2 * noise
        return replace(run, draws=draws, stats={"lp": target, "lp_approx": approximation})


def test_resampled_draws_have_the_spread_of_the_target_and_are_not_corrected_again(tmp_path):
    result, run = run_pathfinder(make_context(Wide(MEANS, SDS), tmp_path), Pathfinder(draws=20_000))
    assert run is not None
    assert result.facts["corrected"]
    assert result.estimates["alpha"]["sd"] == pytest.approx(0.1, rel=0.1)
    assert "corrected_mean" not in result.estimates["alpha"]
    np.testing.assert_array_equal(run.draws[0, :, 0], result.groups["pathfinder"]["alpha"])


def test_a_failure_is_a_result_with_its_message(tmp_path):
    backend = FakeBackend(MEANS, SDS, failing=frozenset({"pathfinder"}))
    result, run = run_pathfinder(make_context(backend, tmp_path), Pathfinder())
    assert (result.status, run) == ("failed", None)
    assert "told to fail" in result.reason


def test_a_program_without_parameters_has_no_paths(tmp_path):
    context = make_context(FakeBackend({}, {}), tmp_path, make_program(parameters=()))
    assert run_pathfinder(context, Pathfinder())[0].status == "not available"
