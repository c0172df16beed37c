"""Numbers of rows: widths and errors where they are known, what is refused, what is kept."""

import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import special

from workbench import tables
from workbench.backends.stan import StanBackend
from workbench.calibration import folder as calibration_folder
from workbench.calibration.fitting import (
    SimulatedData,
    compute_yes_probabilities,
    replace_outcomes,
    replace_rows,
)
from workbench.calibration.other_rows import choose_rows
from workbench.calibration.recovery import find_root_rows, measure_median, measure_rmse
from workbench.errors import RequestError
from workbench.estimation.context import FitContext
from workbench.execution import LocalExecutor
from workbench.methods import Laplace, Map, Mle
from workbench.progress import SILENT
from workbench.workflow.builds import Builds
from workbench.workflow.calibrate import CalibrateOptions, calibrate_files
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program

pytestmark = pytest.mark.usefixtures("tools")

KNOWN = """
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  mu ~ normal(0, 1);
  y ~ normal(mu, 2);
}
"""
"""The prior is worth (2 / 1)^2 = 4 rows."""

YES_NO = """
data {
  int<lower=1> N;
  vector[N] x;
  array[N] int<lower=0, upper=1> y;
}
parameters {
  real alpha;
  real beta;
}
model {
  alpha ~ normal(0, 1);
  beta ~ normal(0, 1);
  y ~ bernoulli_logit(alpha + beta * x);
}
"""

GROUPS = """
data {
  int<lower=1> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> group;
  vector[N] y;
}
parameters {
  vector[J] theta;
}
model {
  theta ~ normal(0, 1);
  y ~ normal(theta[group], 1);
}
"""

ROWS = (10, 40, 160)
BOTH = (Laplace(), Mle())
MANY = 60
"""Data sets of the test whose numbers are known: its limits are standard errors, which follow it."""

SMALL = 8
"""Data sets of tests that do not ask for numbers."""


@pytest.fixture
def calibrate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    columns = {"y": rng.integers(0, 2, 12), "x": rng.standard_normal(12), "group": list("abcd") * 3}
    pd.DataFrame(columns).to_csv("rows.csv", index=False)

    def run(text=KNOWN, *, rows=ROWS, methods=BOTH, count=SMALL, seed=1, **asked):
        path = tmp_path / "model.stan"
        path.write_text(text, encoding="utf-8")
        options = FitOptions(methods=methods, output=tmp_path / "out", jobs=2, seed=seed)
        return calibrate_files(
            path, tmp_path / "rows.csv", options, CalibrateOptions(count, rows=rows, **asked)
        )

    return run


@pytest.fixture
def prepare(tmp_path, tools):
    def make(text):
        path, table = tmp_path / "model.stan", tmp_path / "rows.csv"
        path.write_text(text, encoding="utf-8")
        return prepare_request(read_program(path, {}, tools), tables.read(table), FitOptions())

    return make


# --- Numbers that are known -------------------------------------------------------------------------------


def test_widths_and_errors_of_a_conjugate_normal_are_the_known_ones(calibrate):
    """Posterior SD 2 / sqrt(n + 4); the MLE, the mean, has the error 2 / sqrt(n)."""
    found = calibrate(count=MANY)
    by_key = {(item.rows, item.method): item for item in found.record.by_rows}
    assert set(by_key) == {(rows, method) for rows in ROWS for method in ("laplace", "mle")}
    for rows in ROWS:
        posterior, mle = by_key[rows, "laplace"], by_key[rows, "mle"]
        width = 2 * special.ndtri(0.975) * 2 / np.sqrt(rows + 4)
        # Quantiles of 1000 draws: the median of many of them has the stated error, and 0.3% for their bias.
        assert abs(posterior.width - width) < 4 * posterior.width_se + 0.003 * width
        assert mle.width == pytest.approx(2 * special.ndtri(0.975) * 2 / np.sqrt(rows), rel=1e-4)
        for item, rmse in ((mle, 2 / np.sqrt(rows)), (posterior, 2 / np.sqrt(rows + 4))):
            assert abs(item.rmse - rmse) < 4 * item.rmse_se
            assert abs(item.bias) < 4 * item.bias_se
            assert abs(item.coverage.share - 0.95) < 4 * np.sqrt(0.95 * 0.05 / MANY)
        # The MLE lies |ybar| 4 / (n + 4) from the posterior mean; ybar is normal(0, sqrt(1 + 4 / n)).
        mean = np.sqrt(2 / np.pi) * np.sqrt(1 + 4 / rows) * 4 / (rows + 4) / (2 / np.sqrt(rows + 4))
        (distance,) = mle.distances
        # To the mean of 1000 draws, whose own error adds up to 1 / sqrt(1000) posterior SDs.
        assert abs(distance.distance - mean) < 4 * distance.se + 1 / np.sqrt(1000)
    assert mle.distances[0].method == "laplace"
    (need,) = found.record.needed
    assert (need.fits_from, need.half_rows) == (40, 640)  # sqrt(14 / 10) is beyond 10%, sqrt(44 / 40) is not
    assert "to halve it takes about 640 rows" in found.record.sentence


