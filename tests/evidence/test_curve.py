"""Bayes factors along the width of a prior, against closed forms: the Lindley-Bartlett paradox."""

import json
import math

import numpy as np
import pytest
from scipy import special, stats

import workbench
from workbench.errors import WorkbenchError
from workbench.evidence.curve import EvidenceAt, EvidenceCurve
from workbench.evidence.reweighted import average_ratios
from workbench.studies.plan.plan import parse_axis
from workbench.workflow.evidence import find_evidence
from workbench.workflow.evidence_curve import trace_evidence

Y = np.random.default_rng(11).normal(0.25, 1.0, 60)
WIDTHS = "theta.sigma=0.01:100:log:9"

NULL = "data { int<lower=0> N; vector[N] y; } model { y ~ normal(0, 1); }"
WIDE = (
    "data { int<lower=0> N; vector[N] y; } parameters { real theta; } "
    "model { theta ~ normal(0, 1); y ~ normal(theta, 1); }"
)
HALF = WIDE.replace("real theta", "real<lower=0> theta")
COUNTS = (
    "data { int<lower=0> N; array[N] int<lower=0, upper=1> z; } parameters { real<lower=0, upper=1> p; } "
    "model { p ~ beta(2, 2); z ~ bernoulli(p); }"
)


def log_factor(width):
    """Return the log evidence of `theta ~ normal(0, width)` over that of `theta = 0`, for normal data."""
    count, mean = len(Y), Y.mean()
    return stats.norm.logpdf(mean, 0, math.sqrt(width**2 + 1 / count)) - stats.norm.logpdf(
        mean, 0, math.sqrt(1 / count)
    )


def log_factor_of_half(width):
    """Return the same for the half-normal: twice the density, over the positive half of the posterior."""
    precision = 1 / width**2 + len(Y)
    return log_factor(width) + math.log(2) + stats.norm.logcdf(Y.sum() / math.sqrt(precision))


def trace(fits, text):
    return trace_evidence(fits, {name: find_evidence(fit) for name, fit in fits.items()}, parse_axis(text))


@pytest.fixture(scope="module")
def null(fit_program):
    return fit_program("null", NULL, {"N": len(Y), "y": Y})


@pytest.mark.truth
@pytest.mark.parametrize(("program", "exact"), [(WIDE, log_factor), (HALF, log_factor_of_half)])
def test_the_factor_against_a_point_is_the_exact_one_at_each_width(program, exact, fit_program, null):
    wide = fit_program("wide", program, {"N": len(Y), "y": Y})
    curve = trace({"wide": wide, "null": null}, WIDTHS)
    factors = curve.list_factors("wide", "null")
    assert curve.obstacle == ""
    assert 1.0 in curve.values  # that of the run, which is on the grid up to rounding
    assert curve.fitted == {"wide": 1.0}
    ways = [each.way for each in curve.evidences["wide"]]
    assert ways[curve.values.index(1.0)] == "the run"
    assert ways.count("weights") >= 6
    assert ways[0] == "refit"  # far narrower than the posterior of the run: its draws do not reach there
    for factor in factors:
        assert factor.log_value is not None
        assert factor.error is not None
        assert factor.error < 0.1
        assert abs(factor.log_value - exact(factor.at)) < 4 * factor.error + 1e-9
    # Twice as wide, half the factor: without a limit.
    last, before = factors[-1], factors[-2]
    slope = (last.log_value - before.log_value) / math.log(last.at / before.at)
    assert slope == pytest.approx(-1, abs=0.02)


@pytest.mark.truth
def test_a_prior_that_bounds_cut_off_is_divided_by_its_probability_at_each_width(fit_program, null):
    """Of `normal(1, width)` above 0 that probability moves with the width."""
    wide = fit_program("cut", HALF.replace("theta ~ normal(0", "theta ~ normal(1"), {"N": len(Y), "y": Y})
    curve = trace({"cut": wide, "null": null}, "theta.sigma=0.5,2,8")
    count, mean = len(Y), Y.mean()
    for factor in curve.list_factors("cut", "null"):
        precision = 1 / factor.at**2 + count
        centre = (1 / factor.at**2 + count * mean) / precision
        exact = stats.norm.logpdf(mean, 1, math.sqrt(factor.at**2 + 1 / count))
        exact += stats.norm.logcdf(centre * math.sqrt(precision)) - stats.norm.logcdf(1 / factor.at)
        exact -= stats.norm.logpdf(mean, 0, math.sqrt(1 / count))
        assert factor.log_value is not None
        assert factor.error is not None
        assert abs(factor.log_value - exact) < 4 * factor.error


