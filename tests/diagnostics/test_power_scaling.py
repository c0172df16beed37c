"""Power-scaling: ArviZ's own numbers, and a prior moved until it conflicts with the data."""

import numpy as np
import pytest
import xarray as xr
from arviz_stats.psense import psense, psense_summary
from scipy import stats

from workbench.diagnostics.power_scaling import (
    CONFLICT,
    STRONG_PRIOR,
    Component,
    compute_power_weights,
    diagnose_sensitivity,
    estimate_power_khat,
    measure_power_scaling,
    measure_sensitivities,
    read_components,
)
from workbench.errors import RunIncomplete
from workbench.results import Fit
from workbench.thresholds import POWERS, khat_limit

Y = np.random.default_rng(5).normal(1.0, 1.0, 20)


def conjugate(prior_mean=0.0, prior_sd=1.0, y=Y) -> Fit:
    """A normal mean with known unit variance: independent draws of its exact posterior."""
    precision = prior_sd**-2 + len(y)
    mean = (prior_mean * prior_sd**-2 + y.sum()) / precision
    theta = np.random.default_rng(1).normal(mean, precision**-0.5, (4, 1000))
    other = np.random.default_rng(2).normal(0, 1, (4, 1000))
    lprior = np.stack([stats.norm.logpdf(theta, prior_mean, prior_sd), stats.norm.logpdf(other)], axis=2)
    log_lik = np.asarray(stats.norm.logpdf(y, theta[..., None], 1))
    dims = ("chain", "draw")
    coords = {"chain": np.arange(4), "draw": np.arange(1000)}
    prior_coords = {
        **coords,
        "prior_statement": ["theta ~ normal(m, s)", "other ~ std_normal()"],
        "prior_line": ("prior_statement", [7, 8]),
        "prior_term": ("prior_statement", [1, 2]),
    }
    y_rep = np.random.default_rng(3).normal(theta[..., None], 1, log_lik.shape)
    tree = xr.DataTree.from_dict({
        "/posterior": xr.Dataset({"theta": (dims, theta), "other": (dims, other)}, coords),
        "/posterior_predictive": xr.Dataset({"y_rep": ((*dims, "N"), y_rep)}, coords),
        "/log_prior": xr.Dataset({"lprior": ((*dims, "prior_statement"), lprior)}, prior_coords),
        "/log_likelihood": xr.Dataset({"log_lik": ((*dims, "N"), log_lik)}, coords),
    })  # fmt: skip
    estimates = {"theta": {"label": "theta[drug]"}, "other": {}}
    return Fit({"nuts": {"status": "ok", "estimates": estimates}, "model": {"instrumented": True}}, tree)


def test_numbers_are_those_of_arviz():
    fit = conjugate(prior_mean=-2.0)
    ours = measure_power_scaling(fit).parameters
    theirs = psense_summary(fit.tree, round_to=12)
    for name in ("theta", "other"):
        assert ours[name].prior == pytest.approx(theirs.loc[name, "prior"], rel=1e-9)
        assert ours[name].likelihood == pytest.approx(theirs.loc[name, "likelihood"], rel=1e-9)
    alone = psense(fit.tree, group="prior", group_coords={"prior_statement": ["theta ~ normal(m, s)"]})
    assert ours["theta"].statements[0] == pytest.approx(float(alone["theta"]), rel=1e-9)


def test_a_prior_has_the_weight_of_rows_that_hold_as_much():
    """Beside 20 observations of variance 1, a prior with SD 0.5 counts as four of them."""
    fit = conjugate(prior_sd=0.5)
    fit.record["model"] |= {  # type: ignore[index]
        "parameters": [{"name": "theta", "type": "real"}],
        "terms": [{"line": 7, "parameters": ["theta"]}, {"line": 8, "parameters": ["other"]}],
    }
    sensitivity = measure_power_scaling(fit).parameters["theta"]
    assert sensitivity.prior_weight == pytest.approx(0.2, rel=1e-6)
    assert sensitivity.prior_rows == pytest.approx(4, rel=1e-6)
    fit.tree["/log_density"] = xr.Dataset({"latent": 0 * fit.tree["posterior"]["theta"]})
    assert measure_power_scaling(fit).parameters["theta"].prior_weight is None


def test_a_prior_far_from_the_data_is_a_conflict():
    near = measure_power_scaling(conjugate(1.0, 5.0)).parameters["theta"]
    far = measure_power_scaling(conjugate(-5.0, 0.5)).parameters["theta"]
    assert near.diagnosis == ""
    assert far.diagnosis == CONFLICT
    assert (far.prior or 0.0) > 10 * (near.prior or 0.0)


def test_only_the_statement_about_a_parameter_moves_it():
    scaling = measure_power_scaling(conjugate(-5.0, 0.5))
    assert [statement.line for statement in scaling.statements] == [7, 8]
    to_own, to_other = scaling.parameters["theta"].statements
    assert (to_own or 0.0) > 0.05 > (to_other or 0.0)


