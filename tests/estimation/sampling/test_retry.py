"""Retries of NUTS: what each diagnostic calls for, and which attempt is kept."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr

from tests.estimation.minimal import NAMES, make_context
from workbench.backends.base import DEFAULT_START
from workbench.backends.fake import FakeBackend
from workbench.estimation.sampling import retry
from workbench.estimation.sampling.retry import recommend_changes, run_nuts_with_retries
from workbench.methods import Nuts
from workbench.results.method_result import MethodResult

SETTINGS = Nuts(chains=4, draws=1000, warmup=1000)


def make_result(*, rhat=1.0, ess=1000.0, parameters=3, **facts):
    """Return a result whose diagnostics pass, except those that are given."""
    healthy = {"chains": 4, "draws": 1000, "divergences": 0, "max_treedepth_hits": 0, "ebfmi": [1.0] * 4}
    estimates = {
        "alpha": {"rhat": 1.0, "ess_bulk": 2000.0, "ess_tail": 2000.0},
        "beta[1]": {"rhat": rhat, "ess_bulk": 3000.0, "ess_tail": ess},
        "constant": {"mean": 1.0},
        "infinite": {"rhat": np.nan, "ess_bulk": np.nan},
    }
    metric = xr.Dataset({"inv_metric": (("chain", "unconstrained"), np.ones((4, parameters)))})
    return MethodResult("ok", "", {**healthy, **facts}, estimates, {"adaptation": metric})


def find_changes(result, settings=SETTINGS):
    return [recommendation.changes for recommendation in recommend_changes(result, settings)]


def test_diagnostics_that_pass_call_for_nothing():
    assert recommend_changes(make_result(), SETTINGS) == ()


def test_a_result_that_failed_or_has_no_diagnostics_calls_for_nothing():
    assert recommend_changes(MethodResult("failed", "Stan stopped."), SETTINGS) == ()
    assert recommend_changes(MethodResult("ok", facts={"draws": 10}), SETTINGS) == ()


@pytest.mark.parametrize(
    ("adapt_delta", "changes"),
    [(0.8, {"adapt_delta": 0.9}), (0.9, {"adapt_delta": 0.95}), (0.97, {"adapt_delta": 0.99}), (0.999, {})],
)
def test_divergences_call_for_smaller_steps_while_there_are_any(adapt_delta, changes):
    (found,) = recommend_changes(make_result(divergences=12), Nuts(adapt_delta=adapt_delta))
    assert found.changes == changes
    assert "12 transitions diverged" in found.reason
    assert "reparameterise" in found.advice
    assert all(f"--adapt-delta {value:g}" in found.advice for value in changes.values())


@pytest.mark.parametrize(
    ("settings", "parameters", "changes"),
    [
        (Nuts(), 500, {"metric": "dense"}),
        (Nuts(), 501, {"max_treedepth": 12}),
        (Nuts(sampler="nutpie"), 501, {"metric": "low_rank"}),
        (Nuts(sampler="nutpie", metric="low_rank"), 3, {"max_treedepth": 12}),
        (Nuts(metric="dense"), 3, {"max_treedepth": 12}),
        (Nuts(metric="dense", max_treedepth=14), 3, {"max_treedepth": 15}),
        (Nuts(metric="dense", max_treedepth=15), 3, {}),
        (Nuts(metric="dense", max_treedepth=20), 3, {}),
    ],
)
def test_cut_trajectories_call_for_a_dense_metric_and_then_for_longer_ones(settings, parameters, changes):
    (found,) = recommend_changes(make_result(max_treedepth_hits=3, parameters=parameters), settings)
    assert found.changes == changes
    assert f"2^{settings.max_treedepth} steps" in found.reason


@pytest.mark.parametrize("warmup", [0, 100])
def test_twice_a_short_warmup_or_none_is_no_recommendation(warmup):
    result = make_result(ebfmi=[0.1, 0.9, 0.9, 0.9], rhat=1.2)
    changes = recommend_changes(result, replace(SETTINGS, warmup=warmup))
    assert [change.changes["warmup"] for change in changes] == [1000, 1000]
    assert all("--warmup 1000" in change.advice for change in changes)


@pytest.mark.parametrize(("lowest", "changes"), [(0.3, []), (0.299, [{"warmup": 2000}])])
def test_a_low_ebfmi_calls_for_a_longer_warmup(lowest, changes):
    assert find_changes(make_result(ebfmi=[1.0, lowest, 1.2, 0.9])) == changes


@pytest.mark.parametrize(
    ("rhat", "ess", "changes"),
    [
        (1.01, 400.0, []),
        (1.011, 400.0, [{"draws": 2000, "warmup": 2000}]),
        (1.0, 399.0, [{"draws": 2000}]),
    ],
)
def test_poor_mixing_calls_for_more_draws_and_a_high_rhat_for_warmup_too(rhat, ess, changes):
    assert find_changes(make_result(rhat=rhat, ess=ess)) == changes


def test_an_ess_that_rounds_to_what_is_needed_is_printed_with_more_digits():
    (found,) = recommend_changes(make_result(ess=399.7), SETTINGS)
    assert "399.7 of 400" in found.reason


def test_changes_of_several_diagnostics_come_together():
    result = make_result(divergences=1, max_treedepth_hits=1, rhat=1.2)
    assert find_changes(result) == [
        {"adapt_delta": 0.9}, {"metric": "dense"}, {"draws": 2000, "warmup": 2000}
    ]  # fmt: skip


@pytest.fixture
def attempt_with(tmp_path, monkeypatch):
    """Run retries with given results in turn; return what came of it, and the settings of each attempt."""

    def run(results, method):
        settings = []

        def run_nuts(context, method, start, *, attempt):
            settings.append(method)
            return results[attempt]

        monkeypatch.setattr(retry, "run_nuts", run_nuts)
        context = make_context(FakeBackend({}, {}), tmp_path)
        result, attempts = run_nuts_with_retries(context, method, DEFAULT_START)
        return result, attempts, settings

    return run


def test_without_retries_there_is_one_attempt_with_its_advice(attempt_with):
    result, attempts, settings = attempt_with([make_result(divergences=5)], SETTINGS)
    assert attempts == ()
    assert settings == [SETTINGS]
    assert [set(advice) for advice in result.facts["advice"]] == [{"reason", "words"}]


def test_each_attempt_has_the_settings_that_the_one_before_called_for(attempt_with):
    results = [make_result(divergences=5), make_result(divergences=2), make_result()]
    result, attempts, settings = attempt_with(results, Nuts(retry=5))
    assert [method.adapt_delta for method in settings] == [0.8, 0.9, 0.95]
    assert [entry["kept"] for entry in attempts] == [False, False, True]
    assert [entry["number"] for entry in attempts] == [1, 2, 3]
    assert attempts[1]["settings"] == asdict(settings[1])
    assert attempts[2]["words"] == "its diagnostics pass (kept)"
    assert result.facts["advice"] == []


def test_attempts_end_when_retries_are_used_up(attempt_with):
    results = [make_result(divergences=9 - k) for k in range(3)]
    _, attempts, _ = attempt_with(results, Nuts(retry=2))
    assert [entry["divergences"] for entry in attempts] == [9, 8, 7]


def test_attempts_end_where_no_setting_helps(attempt_with):
    _, attempts, settings = attempt_with([make_result(divergences=9)], Nuts(adapt_delta=0.999, retry=3))
    assert attempts == ()
    assert len(settings) == 1


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (make_result(divergences=2), make_result(divergences=20), 0),
        (make_result(divergences=2), make_result(divergences=1), 1),
        (make_result(divergences=1), make_result(divergences=0, rhat=1.5), 0),
        (make_result(rhat=1.5), make_result(rhat=1.2), 1),
        (make_result(ess=100.0), make_result(ess=50.0), 0),
        (make_result(divergences=2), MethodResult("failed", "Stan stopped."), 0),
    ],
)
def test_the_best_attempt_is_kept(attempt_with, first, second, kept):
    """A failure is worst; then a high R-hat, the share of divergences, R-hat itself, and a small ESS."""
    result, attempts, _ = attempt_with([first, second], Nuts(retry=1))
    assert [entry["kept"] for entry in attempts] == [kept == 0, kept == 1]
    assert result.estimates == (first, second)[kept].estimates


def test_an_attempt_that_failed_says_why(attempt_with):
    results = [make_result(divergences=2), MethodResult("failed", "Stan stopped.")]
    _, attempts, _ = attempt_with(results, Nuts(retry=1))
    assert attempts[1]["status"] == "failed"
    assert attempts[1]["words"] == "Stan stopped."


def test_a_real_retry_samples_again_with_another_seed(tmp_path):
    """The fake posterior keeps its divergence, so both attempts have it; the draws differ."""
    backend = FakeBackend(dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 1.0), divergent=1)
    context = make_context(backend, tmp_path)
    _, attempts = run_nuts_with_retries(context, Nuts(4, 400, 100, retry=1), DEFAULT_START)
    assert [entry["divergences"] for entry in attempts] == [1, 1]
    assert attempts[0]["rhat_max"] != attempts[1]["rhat_max"]
    assert attempts[1]["settings"]["adapt_delta"] == 0.9
