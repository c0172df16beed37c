"""Other priors than those of the program, whole or element by element, in a plain fit: closed forms."""

import numpy as np
import pytest

import workbench as wb
from workbench.errors import PriorError, RequestError
from workbench.results import run_directory
from workbench.workflow.options import FitOptions
from workbench.workflow.prior_options import apply_prior_options
from workbench.workflow.replay import replay

TWO_MEANS = """\
// two means, each with a known standard deviation
data {
  int<lower=1> N;
  array[N] int<lower=1, upper=2> g;
  vector[N] y;
}
parameters {
  vector[2] theta;
}
model {
  theta ~ normal(0, 1); // weak
  y ~ normal(theta[g], 2);
}
"""

Y = np.array([2.1, 3.4, 1.7, -0.3, 0.4, 2.2, 1.1])
GROUP = np.array([1, 1, 1, 2, 2, 1, 2])
FEW = {"method": ["map", "nuts"], "draws": 500, "warmup": 300, "progress": False}


def posterior(mean, sd):
    """Return means and standard deviations of the two posteriors, in closed form."""
    count = np.array([np.sum(GROUP == 1), np.sum(GROUP == 2)])
    total = np.array([Y[GROUP == 1].sum(), Y[GROUP == 2].sum()])
    precision = count / 4 + 1 / np.asarray(sd, float) ** 2
    return (total / 4 + np.asarray(mean) / np.asarray(sd, float) ** 2) / precision, precision**-0.5


@pytest.fixture(scope="module")
def model(tmp_path_factory, tools):
    path = tmp_path_factory.mktemp("priors") / "two_means.stan"
    path.write_text(TWO_MEANS)
    return wb.Model(path, progress=False)


@pytest.fixture(scope="module")
def data():
    return {"y": Y, "g": GROUP}


def assert_posterior(fit, mean, sd):
    estimates = fit.results.estimates("nuts")
    means, sds = posterior(mean, sd)
    for name, expected, spread in zip(("theta[1]", "theta[2]"), means, sds, strict=True):
        estimate = estimates[name]
        assert abs(estimate.mean - expected) < 4 * estimate.mcse_mean
        assert abs(estimate.sd / spread - 1) < 0.12
        assert fit.results.estimates("map")[name].value == pytest.approx(expected, abs=1e-6)


def test_a_number_for_each_element(model, data, tmp_path):
    fit = model.fit(
        data, prior={"theta.mu": [4, -3], "theta.sigma": [0.5, 2]}, output=tmp_path / "run", **FEW
    )
    assert_posterior(fit, (4, -3), (0.5, 2))
    (prior,) = fit.results.model.replaced_priors
    assert prior.original == "theta ~ normal(0, 1);"
    assert fit.results.model.proof.status == "equal"
    assert fit.results.prior_origins["theta.mu[1]"] == "--prior"
    assert model.program.path.read_text() == TWO_MEANS
    assert fit.results.model.path == str(model.program.path)
    assert "// weak" in fit.results.model.source
    read = run_directory.read_whole(tmp_path / "run")
    assert read.results.model.replaced_priors == fit.results.model.replaced_priors


def test_a_whole_prior_and_what_follows_from_the_run(model, data, tmp_path):
    table = tmp_path / "data.csv"
    table.write_text("g,y\n" + "".join(f"{g},{y}\n" for g, y in zip(GROUP, Y, strict=True)))
    run = tmp_path / "run"
    fit = model.fit(table, prior_form={"theta": "normal(1, 0.25)"}, output=run, **FEW)
    assert_posterior(fit, 1, 0.25)
    assert fit.results.prior_origins == {"theta.mu": "--prior-form", "theta.sigma": "--prior-form"}
    assert fit.results.priors == {"theta.mu": 1, "theta.sigma": 0.25}
    study = wb.sensitivity(
        run, vary={"theta.mu": [-1.0, 1.0]}, method="nuts", prior_predictive=False, progress=False
    )
    rows = study.frame.query("method == 'nuts' and parameter == 'theta[1]'").to_dict("records")
    assert [row["theta.mu"] for row in rows] == [1, -1]
    for row in rows:
        expected, _ = posterior(row["theta.mu"], 0.25)
        assert abs(row["mean"] - expected[0]) < 5 * row["mcse_mean"]


def test_a_prior_that_is_removed(model, data):
    fit = model.fit(data, prior_form={"theta": "flat"}, method="map", output=False, progress=False)
    assert fit.results.estimates("map")["theta[1]"].value == pytest.approx(Y[GROUP == 1].mean(), abs=1e-6)
    assert fit.results.model.replaced_priors[0].statement == ""


def test_lengths_are_checked_against_the_data(model, data):
    page = model.dry_run(data, prior={"theta.mu": [1, 2, 3]})
    (problem,) = page.result.problems
    assert "`theta.mu` 3 numbers" in problem.message
    with pytest.raises(RequestError, match=r"`theta\.mu` 3 numbers"):
        model.fit(data, prior={"theta.mu": [1, 2, 3]}, output=False, progress=False)


def test_a_form_that_is_no_distribution_is_refused(model):
    with pytest.raises(PriorError, match="one distribution"):
        apply_prior_options(model.program, FitOptions(prior_forms={"theta": "1"}), model._tools.stanc)


def test_without_such_options_the_program_is_the_same(model):
    options = FitOptions(priors={"theta.mu": 2.0})
    program, left = apply_prior_options(model.program, options, model._tools.stanc)
    assert program is model.program
    assert left == options


def test_a_file_of_priors_does_what_the_options_do_and_a_replay_keeps_it(model, data, tmp_path):
    path = tmp_path / "priors.toml"
    path.write_text('[prior]\n"theta.mu" = [1.0, -1.0]\n[prior-form]\ntheta = "normal(0, 0.5)"\n')
    fit = model.fit(data, priors=path, output=tmp_path / "run", report=False, **FEW)
    assert_posterior(fit, [1, -1], 0.5)
    replaced = fit.results.model.replaced_priors
    assert [prior.option for prior in replaced] == ["--prior-form", "--prior"]
    assert replay(tmp_path / "run").is_identical