def test_rows_that_do_not_narrow_intervals_are_not_extrapolated(calibrate):
    text = KNOWN.replace("real mu;", "real mu;\n  real nu;").replace(
        "mu ~ normal(0, 1);", "mu ~ normal(0, 1);\n  nu ~ normal(0, 1);"
    )
    needed = {item.quantity: item for item in calibrate(text, methods=(Laplace(),), count=20).record.needed}
    assert needed["nu"].half_rows is None
    assert "hardly narrow it" in needed["nu"].sentence
    assert needed["mu"].half_rows == 640


def test_rows_with_which_nothing_could_be_fitted_are_said(calibrate, tmp_path):
    """A demand of the model block that five rows never meet, and forty always do."""
    text = KNOWN.replace("model {", 'model {\n  if (N < 9) reject("too few rows: ", N);')
    found = calibrate(text, rows=(5, 40), methods=(Laplace(),))
    assert {item.rows for item in found.record.by_rows} == {40}
    (note,) = (text for text in found.record.notes if text.startswith("With 5 rows"))
    assert f"Laplace has no fit of {SMALL} of {SMALL} data sets: " in note
    assert "too few rows: 5" in note
    assert note.endswith("Nothing is said of it there.")
    assert "of 5 and 40 rows of rows.csv" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_the_smaller_rules():
    assert find_root_rows(np.array([100, 150]), np.array([1.0, 0.8165])) is None  # no factor of two
    assert measure_rmse(np.array([3.0, -4.0]))[0] == pytest.approx(np.sqrt(12.5))
    draws = np.random.default_rng(1).standard_normal((2000, 100))
    medians, errors = zip(*map(measure_median, draws), strict=True)
    assert np.mean(errors) == pytest.approx(np.std(medians), rel=0.1)


def test_probabilities_of_a_yes_are_those_of_the_model_and_errors_fall_with_rows(calibrate, prepare, tools):
    found = calibrate(YES_NO, rows=(30, 300), methods=BOTH, count=40)
    errors = {(item.method, item.rows): item for item in found.record.probabilities}
    assert set(errors) == {(method, rows) for method in ("laplace", "mle") for rows in (30, 300)}
    for method in ("laplace", "mle"):
        few, many = errors[method, 30], errors[method, 300]
        assert few.error - many.error > 3 * np.hypot(few.error_se, many.error_se)
    assert errors["mle", 30].error > errors["laplace", 30].error

    request = prepare(YES_NO)
    backend = StanBackend()
    rows = choose_rows(12, 20, 0, 1)
    data = SimulatedData(0, ("alpha", "beta"), np.array([0.3, -0.8]), {"y": np.arange(20) % 2}, rows)
    own = replace_outcomes(request, data)
    _, model, _ = Builds(request, tools, SILENT).build_or_keep_loops()
    folder = found.folder / "scratch"
    folder.mkdir()
    context = FitContext(own, model.exe, backend, folder, SILENT)
    try:
        points = np.array([[0.3, -0.8], [1.0, 2.0]])
        probabilities = compute_yes_probabilities(context, backend, data, points)
    finally:
        backend.end_idle()
    x = pd.read_csv("rows.csv")["x"].to_numpy()[rows]
    expected = special.expit(points[:, :1] + points[:, 1:] * x)
    assert probabilities == pytest.approx(expected, abs=1e-6)


# --- Rows and groups --------------------------------------------------------------------------------------


def test_rows_are_drawn_again_and_groups_stay(calibrate, prepare):
    found = calibrate(GROUPS, rows=(3, 30), methods=(Map(),))
    assert {item.quantity for item in found.record.by_rows} == {f"theta[{group}]" for group in range(1, 5)}
    request = prepare(GROUPS)
    values = replace_rows(request, np.array([1, 1, 5, 0])).data.values
    assert (values["N"], values["J"]) == (4, 4)
    assert np.asarray(values["group"]).tolist() == [2, 2, 2, 1]
    assert len(values["y"]) == 4


