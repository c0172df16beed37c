"""A calibration from start to end: faults that are found, refusals, files, what it goes on from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.calibration import folder as calibration_folder
from workbench.calibration.quantities import LOG_LIKELIHOOD
from workbench.errors import MethodError, RequestError, RunError, RunIncomplete, RunNotFound, StoreError
from workbench.execution import LocalExecutor
from workbench.methods import Auto, Laplace, Map, Mle, Nuts
from workbench.program import repeated_likelihood
from workbench.workflow.calibrate import CalibrateOptions, calibrate_files
from workbench.workflow.options import FitOptions

pytestmark = pytest.mark.usefixtures("tools")

MODEL = """
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=0> sigma;
}
model {
  mu ~ normal(0, 1);
  sigma ~ lognormal(0, 0.5);
  y ~ normal(mu, sigma);
}
"""

WEAK = MODEL.replace("lognormal(0, 0.5)", "lognormal(2, 0.2)")
"""Noise beside which the prior of mu counts: its variance for six rows is 9."""

WIDE = WEAK.replace("normal(0, 1)", "normal(0, 2)")
"""A prior of mu that is twice as wide."""

WITHOUT_JACOBIAN = MODEL.replace("sigma ~ lognormal(0, 0.5);", "log_sigma ~ normal(0, 0.5);").replace(
    "}\nmodel {", "}\ntransformed parameters {\n  real log_sigma = log(sigma);\n}\nmodel {"
)
"""A prior of log(sigma) without the Jacobian 1 / sigma."""

ON_LOG_SCALE = (
    MODEL.replace("  real<lower=0> sigma;\n}", "  real log_sigma;\n}")
    .replace("model {", "transformed parameters {\n  real<lower=0> sigma = exp(log_sigma);\n}\nmodel {")
)  # fmt: skip
"""The parameter is log(sigma), and the Jacobian of the prior of sigma is lost."""

WITH_JACOBIAN = ON_LOG_SCALE.replace("sigma ~ lognormal(0, 0.5)", "log_sigma ~ normal(0, 0.5)")
"""The same prior as that of MODEL."""

HALF = MODEL.replace("y ~ normal(mu, sigma)", "y[1 : N %/% 2] ~ normal(mu, sigma)")
"""A likelihood that ignores half of the rows."""

QUICK = Nuts(chains=2, warmup=200, draws=250)
GOOD = Nuts(chains=2, warmup=500, draws=1000)
"""Chains that raise no alarm."""
SMALL = 24
"""Data sets of tests that do not ask whether a method is calibrated."""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path):
    def write_model(text, name="model"):
        path = tmp_path / f"{name}.stan"
        path.write_text(text, encoding="utf-8")
        return path

    rng = np.random.default_rng(1)
    pd.DataFrame({"y": 0.4 + rng.standard_normal(6)}).to_csv(tmp_path / "rows.csv", index=False)
    return write_model


@pytest.fixture
def calibrate(write, tmp_path):
    def run(text=MODEL, *, simulator=None, methods=(QUICK,), count=200, options=None, **asked):
        other = None if simulator is None else write(simulator, "simulator")
        question = CalibrateOptions(count, simulate_with=other, **asked)
        chosen = options or FitOptions(methods=methods, output=tmp_path / "out", jobs=2)
        return calibrate_files(write(text), tmp_path / "rows.csv", chosen, question)

    return run


def off(found, method="nuts"):
    return {item.quantity for item in found.methods[method].quantities if item.is_off}


# --- Faults are found, and none where there is none -------------------------------------------------------


def test_a_right_model_passes_and_its_files_say_so(calibrate, tmp_path):
    found = calibrate(methods=(GOOD,), count=100)
    assert found.methods["nuts"].judgement == "calibrated"
    assert found.record.sentence == "NUTS can be relied on for this model."
    assert [item.quantity for item in found.methods["nuts"].quantities] == ["mu", "sigma", LOG_LIKELIHOOD]
    again = calibration_folder.read(tmp_path / "out")
    assert again.record == found.record
    frame = again.frame
    assert len(frame) == 100 * 3
    assert frame["place"].between(0, 1).all()
    fits = pd.read_parquet(tmp_path / "out/fits.parquet")
    assert len(fits) == 100
    assert fits["failure"].isna().all()
    # False alarms of our own checks are counted.
    rates = {rate.code: rate for rate in found.methods["nuts"].checks}
    assert rates["WB101"].fits == 100
    report = (tmp_path / "out/report.html").read_text()
    assert "NUTS can be relied on for this model." in report
    assert "<svg" in report


OF_ITS_OWN = MODEL.replace(
    "  int<lower=1> N;", "  int<lower=1> N;\n  real<lower=0> scale;\n  real centre;"
).replace("mu ~ normal(0, 1)", "mu ~ normal(centre, scale)")
"""The prior of mu is data."""


def test_what_only_the_simulator_declares_is_given_to_it_alone(calibrate, tmp_path):
    options = FitOptions(methods=(Laplace(),), output=tmp_path / "out", given={"scale": 1e-6, "centre": 3.0})
    found = calibrate(simulator=OF_ITS_OWN, options=options, count=4)
    frame = found.frame
    assert np.allclose(frame.loc[frame["quantity"] == "mu", "truth"], 3.0, atol=1e-4)
    assert "no value" not in " ".join(found.record.notes)


def test_a_simulator_takes_the_values_of_the_program_that_is_fitted(calibrate, tmp_path):
    fitted = OF_ITS_OWN.replace("real centre", "real elsewhere").replace(
        "normal(centre,", "normal(elsewhere,"
    )
    given = {"scale": 1e-6, "centre": 3.0, "elsewhere": 0.0}
    options = FitOptions(methods=(Laplace(),), output=tmp_path / "out", given=given)
    with pytest.raises(RequestError, match=r"`cntre` is not in the data block of `model\.stan`"):
        calibrate(
            fitted, simulator=OF_ITS_OWN, options=replace(options, given={**given, "cntre": 1.0}), count=4
        )
    prior = replace(options, given={"centre": 3.0, "elsewhere": 0.0}, priors={"scale": 1e-6})
    found = calibrate(fitted, simulator=OF_ITS_OWN, options=prior, count=4)
    assert np.allclose(found.frame.loc[found.frame["quantity"] == "mu", "truth"], 3.0, atol=1e-4)
    assert (
        "`simulator.stan` has no value of its own for `scale` (1e-06): it simulates with that of the program "
        "that is fitted." in found.record.notes
    )


def test_a_prior_twice_as_wide_as_that_of_the_simulator_is_found(calibrate):
    found = calibrate(WIDE, simulator=WEAK)
    assert "mu" in off(found)
    assert "too wide" in found.methods["nuts"].quantities[0].sentence
    assert "two programs differ" in " ".join(found.methods["nuts"].advice)


def test_half_of_the_rows_ignored_shows_in_the_likelihood_of_the_simulator(calibrate):
    found = calibrate(HALF, simulator=MODEL)
    assert off(found) == {f"{LOG_LIKELIHOOD} of simulator"}
    assert "less of the data" in " ".join(found.methods["nuts"].advice)


def test_a_transformed_parameter_is_compared_with_the_parameter_that_simulated(calibrate):
    """A flat prior of log(sigma) under one of sigma without its Jacobian: sigma is too low."""
    found = calibrate(ON_LOG_SCALE, simulator=MODEL, methods=(QUICK,), quantities=("sigma",))
    method = found.methods["nuts"]
    compared = {item.quantity: item.fits for item in method.quantities}
    assert compared == {"mu": 200, "sigma": 200, f"{LOG_LIKELIHOOD} of simulator": 200}
    own = found.frame.query("quantity == 'sigma'")
    assert (own["truth"] > 0).all()
    notes = " ".join(found.record.notes)
    assert "`log_sigma` of `model.stan` is compared with nothing" in notes
    assert "differ in their parameters" not in notes


def test_truths_of_transformed_parameters_come_from_the_simulator(calibrate):
    """The other way round: the simulator has sigma as a transformed parameter."""
    found = calibrate(MODEL, simulator=WITH_JACOBIAN, count=SMALL)
    method = found.methods["nuts"]
    assert {item.quantity for item in method.quantities} == {"mu", "sigma", LOG_LIKELIHOOD}
    truth = found.frame.query("quantity == 'sigma'")["truth"]
    assert (truth > 0).all()
    assert (
        method.judgement == "undecided"
    )  # log_sigma, a parameter of the simulator, is compared with nothing
    assert "could not be compared with the truth of `log_sigma`" in method.sentence


def test_parameters_in_another_order_are_compared_with_both_likelihoods(calibrate):
    other = MODEL.replace("  real mu;\n  real<lower=0> sigma;", "  real<lower=0> sigma;\n  real mu;")
    found = calibrate(MODEL, simulator=other, methods=(GOOD,), count=SMALL)
    frame = found.frame.pivot_table(index="simulation", columns="quantity", values="truth")
    assert set(frame.columns) == {"mu", "sigma", LOG_LIKELIHOOD, f"{LOG_LIKELIHOOD} of simulator"}
    both = frame[[LOG_LIKELIHOOD, f"{LOG_LIKELIHOOD} of simulator"]].to_numpy()
    assert np.allclose(both[:, 0], both[:, 1], rtol=1e-9)
    assert found.record.sentence.startswith("No difference between the programs is visible in 24 simulations")
    assert found.record.notes[0].startswith("Among ten quantities, 24 simulations show")


def test_a_chosen_quantity_that_no_truth_is_known_of_leaves_the_answer_open(calibrate):
    found = calibrate(ON_LOG_SCALE, simulator=MODEL, count=SMALL, quantities=("log_sigma + mu",))
    method = found.methods["nuts"]
    assert method.judgement in ("undecided", "not calibrated")
    found = calibrate(methods=(Mle(),), count=SMALL, quantities=("mu / sigma",))
    assert found.methods["mle"].judgement != "calibrated"


def test_priors_that_differ_between_the_programs_are_named(calibrate):
    found = calibrate(WIDE, simulator=WEAK, count=SMALL)
    notes = " ".join(found.record.notes)
    assert "Only `model.stan` has the prior `mu~normal(0,2)`." in notes
    assert "Only `simulator.stan` has the prior `mu~normal(0,1)`." in notes
    assert "sigma" not in notes


# --- What is asked ----------------------------------------------------------------------------------------


def test_every_method_has_its_results(calibrate):
    methods = (QUICK, Laplace(), Map(), Mle())
    found = calibrate(methods=methods, count=SMALL)
    assert list(found.methods) == ["nuts", "laplace", "map", "mle"]
    assert {item.fits + item.failed for item in found.record.methods} == {SMALL}
    assert {item.quantity for item in found.methods["mle"].quantities} == {"mu", "sigma"}
    assert found.methods["map"].quantities[0].coverage[-1].level == 0.95


def test_chosen_quantities_are_ranked(calibrate):
    found = calibrate(count=SMALL, quantities=("mu / sigma",))
    assert "mu / sigma" in {item.quantity for item in found.methods["nuts"].quantities}


def test_a_failed_fit_is_a_row_with_its_words(calibrate, tmp_path):
    text = MODEL.replace("y ~ normal", 'if (max(y) > 1.5) reject("too large: ", max(y));\n  y ~ normal')
    found = calibrate(text, simulator=MODEL, count=SMALL)
    method = found.methods["nuts"]
    fits = pd.read_parquet(tmp_path / "out/fits.parquet")
    failed = fits[fits["failure"].notna()]
    assert 0 < method.failed == len(failed) < SMALL
    assert method.judgement in ("undecided", "not calibrated")
    assert sum(item.fits for item in method.failures) == method.failed


def test_outcomes_outside_their_declared_bounds_are_refused_before_any_fit(calibrate, tmp_path):
    """One of six values is negative with a probability of 84.6%, by a million draws of numpy."""
    text = MODEL.replace("vector[N] y;", "vector<lower=0>[N] y;")
    pd.DataFrame({"y": [0.5, 1.0, 0.2, 0.7, 1.1, 0.1]}).to_csv(tmp_path / "rows.csv", index=False)
    nothing = Interrupted(-1)
    with pytest.raises(
        RequestError, match=r"`y` is declared `lower=0`, .* draws below it in (79|8\d|90)% of the data"
    ):
        calibrate(text, count=400, executor=nothing)
    assert nothing.ran == 0
    inside = text.replace("y ~ normal(mu, sigma)", "y ~ lognormal(mu, sigma)")
    assert calibrate(inside, methods=(Laplace(),), count=SMALL).methods["laplace"].fits


def test_truths_without_data_within_limits_are_not_left_out_in_silence(calibrate, tmp_path):
    text = MODEL.replace("y ~ normal(mu, sigma)", "for (n in 1 : N) y[n] ~ normal(mu, sigma) T[%s]")
    nothing = Interrupted(-1)
    with pytest.raises(RequestError, match=r"within the limits of a truncated density for \d+% of the"):
        calibrate(text % "9, 9.5", count=40, executor=nothing)
    assert nothing.ran == 0
    found = calibrate(text % "2, ", methods=(Laplace(),), count=SMALL)
    assert found.record.left_out == 0


@pytest.mark.parametrize("from_posterior", [False, True])
def test_a_table_that_transformed_data_refuse_is_the_fault_of_the_question(
    calibrate, tmp_path, from_posterior
):
    text = MODEL.replace(
        "parameters {",
        """transformed data {
          if (min(y) <= 0) reject("y must be positive, found ", min(y));
        }
        parameters {""",
    ).replace("mu ~ normal(0, 1)", "mu ~ normal(99, 1)")
    pd.DataFrame({"x": [1.0, 2.0], "y": [0.5, -1.25]}).to_csv(tmp_path / "rows.csv", index=False)
    said = "refuses the data of `rows.csv`: y must be positive, found -1.25"
    with pytest.raises(RequestError, match=said) as caught:
        calibrate(text, count=SMALL, from_posterior=from_posterior)
    assert "correct the table, or what transformed data demand" in (caught.value.hint or "")
    assert ("may be left out" in (caught.value.hint or "")) is not from_posterior


def test_proportions_that_rounding_brings_to_one_are_left_out_and_counted(calibrate, tmp_path):
    model = """
    data { int<lower=1> N; vector<lower=0, upper=1>[N] y; }
    parameters { real eta; }
    model { eta ~ normal(0, 8); y ~ beta_proportion(inv_logit(eta), 2); }
    """
    pd.DataFrame({"y": [0.2, 0.5, 0.7]}).to_csv(tmp_path / "rows.csv", index=False)
    found = calibrate(model, count=60)
    assert 0 < found.record.left_out < 60
    assert found.record.simulations == 60 - found.record.left_out
    assert found.methods["nuts"].failed == 0
    assert any("proportions of exactly 1" in note for note in found.record.notes)


def test_zeros_of_a_hurdle_model_are_data(calibrate, tmp_path):
    model = """
    data { int<lower=1> N; vector<lower=0>[N] y; }
    parameters { real<lower=0, upper=1> p; real<lower=0> rate; }
    model {
      p ~ beta(5, 5);
      rate ~ gamma(4, 4);
      for (n in 1 : N) {
        if (y[n] == 0) target += log(p);
        else target += log1m(p) + gamma_lpdf(y[n] | 2, rate);
      }
    }
    generated quantities {
      array[N] real y_rep;
      for (n in 1 : N) y_rep[n] = bernoulli_rng(p) ? 0 : gamma_rng(2, rate);
    }
    """
    pd.DataFrame({"y": [0.0, 0.5, 1.2, 0.0, 2.0]}).to_csv(tmp_path / "rows.csv", index=False)
    found = calibrate(model, count=SMALL)
    assert (found.record.left_out, found.record.simulations) == (0, SMALL)


# --- Posterior SBC ----------------------------------------------------------------------------------------


def test_posterior_truths_pass_where_data_and_replicate_are_fitted_together(calibrate):
    found = calibrate(from_posterior=True)
    assert found.methods["nuts"].judgement == "calibrated"
    assert found.record.kind == "posterior"
    # The variance with twice the rows is half of that of the truths.
    mu = found.methods["nuts"].quantities[0]
    assert 0.3 < mu.contraction < 0.7


SCALED_BY_ROWS = """
data { int<lower=1> N; vector[N] y; }
transformed data { real scale = 0.3 * sd(y); }
parameters { real mu; }
model { mu ~ normal(0, scale); y ~ normal(mu, 1); }
"""


def test_posterior_truths_of_a_prior_that_is_scaled_by_the_rows(calibrate, tmp_path):
    count = 100
    found = calibrate(SCALED_BY_ROWS, methods=(GOOD,), from_posterior=True, count=count)
    assert found.methods["nuts"].judgement == "calibrated"
    assert any(
        "likelihood twice" in note and "the prior is another one" in note for note in found.record.notes
    )
    # Both variances in closed form: the prior is that of the data, also beside the replicate.
    y = pd.read_csv(tmp_path / "rows.csv")["y"]
    precision = 1 / (0.3 * y.std()) ** 2
    expected = 1 - (precision + len(y)) / (precision + 2 * len(y))
    variance = 2 / (count - 1)  # relative, of the variance of truths
    assert (
        abs(found.methods["nuts"].quantities[0].contraction - expected) < 4 * (1 - expected) * variance**0.5
    )


def test_posterior_truths_of_a_program_with_a_parameter_for_each_row(calibrate):
    text = MODEL.replace("real mu;", "vector[N] mu;")
    found = calibrate(text, methods=(GOOD,), from_posterior=True, count=60)
    assert found.methods["nuts"].judgement == "calibrated"
    assert any(
        "likelihood twice" in note and "each row has one of its own" in note for note in found.record.notes
    )


def test_posterior_truths_are_refused_where_the_likelihood_depends_on_statistics_of_all_rows(calibrate):
    text = MODEL.replace("y ~ normal(mu, sigma)", "y ~ normal(mu, sigma * scale)")
    text = text.replace("parameters {", "transformed data { real scale = sd(y); }\nparameters {")
    with pytest.raises(RequestError, match="`scale` is computed from the outcome `y`"):
        calibrate(text, from_posterior=True, count=SMALL)


def test_a_program_whose_second_likelihood_is_not_that_of_the_replicate_is_refused(calibrate, monkeypatch):
    keep = repeated_likelihood._keep_likelihood
    monkeypatch.setattr(repeated_likelihood, "_keep_likelihood", lambda program, renamed: keep(program, {}))
    with pytest.raises(RequestError, match="not that of each, multiplied") as caught:
        calibrate(SCALED_BY_ROWS, from_posterior=True, count=SMALL)
    assert "--posterior" in str(caught.value.hint)


REFUSING_ROWS = SCALED_BY_ROWS.replace("0.3 * sd(y);", 'N; if (N > 9) reject("at most nine rows");').replace(
    "scale", "size"
)
"""Transformed data that stop where the rows are doubled."""


def test_data_that_cannot_have_more_rows_are_no_obstacle(calibrate):
    found = calibrate(REFUSING_ROWS, from_posterior=True, count=SMALL)
    assert found.methods["nuts"].fits == SMALL
    assert any("at most nine rows" in note for note in found.record.notes)


def test_an_outcome_that_bounds_another_does_so_in_each_replicate(calibrate, tmp_path):
    text = """
    data { int<lower=0> N; array[N] int<lower=0> trials; array[N] int<lower=0, upper=trials> y; }
    parameters { real<lower=0> rate; real<lower=0, upper=1> p; }
    model { rate ~ exponential(1.0 / N); p ~ beta(2, 2); trials ~ poisson(rate); y ~ binomial(trials, p); }
    """
    pd.DataFrame({"trials": [3, 5, 2, 6, 4, 3], "y": [1, 3, 0, 4, 2, 2]}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    found = calibrate(text, from_posterior=True, methods=(GOOD,), count=60)
    assert found.methods["nuts"].judgement == "calibrated"


def test_a_single_number_that_is_drawn_may_bound_the_elements_of_an_outcome(calibrate, tmp_path):
    text = """
    data { int<lower=0> N; int<lower=0> most; array[N] int<lower=0, upper=most> y; }
    parameters { real<lower=0> rate; real<lower=0, upper=1> p; }
    model { rate ~ gamma(40, 4); p ~ beta(2, 2); most ~ poisson(rate); y ~ binomial(most, p); }
    """
    pd.DataFrame({"y": [1, 3, 0, 4, 2, 2]}).to_csv(tmp_path / "rows.csv", index=False)
    options = FitOptions(given={"most": 9}, methods=(GOOD,), output=Path("out"), jobs=2)
    found = calibrate(text, options=options, from_posterior=True, count=60)
    assert found.methods["nuts"].judgement == "calibrated"


@pytest.mark.parametrize("from_posterior", [False, True])
def test_a_likelihood_that_reads_no_outcome_is_refused(calibrate, from_posterior):
    text = MODEL.replace("vector[N] y;", "vector[N] y; vector[N] x;").replace(
        "y ~", "target += -0.5 * square(mu) * sum(x);\n  y ~"
    )
    options = FitOptions(given={"x": [1.0] * 6}, methods=(QUICK,), output=Path("out"), jobs=2)
    with pytest.raises(RequestError, match=r"reads no outcome.*--role 'line 13=prior'"):
        calibrate(text, options=options, from_posterior=from_posterior, count=SMALL)


def test_elements_that_know_of_each_other_are_not_drawn_one_by_one(calibrate, tmp_path):
    pd.DataFrame({"y": np.arange(6.0)}).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(RequestError, match="declared `ordered`"):
        calibrate(MODEL.replace("vector[N] y", "ordered[N] y"), count=SMALL)


def test_data_whose_density_is_a_prior_are_not_drawn(calibrate, tmp_path):
    text = MODEL.replace("vector[N] y;", "vector[N] y; vector[N] z;").replace(
        "y ~", "z ~ normal(mu, 2);\n  y ~"
    )
    pd.DataFrame({"y": np.arange(6.0), "z": np.ones(6)}).to_csv(tmp_path / "rows.csv", index=False)
    options = FitOptions(roles={"z ~": "prior"}, methods=(QUICK,), output=Path("out"), jobs=2)
    found = calibrate(text, options=options, from_posterior=True, count=SMALL)
    assert found.methods["nuts"].fits == SMALL


def test_truths_are_not_drawn_by_chains_that_disagree(calibrate, tmp_path):
    text = """
    data { int<lower=1> N; vector[N] y; }
    parameters { real mu; }
    model { mu ~ normal(0, 100); for (n in 1 : N) target += log_mix(0.5, normal_lpdf(y[n] | mu, 0.1),
      normal_lpdf(y[n] | mu + 2, 0.1)); }
    generated quantities { array[N] real y_rep;
      { int low = bernoulli_rng(0.5); for (n in 1 : N) y_rep[n] = normal_rng(mu + 2 * low, 0.1); } }
    """
    pd.DataFrame({"y": [0.0, 0.1, -0.1]}).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(RunError, match="from the posterior of the data: R-hat of `mu`"):
        calibrate(text, from_posterior=True, count=SMALL)


def test_an_improper_prior_is_refused_and_posterior_truths_are_offered(calibrate):
    text = MODEL.replace("  mu ~ normal(0, 1);\n", "")
    with pytest.raises(RequestError) as caught:
        calibrate(text, count=SMALL)
    assert "--posterior" in (caught.value.hint or "")
    assert calibrate(text, count=SMALL, from_posterior=True).methods["nuts"].fits == SMALL


# --- Refusals ---------------------------------------------------------------------------------------------


def test_what_cannot_be_asked_is_refused(calibrate, tmp_path):
    with pytest.raises(RequestError, match="between 2 and"):
        CalibrateOptions(1)
    with pytest.raises(RequestError, match="together with"):
        CalibrateOptions(from_posterior=True, simulate_with=tmp_path / "x.stan")
    with pytest.raises(MethodError, match="found `auto`"):
        calibrate(methods=(Auto(),))
    with pytest.raises(MethodError, match="random starts"):
        calibrate(methods=(replace(QUICK, init="map"),))
    with pytest.raises(RequestError, match="one number for all draws"):
        calibrate(quantities=("P(mu > 0)",), count=SMALL)
    with pytest.raises(RequestError, match="unknown name, `nu`"):
        calibrate(quantities=("nu",), count=SMALL)


def test_a_simulator_without_a_common_parameter_is_refused(calibrate):
    other = MODEL.replace("mu", "m").replace("sigma", "s")
    with pytest.raises(RequestError, match="no parameter of the same name"):
        calibrate(simulator=other, count=SMALL)


def test_another_folder_is_left_alone(calibrate, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes.txt").write_text("mine")
    with pytest.raises(StoreError):
        calibrate(count=SMALL)


# --- Kept, read back, gone on with ------------------------------------------------------------------------


class Interrupted(LocalExecutor):
    """Is interrupted after some tasks."""

    def __init__(self, tasks):
        super().__init__(1)
        self.left = tasks
        self.ran = 0

    def map(self, tasks, folder):
        for outcome in super().map(tasks, folder):
            self.ran += not outcome.was_kept
            yield outcome
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt


def test_an_interrupted_calibration_goes_on_where_it_was(calibrate, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        calibrate(count=SMALL, executor=Interrupted(2))
    with pytest.raises(RunIncomplete, match="unfinished"):
        calibration_folder.read(tmp_path / "out")
    rest = Interrupted(-1)
    found = calibrate(count=SMALL, executor=rest)
    assert rest.ran == SMALL // 4 - 2
    nothing = Interrupted(-1)
    again = calibrate(count=SMALL, executor=nothing)
    assert nothing.ran == 0
    assert again.record.methods[0].quantities == found.record.methods[0].quantities


def test_a_calibration_that_lost_its_record_goes_on_from_its_fits(calibrate, tmp_path):
    before = calibrate(count=SMALL)
    (tmp_path / "out/calibration.json").unlink()
    with pytest.raises(RunNotFound) as caught:
        calibration_folder.read(tmp_path / "out")
    assert "finished fits are kept" in (caught.value.hint or "")
    nothing = Interrupted(-1)
    found = calibrate(count=SMALL, executor=nothing)
    assert nothing.ran == 0
    assert found.record.methods[0].quantities == before.record.methods[0].quantities
    (tmp_path / "out/calibration.json").unlink()
    (tmp_path / "out/notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="is not a calibration"):
        calibrate(count=SMALL)


def test_another_question_takes_no_piece_of_an_earlier_one(calibrate, tmp_path):
    calibrate(count=SMALL)
    other = Interrupted(-1)
    options = FitOptions(methods=(QUICK,), output=tmp_path / "out", seed=2)
    calibrate(count=SMALL, executor=other, options=options)
    assert other.ran == SMALL // 4
    assert len(list((tmp_path / "out/pieces").iterdir())) == SMALL // 4  # those of the earlier are gone


def test_a_damaged_piece_is_fitted_again_at_once(calibrate, tmp_path):
    before = calibrate(count=SMALL)
    next(iter((tmp_path / "out/pieces").iterdir())).write_bytes(b"PAR1 and nothing")
    again = Interrupted(-1)
    found = calibrate(count=SMALL, executor=again)
    assert again.ran == 1
    assert found.methods["nuts"].failed == 0
    assert found.record.methods[0].quantities == before.record.methods[0].quantities


def test_files_are_checked_when_they_are_read(calibrate, tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(RunNotFound):
        calibration_folder.read(folder)
    calibrate(count=SMALL)
    path = folder / "calibration.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema": 99}))
    with pytest.raises(RunIncomplete, match="schema 99"):
        calibration_folder.read(folder)
    path.write_text(json.dumps({**content, "simulations": "many"}))
    with pytest.raises(RunIncomplete, match="not as documented"):
        calibration_folder.read(folder)
    path.write_text(json.dumps(content))
    pd.DataFrame({"place": [1.0]}).to_parquet(folder / "simulations.parquet")
    with pytest.raises(RunIncomplete, match="is not the table"):
        _ = calibration_folder.read(folder).frame


# --- Long -------------------------------------------------------------------------------------------------


@pytest.mark.truth
def test_a_lost_jacobian_is_found(calibrate):
    assert "sigma" in off(calibrate(WITHOUT_JACOBIAN, simulator=MODEL))


@pytest.mark.truth
def test_chains_that_started_badly_are_found(calibrate):
    """Data far from where chains start, and a warm-up that does not get there."""
    far = MODEL.replace("mu ~ normal(0, 1)", "mu ~ normal(3000, 1)").replace(
        "lognormal(0, 0.5)", "lognormal(-3, 0.5)"
    )
    found = calibrate(far, methods=(Nuts(chains=4, warmup=20, draws=30),))
    assert found.methods["nuts"].judgement == "not calibrated"
    assert any("WB101" in text for text in found.methods["nuts"].advice)


@pytest.mark.truth
def test_right_models_are_blamed_as_rarely_as_stated(calibrate, tmp_path):
    """At 1%, two of twelve would be blamed once in 160 times."""
    blamed = 0
    for seed in range(12):
        options = FitOptions(methods=(QUICK,), output=tmp_path / f"out{seed}", seed=seed, jobs=2)
        blamed += bool(off(calibrate(options=options, count=100)))
    assert blamed < 2
