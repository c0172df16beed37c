"""The result of NUTS: summaries, statistics of the sampler, and runs that fail."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.estimation.minimal import NAMES, make_context
from workbench.backends import Start
from workbench.backends.fake import FakeBackend
from workbench.estimation.sampling.nuts import run_nuts, summarise_chains
from workbench.methods import Nuts

MEANS = dict(zip(NAMES, (1.0, 0.5, -2.0), strict=True))
SDS = dict(zip(NAMES, (0.1, 0.2, 1.0), strict=True))
SETTINGS = Nuts(4, 500, 100)


def test_a_quantity_that_is_not_finite_has_no_summary_and_no_warning():
    """Minus infinity at every draw or at some: neither chains nor moments can be compared."""
    every = np.full((2, 50), -np.inf)
    some = np.where(np.arange(50) % 2, every, 0.0)
    for values in (every, some):
        summary = summarise_chains(values, 0.9)
        assert set(summary) == {"mean", "median", "sd", "lower", "upper"}
        assert all(np.isnan(number) for number in summary.values())


def test_a_constant_has_moments_and_no_effective_draws():
    assert set(summarise_chains(np.full((2, 50), 3.0), 0.9)) == {"mean", "median", "sd", "lower", "upper"}


def test_summaries_are_those_of_the_draws():
    values = np.random.default_rng(1).normal(size=(4, 1000))
    summary = summarise_chains(values, 0.9)
    assert summary["sd"] == pytest.approx(values.std(ddof=1))
    assert (summary["lower"], summary["upper"]) == pytest.approx(np.quantile(values, [0.05, 0.95]))
    assert summary["mcse_mean"] == pytest.approx(1 / np.sqrt(4000), rel=0.1)
    assert summary["hdi_upper"] - summary["hdi_lower"] < summary["upper"] - summary["lower"] + 0.1
    shifted = values + np.arange(4)[:, None]
    assert summarise_chains(shifted, 0.9)["rhat"] > 1.1 > summary["rhat"]


def test_statistics_of_the_sampler_are_counted(tmp_path):
    context = make_context(FakeBackend(MEANS, SDS, divergent=7), tmp_path)
    result = run_nuts(context, SETTINGS)
    assert result.facts["divergences"] == 7
    assert result.facts["max_treedepth_hits"] == 0
    assert result.facts["accept_stat"] == [SETTINGS.adapt_delta] * 4
    assert len(result.facts["ebfmi"]) == len(result.facts["step_size"]) == 4
    diverging = result.groups["sample_stats"]["diverging"]
    assert diverging.dtype == bool
    assert int(diverging.sum()) == 7
    assert result.groups["adaptation"]["inv_metric"].shape == (4, 3)


def test_each_attempt_has_a_seed_of_its_own(tmp_path):
    context = make_context(FakeBackend(MEANS, SDS), tmp_path)
    first, again, second = (run_nuts(context, SETTINGS, attempt=number) for number in (0, 0, 1))
    assert first.estimates == again.estimates != second.estimates


@pytest.mark.parametrize(
    ("start", "status"),
    [
        (Start(step_size=np.ones(2)), "failed"),
        (Start(inv_metric=np.ones((2, 3))), "failed"),
        (Start(step_size=np.ones(2), inv_metric=np.ones((2, 3))), "ok"),
    ],
)
def test_without_warmup_both_step_size_and_metric_are_needed(tmp_path, start, status):
    context = make_context(FakeBackend(MEANS, SDS), tmp_path)
    assert run_nuts(context, Nuts(2, 50, 0), start).status == status


@dataclass(frozen=True)
class Infinite(FakeBackend):
    """A backend whose log density is not finite at one draw."""

    def sample(self, job, method, *, start=None, jobs=1, threads=1, progress=None):
        run = super().sample(job, method)
        lp = run.stats["lp"].copy()
        lp[0, 3] = np.inf
        return replace(run, stats={**run.stats, "lp": lp})


@pytest.mark.parametrize(
    ("backend", "settings", "reason"),
    [
        (FakeBackend(MEANS, SDS, failing=frozenset({"sample"})), SETTINGS, "told to fail"),
        (Infinite(MEANS, SDS), SETTINGS, "not finite at some draws"),
        (FakeBackend(MEANS, SDS), Nuts(4, 50, 0), "a step size and a metric must be given"),
    ],
)
def test_a_failure_is_a_result_with_its_reason(tmp_path, backend, settings, reason):
    result = run_nuts(make_context(backend, tmp_path), settings)
    assert result.status == "failed"
    assert reason in result.reason
