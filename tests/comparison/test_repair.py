"""Rows repaired with real Stan, against closed forms, quadrature, and what R's loo package publishes."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from tests.comparison.test_moment_matching import make_regression
from tests.conftest import DATA
from workbench.diagnostics.loo import compute_leave_one_out
from workbench.workflow import refit_rows, repair
from workbench.workflow.repair import repair_leave_one_out

RATES = """
data { int N; array[N] int y; vector[N] exposure; }
parameters { vector<lower=0>[N] rate; }
model { rate ~ gamma(0.8, 0.1); y ~ poisson(rate .* exposure); }
"""
"""Each row has a rate of its own, and nothing else: without it, it is negative binomial."""

STUDIES = """
data { int J; vector[J] y; vector[J] s; }
parameters { real mu; real<lower=0> tau; vector[J] z; }
model { mu ~ normal(0, 10); tau ~ exponential(0.1); z ~ std_normal(); y ~ normal(mu + tau * z, s); }
"""
"""A normal effect for each row, written non-centred."""

ROACHES = """
data {
  int<lower=1> N; array[N] int caught; vector[N] hundreds_before; vector[N] treatment; vector[N] senior;
  vector[N] trap_days;
}
parameters { vector[3] beta; real intercept; }
model {
  beta ~ normal(0, 2.5);
  intercept ~ normal(0, 5);
  caught ~ poisson(exp(10 * beta[1] * sqrt(hundreds_before) + beta[2] * treatment + beta[3] * senior
                       + intercept + log(trap_days)));
}
"""
"""The program of loo's vignette "Avoiding model refits ... with moment matching"."""


def compute_integral(predictors, counts, offset, size, draws=20_000):
    """Return the log of the integral of the Poisson regression's posterior, from draws of a t at its mode."""
    sds = np.array([2.5, 2.5, 2.5, 5.0])

    def log_density(points):
        eta = points @ predictors.T + offset
        return (counts * eta - np.exp(eta)).sum(axis=1) + np.asarray(stats.norm.logpdf(points, 0, sds)).sum(
            axis=1
        )

    mode = np.array([0.16, -0.5, -0.3, 2.5])
    for _ in range(30):
        mean = np.exp(predictors @ mode + offset)
        curvature = predictors.T @ (mean[:, None] * predictors) + np.diag(1 / sds**2)
        mode = mode + np.linalg.solve(curvature, predictors.T @ (counts - mean) - mode / sds**2)
    proposal = stats.multivariate_t(mode, 1.1 * np.linalg.inv(curvature), df=30, seed=size)
    points = proposal.rvs(draws)
    return special.logsumexp(log_density(points) - proposal.logpdf(points)) - np.log(draws)


@pytest.fixture(scope="module")
def table():
    return pd.read_csv(DATA / "roaches.csv")


@pytest.fixture(scope="module")
def fit(fit_program, table):
    return fit_program("roaches", ROACHES, table)


@pytest.fixture(scope="module")
def repaired(fit):
    return repair_leave_one_out(fit)


class TestRoaches:
    def test_no_high_khat_is_left(self, fit, repaired):
        bad = compute_leave_one_out(fit).khat > repaired.khat_limit
        assert 8 <= bad.sum() <= 22
        assert not repaired.is_bad.any()
        assert set(repaired.ways[bad]) == {"moment matching"}
        assert set(repaired.ways[~bad]) == {"importance weights"}
        assert not repaired.notes

    def test_rows_equal_ratios_of_integrals(self, table, repaired):
        predictors = np.column_stack([
            10 * np.sqrt(table["hundreds_before"]), table["treatment"], table["senior"], np.ones(len(table)),
        ])  # fmt: skip
        counts, offset = table["caught"].to_numpy(), np.log(table["trap_days"].to_numpy())
        whole = compute_integral(predictors, counts, offset, 0)
        scores = []
        for row in np.flatnonzero(repaired.ways == "moment matching"):
            kept = np.arange(len(table)) != row
            left = compute_integral(predictors[kept], counts[kept], offset[kept], row)
            exact = whole - left - special.gammaln(counts[row] + 1)
            scores.append((repaired.elpd[row] - exact) / repaired.mcse[row])
        assert np.abs(scores).max() < 4
        assert np.sqrt(np.mean(np.square(scores))) < 2

    def test_the_total_is_what_r_publishes(self, fit, repaired):
        """Of two builds of the vignette: -5478.5 and -5479.1 (SE 700); by weights -5457.8 and -5462.4."""
        assert repaired.elpd.sum() == pytest.approx(-5478.8, abs=2.0)
        assert np.sqrt(len(repaired.elpd)) * repaired.elpd.std(ddof=1) == pytest.approx(700.2, abs=2)
        assert repaired.p.sum() == pytest.approx(276.3, abs=4)
        assert compute_leave_one_out(fit).elpd.sum() > repaired.elpd.sum() + 8

    def test_what_the_contract_says_of_it(self, fit, repaired):
        left_out = compute_leave_one_out(fit)
        assert repaired.scheme == "leave-one-out"
        assert repaired.folds == ""
        assert repaired.labels[:2] == ("1", "2")
        assert repaired.elpd + repaired.p == pytest.approx(left_out.elpd + left_out.p_loo)
        good = repaired.ways == "importance weights"
        assert repaired.elpd[good] == pytest.approx(left_out.elpd[good])
        assert repaired.khat[good] == pytest.approx(left_out.khat[good])


