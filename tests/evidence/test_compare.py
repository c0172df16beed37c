"""`workbench compare` and `workbench.compare`: from runs to Bayes factors, or the reason for none."""

import json
import math

import numpy as np
import pytest
from scipy import integrate, stats

import workbench
from workbench.errors import RequestError
from workbench.workflow.evidence import find_evidence

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(3, 2, 30)
Y = 1 + 0.4 * X + RANDOM.normal(0, 1, 30)

LINE = """
data { int<lower=1> N; int<lower=1> K; matrix[N, K] X; vector[N] y; }
parameters { real a; vector[K] b; real<lower=0> s; }
model { a ~ normal(0, 5); b ~ normal(0, 2); s ~ normal(0, 3); y ~ normal(a + X * b, s); }
"""

LEVEL = """
data { int<lower=1> N; vector[N] y; }
parameters { real a; real<lower=0> s; }
model { a ~ normal(0, 5); s ~ normal(0, 3); y ~ normal(a, s); }
"""

LINE_DATA = {"N": 30, "K": 1, "X": X[:, None], "y": Y}
LEVEL_DATA = {"N": 30, "y": Y}


@pytest.fixture(scope="module")
def pair(fit_program):
    return fit_program("line", LINE, LINE_DATA), fit_program("level", LEVEL, LEVEL_DATA)


def test_the_command_compares_predictions_and_evidence(pair, tmp_path, run_workbench):
    line, level = pair
    done = run_workbench("compare", line.folder, level.folder, "--evidence", "--html", "both.html", "-q")
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "The data favour `line` over `level` by a Bayes factor of" in text
    assert "whether `line` or `level` predicts better: their elpd differs by" in text  # with 30 rows
    assert "divided by its integral over the declared constraints" in text
    assert "if one of these is true and each had 1/2 before" in text
    page = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert 'id="evidence-table"' in page
    done = run_workbench("compare", line.folder, level.folder, "--evidence", "--json", "-q")
    values = json.loads(done.stdout)
    runs = values["evidence"]["runs"]
    assert values["evidence"]["best"] == "line"
    assert runs["line"]["log_evidence"] - runs["level"]["log_evidence"] == pytest.approx(
        -runs["level"]["log_bayes_factor"]
    )
    assert runs["line"]["log_prior_mass"] == pytest.approx(-math.log(2))
    assert set(runs["line"]["proposals"]) == {"warp-III", "normal"}
    assert values["prediction"]["runs"]["line"]["elpd"] > values["prediction"]["runs"]["level"]["elpd"]


def test_python_has_the_same_and_leaves_evidence_out_unless_asked(pair, tmp_path):
    compared = workbench.compare(*pair, progress=False)
    assert compared.evidence is None
    assert list(compared.frame.index) == ["line", "level"]
    assert "log_evidence" not in compared.frame
    compared = workbench.compare(list(pair), evidence=True, output=tmp_path / "c.html", progress=False)
    assert (tmp_path / "c.html").exists()
    assert compared.frame["log_bayes_factor"].loc["level"].item() < 0
    alone = workbench.compare(pair[0], evidence=True, progress=False)
    assert alone.evidence is not None
    assert compared.evidence is not None
    assert alone.evidence.evidences["line"].value == compared.evidence.evidences["line"].value
    with pytest.raises(RequestError, match="nothing to compare it with"):
        workbench.compare(pair[0], progress=False)


def test_improper_priors_are_refused_with_the_reason(fit_program, pair, run_workbench):
    flat = fit_program("flat", LEVEL.replace("a ~ normal(0, 5);", ""), LEVEL_DATA)
    done = run_workbench("compare", pair[1].folder, flat.folder, "--evidence", "-q")
    text = " ".join(done.stdout.split())
    assert "There are no Bayes factors: there is no log evidence of `flat`." in text
    assert "`flat`: `a` has no prior: there is no evidence." in text
    found = find_evidence(flat)
    assert (found.value, found.error) == (None, None)


