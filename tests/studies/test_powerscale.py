"""Power-scaling inside a study: refits take over where k-hat is too high, and say so."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from tests.diagnostics.test_power_scaling import Y, conjugate
from workbench.diagnostics.power_scaling import measure_distance
from workbench.methods import Nuts
from workbench.report.document import Notice
from workbench.studies import parse_axis
from workbench.studies.fits.posterior import measure_posterior
from workbench.studies.fits.sweep import FullFits
from workbench.studies.outcomes import conclusion, power_scaling
from workbench.studies.plan.plan import BASE
from workbench.thresholds import POWERS
from workbench.workflow import sensitivity as sensitivity_workflow
from workbench.workflow import study_options
from workbench.workflow.options import FitOptions

RNG = np.random.default_rng(6)


def between_normals(mean, sd, draws):
    """Return the distance to a normal of draws from a standard normal, by quadrature over their range."""
    x = np.linspace(draws.min(), draws.max(), 200_001)

    def one_sided(p, q):
        def divergence(one, other):
            logs = integrate.trapezoid(one * np.log2(one / (0.5 * (one + other))), x)
            return max(0.0, logs + 0.5 / np.log(2) * integrate.trapezoid(other - one, x))

        return np.sqrt((divergence(p, q) + divergence(q, p)) / integrate.trapezoid(p + q, x))

    below = one_sided(stats.norm.cdf(x), stats.norm.cdf(x, mean, sd))
    return max(below, one_sided(stats.norm.sf(x), stats.norm.sf(x, mean, sd)))


@pytest.mark.parametrize(("mean", "sd"), [(0.3, 1.0), (-1.0, 0.8), (2.0, 1.5), (4.0, 1.0)])
def test_the_distance_of_two_samples_is_that_of_their_distributions(mean, sd):
    draws, others = RNG.normal(size=(4, 5000)), RNG.normal(mean, sd, (4, 5000))
    exact = between_normals(mean, sd, draws)
    assert power_scaling.compute_cjs_distance(draws, others) == pytest.approx(exact, rel=0.03)


def test_the_distance_of_two_samples_is_arvizs_of_weighted_draws():
    draws = RNG.normal(size=(4, 250))
    counts = 1 + (draws > 0) * RNG.integers(0, 3, draws.shape)
    weights = counts / counts.sum()
    others = np.repeat(draws.ravel(), counts.ravel())
    steps = [1 / abs(np.log2(alpha)) for alpha in POWERS]
    ours = np.mean(steps) * power_scaling.compute_cjs_distance(draws, others)
    assert ours == pytest.approx(measure_distance(draws, weights, weights), rel=1e-9)


def test_samples_that_lie_apart_are_at_distance_one():
    draws = RNG.normal(size=(4, 1000))
    assert power_scaling.compute_cjs_distance(draws, draws + 100) == pytest.approx(1, abs=1e-6)
    assert power_scaling.compute_cjs_distance(draws, draws - 100) == pytest.approx(1, abs=1e-6)
    assert power_scaling.compute_cjs_distance(draws, draws) == 0
    assert power_scaling.compute_cjs_distance(np.zeros((4, 10)), np.zeros((4, 10))) == 0


def test_chance_is_what_two_samples_of_one_distribution_differ_by():
    apart = [power_scaling.compute_cjs_distance(*RNG.normal(size=(2, 4, 1000))) for _ in range(200)]
    chance = [power_scaling.estimate_chance_distance(RNG.normal(size=(4, 1000))) for _ in range(20)]
    assert np.mean(chance) == pytest.approx(np.sqrt(np.mean(np.square(apart))), rel=0.15)


@pytest.fixture
def refits(monkeypatch):
    """Full fits at powers of the conjugate prior, drawn exactly; the list of powers asked for."""
    asked = []

    def add_fit(shop, fits, point):
        del shop
        ((name, alpha),) = point.values.items()
        asked.append((name, alpha))
        prior_power = alpha if name in ("power(prior)", "power(term 1)") else 1.0
        likelihood_power = alpha if name == "power(likelihood)" else 1.0
        precision = prior_power * 0.5**-2 + likelihood_power * len(Y)
        mean = (prior_power * -5 * 0.5**-2 + likelihood_power * Y.sum()) / precision
        rng = np.random.default_rng(100 + len(asked))
        theta, other = rng.normal(mean, precision**-0.5, (4, 1000)), rng.normal(0, 1, (4, 1000))
        base = fits.found[0]
        drawn = {**base.draws, "theta": theta, "other": other}
        fits.found.append(replace(base, point=point, how="refit", draws=drawn))

    monkeypatch.setattr(power_scaling, "add_fit", add_fit)
    return asked


def scaled(monkeypatch, limit):
    fit = conjugate(-5.0, 0.5)
    monkeypatch.setattr(power_scaling, "khat_limit", lambda draws: limit)
    fits = FullFits([measure_posterior(BASE, "base", "base", fit.tree, ["theta", "other"], {})])
    return power_scaling.refine_power_scaling(None, fits, fit)  # type: ignore[arg-type]


def test_where_khat_is_low_nothing_is_refitted(monkeypatch, refits):
    found = scaled(monkeypatch, 0.7)
    assert set(found["how"].values()) == {"weights"}
    assert refits == []


def test_where_khat_is_high_refits_say_the_same(monkeypatch, refits):
    by_weights, by_refits = scaled(monkeypatch, 0.7), scaled(monkeypatch, -10.0)
    assert set(by_refits["how"].values()) == {"refit"}
    assert ("power(prior)", 0.99) in refits
    assert ("power(term 1)", 1.01) in refits
    one, other = (found["parameters"]["theta"] for found in (by_weights, by_refits))
    for component in ("prior", "likelihood"):
        assert other[component] == pytest.approx(one[component], rel=0.1)
    assert other["statements"][0] == pytest.approx(one["statements"][0], rel=0.1)
    assert other["diagnosis"] == one["diagnosis"] == "prior-data conflict"
    assert set(by_refits["noise"]) == set(by_refits["how"])


def test_what_chance_would_hide_is_looked_at_at_wide_powers(monkeypatch, refits):
    found = scaled(monkeypatch, -10.0)
    assert ("power(prior)", 2.0) in refits
    assert found["powers"]["prior"] == [0.99, 1.01, 0.5, 2.0]
    still = found["parameters"]["other"]  # no power moves it: at 1.01 chance alone would give about 0.7
    assert 0 <= still["prior"] < 0.05
    assert 0 <= still["likelihood"] < 0.05
    assert still["diagnosis"] == ""


def test_a_refit_that_fails_is_said(monkeypatch):
    def add_fit(shop, fits, point):
        fits.failures[point.key] = "the machine was unplugged."

    monkeypatch.setattr(power_scaling, "add_fit", add_fit)
    found = scaled(monkeypatch, -10.0)
    assert set(found["how"].values()) == {"failed"}
    assert found["failures"]["prior"] == "at power(prior) = 0.99: the machine was unplugged."


FAR = """
data { int<lower=0> N; vector[N] y; }
parameters { real mu; real nu; }
model {
  mu ~ normal(0, 1);
  nu ~ normal(0.5, 1);
  y[1] ~ normal(mu, 1);
  y[2] ~ normal(nu, 0.1);
}
generated quantities {
  array[1] real far_rep = {normal_rng(mu, 1)};
}
"""


@pytest.fixture(scope="module")
def far(tools, tmp_path_factory):
    """A study of a program in which a prior for one parameter is 1000 standard deviations off."""
    folder = tmp_path_factory.mktemp("far")
    (folder / "far.stan").write_text(FAR)
    (folder / "far.csv").write_text("y\n1000\n0.5\n")
    options = FitOptions(methods=(Nuts(),), seed=3, jobs=2)
    asked = study_options.StudyOptions(
        axes=(parse_axis("power(prior)=1.01"),), methods=("nuts",), with_prior=False, jobs=2,
        output=folder / "study",
    )  # fmt: skip
    return sensitivity_workflow.study_files(folder / "far.stan", folder / "far.csv", options, asked)


def sensitivity(posterior, draws, alphas):
    """Return the sensitivity of a conjugate posterior, `(mean, sd)` at a power, by quadrature."""
    mean, sd = posterior(1.0)
    scaled = (draws - mean) / sd
    found = [
        between_normals((posterior(alpha)[0] - mean) / sd, posterior(alpha)[1] / sd, scaled)
        / abs(np.log2(alpha))
        for alpha in alphas
    ]
    return np.mean(found)


def test_a_program_whose_weights_fail_is_refitted_at_the_powers(far):
    scaling = far.record["power_scaling"]
    assert min(scaling["khat"]["prior"], scaling["khat"]["likelihood"]) > 0.7
    assert scaling["how"]["prior"] == scaling["how"]["likelihood"] == "refit"
    assert scaling["how"]["nu ~ normal(0.5, 1)"] == "weights"
    draws = RNG.normal(500, 0.5**0.5, 4000)
    for component, at in (
        ("prior", lambda alpha: (1000 / (1 + alpha), (1 + alpha) ** -0.5)),
        ("likelihood", lambda alpha: (1000 * alpha / (1 + alpha), (1 + alpha) ** -0.5)),
    ):
        found = scaling["parameters"]["mu"][component]
        assert found == pytest.approx(sensitivity(at, draws, POWERS), rel=0.1)
        drawn = scaling["predictions"]["mean(far_rep)"][component]
        ahead = sensitivity(
            lambda alpha, of=at: (of(alpha)[0], (of(alpha)[1] ** 2 + 1) ** 0.5),
            RNG.normal(500, 1.5**0.5, 4000),
            POWERS,
        )
        assert drawn == pytest.approx(ahead, rel=0.1)  # it depends a little on how far the draws reach
    assert scaling["parameters"]["mu"]["diagnosis"] == "prior-data conflict"


def test_a_quantity_that_does_not_move_is_not_taken_for_one_that_does(far):
    found = far.record["power_scaling"]["parameters"]["nu"]
    draws = RNG.normal(0.5, 0.1, 4000)
    exact = sensitivity(lambda alpha: (0.5, (alpha + 100) ** -0.5), draws, POWERS)
    assert exact < 0.01
    assert abs(found["prior"] - exact) < 4 * far.record["power_scaling"]["noise"]["prior"]
    assert found["prior"] < 0.05
    assert found["diagnosis"] == ""


def test_refits_are_said_in_words_everywhere(far):
    from workbench.report.study.report import study_report

    reasons = far.record["conclusion"]["reasons"]
    (words,) = (one for one in reasons if one.startswith("Weights would not do for power-scaling"))
    assert "the prior (k-hat 1." in words
    assert "the likelihood (k-hat 1." in words
    assert words.endswith("refitted at the powers 0.5, 0.99, 1.01 and 2.")
    document = study_report(far)
    assert words in [one.text for one in document.verdict.reasons]
    section = next(one for one in document.sections if one.key == "sensitivity")
    notes = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert notes[0].startswith(
        "The prior, the likelihood and `mu ~ normal(0, 1)` were fitted again at the powers"
    )
    assert not any("is not reliable" in note for note in notes)


def test_a_component_that_could_not_be_refitted_is_said():
    scaling = {
        "status": "ok", "parameters": {}, "khat": {"prior": 1.3}, "how": {"prior": "failed"}, "powers": {},
        "failures": {"prior": "at power(prior) = 0.99: the machine was unplugged."},
    }  # fmt: skip
    assert conclusion._about_scaling(scaling) == [
        (
            True,
            "How sensitive the posterior is to the prior is not known: k-hat is 1.30, and the refit failed "
            "at power(prior) = 0.99: the machine was unplugged.",
        )
    ]
