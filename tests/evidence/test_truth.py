"""Log evidences of whole fits against quadrature and closed forms: real Stan, real draws.

Every evidence is that of a normalised prior: SciPy's truncated distributions state it independently of the
program's text. The bridge estimate has to be within 3 of its Monte Carlo standard errors.
"""

import math

import numpy as np
import pytest
from scipy import integrate, stats

import workbench
from workbench.workflow.evidence import find_evidence

Y = np.array([1.3, -0.4, 2.1, 0.9, -1.7, 0.2, 1.1, 0.6])
"""Eight observations."""

INF = math.inf

DATA = "data { int N; vector[N] y; }"


def log_integrate(log_density, *limits):
    """Return the log of an integral over parameters, the first innermost, by adaptive quadrature."""
    grid = np.meshgrid(*[_spread(each) for each in limits])
    shift = max(log_density(*point) for point in np.array(grid).reshape(len(limits), -1).T)
    value, error = integrate.nquad(
        lambda *point: np.exp(log_density(*point) - shift), limits, opts={"limit": 400, "epsabs": 1e-11}
    )
    assert error < 1e-6 * value
    return math.log(value) + shift


def _spread(limits):
    lower, upper = max(limits[0], -4.0), min(limits[1], 4.0)
    return np.linspace(lower, upper, 12)[1:-1]


def normal(mu, sigma, y=Y):
    return stats.norm.logpdf(y, mu, sigma).sum()


PROGRAMS = {
    "half-normal scale": (
        "real<lower=0> s;", "s ~ normal(0, 1); y ~ normal(0, s);",
        lambda s: normal(0, s) + stats.halfnorm.logpdf(s), [(0, INF)],
    ),
    "half-Cauchy scale beside a mean": (
        "real mu; real<lower=0> s;", "mu ~ normal(0, 2); s ~ cauchy(0, 1); y ~ normal(mu, s);",
        lambda mu, s: normal(mu, s) + stats.norm.logpdf(mu, 0, 2) + stats.halfcauchy.logpdf(s),
        [(-INF, INF), (0, INF)],
    ),
    "half-t scale beside a mean that is uniform within bounds": (
        "real<lower=-5, upper=5> mu; real<lower=0> s;", "s ~ student_t(3, 0, 2.5); y ~ normal(mu, s);",
        lambda mu, s: normal(mu, s) - math.log(10) + math.log(2) + stats.t.logpdf(s, 3, 0, 2.5),
        [(-5, 5), (0, INF)],
    ),
    "exponential scale above a bound": (
        "real<lower=0.5> s;", "s ~ exponential(1); y ~ normal(0, s);",
        lambda s: normal(0, s) + stats.expon.logpdf(s, loc=0.5), [(0.5, INF)],
    ),
    "t that is not centred at its bound": (
        "real<lower=0> s;", "target += student_t_lpdf(s | 4, 1, 2); target += normal_lpdf(y | 0, s);",
        lambda s: normal(0, s) + stats.t.logpdf(s, 4, 1, 2) - stats.t.logsf(0, 4, 1, 2), [(0, INF)],
    ),
    "statement truncated as declared": (
        "real<lower=0> mu;", "mu ~ normal(1, 2) T[0, ]; y ~ normal(mu, 1);",
        lambda mu: normal(mu, 1) + stats.truncnorm.logpdf(mu, -0.5, INF, 1, 2), [(0, INF)],
    ),
    "truncated by hand": (
        "real<lower=0> mu;",
        "target += normal_lpdf(mu | 1, 2) - normal_lccdf(0 | 1, 2); y ~ normal(mu, 1);",
        lambda mu: normal(mu, 1) + stats.truncnorm.logpdf(mu, -0.5, INF, 1, 2), [(0, INF)],
    ),
    "vector of scales with priors that differ": (
        "vector<lower=0>[2] s;",
        "s ~ normal([0, 1]', [1, 2]'); y[1:4] ~ normal(0, s[1]); y[5:8] ~ normal(0, s[2]);",
        lambda a, b: normal(0, a, Y[:4]) + normal(0, b, Y[4:]) + stats.halfnorm.logpdf(a)
        + stats.truncnorm.logpdf(b, -0.5, INF, 1, 2),
        [(0, INF), (0, INF)],
    ),
    "ordered means of a mixture": (
        "ordered[2] m;",
        "m ~ normal(0, 2); for (n in 1:N) target += log_mix(0.4, normal_lpdf(y[n] | m[1], 0.7), "
        "normal_lpdf(y[n] | m[2], 0.7));",
        lambda a, b: np.logaddexp(
            math.log(0.4) + stats.norm.logpdf(Y, a, 0.7), math.log(0.6) + stats.norm.logpdf(Y, b, 0.7)
        ).sum() + stats.norm.logpdf(a, 0, 2) + stats.norm.logpdf(b, 0, 2) + math.log(2),
        [lambda b: (-30, b), (-30, 30)],
    ),
    "effects of a hierarchy, a scale with a half-normal prior": (
        "real mu; real<lower=0> tau; vector[N] z;",
        "mu ~ normal(0, 2); tau ~ normal(0, 1); z ~ std_normal(); y ~ normal(mu + tau * z, 1);",
        lambda mu, tau: normal(mu, np.sqrt(1 + tau**2)) + stats.norm.logpdf(mu, 0, 2)
        + stats.halfnorm.logpdf(tau),
        [(-INF, INF), (0, INF)],
    ),
    "scale of a scale: half of a symmetric prior whatever its width": (
        "real<lower=0> w; real<lower=0> s;", "w ~ exponential(1); s ~ cauchy(0, w); y ~ normal(0, s);",
        lambda w, s: normal(0, s) + stats.expon.logpdf(w) + stats.halfcauchy.logpdf(s, scale=w),
        [(0, INF), (0, INF)],
    ),
    "beta prior above a half": (
        "real<lower=0.5, upper=1> p;", "p ~ beta(2, 3); 5 ~ binomial(8, p);",
        lambda p: stats.binom.logpmf(5, 8, p) + stats.beta.logpdf(p, 2, 3) - stats.beta.logsf(0.5, 2, 3),
        [(0.5, 1)],
    ),
}  # fmt: skip
"""Parameters, model, the log density with a normalised prior, and the range of each parameter."""