def test_other_data_are_refused(fit_program, pair):
    other = fit_program("other", LEVEL, {"N": 30, "y": Y + 1})
    fewer = fit_program("fewer", LEVEL, {"N": 29, "y": Y[:29]})
    for run in (other, fewer):
        compared = workbench.compare(pair[0], run, evidence=True, progress=False)
        assert compared.evidence is not None
        assert "were not fitted to the same outcome" in compared.evidence.obstacle
        assert not compared.evidence.factors


def test_successes_among_other_numbers_of_trials_are_another_outcome(fit_program, run_workbench):
    """3, 4 and 5 of 10 are not 3, 4 and 5 of 5: neither evidences nor predictions of them can be compared."""
    text = """
    data { int<lower=0> N; array[N] int<lower=0> y; array[N] int<lower=0> n; }
    parameters { real<lower=0, upper=1> p; }
    model { p ~ beta(1, 1); y ~ binomial(n, p); }
    """
    data = {"N": 3, "y": [3, 4, 5], "n": [10, 10, 10]}
    ten = fit_program("ten", text, data)
    five = fit_program("five", text, {**data, "n": [5, 5, 5]})
    by_row = text.replace("y ~ binomial(n, p)", "for (i in 1:N) target += binomial_lpmf(y[i] | n[i], p)")
    compared = workbench.compare(ten, five, evidence=True, progress=False)
    assert compared.evidence is not None
    assert compared.predictions is not None
    for obstacle in (compared.evidence.obstacle, compared.predictions.obstacle):
        assert "`five` and `ten` are successes among other numbers of trials" in obstacle
    same = workbench.compare(ten, fit_program("row", by_row, data), evidence=True, progress=False)
    assert same.evidence is not None
    assert same.evidence.obstacle == ""


def test_an_outcome_standardized_by_the_program_is_put_on_the_scale_of_the_data(fit_program):
    """`z = (y - mean(y)) / sd(y)`: by quadrature, as a density of y with the mean and SD as constants."""
    own = "transformed data { vector[N] z = (y - mean(y)) / sd(y); } parameters"
    text = LEVEL.replace("parameters", own).replace("y ~ normal(a, s)", "z ~ normal(a, s)")
    plain, scaled = fit_program("plain", LEVEL, LEVEL_DATA), fit_program("scaled", text, LEVEL_DATA)
    compared = workbench.compare(plain, scaled, evidence=True, progress=False).evidence
    assert compared is not None
    assert compared.obstacle == ""
    assert "the log Jacobian of the map from `y`" in compared.remark
    z = (Y - Y.mean()) / Y.std(ddof=1)
    top = stats.norm.logpdf(z).sum()
    value, _ = integrate.dblquad(
        lambda a, s: (
            2 * stats.norm.pdf(a, 0, 5) * stats.norm.pdf(s, 0, 3)
            * np.exp(stats.norm.logpdf(z, a, s).sum() - top)
        ), 0.3, 4, -2, 2, epsabs=1e-8,
    )  # fmt: skip
    found = compared.evidences["scaled"]
    assert found.value is not None
    assert found.error is not None
    exact = math.log(value) + top - len(Y) * math.log(Y.std(ddof=1))
    assert abs(found.value - exact) < 3 * found.error


def test_a_model_of_the_logarithm_is_put_on_the_scale_of_the_data(fit_program):
    """The evidence of `log(y) ~ normal` is one of log(y): the log Jacobian is added before it is compared."""
    y = np.exp(np.array([0.3, 1.2, 0.7, -0.2, 0.9, 1.5, 0.1, 0.4]))
    data = {"N": len(y), "y": y}
    declared = LEVEL.replace("vector[N] y", "vector<lower=0>[N] y")
    logarithm = fit_program("logarithm", declared.replace("y ~ normal(a, s)", "log(y) ~ normal(a, s)"), data)
    lognormal = fit_program("lognormal", declared.replace("y ~ normal(a, s)", "y ~ lognormal(a, s)"), data)
    compared = workbench.compare(logarithm, lognormal, evidence=True, progress=False).evidence
    assert compared is not None
    assert compared.obstacle == ""
    gaps = [factor for name, factor in compared.factors.items() if name != compared.best]
    assert abs(gaps[0].log_value) < 4 * (gaps[0].error or 0)