@pytest.mark.truth
def test_where_both_are_equally_probable_is_the_root_of_the_closed_form(fit_program, null):
    wide = fit_program("wide", WIDE, {"N": len(Y), "y": Y})
    curve = trace({"wide": wide, "null": null}, "theta.sigma=0.2:20:log:21")
    (crossing,) = curve.find_crossings("wide", "null")
    assert log_factor(crossing) == pytest.approx(0, abs=0.03)
    found = json.loads(json.dumps(curve.to_dict()))
    assert found["bayes_factors"][0]["equally_probable_at"] == [crossing]


@pytest.mark.truth
def test_the_evidence_of_a_share_is_the_exact_one(fit_program):
    rng = np.random.default_rng(4)
    values = (rng.random(40) < 0.3).astype(int)
    ones, count = int(values.sum()), len(values)
    run = fit_program("share", COUNTS, {"N": count, "z": values})
    curve = trace({"share": run}, "p.alpha=0.5,1,4,9")
    for at, found in zip(curve.values, curve.evidences["share"], strict=True):
        exact = special.betaln(at + ones, 2 + count - ones) - special.betaln(at, 2)
        assert found.value is not None
        assert found.error is not None
        assert abs(found.value - exact) < 4 * found.error


def test_ratios_are_averaged_with_their_error():
    rng = np.random.default_rng(6)
    # Draws of a normal(0, 1), weighted to normal(0.3, 0.9) times 5: the ratio of the integrals is 5.
    found, errors = [], []
    for _ in range(200):
        draws = rng.normal(size=(4, 250))
        ratio = stats.norm.logpdf(draws, 0.3, 0.9) + math.log(5) - stats.norm.logpdf(draws)
        one = average_ratios(ratio)
        found.append(one.log_value)
        errors.append(one.error)
    assert np.mean(found) == pytest.approx(math.log(5), abs=float(4 * np.std(found) / math.sqrt(200) + 1e-3))
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.2)


def test_draws_that_do_not_reach_are_not_relied_on():
    draws = np.random.default_rng(7).normal(size=(4, 500))
    far = average_ratios(stats.norm.logpdf(draws, 0, 5) - stats.norm.logpdf(draws))
    assert not far.is_reliable
    near = average_ratios(stats.norm.logpdf(draws, 0, 0.8) - stats.norm.logpdf(draws))
    assert near.is_reliable
    assert not average_ratios(np.full((2, 10), np.nan)).is_reliable


def test_a_curve_tells_where_the_sign_changes():
    def at(*values):
        return tuple(EvidenceAt(value, 0.0, "weights") for value in values)

    curve = EvidenceCurve("s", (1.0, 10.0, 100.0), True, {"a": 1.0}, {"a": at(1, -1, -3), "b": at(0, 0, 0)})
    assert curve.find_crossings("a", "b") == pytest.approx((math.sqrt(10),))
    assert [factor.probability for factor in curve.list_factors("a", "b")] == pytest.approx(
        [special.expit(1), special.expit(-1), special.expit(-3)]
    )
    unknown = EvidenceCurve("s", (1.0,), False, {"a": 1.0}, {"a": (EvidenceAt(reason="no"),), "b": at(0)})
    assert unknown.list_factors("a", "b")[0].probability is None
    assert unknown.find_crossings("a", "b") == ()


@pytest.mark.stan
def test_what_is_no_hyperparameter_is_refused(fit_program, null):
    wide = fit_program("wide", WIDE, {"N": len(Y), "y": Y})
    fits = {"wide": wide, "null": null}
    for text, reason in (
        ("sd=1,2", "no hyperparameter of these runs"),
        ("theta.sigma=-1,2", "must be positive"),
        ("power(prior)=0.5,2", "is a power"),
    ):
        with pytest.raises(WorkbenchError, match=reason):
            trace(fits, text)


@pytest.mark.stan
def test_the_command_line_and_python_trace_the_curve(fit_program, null, run_workbench, tmp_path):
    wide = fit_program("wide", WIDE, {"N": len(Y), "y": Y})
    grid = "theta.sigma=0.5,1,4"
    page = tmp_path / "page.html"
    found = run_workbench("compare", wide.folder, null.folder, "--vary", grid, "--json", "--html", page)
    assert found.exit_code == 0
    curve = json.loads(found.stdout)["evidence_curve"]
    for point in curve["bayes_factors"][0]["points"]:
        assert abs(point["log_bayes_factor"] - log_factor(point["at"])) < 4 * point["log_bayes_factor_se"]
    assert "Evidence along theta.sigma" in page.read_text(encoding="utf-8")
    compared = workbench.compare(wide, null, vary={"theta.sigma": [0.5, 1, 4]}, progress=False)
    assert compared.to_dict()["evidence_curve"]["values"] == [0.5, 1.0, 4.0]
    assert any("Along `theta.sigma` from 0.5 to 4 (1 in `wide`)" in text for text in compared.sentences)
    refused = run_workbench("compare", wide.folder, null.folder, "--vary", "theta.sigma")
    assert refused.exit_code
    assert "--vary was expected to be" in " ".join(refused.stderr.split())
