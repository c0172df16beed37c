"""Predictions of new rows equal the same sums done here; rows that depend on each other are refused."""

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import tables
from workbench.errors import BindingError, RequestError
from workbench.prediction.chunk import REPETITIONS
from workbench.prediction.outcomes import find_predicted, require_prediction
from workbench.results import run_directory
from workbench.workflow import predict_rows
from workbench.workflow.predict import predict

PROGRAM = """
data {
  int N; int K; int J;
  matrix[N, K] X;
  array[N] int<lower=1, upper=J> g;
  vector[J] u;
  vector[N] y;
}
parameters { real a; vector[K] b; vector[J] z; real<lower=0> s; }
model {
  a ~ normal(0, 10); b ~ normal(0, 10); z ~ normal(0, 1); s ~ exponential(1);
  y ~ normal(a + 0.5 * u[g] + z[g] + X * b, s);
}
"""

QUICK: dict[str, Any] = {"draws": 500, "warmup": 500, "chains": 2}


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("predicting")
    (folder / "groups.stan").write_text(PROGRAM)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"town": rng.choice(["a", "b", "c"], 60), "age": rng.normal(40, 9, 60)})
    frame["size"] = frame["town"].map({"a": 1.0, "b": 2.0, "c": 4.0})
    frame["who"] = [f"someone {number}" for number in range(60)]
    frame["out"] = 3 + 0.1 * frame["age"] + 0.5 * frame["size"] + rng.normal(0, 0.3, 60)
    fitted = workbench.fit(
        folder / "groups.stan",
        frame,
        columns={"X": ["age"], "g": "town", "u": "size", "y": "out"},
        standardize=True,
        output=folder / "run",
        **QUICK,
    )
    return folder / "run", fitted


NEW = pd.DataFrame({"who": ["Ann", "Bob"], "town": ["c", "a"], "age": [30.0, 80.0]})