def test_fewer_rows_are_the_first_of_more_and_truths_the_same(calibrate):
    assert choose_rows(12, 40, 3, 1)[:10].tolist() == choose_rows(12, 10, 3, 1).tolist()
    assert choose_rows(12, 40, 3, 1).tolist() != choose_rows(12, 40, 4, 1).tolist()
    # All rows of the table are equally probable.
    counts = np.bincount(choose_rows(12, 12_000, 0, 2), minlength=12)
    assert abs(counts - 1000).max() < 5 * np.sqrt(1000)
    frame = calibrate().frame
    truths = frame[frame["quantity"] == "mu"].groupby("simulation")["truth"].nunique()
    assert (truths == 1).all()
    assert sorted(frame["rows"].unique()) == list(ROWS)


# --- Refusals, and what is kept ---------------------------------------------------------------------------


def test_what_cannot_be_asked_is_refused(calibrate):
    with pytest.raises(RequestError, match="cannot be had together"):
        CalibrateOptions(rows=(10,), from_posterior=True)
    with pytest.raises(RequestError, match="between 1 and"):
        CalibrateOptions(rows=(10, 0))
    with pytest.raises(RequestError, match="each row has one of its own"):
        calibrate(
            KNOWN.replace("real mu;", "vector[N] mu;"),
        )
    with pytest.raises(RequestError, match="another one with other rows"):
        calibrate(KNOWN.replace("mu ~ normal(0, 1)", "mu ~ normal(0, N)"))
    series = KNOWN.replace("y ~ normal(mu, 2)", "y[2 : N] ~ normal(mu * y[1 : (N - 1)], 2)")
    with pytest.raises(RequestError, match="rows depend on their order"):
        calibrate(series.replace("<lower=1> N", "<lower=2> N"))
    with pytest.raises(RequestError, match="not accepted"):
        calibrate(KNOWN.replace("<lower=1> N", "<lower=11> N"))


class Counting(LocalExecutor):
    """Counts the tasks that were run."""

    ran = 0

    def map(self, tasks, folder):
        for outcome in super().map(tasks, folder):
            self.ran += not outcome.was_kept
            yield outcome


def test_finished_fits_are_kept_for_other_numbers_of_rows_too(calibrate, tmp_path):
    first = Counting(1)
    found = calibrate(rows=(10, 20), executor=first)
    assert first.ran == 2 * SMALL // 4
    again = Counting(1)
    assert calibrate(rows=(20, 10, 20), executor=again).record.by_rows == found.record.by_rows
    assert again.ran == 0
    more = Counting(1)
    calibrate(rows=(10, 20, 30), executor=more)
    assert more.ran == SMALL // 4
    record = calibration_folder.read(tmp_path / "out").record
    assert sorted({item.rows for item in record.by_rows}) == [10, 20, 30]
    report = (tmp_path / "out/report.html").read_text()
    assert "How much data is needed" in report
    assert "With 30 rows the 95% interval of" in report


# --- Tables without the outcome ---------------------------------------------------------------------------

POSITIVE = """
data {
  int<lower=1> N;
  vector[N] x;
  vector<lower=0>[N] y;
}
transformed data {
  real<lower=0.01> smallest = min(y);
  real half = 0.5 * x[1];
  for (n in 1 : N) if (y[n] <= 0) reject("an outcome of 0");
  half -= 0.5 * x[1];
}
parameters {
  real alpha;
}
model {
  alpha ~ normal(half, 1);
  y ~ lognormal(half + alpha + 0.1 * x, 1);
}
"""
"""A program that does not take the placeholder of its outcome, 0."""


@pytest.mark.parametrize("rows", [(), (5, 30)])
@pytest.mark.parametrize("text", [YES_NO, GROUPS, POSITIVE])
def test_a_table_without_the_outcome_gives_what_one_with_it_gives(calibrate, text, rows, tmp_path):
    known = pd.read_csv("rows.csv")
    known.assign(y=known["y"] + (text is POSITIVE)).to_csv("rows.csv", index=False)
    whole = calibrate(text, rows=rows).frame
    shutil.rmtree(tmp_path / "out")
    known.drop(columns="y").to_csv("rows.csv", index=False)
    found = calibrate(text, rows=rows)
    assert found.frame.equals(whole)