def integrate_program(log_density, limits):
    if callable(limits[0]):  # an ordered vector
        shift = max(log_density(a, b) for a in np.linspace(-3, 3, 25) for b in np.linspace(a, 3, 25))
        value, error = integrate.nquad(
            lambda a, b: np.exp(log_density(a, b) - shift), limits, opts={"limit": 400, "points": [0.0]}
        )
        assert error < 1e-6 * value
        return math.log(value) + shift
    return log_integrate(log_density, *limits)


@pytest.mark.truth
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_bridge_estimate_is_the_integral(name, tools, tmp_path):
    parameters, model, log_density, limits = PROGRAMS[name]
    path = tmp_path / "program.stan"
    path.write_text(f"{DATA} parameters {{ {parameters} }} model {{ {model} }}", encoding="utf-8")
    fit = workbench.fit(
        path, {"N": len(Y), "y": Y}, method=("map", "laplace", "nuts"), seed=3, output=tmp_path / "run",
        progress=False,
    )  # fmt: skip
    truth = integrate_program(log_density, limits)
    evidence = find_evidence(workbench.load(tmp_path / "run"))
    assert evidence.reason == ""
    assert evidence.value is not None
    assert evidence.error is not None
    assert evidence.log_prior_mass is not None
    assert evidence.method == "bridge sampling"
    assert abs(evidence.value - truth) < 3 * evidence.error
    assert evidence.error < 0.1
    for bridge in evidence.bridges.values():
        assert abs(bridge.log_integral - evidence.log_prior_mass - truth) < 3.5 * bridge.error
    laplace = fit.results.laplace
    if laplace.log_evidence is not None:
        assert laplace.log_prior_mass == pytest.approx(evidence.log_prior_mass)
