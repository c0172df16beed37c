"""Power-scaling in a study: full fits take over where importance weights cannot be relied on."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from tests.diagnostics.test_power_scaling import Y, conjugate
from workbench.diagnostics.power_scaling import measure_distance
from workbench.methods import Nuts
from workbench.report.document import Items, Notice
from workbench.report.study.report import build_study_report
from workbench.studies import parse_axis
from workbench.studies.fits.posterior import measure_posterior
from workbench.studies.fits.sweep import FullFits
from workbench.studies.outcomes import power_scaling
from workbench.studies.plan.plan import BASE
from workbench.thresholds import POWERS
from workbench.workflow.options import FitOptions
from workbench.workflow.sensitivity import study_files
from workbench.workflow.study_options import StudyOptions

RNG = np.random.default_rng(6)


def measure_normal_distance(mean, sd, draws):
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
    exact = measure_normal_distance(mean, sd, draws)
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
    """Exact draws at powers of the conjugate prior instead of full fits; the powers that were requested."""
    requested = []

    def add_fit(context, fits, point):
        del context
        ((name, power),) = point.values.items()
        requested.append((name, power))
        prior_power = power if name in ("power(prior)", "power(term 1)") else 1.0
        likelihood_power = power if name == "power(likelihood)" else 1.0
        precision = prior_power * 0.5**-2 + likelihood_power * len(Y)
        mean = (prior_power * -5 * 0.5**-2 + likelihood_power * Y.sum()) / precision
        rng = np.random.default_rng(100 + len(requested))
        theta, other = rng.normal(mean, precision**-0.5, (4, 1000)), rng.normal(0, 1, (4, 1000))
        drawn = {**fits.base.draws, "theta": theta, "other": other}
        fits.posteriors.append(replace(fits.base, point=point, how="refit", draws=drawn))

    monkeypatch.setattr(power_scaling, "add_fit", add_fit)
    return requested


def scale_conjugate(monkeypatch, limit):
    """Return the power-scaling of a conjugate model; components with a k-hat above the limit are refitted."""
    fit = conjugate(-5.0, 0.5)
    monkeypatch.setattr(power_scaling, "khat_limit", lambda draws: limit)
    fits = FullFits([measure_posterior(BASE, "base", "base", fit.tree, ["theta", "other"])])
    return power_scaling.refine_power_scaling(None, fits, fit)  # type: ignore[arg-type]


def test_nothing_is_refitted_if_khat_is_low(monkeypatch, refits):
    scaling = scale_conjugate(monkeypatch, 0.7)
    assert set(scaling.how.values()) == {"weights"}
    assert refits == []


def test_refits_agree_with_weights(monkeypatch, refits):
    by_weights, by_refits = scale_conjugate(monkeypatch, 0.7), scale_conjugate(monkeypatch, -10.0)
    assert set(by_refits.how.values()) == {"refit"}
    assert ("power(prior)", 0.99) in refits
    assert ("power(term 1)", 1.01) in refits
    weighted, refitted = (scaling.parameters["theta"] for scaling in (by_weights, by_refits))
    assert refitted.prior == pytest.approx(weighted.prior, rel=0.1)
    assert refitted.likelihood == pytest.approx(weighted.likelihood, rel=0.1)
    assert refitted.statements[0] == pytest.approx(weighted.statements[0], rel=0.1)
    assert refitted.diagnosis == weighted.diagnosis == "prior-data conflict"
    assert set(by_refits.noise) == set(by_refits.how)


def test_what_chance_hides_is_measured_at_wide_powers(monkeypatch, refits):
    scaling = scale_conjugate(monkeypatch, -10.0)
    assert ("power(prior)", 2.0) in refits
    assert scaling.powers["prior"] == (0.99, 1.01, 0.5, 2.0)
    other = scaling.parameters["other"]  # no power moves it: at 1.01 chance alone would give about 0.7
    assert 0 <= other.prior < 0.05
    assert 0 <= other.likelihood < 0.05
    assert other.diagnosis == ""


def test_a_refit_that_fails_leaves_its_reason(monkeypatch):
    def add_fit(context, fits, point):
        fits.failures[point.key] = "the machine was unplugged."

    monkeypatch.setattr(power_scaling, "add_fit", add_fit)
    scaling = scale_conjugate(monkeypatch, -10.0)
    assert set(scaling.how.values()) == {"failed"}
    assert scaling.failures["prior"] == "at power(prior) = 0.99: the machine was unplugged."
    assert scaling.powers == {}


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
    """A study of a program in which the prior of one parameter is 1000 standard deviations off."""
    folder = tmp_path_factory.mktemp("far")
    (folder / "far.stan").write_text(FAR)
    (folder / "far.csv").write_text("y\n1000\n0.5\n")
    fit_options = FitOptions(methods=(Nuts(),), seed=3, jobs=2)
    options = StudyOptions(
        axes=(parse_axis("power(prior)=1.01"),), methods=("nuts",), with_prior=False, jobs=2,
        output=folder / "study",
    )  # fmt: skip
    return study_files(folder / "far.stan", folder / "far.csv", fit_options, options)


def compute_sensitivity(posterior, draws):
    """Return the sensitivity of a conjugate posterior, `(mean, sd)` at a power, by quadrature.

    `draws` are standardized: their range is the range of the quadrature.
    """
    mean, sd = posterior(1.0)
    distances = [
        measure_normal_distance((posterior(power)[0] - mean) / sd, posterior(power)[1] / sd, draws)
        / abs(np.log2(power))
        for power in POWERS
    ]
    return np.mean(distances)


def expect_sensitivity(posterior):
    """Return the sensitivity and how much it varies from run to run, with the range of the draws."""
    values = [compute_sensitivity(posterior, RNG.normal(size=4000)) for _ in range(10)]
    return pytest.approx(np.mean(values), abs=5 * np.std(values))


def test_components_whose_weights_fail_are_refitted(far):
    scaling = far.results.power_scaling
    assert min(scaling.khat["prior"], scaling.khat["likelihood"]) > 0.7
    assert scaling.how["prior"] == scaling.how["likelihood"] == "refit"
    assert scaling.how["nu ~ normal(0.5, 1)"] == "weights"
    for component, posterior in (
        ("prior", lambda power: (1000 / (1 + power), (1 + power) ** -0.5)),
        ("likelihood", lambda power: (1000 * power / (1 + power), (1 + power) ** -0.5)),
    ):
        assert getattr(scaling.parameters["mu"], component) == expect_sensitivity(posterior)
        replicates = expect_sensitivity(
            lambda power, of=posterior: (of(power)[0], (of(power)[1] ** 2 + 1) ** 0.5)
        )
        assert getattr(scaling.predictions["mean(far_rep)"], component) == replicates
    assert scaling.parameters["mu"].diagnosis == "prior-data conflict"


def test_a_quantity_that_does_not_move_is_not_sensitive(far):
    scaling = far.results.power_scaling
    expected = compute_sensitivity(lambda power: (0.5, (power + 100) ** -0.5), RNG.normal(size=4000))
    assert expected < 0.01
    assert abs(scaling.parameters["nu"].prior - expected) < 4 * scaling.noise["prior"]
    assert scaling.parameters["nu"].prior < 0.05
    assert scaling.parameters["nu"].diagnosis == ""


def test_refits_are_named_in_the_conclusion_and_in_the_report(far):
    (reason,) = (text for text in far.results.conclusion.reasons if "cannot be relied on" in text)
    assert "the prior (k-hat 1." in reason
    assert "the likelihood (k-hat 1." in reason
    assert "the powers 0.5, 0.99, 1.01 and 2" in reason
    document = build_study_report(far)
    assert document.verdict is not None
    found = next(section for section in document.sections if section.key == "findings")
    (items,) = found.blocks
    assert isinstance(items, Items)
    assert reason in items.items
    section = next(section for section in document.sections if section.key == "sensitivity")
    notices = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert notices[0].startswith(
        "The prior, the likelihood and `mu ~ normal(0, 1)` were fitted again at the powers"
    )
    assert not any("not reliable" in notice for notice in notices)