def test_standardized_predictors_have_the_evidence_of_the_program_that_was_fitted(fit_program):
    """Draws are stored on the scale of the data, and the evidence is of priors of standardized predictors."""
    table = {"x": X, "y": Y}
    fits = [
        fit_program("scaled", LINE, table, columns={"X": ["x"], "y": "y"}, standardize=True),
        fit_program("by_hand", LINE, {**LINE_DATA, "X": ((X - X.mean()) / X.std(ddof=1))[:, None]}),
    ]
    first, second = (find_evidence(fit) for fit in fits)
    assert first.value is not None
    assert second.value is not None
    assert abs(first.value - second.value) < 4 * math.hypot(first.error or 0, second.error or 0)
    as_it_is = fit_program("as-it-is", LINE, table, columns={"X": ["x"], "y": "y"})
    compared = workbench.compare(fits[0], as_it_is, evidence=True, progress=False).evidence
    assert compared is not None
    assert compared.best
    assert "standardized in `scaled` and not in `as-it-is`" in compared.remark


def test_constants_set_for_the_fit_count(fit_program):
    """A known mean with a normal prior of SD 2 in the text, and 0.5 in the run: in closed form."""
    text = """
    data { int<lower=1> N; vector[N] y; }
    parameters { real a; }
    model { a ~ normal(0, 2); y ~ normal(a, 1); }
    """
    fit = fit_program("known", text, LEVEL_DATA, prior={"a.sigma": 0.5})
    covariance = np.eye(30) + 0.25
    exact = float(stats.multivariate_normal(np.zeros(30), covariance).logpdf(Y))
    found = find_evidence(fit)
    assert found.value is not None
    assert found.error is not None
    assert abs(found.value - exact) < 3 * found.error
    assert found.error < 0.01


def test_a_run_of_laplace_alone_has_its_evidence(fit_program):
    fit = fit_program("laplace", LEVEL, LEVEL_DATA, method=("map", "laplace"))
    found = find_evidence(fit)
    assert (found.method, found.error) == ("Laplace", None)
    assert found.value == fit.results.laplace.log_evidence_corrected
    assert any("error is not known" in warning for warning in found.warnings)


def test_a_prior_of_another_form_counts(fit_program):
    """`--prior-form` replaces the prior of the text: the evidence is that of the program that was fitted."""
    text = """
    data { int<lower=1> N; vector[N] y; }
    parameters { real<lower=0> a; }
    model { a ~ exponential(1); y ~ normal(a, 1); }
    """
    fit = fit_program("form", text, LEVEL_DATA, prior_form={"a": "cauchy(1, 2)"})
    top = stats.norm.logpdf(Y, Y.mean()).sum()
    prior = stats.cauchy(1, 2)
    value, _ = integrate.quad(
        lambda a: prior.pdf(a) * np.exp(stats.norm.logpdf(Y, a).sum() - top), 0, 10, points=[Y.mean()]
    )
    found = find_evidence(fit)
    assert found.value is not None
    assert found.error is not None
    assert abs(found.value - (math.log(value / prior.sf(0)) + top)) < 3 * found.error


def test_figures_are_of_a_page(pair, run_workbench):
    done = run_workbench("compare", pair[0].folder, pair[1].folder, "--figures", "pictures")
    assert done.exit_code == 2
    assert "--figures was given without --html" in done.stderr
    with pytest.raises(RequestError, match="without `output`"):
        workbench.compare(*pair, figures="pictures")