def test_a_call_imports_nothing_that_takes_long(run, tmp_path):
    NEW.to_csv(tmp_path / "new.csv", index=False)
    code = (
        "import sys\nfrom workbench.cli import main\n"
        f"sys.argv = ['workbench', 'predict', {str(run[0])!r}, 'new.csv', '-o', 'out.csv', '--quiet']\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules)"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert len(pd.read_csv(tmp_path / "out.csv")) == 2, done.stderr
    late = {"pandas", "xarray", "cmdstanpy", "scipy.stats", "matplotlib", "distributed"}
    assert not late & set(done.stdout.split())


def test_predictions_are_those_of_the_draws(run):
    folder, fitted = run
    found = predict(run_directory.read(folder), tables.from_frame(NEW))
    posterior = fitted.tree["posterior"]
    town = (
        posterior["a"].to_numpy()[..., None]
        + 0.5 * np.array([4.0, 1.0])
        + posterior["z"].to_numpy()[..., [2, 0]]
    )
    expected = town + posterior["b"].to_numpy() * np.array([30.0, 80.0])
    noise = float(np.sqrt((posterior["s"].to_numpy() ** 2).mean()))
    error = noise / np.sqrt(expected[..., 0].size)
    assert np.all(np.abs(found["mean"].to_numpy() - expected.mean(axis=(0, 1))) < 4 * error)
    spread = np.sqrt(expected.var(axis=(0, 1)) + noise**2)
    np.testing.assert_allclose(found["sd"], spread, rtol=6 / np.sqrt(2 * expected[..., 0].size))
    assert found["label"].tolist() == ["Ann", "Bob"]
    assert ((found["lower"] < found["median"]) & (found["median"] < found["upper"])).all()


def test_what_the_run_has_not_seen_is_named(run):
    with pytest.raises(BindingError, match=r"`town` of `data`.*`d`.*row 2"):
        predict(run_directory.read(run[0]), tables.from_frame(NEW.assign(town=["a", "d"])))
    with pytest.raises(BindingError, match="`age`"):
        predict(run_directory.read(run[0]), tables.from_frame(NEW.drop(columns="age")))


def test_what_is_wrong_with_new_rows_is_told_before_anything_is_built(run, monkeypatch):
    def refuse(*_arguments, **_options):
        raise AssertionError("built")

    monkeypatch.setattr(predict_rows, "build_all", refuse)
    stored = run_directory.read(run[0])
    wrong = [
        (NEW.drop(columns="age"), "no column `age`", "new data need the columns"),
        (NEW.assign(age=["old", "young"]), "`old` at row 1", "no row has what was expected"),
        (
            NEW.assign(age=[30.0, float("nan")]),
            "an empty cell at row 2",
            "fill in the cells, or leave such rows out",
        ),
        (NEW.assign(town=["a", "d"]), "`d`", "--new-groups draw predicts them"),
    ]
    for frame, message, hint in wrong:
        with pytest.raises(BindingError, match=message) as raised:
            predict(stored, tables.from_frame(frame))
        assert str(raised.value.hint).startswith(hint)
        assert "--missing" not in str(raised.value.hint)
    with pytest.raises(AssertionError, match="built"):
        predict(stored, tables.from_frame(NEW))


def test_a_new_group_is_drawn_from_the_distribution_of_groups(run):
    """The program states `z ~ normal(0, 1)`; the group's size comes from the new row."""
    folder, fitted = run
    new = pd.DataFrame({"who": ["Ann", "Eve"], "town": ["c", "d"], "size": [4.0, 3.0], "age": [30.0, 40.0]})
    with pytest.raises(BindingError, match=r"`town` of `data`.*`d`.*row 2") as raised:
        predict(run_directory.read(folder), tables.from_frame(new))
    assert "--new-groups draw" in str(raised.value.hint)
    found = predict(run_directory.read(folder), tables.from_frame(new), new_groups="draw")
    posterior = fitted.tree["posterior"]
    a, b = posterior["a"].to_numpy().ravel(), posterior["b"].to_numpy()[..., 0].ravel()
    known = a + 0.5 * 4.0 + posterior["z"].to_numpy()[..., 2].ravel() + 30.0 * b
    np.testing.assert_allclose(found["expected"][0], known.mean(), rtol=1e-6)
    np.testing.assert_allclose(found["sd_parameters"][0], known.std(ddof=1), rtol=1e-6)
    mean, variance = (a + 0.5 * 3.0 + 40.0 * b).mean(), (a + 0.5 * 3.0 + 40.0 * b).var() + 1.0
    draws = len(a)
    assert abs(found["expected"][1] - mean) < 4 * np.sqrt(variance / draws)
    assert abs(found["sd_parameters"][1] ** 2 / variance - 1) < 4 * np.sqrt(2 / draws)


def test_a_new_group_can_be_one_of_the_known_ones_at_random(run):
    folder, fitted = run
    new = pd.DataFrame({"town": ["d"], "size": [3.0], "age": [40.0]})
    found = predict(run_directory.read(folder), tables.from_frame(new), new_groups="average")
    posterior = fitted.tree["posterior"]
    others = (posterior["a"].to_numpy() + 1.5 + 40.0 * posterior["b"].to_numpy()[..., 0]).ravel()
    towns = others[:, None] + posterior["z"].to_numpy().reshape(-1, 3)
    error = np.sqrt(towns.var() / len(others))
    assert abs(found["expected"][0] - towns.mean()) < 4 * error
    assert abs(found["sd_parameters"][0] ** 2 / towns.var() - 1) < 4 * np.sqrt(2 / len(others))


def test_a_new_group_has_one_effect_in_all_chunks(run, monkeypatch):
    folder, _ = run
    new = pd.DataFrame({"town": ["d"] * 5, "size": [3.0] * 5, "age": [40.0] * 5})
    monkeypatch.setattr(predict_rows, "NUMBERS_AT_ONCE", 1)
    monkeypatch.setattr(predict_rows, "_SMALLEST_CHUNK", 2)
    with predict_rows.open_predictor(run_directory.read(folder)) as opened:
        chunks = list(predict_rows.iterate_chunks(opened, tables.from_frame(new), new_groups="draw"))
    found = [chunk.outcomes[0].expectation for chunk in chunks]
    assert [None if part is None else part.shape[1] for part in found] == [2, 2, 1]
    for part in found:
        np.testing.assert_allclose(part[:, 0], found[0][:, 0], rtol=1e-12)  # type: ignore[index]


@pytest.mark.usefixtures("tools")
def test_predictors_are_centred_where_the_fit_centred_them(tmp_path):
    """The linear model centres its predictors at the mean of the rows it is given."""
    frame = pd.read_csv(DATA / "kidiq.csv")
    fitted = workbench.fit(
        STAN_MODELS / "regression" / "linear.stan", frame[:400], output=tmp_path / "run", **QUICK
    )
    columns = ["mom_hs", "mom_iq", "mom_age"]
    centred = (frame[columns] - frame[columns][:400].mean()).to_numpy()[400:]
    posterior = fitted.tree["posterior"]
    beta = posterior["beta"].to_numpy().reshape(-1, 3)
    expected = posterior["alpha"].to_numpy().reshape(-1, 1) + beta @ centred.T
    found = predict(run_directory.read(tmp_path / "run"), tables.from_frame(frame[400:]))
    np.testing.assert_allclose(found["expected"], expected.mean(axis=0), rtol=1e-6)
    ends = np.quantile(expected, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found[["expected_lower", "expected_upper"]].T, ends, rtol=1e-6)
    variance = expected.var(axis=0, ddof=1) + (posterior["sigma"].to_numpy() ** 2).mean()
    np.testing.assert_allclose(found["sd"] ** 2, variance, rtol=6 * np.sqrt(2 / len(beta)))
    np.testing.assert_allclose(
        found["sd_parameters"] ** 2 + found["sd_outcome"] ** 2, found["sd"] ** 2, rtol=0.1
    )


@pytest.mark.usefixtures("tools")
def test_a_program_whose_rows_depend_on_each_other_predicts_nothing(tmp_path):
    (tmp_path / "trend.stan").write_text("""
data { int N; vector[N] x; vector[N] y; }
transformed data { vector[N] total = cumulative_sum(x); }
parameters { real b; real<lower=0> s; }
model { b ~ normal(0, 1); s ~ exponential(1); y ~ normal(b * total, s); }
""")
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.normal(size=30), "y": rng.normal(size=30)})
    workbench.fit(tmp_path / "trend.stan", frame, output=tmp_path / "run", **QUICK)
    with pytest.raises(RequestError, match=r"`trend\.stan` does not treat rows one by one"):
        predict(run_directory.read(tmp_path / "run"), tables.from_frame(frame))