def test_a_simulator_may_lack_the_outcome_too(calibrate, tmp_path):
    pd.read_csv("rows.csv").drop(columns="y").to_csv("rows.csv", index=False)
    other = tmp_path / "other.stan"
    other.write_text(YES_NO.replace("beta ~ normal(0, 1)", "beta ~ normal(0, 1.5)"), encoding="utf-8")
    found = calibrate(YES_NO, rows=(), simulate_with=other)
    assert found.record.simulations == SMALL
    assert not any(method.failed for method in found.record.methods)


def test_a_column_of_the_outcome_that_is_no_number_is_not_passed_over(calibrate):
    pd.read_csv("rows.csv").assign(y=["often", "rarely", "never"] * 4).to_csv("rows.csv", index=False)
    with pytest.raises(RequestError, match="`y`"):
        calibrate(YES_NO, rows=())


def test_posterior_truths_need_the_outcome(calibrate):
    pd.read_csv("rows.csv").drop(columns="y").to_csv("rows.csv", index=False)
    with pytest.raises(RequestError, match="has no column `y`"):
        calibrate(YES_NO, rows=(), from_posterior=True)


def test_a_column_that_may_be_the_outcome_is_pointed_at(calibrate):
    matrix = YES_NO.replace("vector[N] x;", "int K; matrix[N, K] X;").replace("real beta", "vector[K] beta")
    pd.read_csv("rows.csv").rename(columns={"y": "bought"}).to_csv("rows.csv", index=False)
    (note,) = calibrate(matrix.replace("beta * x", "X * beta"), rows=()).record.notes
    assert "no column is named `y`, and `X` takes the columns `bought`, `x`" in note
    assert "--column y=COLUMN" in note


# --- Programs that check their outcomes -------------------------------------------------------------------

CHECKED = POSITIVE.replace("real<lower=0.01> smallest = min(y);", "").replace("y[n] <= 0)", "y[n] <= LIMIT)")


@pytest.mark.parametrize("has_outcome", [True, False])
def test_data_sets_that_the_program_refuses_are_left_out_or_too_many(calibrate, has_outcome):
    known = pd.read_csv("rows.csv").assign(y=5.0)
    (known if has_outcome else known.drop(columns="y")).to_csv("rows.csv", index=False)
    # The least of 12 lognormal values lies below 0.02 in 2 % of data sets, and below 0.5 in most.
    found = calibrate(CHECKED.replace("LIMIT", "0.02"), rows=(), methods=(Map(),), count=400, seed=2)
    (method,), record = found.record.methods, found.record
    assert 0 < record.left_out < 20
    assert method.fits == 400 - record.left_out
    assert not method.failed
    assert any(f"refuse {record.left_out} of 400 simulated" in note for note in record.notes)
    assert not any("are no data" in note for note in record.notes)
    with pytest.raises(RequestError, match=r"refuse \d+ of 40 simulated data sets: .*an outcome of 0"):
        calibrate(CHECKED.replace("LIMIT", "0.5"), rows=(), count=40)


def test_a_program_that_refuses_every_data_set_is_refused(calibrate):
    pd.read_csv("rows.csv").drop(columns="y").to_csv("rows.csv", index=False)
    with pytest.raises(
        RequestError, match=r"refuses? (each of|8 of) 8 simulated data sets: .*an outcome of 0"
    ):
        calibrate(CHECKED.replace("LIMIT", "1e9"), rows=())


@pytest.mark.parametrize("has_outcome", [True, False])
def test_prior_and_likelihood_in_one_expression_are_named(calibrate, has_outcome):
    mixed = KNOWN.replace("mu ~ normal(0, 1);", "real lp = normal_lpdf(mu | 0, 1);")
    mixed = mixed.replace("y ~ normal(mu, 2);", "lp += normal_lpdf(y | mu, 2); target += lp;")
    if not has_outcome:
        pd.read_csv("rows.csv").drop(columns="y").to_csv("rows.csv", index=False)
    with pytest.raises(RequestError, match=r"the role of `target \+= lp;` on line 11 is unclear") as found:
        calibrate(mixed, rows=())
    assert found.value.hint == "add each density to `target` by a statement of its own"


def test_a_parameter_whose_bound_is_an_outcome_is_named(calibrate):
    bounded = KNOWN.replace("real mu;", "real<upper=max(y)> mu;")
    with pytest.raises(RequestError, match="declaration of the parameter `mu` depends on the outcome `y`"):
        calibrate(bounded, rows=(), from_posterior=True)