class TestOwnEffects:
    def test_rates_of_single_rows_are_integrated_out(self, fit_program):
        rng = np.random.default_rng(4)
        table = pd.DataFrame({"y": rng.poisson(8, 25), "exposure": rng.uniform(0.5, 2, 25)})
        table.loc[:2, "y"] = [60, 0, 35]
        found = repair_leave_one_out(fit_program("rates", RATES, table))
        exact = np.asarray(stats.nbinom.logpmf(table["y"], 0.8, 0.1 / (0.1 + table["exposure"])))
        is_integrated = found.ways == "integrated"
        assert is_integrated.sum() > 10
        assert found.elpd[is_integrated] == pytest.approx(exact[is_integrated], abs=1e-4)
        assert not found.is_bad.any()

    def test_effects_written_non_centred(self, fit_program):
        y, s = np.array([28.0, 8, -3, 7, -1, 1, 18, 12, 90]), np.array([3.0, 2, 2, 3, 2, 2, 3, 2, 2])
        found = repair_leave_one_out(fit_program("studies", STUDIES, pd.DataFrame({"y": y, "s": s})))
        is_integrated = found.ways == "integrated"
        assert is_integrated.sum() >= 5
        assert found.mcse is not None
        exact = np.array([leave_study_out(y, s, row) for row in range(len(y))])
        scores = (found.elpd - exact)[is_integrated] / found.mcse[is_integrated]
        assert np.abs(scores).max() < 5
        assert np.sqrt(np.mean(scores**2)) < 2.5
        assert found.mcse[is_integrated].max() < 0.3


REGRESSION = """
data { int N; int K; matrix[N, K] X; vector[N] y; }
parameters { vector[K] b; }
model { b ~ normal(0, 10); y ~ normal(X * b, 1); }
"""
"""The regression of `test_moment_matching.py`."""


def do_nothing(*_arguments):
    """Repair no row."""
    return iter(())


class TestRefits:
    def test_rows_are_those_of_closed_forms_and_kept(self, fit_program, monkeypatch, tmp_path):
        model = make_regression(8, leverage=8.0, distance=0.3)
        columns = [f"x{place}" for place in range(8)]
        table = pd.DataFrame(model.predictors, columns=columns).assign(y=model.outcome)
        fit = fit_program("regression", REGRESSION, table, columns={"X": columns})
        monkeypatch.setattr(repair, "_match", do_nothing)
        found = repair_leave_one_out(fit, folder=tmp_path / "kept")
        rows = np.flatnonzero(found.ways == "refit")
        assert rows.size
        assert not found.is_bad.any()
        assert np.isnan(found.khat[rows]).all()
        assert found.mcse is not None
        for row in rows:
            assert abs(found.elpd[row] - model.leave_out(row)) < 4 * found.mcse[row]
        monkeypatch.setattr(
            refit_rows, "name_function", lambda _: "nowhere:nothing"
        )  # nothing is fitted again
        again = repair_leave_one_out(fit, folder=tmp_path / "kept")
        assert again.elpd[rows] == pytest.approx(found.elpd[rows])

    def test_effects_of_single_rows_are_drawn_from_their_distribution(self, fit_program, monkeypatch):
        y, s = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([3.0, 2, 2, 3, 2, 2, 3, 2])
        monkeypatch.setattr(repair, "_match", do_nothing)
        monkeypatch.setattr(repair, "_integrate", do_nothing)
        found = repair_leave_one_out(fit_program("studies", STUDIES, pd.DataFrame({"y": y, "s": s})))
        rows = np.flatnonzero(found.ways == "refit")
        assert rows.size > 2
        assert found.mcse is not None
        for row in rows:
            assert abs(found.elpd[row] - leave_study_out(y, s, row)) < 5 * found.mcse[row]


def leave_study_out(y, s, row):
    """Return the exact log predictive density of a study: the mean is integrated in closed form."""
    kept = np.arange(len(y)) != row

    def log_marginal(tau, y, s):
        return stats.multivariate_normal.logpdf(y, np.zeros(len(y)), np.diag(s**2 + tau**2) + 100)

    def integral(y, s):
        scale = log_marginal(30.0, y, s)
        value, _ = integrate.quad(
            lambda tau: np.exp(log_marginal(tau, y, s) - scale) * stats.expon.pdf(tau, scale=10),
            0, 400, limit=400, points=[10, 30, 60],
        )  # fmt: skip
        return np.log(value) + scale

    return integral(y, s) - integral(y[kept], s[kept])