@pytest.mark.usefixtures("tools")
def test_parameters_for_each_row_and_stan_data(tmp_path, monkeypatch):
    """New rows in different chunks are drawn independently of each other."""
    model = STAN_MODELS / "hierarchical" / "eight_schools.stan"
    fitted = workbench.fit(model, DATA / "eight_schools.csv", output=tmp_path / "run", **QUICK)
    new = pd.DataFrame({"school": ["C", "I"], "sigma": [16.0, 9.0]})
    stored = run_directory.read(tmp_path / "run")
    with pytest.raises(RequestError, match=r"`theta_raw` has an element for each row.*: I\."):
        predict(stored, tables.from_frame(new))
    found = predict(stored, tables.from_frame(new), new_groups="draw")
    posterior = fitted.tree["posterior"]
    np.testing.assert_allclose(
        found["expected"][0], posterior["theta"].to_numpy()[..., 2].mean(), rtol=1e-6
    )  # rows are known by their names
    mu, tau = posterior["mu"].to_numpy().ravel(), posterior["tau"].to_numpy().ravel()
    variance = mu.var() + (tau**2).mean()
    assert abs(found["expected"][1] - mu.mean()) < 4 * np.sqrt(variance / len(mu))
    monkeypatch.setattr(predict_rows, "NUMBERS_AT_ONCE", 1)
    monkeypatch.setattr(predict_rows, "_SMALLEST_CHUNK", 1)
    new = pd.DataFrame({"school": ["I", "K", "L"], "sigma": [9.0, 9.0, 9.0]})
    with predict_rows.open_predictor(stored) as opened:
        chunks = list(predict_rows.iterate_chunks(opened, tables.from_frame(new), new_groups="draw"))
    assert len(chunks) == 3
    effects = [(chunk.outcomes[0].expectation[:, 0] - mu) / tau for chunk in chunks]  # type: ignore[index]
    noise = [chunk.outcomes[0].draws[:, 0] - chunk.outcomes[0].expectation[:, 0] for chunk in chunks]  # type: ignore[index]
    for drawn in (effects, noise):
        correlations = np.corrcoef(drawn)[np.triu_indices(3, 1)]
        assert np.abs(correlations).max() < 4.5 / np.sqrt(len(mu))
    values = {"J": 2, "y": [1.0, 2.0], "sigma": [1.0, 1.0]}
    workbench.fit(model, values, output=tmp_path / "stan", **QUICK)
    with pytest.raises(RequestError, match="Stan's own data"):
        predict(run_directory.read(tmp_path / "stan"), tables.from_frame(new))


