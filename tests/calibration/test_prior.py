"""`workbench prior`: what a prior says before the data, against distributions in closed form."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

import workbench
from workbench import library
from workbench.cli.app import app
from workbench.cli.prior import parse_plausible
from workbench.errors import BindingError, RequestError, RunError
from workbench.provenance import hash_texts
from workbench.workflow.prior import describe_findings

LINE = """
data { int<lower=0> N; vector[N] x; vector[N] y; }
parameters { real a; real b; }
model { a ~ normal(100, 3); b ~ normal(0, 40); y ~ normal(a + b * x, 1); }
"""

COUNTS = """
data { int<lower=0> N; array[N] int<lower=0> y; }
parameters { real<lower=0> rate; }
model { rate ~ gamma(2, 0.5); y ~ poisson(rate); }
"""

YES = """
data { int<lower=0> N; array[N] int<lower=0, upper=1> y; }
parameters { real<lower=0, upper=1> p; }
model { p ~ beta(1, 3); y ~ bernoulli(p); }
"""

CENSORED = """
data { int<lower=0> N; vector<lower=0>[N] t; array[N] int<lower=0, upper=1> seen; }
parameters { real<lower=0> rate; }
model {
  rate ~ gamma(2, 1);
  for (n in 1 : N) {
    if (seen[n]) t[n] ~ exponential(rate); else target += exponential_lccdf(t[n] | rate);
  }
}
"""


@pytest.fixture(scope="module")
def make_model(tools, tmp_path_factory):
    """Return a model of a program given as text."""

    def make(text):
        path = tmp_path_factory.mktemp("models") / "program.stan"
        path.write_text(text, encoding="utf-8")
        return workbench.Model(path, progress=False)

    return make


@pytest.fixture(scope="module")
def line(make_model):
    model = make_model(LINE)
    data = {"N": 3, "x": [-1.0, 0.0, 1.0]}
    return model.prior(data, plausible={"y": (20, 180)}, draws=4000, progress=False).result.prior


def test_outcomes_without_a_column_have_the_prior_predictive_distribution(line):
    (outcome,) = line.outcomes
    outer = stats.norm(100, np.sqrt(9 + 1600 + 1))
    expected = (2 * outer.cdf(20) + 2 * outer.sf(180)) / 3
    assert outcome.outside == pytest.approx(expected, abs=5 * np.sqrt(expected / 4000))
    assert (outcome.kind, outcome.size, line.way) == ("number", 3, "forward")
    assert all(item.observed is None for item in outcome.statistics)
    mean = outcome.statistics[0]
    assert stats.kstest(mean.values, stats.norm(100, np.sqrt(9 + 1 / 3)).cdf).pvalue > 1e-4


def test_the_responsible_prior_is_named(line):
    (responsible,) = line.responsible
    assert [item.parameter for item in responsible.held] == ["b", "a"]
    assert responsible.measure(responsible.held[0]) > 0.99
    assert abs(responsible.measure(responsible.held[1])) < 0.3


def test_parameters_have_the_quantiles_of_their_priors(line):
    a, b = line.parameters
    assert (a.name, a.statement) == ("a", "a ~ normal(100, 3);")
    assert a.quantiles == pytest.approx(
        stats.norm(100, 3).ppf([0.01, 0.025, 0.25, 0.5, 0.75, 0.975, 0.99]), abs=0.5
    )
    assert b.quantiles[5] == pytest.approx(stats.norm(0, 40).ppf(0.975), rel=0.08)


def test_counts_are_compared_with_the_data_which_are_not_used(make_model):
    model = make_model(COUNTS)
    data = {"N": 4, "y": [0, 3, 4, 9]}
    found = model.prior(data, draws=4000, progress=False).result.prior
    (outcome,) = found.outcomes
    predicted = stats.nbinom(2, 0.5 / 1.5)
    assert outcome.kind == "count"
    assert (outcome.limits.lower, outcome.limits.upper, outcome.limits.source) == (0, 9, "observed")
    assert outcome.beyond == pytest.approx(predicted.sf(9), abs=0.02)
    zeros = outcome.statistics[-1]
    assert zeros.values.mean() == pytest.approx(predicted.pmf(0), abs=0.02)
    assert zeros.observed == 0.25
    other = model.prior({"N": 4, "y": [7, 7, 7, 7]}, draws=4000, progress=False).result.prior
    assert np.array_equal(other.outcomes[0].sample, outcome.sample)


def test_yes_no_outcomes_have_a_share(make_model):
    found = make_model(YES).prior({"N": 400}, plausible={"y": (0.01, 0.5)}, draws=4000, progress=False)
    (outcome,) = found.result.prior.outcomes
    share = outcome.statistics[0]
    assert (outcome.kind, share.name) == ("yes/no", "share of yes")
    assert stats.kstest(share.values, stats.betabinom(400, 1, 3).cdf, N=1).pvalue >= 0
    assert outcome.beyond == pytest.approx(stats.betabinom(400, 1, 3).sf(200), abs=0.03)
    assert "the share of yes in a data set of `y`" in repr(found)


ORDINAL = """
data { int<lower=0> N; int<lower=2> K; vector[N] x; array[N] int<lower=1, upper=K> y; }
parameters { ordered[K - 1] c; real b; }
model { c ~ normal(0, 2); b ~ normal(0, 0.1); y ~ ordered_logistic(b * x, c); }
"""


def test_every_category_has_a_share_and_the_prior_that_makes_shares_vary_is_named(make_model):
    """The median of cutpoint k of three is that of an order statistic; b hardly matters."""
    data = {"N": 60, "K": 4, "x": [0.0] * 60}
    model = make_model(ORDINAL)
    page = model.prior(data, draws=2000, progress=False)
    prior = page.result.prior
    names = [item.name for item in prior.outcomes[0].statistics]
    assert names == [f"share of {category}" for category in (1, 2, 3, 4)]
    cuts = np.sort(np.random.default_rng(1).normal(0, 2, (20_000, 3)))
    shares = np.random.default_rng(2).binomial(60, 1 / (1 + np.exp(-cuts[:, 0]))) / 60
    assert prior.outcomes[0].statistics[0].upper == pytest.approx(np.quantile(shares, 0.975), abs=0.05)
    (responsible,) = prior.responsible
    assert responsible.held[0].parameter == "c"
    held = np.random.default_rng(3).binomial(60, 1 / (1 + np.exp(-np.median(cuts, axis=0)[0])), 20_000) / 60
    expected = np.quantile(held, 0.975) - np.quantile(held, 0.025)  # that of the others is like it
    assert responsible.held[0].spread == pytest.approx(expected, abs=0.08)
    assert "`c` makes" in repr(page)
    seen = {**data, "y": [1, 2, 3] * 20}  # nobody gave the last category
    (outcome,) = model.prior(seen, draws=200, progress=False).result.prior.outcomes
    assert outcome.statistics[-1].name == "share of 4"
    assert outcome.statistics[-1].observed == 0
    many = {"N": 60, "K": 20, "x": [0.0] * 60}
    (outcome,) = model.prior(many, draws=200, progress=False).result.prior.outcomes
    assert outcome.statistics[-1].name == "share of 13 and above"
    values = np.sum([item.values for item in outcome.statistics], axis=0)
    assert values == pytest.approx(np.ones(200))


def test_outcomes_that_cannot_be_drawn_leave_the_parameters(make_model):
    data = {"N": 2, "t": [1.0, 2.0], "seen": [1, 0]}
    found = make_model(CENSORED).prior(data, draws=500, progress=False).result.prior
    assert found.outcomes == ()
    assert "is about censored values" in found.reason
    assert found.parameters[0].quantiles[3] == pytest.approx(stats.gamma(2).median(), abs=0.3)


def test_values_that_are_given_are_needed_in_the_table(make_model):
    text = """
    data { int<lower=2> N; vector[N] x; vector[N] y; }
    parameters { real a; }
    model { a ~ normal(0, 1); for (t in 2 : N) y[t] ~ normal(a + x[t] + y[t - 1], 1); }
    """
    with pytest.raises(BindingError, match="the data need the outcome `y`"):
        make_model(text).prior({"N": 3, "x": [0.0, 1.0, 2.0]}, draws=200, progress=False)


def test_improper_priors_and_unknown_outcomes_are_refused(make_model):
    text = "data { int N; vector[N] y; } parameters { real mu; } model { y ~ normal(mu, 1); }"
    with pytest.raises(RequestError, match="`mu` has no prior: the prior is improper"):
        make_model(text).prior({"N": 2, "y": [1.0, 2.0]}, progress=False)
    with pytest.raises(RequestError, match="found `z`"):
        make_model(YES).prior({"N": 2}, plausible={"z": (0, 1)}, progress=False)
    with pytest.raises(RequestError, match="from 100 to 100,000, found 7"):
        make_model(YES).prior({"N": 2}, draws=7, progress=False)


def test_the_command_prints_a_page_json_and_a_report(tools, tmp_path):
    runner = CliRunner()
    page = tmp_path / "prior.html"
    arguments = ["prior", "eight_schools", "--plausible", "y=-60:60", "--draws", "400", "--quiet"]
    shown = runner.invoke(app, [*arguments, "--html", str(page)], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "plausible are −60 to 60" in shown.stdout
    assert "Which prior is responsible for y" in shown.stdout
    assert "What does the prior say of y?" in page.read_text(encoding="utf-8")
    printed = runner.invoke(app, [*arguments, "--json"], catch_exceptions=False)
    record = json.loads(printed.stdout)
    assert record["responsible"][0]["held"][0]["parameter"] == "tau"
    assert record["outcomes"][0]["limits"]["source"] == "plausible"
    assert record["conclusion"][0] in shown.stdout.replace("\n", " ") or record["conclusion"]


@pytest.mark.parametrize("text", ["y=300", "y=a:b", "y=5:1", "y=1:2:3", "y=:"])
def test_ranges_are_read_or_refused(text):
    assert parse_plausible(["y=0:300", "z=1:"]) == {"y": (0.0, 300.0), "z": (1.0, np.inf)}
    with pytest.raises(RequestError, match="NAME=LOWER:UPPER"):
        parse_plausible([text])


def test_what_json_holds_has_no_single_draws(make_model):
    findings = make_model(YES).prior({"N": 5}, draws=200, progress=False).result
    record = describe_findings(findings)
    assert not {"sample", "data_sets"} & record["outcomes"][0].keys()
    assert len(json.dumps(record)) < 5000


@pytest.mark.parametrize(
    ("declaration", "draw"),
    [
        ("array[N] int<lower=0, upper=n> y;", "y ~ binomial_logit(n, a);"),
        ("vector<lower=0>[N] y;", "for (i in 1 : N) y[i] ~ normal(a, 1) T[0, ];"),
    ],
)
def test_bounded_outcomes_without_a_column_are_drawn_forward(make_model, declaration, draw):
    model = make_model(
        f"data {{ int N; array[N] int n; {declaration} }} parameters {{ real a; }} "
        f"model {{ a ~ normal(0, 1); {draw} }}"
    )
    found = model.prior({"N": 2, "n": [5, 9]}, draws=500, progress=False).result.prior
    assert (found.way, found.notes) == ("forward", ())
    (outcome,) = found.outcomes
    assert (outcome.lowest >= 0, outcome.undeclared) == (True, 0)


def test_parameters_within_bounds_of_others_are_not_held(make_model):
    model = make_model(
        "data { int N; vector[N] y; } parameters { real<lower=0> a; real<lower=0, upper=a> b; real c; } "
        "model { a ~ gamma(2, 1); c ~ normal(0, 9); y ~ normal(b + c, 1 + a); }"
    )
    found = model.prior({"N": 2}, draws=500, progress=False).result.prior
    assert [item.parameter for item in found.responsible[0].held] == ["c"]
    assert [text.split()[0] for text in found.not_held] == ["`a`", "`b`"]
    assert "the bounds of `b` and `a` depend on each other" in found.not_held[0]
    assert found.parameters[0].quantiles[3] == pytest.approx(stats.gamma(3).median(), abs=0.4)


GROUPS = """
data { int<lower=0> N; int J; array[N] int g; vector[N] y; }
parameters { real a; real<lower=0> tau; vector[J] u; real<lower=0> s; }
model {
  a ~ normal(0, 1);
  %s
  u ~ normal(0, tau);
  s ~ normal(0, 1);
  y ~ normal(a + u[g], s);
}
"""


def test_what_others_depend_on_is_not_held_where_nuts_draws_the_prior(make_model):
    """The scale of groups makes nearly all of the spread; NUTS does not draw their effects anew."""
    data = {"N": 8, "J": 8, "g": list(range(1, 9))}
    page = make_model(GROUPS % "target += 4 * log(tau) - tau;").prior(data, draws=400, progress=False)
    (responsible,) = page.result.prior.responsible
    assert page.result.prior.way == "prior-only sampling"
    assert responsible.not_held == ("tau",)
    assert {item.parameter for item in responsible.held} == {"a", "s"}
    assert "`tau` is not held at the median, and may be responsible all the same." in repr(page)
    assert "others have priors given it" in page.result.prior.not_held[0]
    forward = make_model(GROUPS % "tau ~ gamma(5, 1);").prior(data, draws=400, progress=False)
    (responsible,) = forward.result.prior.responsible
    assert responsible.not_held == ()
    assert {item.parameter for item in responsible.held} == {"a", "tau", "s"}


def test_a_prior_under_which_no_data_set_can_be_drawn_is_said(make_model):
    text = "data { int N; vector[N] y; } parameters { real m; } model { m ~ normal(0, 1); %s }"
    model = make_model(text % "for (n in 1 : N) y[n] ~ normal(m, 1) T[50, 51];")
    page = model.prior({"N": 2, "y": [50.5, 50.7]}, draws=100, progress=False)
    assert page.result.prior.outcomes == ()
    assert "No outcomes are drawn: in every data set a number was too large, or no draw" in repr(page)


def test_the_share_of_an_outcome_outside_of_its_declared_bounds_is_said(make_model):
    model = make_model(
        "data { int N; vector[N] top; vector<lower=-1, upper=top>[N] y; } parameters { real a; } "
        "model { a ~ normal(0, 3); y ~ normal(a, 4); }"
    )
    page = model.prior({"N": 2, "top": [2.0, 7.0]}, draws=4000, progress=False)
    (outcome,) = page.result.prior.outcomes
    expected = stats.norm(0, 5).cdf(-1) + (stats.norm(0, 5).sf(2) + stats.norm(0, 5).sf(7)) / 2
    assert outcome.undeclared == pytest.approx(expected, abs=5 * np.sqrt(expected / 4000))
    assert "of `y` are outside of the bounds that the program declares for it" in repr(page)


TWO_PRIORS = """
data { int N; vector[N] y; }
parameters { real a; }
transformed parameters { real s = exp(a); }
model {
  s ~ normal(0, 1);
  a ~ normal(0, 10);
  y ~ normal(0, s);
}
"""


def test_a_handful_of_divergences_is_a_note(make_model, monkeypatch):
    monkeypatch.setattr("workbench.calibration.simulator._count_divergences", lambda run: (9, 36_000))
    found = make_model(TWO_PRIORS).prior({"N": 2}, draws=200, progress=False).result.prior
    assert any(text.startswith("9 of 36,000 transitions of NUTS diverged") for text in found.notes)
    assert any("more than one statement is about the same element of `a`" in text for text in found.notes)


def test_a_prior_that_nuts_does_not_draw_is_refused_with_what_made_it_necessary(make_model, monkeypatch):
    monkeypatch.setattr("workbench.calibration.simulator._count_divergences", lambda run: (900, 36_000))
    with pytest.raises(RunError, match=r"forward it is not possible .*`a`, on line 6 and line 7") as caught:
        make_model(TWO_PRIORS).prior({"N": 2}, draws=200, progress=False)
    assert "900 of 36,000 transitions diverged" in caught.value.message
    assert "state one density for each element" in (caught.value.hint or "")


def test_a_periodic_prior_of_an_unbounded_parameter_is_improper(make_model):
    text = (
        "data { int N; vector[N] y; } parameters { real%s a; real b; } "
        "model { a ~ von_mises(0, 1); b ~ normal(a, 1); y ~ normal(b, 1); }"
    )
    with pytest.raises(RequestError, match="`von_mises` is periodic, and `a` is declared without two bounds"):
        make_model(text % "").prior({"N": 2}, draws=200, progress=False)
    bounded = make_model(text % "<lower=-pi(), upper=pi()>").prior({"N": 2}, draws=200, progress=False)
    assert bounded.result.prior.parameters[0].quantiles[3] == pytest.approx(0, abs=0.5)


def test_why_vectors_that_sum_to_zero_are_sampled_is_said(make_model):
    model = make_model(
        "data { int N; vector[N] y; } parameters { real<lower=0> tau; sum_to_zero_vector[3] e; } "
        "model { tau ~ lognormal(0, 0.5); e ~ normal(0, tau); y ~ normal(e[1], 1); }"
    )
    note, *_ = model.prior({"N": 2}, draws=200, progress=False).result.prior.notes
    assert "the elements of `e` sum to zero, and the integral of their prior on line 1 over such" in note


READ = """
data { int N; int K; matrix[N, K] X; vector[N] y; real<lower=0> scale; }
parameters { real a; vector[K] b; vector[N] x; simplex[3] p; ordered[2] c; }
model {
  a ~ normal(0, 5);
  b[1] ~ normal(0, scale);
  b[2 : K] ~ normal(1, 2);
  x[1] ~ normal(0, 1);
  for (t in 2 : N) x[t] ~ normal(x[t - 1] + a, 0.1);
  p[1] ~ beta(8, 2);
  c ~ normal(0, 1);
  y ~ normal(x + X * b + p[1] + c[1], 1);
}
"""


def test_the_table_of_priors_says_what_was_drawn_of_each_element(make_model):
    table = pd.DataFrame({"income": [1.0, 2.0, 4.0], "age": [5.0, 4.0, 1.0], "y": [1.0, 2.0, 3.0]})
    page = make_model(READ).prior(
        table,
        columns={"X": ["income", "age"]},
        set_={"scale": 0.25},
        prior={"a.sigma": 2},
        draws=400,
        progress=False,
    )
    rows = {item.label: item for item in page.result.prior.parameters}
    assert list(rows)[:3] == ["a", "b[income]", "b[age]"]
    shown = {row[0].text: row[-1].text for row in list_parameter_rows(page)}
    assert shown["a"] == "a ~ normal(0, 5); with a.sigma = 2 instead of 5"
    assert rows["a"].quantiles[5] == pytest.approx(2 * 1.96, rel=0.2)
    assert shown["b[income]"] == "b[1] ~ normal(0, scale); with scale = 0.25"
    assert shown["b[age]"] == "b[2 : K] ~ normal(1, 2);"
    assert shown["x[1]"] == "x[1] ~ normal(0, 1);"
    assert shown["x[3]"] == "given other parameters: x[t] ~ normal(x[t - 1] + a, 0.1);"
    assert shown["p[1]"] == "p[1] ~ beta(8, 2); constrained: positive, sums to 1"
    assert shown["p[3]"] == "none of its own; constrained: positive, sums to 1"
    assert shown["c[1]"] == "c ~ normal(0, 1); constrained: increasing"
    assert rows["p[1]"].quantiles[3] == pytest.approx(stats.beta(8, 3).median(), abs=0.05)
    assert any("some elements of `p` have no prior of their own" in note for note in page.result.prior.notes)


def list_parameter_rows(page):
    """Return the rows of the table of priors on a page."""
    section = next(item for item in page.document.sections if item.key == "parameters")
    return section.blocks[0].rows


def test_the_report_says_how_to_reproduce_it(tools, tmp_path):
    target = tmp_path / "prior.html"
    arguments = ["prior", "eight_schools", "--prior", "tau_prior_scale=3", "--draws", "200", "--html"]
    shown = CliRunner().invoke(app, [*arguments, str(target), "--quiet", "--json"], catch_exceptions=False)
    origin = json.loads(shown.stdout.partition("\nreport:")[0])["origin"]
    model, data = library.resolve_data(Path("eight_schools"), None)
    assert isinstance(data, Path)
    assert origin["model_sha256"] == hash_texts(model.read_text(encoding="utf-8"))
    assert origin["data_sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert (origin["seed"], origin["stan"]) == (1, tools.stan_version)
    text = target.read_text(encoding="utf-8")
    assert "How to reproduce these results" in text
    assert all(origin[name] in text for name in ("model_sha256", "data_sha256", "created", "platform"))
    assert (origin["hyperparameters"]["tau_prior_scale"], "Hyperparameters of these draws" in text) == (
        3,
        True,
    )
    assert origin["hyperparameter_origins"]["tau_prior_scale"] == "--prior"