def test_few_data_leave_a_strong_prior():
    assert measure_power_scaling(conjugate(0.0, 0.05, Y[:1])).parameters["theta"].diagnosis == STRONG_PRIOR
    assert diagnose_sensitivity(0.2, None) == ""


def test_predictions_are_scaled_too():
    predictions = measure_power_scaling(conjugate(-5.0, 0.5)).predictions
    assert list(predictions) == ["mean(y_rep)", "sd(y_rep)"]
    assert (predictions["mean(y_rep)"].prior or 0.0) > 0.05


def test_labels_are_kept():
    assert measure_power_scaling(conjugate()).parameters["theta"].label == "theta[drug]"


def test_khat_is_reported_for_each_component_and_grows_with_the_density():
    scaling = measure_power_scaling(conjugate())
    assert set(scaling.khat) == {"prior", "likelihood", "theta ~ normal(m, s)", "other ~ std_normal()"}
    assert scaling.khat_threshold == 0.7
    assert max(khat for khat in scaling.khat.values() if khat is not None) < 0.7
    heavy = -200 * np.random.default_rng(4).exponential(size=(4, 1000))  # weights with tail index 2
    assert estimate_power_khat(heavy) == pytest.approx(2, abs=0.5)
    assert estimate_power_khat(heavy) > khat_limit(4000)


def test_the_likelihood_is_known_without_single_observations():
    fit = conjugate(-2.0)
    whole = fit.tree["log_likelihood"]["log_lik"].sum("N")
    tree = fit.tree.copy()
    del tree["log_likelihood"]
    tree["log_density"] = xr.DataTree(xr.Dataset({"likelihood": whole}))
    again = measure_power_scaling(Fit(fit.record, tree)).parameters["theta"].likelihood
    assert again == pytest.approx(measure_power_scaling(fit).parameters["theta"].likelihood)
    del tree["log_density"]
    assert [component.name for component in read_components(tree)][:1] == ["prior"]
    assert measure_power_scaling(Fit(fit.record, tree)).parameters["theta"].likelihood is None


def test_a_constant_is_left_out():
    lp = Component("prior", np.random.default_rng(0).normal(size=(2, 100)))
    assert measure_sensitivities({"a": np.ones((2, 100))}, (lp,), {}) == {}


@pytest.mark.parametrize(
    ("instrumented", "words"),
    [(True, "the program states no prior: all are flat."), (False, "could not be taken apart")],
)
def test_without_a_log_prior_there_is_a_reason(instrumented, words):
    fit = conjugate()
    tree = fit.tree.copy()
    del tree["log_prior"]
    scaling = measure_power_scaling(Fit({**fit.record, "model": {"instrumented": instrumented}}, tree))
    assert scaling.status == "not available"
    assert words in scaling.reason


def test_without_draws_there_is_a_reason():
    fit = conjugate()
    scaling = measure_power_scaling(Fit({**fit.record, "nuts": {"status": "failed"}}, fit.tree))
    assert scaling.reason == "there are no posterior draws to reweight."


def test_a_flat_prior_moves_nothing():
    fit = conjugate()
    flat = fit.tree["log_prior"]["lprior"] * 0.0
    fit.tree["log_prior"] = xr.DataTree(fit.tree["log_prior"].to_dataset().assign(lprior=flat))
    scaling = measure_power_scaling(fit)
    assert scaling.parameters["theta"].prior == pytest.approx(0, abs=1e-3)
    assert scaling.khat["prior"] == 0


def test_a_chain_that_stood_still_leaves_its_weights_as_they_are():
    """Its draws are the largest ratios, all alike: there is no tail to smooth, and nothing to warn of."""
    log_density = np.random.default_rng().normal(size=(4, 1000))
    log_density[0] = -50.0
    for weights in compute_power_weights(log_density):
        assert weights.shape == log_density.shape
        assert weights.sum() == pytest.approx(1)
    raw = np.exp((POWERS[0] - 1) * log_density)
    np.testing.assert_allclose(compute_power_weights(log_density)[0], raw / raw.sum())


def test_too_few_draws_are_a_reason():
    fit = conjugate()
    short = {name: group.to_dataset().isel(draw=slice(0, 20)) for name, group in fit.tree.children.items()}
    scaling = measure_power_scaling(Fit(fit.record, xr.DataTree.from_dict(short)))
    assert scaling.reason == "fewer than 100 draws are too few to reweight."


def test_a_run_without_the_density_of_its_prior_is_refused():
    with pytest.raises(RunIncomplete, match="expected to hold `log_prior`"):
        read_components(xr.DataTree())


def test_without_a_likelihood_nothing_is_scaled():
    fit = conjugate()
    model = {**fit.record.get("model", {}), "terms": [{"role": "prior"}]}
    scaling = measure_power_scaling(Fit({**fit.record, "model": model}, fit.tree))
    assert (scaling.status, scaling.reason) == (
        "not available",
        "the program has no likelihood: its posterior is the prior.",
    )