@pytest.mark.usefixtures("tools")
def test_the_mean_of_a_yes_or_no_is_its_probability(tmp_path):
    """Exact: (2 + 21) / (4 + 60). The mean of 1000 drawn zeros and ones would be off by up to 0.03."""
    (tmp_path / "coin.stan").write_text(
        "data { int N; array[N] int<lower=0, upper=1> y; } parameters { real<lower=0, upper=1> p; } "
        "model { p ~ beta(2, 2); y ~ bernoulli(p); }"
    )
    frame = pd.DataFrame({"y": [1] * 21 + [0] * 39})
    workbench.fit(tmp_path / "coin.stan", frame, output=tmp_path / "run", method="nuts", **QUICK)
    fitted = run_directory.read(tmp_path / "run")
    found = predict(fitted, tables.from_frame(pd.DataFrame({"y": [0, 1, 1]})))
    mean, error = float(fitted.tree["posterior"]["p"].mean()), fitted.results.posterior("p").mcse_mean
    assert error is not None
    np.testing.assert_allclose(found["mean"], mean, rtol=1e-6)
    assert abs(mean - 23 / 64) < 4 * error
    np.testing.assert_allclose(found["sd"], np.sqrt(mean * (1 - mean)), rtol=1e-6)
    ends = np.quantile(fitted.tree["posterior"]["p"].to_numpy(), [0.025, 0.5, 0.975])
    np.testing.assert_allclose(found[["lower", "median", "upper"]].T, np.tile(ends, (3, 1)).T, rtol=1e-6)


@pytest.mark.usefixtures("tools")
def test_a_logarithm_made_in_transformed_data_is_predicted_on_both_scales(tmp_path):
    """Checked against the lognormal distribution at the same posterior draws."""
    (tmp_path / "log.stan").write_text("""
data { int N; vector<lower=0>[N] weight; vector[N] unit; }
transformed data { vector[N] logw; for (n in 1:N) logw[n] = log(weight[n] / unit[n]); }
parameters { real mu; real<lower=0> sigma; }
model { mu ~ normal(0, 5); sigma ~ exponential(1); logw ~ normal(mu, sigma); }
""")
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"weight": np.exp(rng.normal(1, 0.3, 50)) * 10, "unit": 10.0})
    workbench.fit(tmp_path / "log.stan", frame, output=tmp_path / "run", method="nuts", **QUICK)
    fitted = run_directory.read(tmp_path / "run")
    found = predict(fitted, tables.from_frame(pd.DataFrame({"unit": [10.0, 1.0]}))).set_index("prediction")
    cells: dict[Any, Any] = found.to_dict("index")
    assert list(cells) == ["logw_rep[1]", "logw_rep[2]", "weight[1]", "weight[2]"]
    mu, sigma = (fitted.tree["posterior"][name].to_numpy().ravel()[:, None] for name in ("mu", "sigma"))
    for name, unit in (("weight[1]", 10.0), ("weight[2]", 1.0)):
        grid = np.linspace(0.5, 15, 1000) * unit
        below = np.mean(stats.lognorm.cdf(grid, sigma, scale=unit * np.exp(mu)), axis=0)
        for quantile, end in ((0.025, "lower"), (0.5, "median"), (0.975, "upper")):
            reached = np.interp(cells[name][end], grid, below)
            assert abs(reached - quantile) < 4 * np.sqrt(quantile * (1 - quantile) / len(mu))
    on_both = [cells["logw_rep[1]"]["median"], np.log(cells["weight[1]"]["median"] / 10)]
    assert on_both[0] == pytest.approx(on_both[1], abs=1e-3)


