"""A run updated with new rows is the posterior given all rows: closed forms, and every way that it can go."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base import array_stats
from scipy import stats

import workbench as wb
from workbench.backends.stored_chains import ChainDraws
from workbench.binding import append_rows, rebind, try_bind
from workbench.binding.options import BindingOptions
from workbench.errors import BindingError, RequestError, UnseenLevel
from workbench.priors.priors_file import read_priors
from workbench.report.fit.notes import describe_update
from workbench.tables import from_frame, read
from workbench.workflow.update_rows import append_table, check_can_take_rows
from workbench.workflow.update_weights import choose_rows, draw_again

OLD = pd.DataFrame({"y": [3, 5, 2, 4, 4, 1, 3, 6, 2, 3], "exposure": 1.0})
NEW = pd.DataFrame({"y": [4, 2, 5], "exposure": [1.0, 2.0, 1.0]})
FAR = pd.DataFrame({"y": [40] * 30, "exposure": 1.0})
QUIET: dict[str, Any] = {"progress": False, "report": False}


@pytest.fixture(scope="module")
def fit(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("update") / "old"
    return wb.fit("gamma_poisson", OLD, method=["map", "nuts"], draws=500, output=folder, **QUIET)


@pytest.fixture(scope="module")
def updated(fit):
    return fit.update(NEW, output=fit.folder.with_name("updated"), **QUIET)


def posterior(fit, *tables):
    """Return the gamma posterior in closed form: shape a + sum(y), rate b + sum(exposure)."""
    rows = pd.concat(tables)
    prior = fit.results.priors
    shape = prior["rate_prior_a"] + rows["y"].sum()
    return stats.gamma(shape, scale=1 / (prior["rate_prior_b"] + rows["exposure"].sum()))


def assert_posterior(fit, expected):
    estimate = fit.results.posterior("rate")
    assert abs(estimate.mean - expected.mean()) < 4 * estimate.mcse_mean
    assert abs(estimate.sd - expected.std()) < 4 * estimate.mcse_sd
    assert fit.results.exact.estimates["rate"].mean == pytest.approx(expected.mean(), rel=1e-12)
    assert fit.results.exact.estimates["rate"].sd == pytest.approx(expected.std(), rel=1e-12)


def test_weighted_draws_are_the_posterior_given_all_rows(fit, updated):
    result = updated.results.updated
    assert result.way == "weights"
    assert result.khat <= result.khat_limit
    assert (result.old_rows, result.new_rows, result.parent) == (10, 3, str(fit.folder))
    assert_posterior(updated, posterior(fit, OLD, NEW))
    kept = np.unique(updated.draws("rate")).size
    assert kept < fit.draws("rate").size  # they are draws of the run, some of them several times
    assert np.isin(updated.draws("rate").round(9), fit.draws("rate").round(9)).all()


def test_log_likelihoods_are_those_of_all_rows(fit, updated):
    for run, rows in ((fit, OLD), (updated, pd.concat([OLD, NEW]))):
        log_lik = run.tree["log_likelihood"].to_dataset()
        values = next(iter(log_lik.values())).to_numpy()[0, :5]
        rate = run.draws("rate")[0, :5]
        expected = stats.poisson.logpmf(rows["y"].to_numpy(), rate[:, None] * rows["exposure"].to_numpy())
        assert values == pytest.approx(expected, abs=1e-4)


def test_effective_sample_size_counts_repeated_draws_once():
    """Of independent draws it is one over the sum of squared weights (Kish 1965), as ArviZ has it."""
    random = np.random.default_rng(5)
    weights = random.dirichlet(np.full(4000, 0.8))
    chains = ChainDraws(random.standard_normal((4, 1000, 1)), {})
    again = draw_again(chains, weights, 3)
    counts = np.bincount(choose_rows(weights, 3), minlength=4000)
    expected = 4000**2 / (counts**2).sum()
    assert array_stats.ess(again.draws[:, :, 0], method="mean") == pytest.approx(expected, rel=0.12)


def test_rows_far_from_the_old_ones_are_fitted_together_with_them(fit):
    updated = fit.update(FAR, output=False, **QUIET)
    result = updated.results.updated
    assert result.way == "refit"
    assert result.reason.startswith("weights of its draws would not do: ")
    assert_posterior(updated, posterior(fit, OLD, FAR))
    assert updated.results.nuts.warmup == 300


def test_draws_that_seem_to_disagree_once_weighted_are_not_used(fit, monkeypatch):
    monkeypatch.setattr("workbench.workflow.update_weights.RHAT_LIMIT", 0.9)
    updated = fit.update(NEW, output=False, **QUIET)
    result = updated.results.updated
    assert result.way == "refit"
    assert re.fullmatch(
        r"weights of its draws would not do: R-hat of `rate` is \d\.\d+, above 0\.900", result.reason
    )
    assert_posterior(updated, posterior(fit, OLD, NEW))


def test_batch_by_batch_equals_all_at_once(fit, updated):
    twice = updated.update(NEW.assign(y=[1, 7, 3]), output=False, weights=False, **QUIET)
    assert_posterior(twice, posterior(fit, OLD, NEW, NEW.assign(y=[1, 7, 3])))
    assert [earlier.rows for earlier in twice.results.updated.earlier] == [10, 13]
    assert twice.results.updated.earlier[0].estimates["rate"].mean == fit.results.posterior("rate").mean
    assert twice.results.updated.reason == "weights were not wanted"


def test_a_sentence_says_how_the_run_was_made_and_the_list_of_runs_names_its_parent(fit, updated):
    said = describe_update(updated.results)
    assert said.startswith(f"Updated from `{fit.folder}` (10 rows) with 3 new rows of `data`: its draws were")
    assert "k-hat" in said
    assert describe_update(fit.results) == ""
    listed = wb.runs(fit.folder.parent).set_index("rows")["updated_from"]
    assert listed.to_dict() == {10: "", 13: str(fit.folder)}


def test_an_updated_run_can_be_read_continued_and_predicted_from(updated, tmp_path):
    from workbench.workflow.resume import continue_run

    loaded = wb.load(updated.folder)
    assert loaded.results.updated == updated.results.updated
    longer = continue_run(updated.folder, 200, output=tmp_path / "longer")
    assert longer.results.nuts.draws == 700
    assert longer.results.posterior("rate").mean == pytest.approx(
        updated.results.posterior("rate").mean, abs=0.1
    )


def test_priors_of_an_updated_run_are_studied_on_all_its_rows(updated, tmp_path):
    """The rows are of two tables, and stand in the run alone; the posterior at each point is a gamma."""
    study = wb.sensitivity(
        updated, vary={"rate_prior_a": [1.0, 3.0]}, method="nuts", prior_predictive=False,
        output=tmp_path / "study", progress=False,
    )  # fmt: skip
    prior, rows = updated.results.priors, pd.concat([OLD, NEW])
    points = study.frame.query("parameter == 'rate'").to_dict("records")
    assert {row["rate_prior_a"] for row in points} >= {1.0, 3.0}
    for row in points:
        expected = (row["rate_prior_a"] + rows["y"].sum()) / (prior["rate_prior_b"] + rows["exposure"].sum())
        assert abs(row["mean"] - expected) < 5 * row["mcse_mean"], row


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (NEW.drop(columns="y"), "has no column `y`, which the fit used"),
        (NEW.drop(columns="exposure"), "has no column `exposure`"),
        (NEW.assign(y=[1.5, 2, 3]), "integer"),
        (NEW.assign(exposure=[-1.0, 1, 1]), "-1"),
        (NEW.iloc[:0], "row"),
    ],
)
def test_rows_that_do_not_fit_are_refused(fit, rows, said):
    with pytest.raises(BindingError, match=said):
        fit.update(rows, output=False, **QUIET)


def test_systematic_resampling_takes_each_draw_as_often_as_its_weight_says():
    weights = np.random.default_rng(4).dirichlet(np.full(200, 0.3))
    counts = np.bincount(choose_rows(weights, 7), minlength=200)
    assert counts.sum() == 200
    assert (np.abs(counts - 200 * weights) < 1).all()


PROGRAM = """
data {
  int<lower=1> N;
  int<lower=1> K;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> g;
  matrix[K, N] X;
  vector[J] u;
  real s;
  vector[N] y;
}
parameters { vector[K] beta; vector[J] a; }
model { y ~ normal(X' * beta + a[g] + u[g], s); }
"""


@pytest.fixture(scope="module")
def groups():
    return pd.DataFrame({
        "g": ["a", "b", "b", "a"], "x1": [1.0, 2, 3, 4], "x2": [5.0, 6, 7, 9], "u": [1.0, 2, 2, 1], "s": 2.0,
        "y": [0.5, 1, 2, 3], "name": ["p", "q", "r", "t"],
    })  # fmt: skip


def append(program, old, new):
    options = BindingOptions(columns={"X": ("x1", "x2")})
    attempt = try_bind(program, from_frame(old), options)
    assert not attempt.problems
    rules = attempt.data.rules
    return append_rows(attempt.data, rebind(rules, program, from_frame(new)), program, rules), attempt.data


def test_rows_are_joined_on_the_axis_of_rows_and_groups_stay(program_from, groups):
    program = program_from(PROGRAM)
    new = groups.iloc[:2].assign(g=["b", "b"], y=[7.0, 8.0], name=["v", "w"])
    both, old = append(program, groups, new)
    values = both.values
    assert values["N"] == 6
    assert np.asarray(values["X"]).tolist() == [[1, 2, 3, 4, 1, 2], [5, 6, 7, 9, 5, 6]]
    assert np.asarray(values["g"]).tolist() == [1, 2, 2, 1, 2, 2]
    assert np.asarray(values["u"]).tolist() == np.asarray(old.values["u"]).tolist() == [1, 2]
    assert (both.rows, both.labels["J"]) == (6, ("a", "b"))
    assert both.table.path.name == "data + data"


def test_a_number_for_all_rows_must_stay_the_same(program_from, groups):
    with pytest.raises(BindingError, match="`s` is 2 in the fit, but 3 in the new rows"):
        append(program_from(PROGRAM), groups, groups.assign(s=3.0))


def test_a_new_level_is_told_apart_from_other_problems(program_from, groups):
    with pytest.raises(UnseenLevel, match="did not occur in the data of the fit"):
        append(program_from(PROGRAM), groups, groups.assign(g="c"))


CODED = """
data { int<lower=1> N; int<lower=1> J; array[N] int<lower=1, upper=J> g; vector[N] y; }
parameters { vector[J] a; }
model { y ~ normal(a[g], 1); }
"""


def append_to(program, old, new):
    """Return new rows below those of a run that is nothing but its data."""
    fit: Any = SimpleNamespace(results=SimpleNamespace(data=SimpleNamespace(rules=old.rules)))
    request: Any = SimpleNamespace(program=program, data=old)
    return append_table(fit, request, from_frame(pd.DataFrame(new)))


def test_further_codes_of_groups_are_further_groups(program_from, groups):
    """Numbered groups with nothing but rows of their own; predictors of groups would not be known."""
    program = program_from(CODED)
    old = try_bind(
        program, from_frame(pd.DataFrame({"g": [1, 2, 2], "y": [0.5, 1, 2]})), BindingOptions()
    ).data
    both = append_to(program, old, {"g": [4, 1], "y": [3.0, 4.0]})
    assert both.values["J"] == both.rules["groups"]["J"]["count"] == 4
    assert np.asarray(both.values["g"]).tolist() == [1, 2, 2, 4, 1]
    assert "`J` grows from 2 to 4: the new rows have further codes." in both.tips
    same = append_to(program, old, {"g": [2], "y": [3.0]})
    assert same.values["J"] == 2
    for code in (0, 2.5):
        with pytest.raises(BindingError):
            append_to(program, old, {"g": [code], "y": [3.0]})
    numbered = groups.assign(g=[1, 2, 2, 1])
    _, described = append(program_from(PROGRAM), numbered, numbered)
    with pytest.raises(BindingError):
        append_to(program_from(PROGRAM), described, numbered.assign(g=3))


LEVELS = """
data { int<lower=1> N; int K; int<lower=1> J; array[N] int<lower=1, upper=J> g; matrix[N, K] X; vector[N] y; }
parameters { vector[J] a; vector[K] b; }
model { y ~ normal(a[g] + X * b, 1); }
"""


def test_a_new_level_leaves_the_scale_of_the_predictors(program_from, tmp_path):
    """Levels are numbered anew from both tables; means and standard deviations are those of the first."""
    program = program_from(LEVELS)
    random = np.random.default_rng(1)
    table = pd.DataFrame({"g": list("pqpqpq"), "u": random.normal(5, 2, 6), "v": random.normal(100, 20, 6)})
    table.assign(y=0.5).to_csv(tmp_path / "old.csv", index=False)
    first = read(tmp_path / "old.csv")
    options = BindingOptions(columns={"X": ("u", "v")}, standardize=True)
    old = try_bind(program, first, options).data
    none = SimpleNamespace(count=0)
    data = SimpleNamespace(rules=old.rules, path=str(first.path), sha256=first.sha256, dropped=none)
    fit: Any = SimpleNamespace(results=SimpleNamespace(data=data))
    request: Any = SimpleNamespace(program=program, data=old)
    new = pd.DataFrame({"g": ["z", "p"], "u": [50.0, 60.0], "v": [1.0, 2.0], "y": [0.0, 1.0]})
    both = append_table(fit, request, from_frame(new))
    assert (both.values["J"], both.labels["J"]) == (3, ("p", "q", "z"))
    assert both.standardized == old.standardized
    mean, sd = table[["u", "v"]].mean().to_numpy(), table[["u", "v"]].std(ddof=1).to_numpy()
    expected = (np.array([[50, 1], [60, 2]]) - mean) / sd
    assert np.asarray(both.values["X"])[6:] == pytest.approx(expected, rel=1e-9)


def test_a_run_of_stan_data_is_refused(fit):
    import dataclasses

    record = {**fit.record, "data": {**fit.record["data"], "rules": {}}}
    with pytest.raises(RequestError, match="fitted to Stan's own data"):
        check_can_take_rows(dataclasses.replace(fit, record=record))


def test_a_posterior_is_carried_without_its_rows(fit):
    """The posterior is the carried normal times the likelihood of the new rows: by quadrature."""
    forgotten = fit.update(NEW, forget=True, output=fit.folder.with_name("forgotten"), **QUIET)
    carried = read_priors(forgotten.folder / "priors.toml").posterior
    assert carried is not None
    draws = np.log(fit.draws("rate").ravel())
    assert carried.mean == pytest.approx([draws.mean()])
    assert carried.covariance == pytest.approx(np.array([[draws.var(ddof=1)]]))
    log_rate = np.linspace(-1, 3, 20_001)
    log_density = stats.norm(carried.mean, np.sqrt(carried.covariance[0])).logpdf(log_rate)
    for y, exposure in zip(NEW["y"], NEW["exposure"], strict=True):
        log_density = log_density + stats.poisson.logpmf(y, np.exp(log_rate) * exposure)
    weights = np.exp(log_density - log_density.max())
    expected = np.average(np.exp(log_rate), weights=weights)
    estimate = forgotten.results.posterior("rate")
    assert abs(estimate.mean - expected) < 4 * estimate.mcse_mean
    result = forgotten.results.updated
    assert result is not None
    assert (result.way, result.old_rows, result.new_rows, forgotten.results.data.rows) == ("normal", 10, 3, 3)
    assert result.probability_error is not None
    assert 0 < result.probability_error < 0.05
    assert forgotten.tree["stan_data"]["y"].to_numpy().tolist() == [4, 2, 5]
    assert "without its rows: a normal on the unconstrained scale stands" in describe_update(
        forgotten.results
    )
    with pytest.raises(RequestError, match="are a carried posterior, a normal without settings to vary"):
        wb.sensitivity(forgotten, output=fit.folder.with_name("study"), progress=False)
    again = wb.fit("gamma_poisson", NEW, method="nuts", priors=forgotten.folder / "priors.toml",
                   output=False, **QUIET)  # fmt: skip
    assert abs(again.results.posterior("rate").mean - expected) < 4 * estimate.mcse_mean


CENTRED = """
data { int N; vector[N] x; vector[N] y; }
transformed data { vector[N] z = x - mean(x); }
parameters { real a; real b; }
model { a ~ normal(0, 5); b ~ normal(0, 5); y ~ normal(a + b * z, 1); }
"""


def test_rows_prepared_together_cannot_be_forgotten_but_weighted(tools, tmp_path):
    """Least squares with normal priors has a closed form; all rows are centred by the mean of all."""
    del tools
    path = tmp_path / "centred.stan"
    path.write_text(CENTRED)
    random = np.random.default_rng(6)
    x = random.normal(2, 1, 60)
    table = pd.DataFrame({"x": x, "y": 1 + 0.5 * x + random.normal(0, 1, 60)})
    fit = wb.fit(path, table[:56], method="nuts", draws=500, output=False, **QUIET)
    with pytest.raises(RequestError, match="does not treat rows one by one"):
        fit.update(table[56:], forget=True, output=False, **QUIET)
    updated = fit.update(table[56:], output=False, **QUIET)
    result = updated.results.updated
    assert result is not None
    assert result.way == "weights"
    z = np.column_stack([np.ones(60), table["x"] - table["x"].mean()])
    expected = np.linalg.solve(z.T @ z + np.eye(2) / 25, z.T @ table["y"])
    for name, value in zip(("a", "b"), expected, strict=True):
        estimate = updated.results.posterior(name)
        assert estimate.mean is not None
        assert estimate.mcse_mean is not None
        assert abs(estimate.mean - value) < 4 * estimate.mcse_mean


SCALED = """
data { int N; int K; matrix[N, K] X; vector[N] y; }
parameters { real alpha; vector[K] beta; }
model { alpha ~ normal(0, 5); beta ~ normal(0, 0.5); y ~ normal(alpha + X * beta, 1); }
"""

PREDICTORS = ["age", "income"]


@pytest.fixture(scope="module")
def predictors():
    """Sixty rows, and twenty of other ages."""
    random = np.random.default_rng(2)
    table = pd.DataFrame({"age": random.normal(40, 10, 80), "income": random.normal(3000, 500, 80)})
    table["y"] = 0.05 * table["age"] + 0.001 * table["income"] - 4 + random.normal(0, 1, 80)
    return table.assign(age=table["age"] + 8 * (table.index >= 60))


@pytest.fixture(scope="module")
def scaled(tools, predictors, tmp_path_factory):
    del tools
    path = tmp_path_factory.mktemp("scaled") / "scaled.stan"
    path.write_text(SCALED)
    columns = {"X": PREDICTORS}
    return wb.fit(path, predictors[:60], standardize=True, method="nuts", draws=500, columns=columns,
                  output=path.with_name("run"), **QUIET)  # fmt: skip


def assert_closed_form(fit, scale, rows):
    """The posterior is normal; the priors are those of predictors standardized by `scale`."""
    mean, sd = scale[PREDICTORS].mean().to_numpy(), scale[PREDICTORS].std(ddof=1).to_numpy()
    design = np.column_stack([np.ones(len(rows)), (rows[PREDICTORS].to_numpy() - mean) / sd])
    covariance = np.linalg.inv(design.T @ design + np.diag([1 / 25, 4, 4]))
    back = np.array([[1, *(-mean / sd)], [0, 1 / sd[0], 0], [0, 0, 1 / sd[1]]])
    expected = back @ covariance @ design.T @ rows["y"].to_numpy()
    spread = np.sqrt(np.diag(back @ covariance @ back.T))
    for place, name in enumerate(("alpha", "beta[1]", "beta[2]")):
        estimate = fit.results.posterior(name)
        assert abs(estimate.mean - expected[place]) < 5 * estimate.mcse_mean, name
        assert abs(estimate.sd - spread[place]) < 5 * estimate.mcse_sd, name


def test_standardized_predictors_keep_the_scale_of_their_priors(scaled, predictors):
    """By weights, and then fitted together: both are the posterior that began with the first fit's priors."""
    few = scaled.update(predictors[60:63], output=False, **QUIET)
    assert few.results.updated.way == "weights"
    assert_closed_form(few, predictors[:60], predictors[:63])
    all_rows = few.update(predictors[63:], weights=False, output=False, **QUIET)
    assert all_rows.results.updated.way == "refit"
    assert_closed_form(all_rows, predictors[:60], predictors)
    assert "The priors of standardized predictors are those of the first fit" in describe_update(
        all_rows.results
    )


def test_a_carried_posterior_of_standardized_predictors_is_on_the_scale_of_the_data(scaled, predictors):
    folder = scaled.folder.with_name("forgotten")
    forgotten = scaled.update(predictors[60:], forget=True, output=folder, **QUIET)
    assert not forgotten.results.data.standardized.matrices
    assert_closed_form(forgotten, predictors[:60], predictors)
    carried = read_priors(folder / "priors.toml").posterior
    assert carried is not None
    draws = [scaled.draws(name).mean() for name in ("alpha", "beta[1]", "beta[2]")]
    assert carried.mean == pytest.approx(draws, rel=1e-6)


SHARES = """
data { int<lower=1> N; array[N] int<lower=1, upper=3> y; array[N] real x; }
parameters { simplex[3] share; array[2] vector<lower=0>[2] scale; }
model {
  share ~ dirichlet([2, 3, 4]');
  for (i in 1:2) scale[i] ~ gamma(20, 4);
  y ~ categorical(share);
  x ~ normal(scale[1, 2], 1);
}
"""


def test_values_transformed_together_are_carried(tools, tmp_path):
    """The exact posterior is a Dirichlet distribution, close to a normal on the unconstrained scale."""
    del tools
    (tmp_path / "shares.stan").write_text(SHARES)
    random = np.random.default_rng(9)
    table = pd.DataFrame({"y": random.choice([1, 2, 3], 160, p=[0.2, 0.3, 0.5]), "x": 5.0})
    fit = wb.fit(tmp_path / "shares.stan", table[:120], method="nuts", draws=500, output=False, **QUIET)
    forgotten = fit.update(table[120:], forget=True, output=False, **QUIET)
    result = forgotten.results.updated
    assert result is not None
    assert result.khat is not None
    assert result.khat < 0.7
    exact = stats.dirichlet(np.bincount(table["y"])[1:] + np.array([2, 3, 4]))
    for place, (mean, sd) in enumerate(zip(exact.mean(), np.sqrt(exact.var()), strict=True), start=1):
        estimate = forgotten.results.posterior(f"share[{place}]")
        assert estimate.mean is not None
        assert estimate.mcse_mean is not None
        assert abs(estimate.mean - mean) < 5 * estimate.mcse_mean + 0.1 * sd
        assert estimate.sd == pytest.approx(sd, rel=0.15)
