"""The prior that groups share: closed forms, what is left alone, and Stan's fits with it."""

from typing import Any

import numpy as np
import pytest

import workbench
from workbench.errors import RequestError
from workbench.segments import QuantityEstimate, SegmentRow
from workbench.segments import folder as segments
from workbench.segments.pooling import estimate_spread
from workbench.segments.shared_prior import estimate_shared_priors, list_hints

PROGRAM = """data { int<lower=1> N; vector[N] y; }
parameters { real mu; vector[2] b; real<lower=0> s; real<lower=0, upper=1> p; real flat; real h; }
model {
  mu ~ normal(1, 2);
  b ~ student_t(3, 0, 1);
  s ~ exponential(1);
  h ~ normal(mu, 1);
  y ~ normal(mu + b[1] + flat, s + p + b[2] + h);
}
"""


def make_rows(estimates):
    """Return rows whose posterior mean and SD are those of each quantity, `{label: (means, sds)}`."""
    count = len(next(iter(estimates.values()))[0])
    return [
        SegmentRow(
            values=(str(n),),
            rows=4,
            key=str(n),
            verdict="ok",
            estimates={
                name: QuantityEstimate(float(means[n]), float(sds[n]))
                for name, (means, sds) in estimates.items()
            },
        )
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def likelihood():
    """Estimates of 30 groups by their rows alone, and the standard errors of these."""
    rng = np.random.default_rng(12)
    errors = rng.uniform(0.2, 1.5, 30)
    return rng.normal(3.0, 0.7, 30) + errors * rng.normal(size=30), errors


def combine(estimates, errors, center, scale):
    """Return mean and SD of a normal posterior."""
    precision = errors**-2.0 + scale**-2.0
    return (estimates / errors**2 + center / scale**2) / precision, precision**-0.5


def test_the_first_prior_is_taken_out_and_the_rest_is_paule_and_mandel(program_from, likelihood):
    program, log = program_from(PROGRAM), np.abs(likelihood[0])
    cv = 0.1
    rows = make_rows(
        {
            "mu": combine(likelihood[0], likelihood[1], 1.0, 2.0),
            "b[1]": likelihood,
            "b[2]": likelihood,
            "s": (log, cv * log),
            "p": likelihood,
            "flat": likelihood,
            "h": likelihood,
        }
    )
    found = estimate_shared_priors(program, {"mu.mu": 1.0, "mu.sigma": 2.0}, rows)
    shared = {one.parameter: one for one in found.shared}
    expected = estimate_spread(*likelihood)
    for name in ("mu", "b[1]", "flat"):
        assert shared[name].location == pytest.approx(expected.mean, rel=1e-9)
        assert shared[name].scale == pytest.approx(expected.between, rel=1e-9)
    assert (shared["mu"].is_prior_removed, shared["b[1]"].is_prior_removed) == (True, False)
    assert shared["s"].location == pytest.approx(np.mean(np.log(log)) - np.log1p(cv**2) / 2, rel=1e-6)
    assert found.forms["s"].startswith("lognormal(")
    assert found.forms["b"].startswith("student_t") is False
    assert found.forms["b"].count("]'") == 2
    assert set(found.reasons) == {"p", "h"}
    assert "bounds" in found.reasons["p"]


def test_groups_that_say_nothing_do_not_count_and_few_groups_share_nothing(program_from, likelihood):
    program = program_from(PROGRAM)
    means, sds = combine(likelihood[0], likelihood[1], 1.0, 2.0)
    silent = make_rows({"mu": (np.append(means, [1.0] * 5), np.append(sds, [1.99] * 5))})
    hyper = {"mu.mu": 1.0, "mu.sigma": 2.0}
    (shared,) = estimate_shared_priors(program, hyper, silent).shared
    assert shared.groups == 30
    few = estimate_shared_priors(program, hyper, silent[:9])
    assert not few.forms
    assert "9 groups say something about it; at least 10" in few.reasons["mu"]
    failed = [SegmentRow(values=("x",), rows=1, key="x", failure="no"), *silent]
    assert estimate_shared_priors(program, hyper, failed).shared == (shared,)


def test_groups_that_do_not_differ_share_a_prior_as_wide_as_its_location_is_uncertain(program_from):
    means, sds = np.full(25, 2.0), np.full(25, 0.5)
    rows = make_rows({"flat": (means, sds)})
    program = program_from(PROGRAM)
    (shared,) = estimate_shared_priors(program, {}, rows).shared
    assert (shared.between, shared.location) == (0.0, 2.0)
    assert shared.scale == pytest.approx(0.5 / 5)
    assert "`flat`" in list_hints(program, {}, rows)[0]
    wide = make_rows({"flat": (np.linspace(-9, 9, 25), sds)})
    assert list_hints(program, {}, wide) == []


NORMAL = """data { int<lower=1> N; vector[N] y; }
parameters { real mu; }
model { mu ~ normal(0, 3); y ~ normal(mu, 1); }
"""


@pytest.mark.stan
def test_the_second_fits_are_those_of_the_closed_form(tools, tmp_path):
    import pandas as pd

    rng = np.random.default_rng(4)
    truth = rng.normal(1.0, 0.6, 12)
    frame = pd.DataFrame({"g": np.repeat(np.arange(12), 4), "y": np.repeat(truth, 4) + rng.normal(size=48)})
    model = tmp_path / "normal.stan"
    model.write_text(NORMAL)
    options: dict[str, Any] = {"method": "nuts", "draws": 1000, "warmup": 500, "progress": False}
    found = workbench.fit_each(model, frame, "g", share_prior=True, output=tmp_path / "out", **options)
    means = frame.groupby("g")["y"].mean().to_numpy()
    errors = np.full(12, 0.5)
    expected = estimate_spread(means, errors)
    (shared,) = found.record.shared
    assert shared.location == pytest.approx(
        expected.mean, abs=0.02
    )  # means of 4000 draws have errors of 0.01
    assert shared.between == pytest.approx(expected.between, abs=0.05)
    known, sds = combine(means, errors, shared.location, shared.scale)
    for row, mean, sd in zip(found.rows, known, sds, strict=True):
        assert row.ess_min is not None
        size = row.ess_min**0.5
        error = 4 * sd / size
        assert row.estimates["mu"].mean == pytest.approx(mean, abs=error)
        assert row.estimates["mu"].sd == pytest.approx(sd, abs=error)
        first, first_sd = combine(means[int(row.label)], 0.5, 0.0, 3.0)
        assert row.unshared["mu"].mean == pytest.approx(first, abs=4 * first_sd / size)
    assert {"mu.unshared_mean", "mu.unshared_sd"} <= set(found.frame.columns)
    assert segments.read(tmp_path / "out" / "unshared").record.is_finished
    assert segments.read(tmp_path / "out").rows == tuple(found.rows)
    again = workbench.fit_each(model, frame, "g", share_prior=True, output=tmp_path / "out", **options)
    assert again.fitted == 0
    with pytest.raises(RequestError, match="at least 10 groups, found 2"):
        workbench.fit_each(
            model, frame[frame["g"] < 2], "g", share_prior=True, output=tmp_path / "few", **options
        )