@pytest.mark.usefixtures("tools")
def test_a_replicate_that_is_drawn_elsewhere_has_its_own_expectation(tmp_path):
    """The likelihood's mean is `mu`; the author draws around `mu + 2`, and replicates are averaged."""
    (tmp_path / "shifted.stan").write_text("""
data { int N; vector[N] y; }
parameters { real mu; }
model { mu ~ normal(0, 5); y ~ normal(mu, 1); }
generated quantities { array[N] real y_rep = normal_rng(rep_vector(mu + 2, N), 1); }
""")
    frame = pd.DataFrame({"y": np.random.default_rng(1).normal(0, 1, 100)})
    workbench.fit(tmp_path / "shifted.stan", frame, output=tmp_path / "run", method="nuts", **QUICK)
    fitted = run_directory.read(tmp_path / "run")
    found = predict(fitted, tables.from_frame(frame[:3]))
    mu = fitted.tree["posterior"]["mu"].to_numpy().ravel() + 2
    error = np.sqrt((mu.var() + 1 / REPETITIONS) / len(mu))
    np.testing.assert_allclose(found["expected"], mu.mean(), atol=5 * error)
    limit = 6 * (mu.var() + 1 / REPETITIONS) * np.sqrt(2 / len(mu))
    np.testing.assert_allclose(found["sd_parameters"] ** 2, mu.var(), atol=limit)
    assert "an average of replicates" in found.attrs["remark"]


CENSORED = """
data { int N; vector[N] t; array[N] int seen; }
parameters { real<lower=0> s; }
model {
  for (n in 1:N) {
    if (seen[n]) t[n] ~ exponential(s);
    else target += exponential_lccdf(t[n] | s);
  }
}
"""


def test_an_outcome_that_cannot_be_predicted_has_a_reason(program_from):
    with pytest.raises(RequestError, match=r"`t` cannot be predicted: .*exponential_lccdf.*censored"):
        require_prediction(program_from(CENSORED).replicates, "censored.stan")


def test_the_authors_replicate_predicts_a_censored_outcome(program_from):
    quantities = "generated quantities { array[N] real y_rep = exponential_rng(rep_vector(s, N)); }"
    assert list(find_predicted(program_from(CENSORED + quantities).replicates)) == ["y_rep"]


TRIALS = """
data { int N; array[N] int<lower=0> n; array[N] int<lower=0, upper=n> y; vector[N] x; }
parameters { real a; real b; }
model { a ~ normal(0, 2); b ~ normal(0, 1); y ~ binomial_logit(n, a + b * x); }
"""


@pytest.fixture(scope="module")
def trials(tools, tmp_path_factory):
    """Every row of the fit has a success: a new row may have fewer trials than that."""
    folder = tmp_path_factory.mktemp("trials")
    (folder / "trials.stan").write_text(TRIALS)
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"n": rng.integers(5, 20, 40), "x": rng.normal(size=40)})
    frame["y"] = np.maximum(2, rng.binomial(frame["n"], 0.6))
    return workbench.fit(folder / "trials.stan", frame, output=folder / "run", **QUICK)


@pytest.mark.filterwarnings("ignore:`n` runs from")
def test_few_trials_are_predicted_and_scored_as_a_count(trials):
    posterior = trials.tree["posterior"]
    probability = 1 / (1 + np.exp(-posterior["a"].to_numpy() - 0.2 * posterior["b"].to_numpy()))
    for count in (0, 1):
        found = trials.predict(pd.DataFrame({"n": [count], "x": [0.2]}))
        assert found["expected"].tolist() == pytest.approx([count * probability.mean()])
    new = pd.DataFrame({"n": [0], "x": [0.2], "y": [0]})
    assert trials.score(new).rows["log_density"].tolist() == [0]
    new = pd.DataFrame({"n": [1], "x": [0.2], "y": [1]})
    scores = trials.score(new)
    assert scores.rows["log_density"].tolist() == pytest.approx([np.log(probability.mean())])
    assert "brier" not in set(scores.summary["score"])
