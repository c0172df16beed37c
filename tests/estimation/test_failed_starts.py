"""Programs that cannot start: the statement is named, with values checked here, and what to write."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import workbench
from tests.estimation.minimal import make_context
from workbench.backends.fake import FakeBackend
from workbench.estimation.failed_starts import explain_failed_starts, suggest_rewriting
from workbench.results.method_result import MethodResult

PROGRAM = """data { int N; vector[N] y; }
parameters { real mu; real<lower=0> sigma; }
model {
  vector[N] dens;
  for (n in 1:N) dens[n] = exp(normal_lpdf(y[n] | mu, sigma));
  target += log(prod(dens));
  mu ~ normal(0, 5);
  sigma ~ exponential(1);
}
"""
ROWS = 2000


@pytest.mark.usefixtures("tools")
def test_a_product_that_underflows_is_named_with_values_and_what_to_write(tmp_path):
    """The logarithm of the product is computed here, at the values that the message gives."""
    (tmp_path / "product.stan").write_text(PROGRAM)
    outcomes = np.random.default_rng(2).normal(0, 3, ROWS)
    fitted = workbench.fit(
        tmp_path / "product.stan", pd.DataFrame({"y": outcomes}), output=tmp_path / "run", draws=100
    )
    reason = fitted.results.nuts.reason
    assert "Line 6, `target += log(prod(dens));`, is minus infinity at 4 of 4 points" in reason
    assert "`sum(log(x))`" in reason
    values = dict(re.findall(r"`(mu|sigma)` = (\S+?)[,.] ", reason))
    mu, sigma = float(values["mu"]), float(values["sigma"])
    assert stats.norm(mu, sigma).logpdf(outcomes).sum() < np.log(np.nextafter(0, 1))
    others = [fitted.results.method(key) for key in ("mle", "map", "map_unconstrained")]
    assert {other.reason for other in others} == {"no starting point has a finite log density."}
    printed = (tmp_path / "run" / "console.log").read_text()
    assert {"==== nuts ====", "==== mle ===="} <= set(printed.splitlines())
    assert "Rejecting initial value" in printed


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("target += log(prod(dens));", "sum(log(x))"),
        ("target += log(p * exp(a) + (1 - p) * exp(b));", "log_sum_exp"),
        ("target += log(1 - normal_cdf(y | mu, sigma));", "_lccdf"),
        ("target += log(normal_cdf(y | mu, sigma));", "_lcdf"),
        ("target += log(inv_logit(x));", "log_inv_logit"),
        ("target += log(1 - p);", "log1m(p)"),
        ("target += log(a - b);", "log scale"),
        ("y ~ lognormal(mu, sigma);", "support"),
        ("target += beta_lpdf(y | a, b);", "support"),
        ("target += lp;", "line 2. A product"),
    ],
)
def test_what_to_write_instead_fits_the_statement(statement, words):
    source = "model {\n  real lp = log(prod(dens)); // log(1 - x)\n}"
    assert words in suggest_rewriting(statement, source)


def test_a_solution_below_zero_is_the_error_of_its_solver():
    source = "model {\n  c = ode_rk45_tol(f, c0, 0, t, 1e-3, 1e-3, 500, k);\n}"
    assert "the solver's tolerance" in suggest_rewriting("y ~ lognormal(log(c[1]), sigma);", source)
    assert "log scale" in suggest_rewriting("y ~ lognormal(log(c), s);", "model { // ode_rk45(f)\n}")


def test_a_chain_without_a_gradient_at_its_start_is_not_said_to_have_no_finite_density(tmp_path):
    """Stan tries other values where the density is not finite, and ends where the gradient is refused."""
    rejected = "method = sample\nRejecting initial value:\nException: c is nan\n"
    finished = f"{rejected}Gradient evaluation took 1e-5 s\n"
    ended = f"{rejected}Exception: c is nan (line 3)\n\n"
    console = finished + ended + finished
    nuts = MethodResult("failed", "sampling stopped: Exception: c is nan (line 3)", console=console)
    context = make_context(FakeBackend({}, {}), tmp_path)
    reason = explain_failed_starts(context, {"nuts": nuts})["nuts"].reason
    assert "a chain of 3 ended at the initial value" in reason
    assert "cannot compute its gradient (c is nan (line 3))" in reason
    outside = "method = sample\nUnrecoverable error evaluating the log probability\nException: index 4\n"
    index = replace(nuts, console=outside * 4, reason="sampling stopped: Exception: index 4")
    assert explain_failed_starts(context, {"nuts": index})["nuts"] == index
    ordinary = replace(nuts, console=finished, reason="sampling stopped: the disk is full")
    assert explain_failed_starts(context, {"nuts": ordinary})["nuts"] == ordinary


def test_other_failures_stay_as_they_are(tmp_path):
    results = {
        "nuts": MethodResult("failed", "sampling took longer than the time allowed."),
        "mle": MethodResult("ok", console="Rejecting initial value: ..."),
    }
    assert explain_failed_starts(make_context(FakeBackend({}, {}), tmp_path), results) == results
