"""Quantities and draws of new rows from a run equal the same sums of its posterior draws."""

import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

import workbench
from workbench import tables
from workbench.cli.app import app
from workbench.errors import MethodError, RequestError
from workbench.prediction.row_index import index_rows
from workbench.program.predictive.dependence import find_dependent
from workbench.report.terminal import to_text
from workbench.workflow import predict_rows
from workbench.workflow.pages.quantities import build_quantities_page
from workbench.workflow.predict_quantities import predict_quantities

PROGRAM = """
data { int N; int K; matrix[N, K] X; vector[N] y; }
parameters { real a; vector[K] b; real<lower=0> s; }
model { a ~ normal(0, 10); b ~ normal(0, 10); s ~ exponential(1); y ~ normal(a + X * b, s); }
generated quantities {
  vector[N] growth = exp(0.1 * (a + X * b));
  vector[N] residual = y - a - X * b;
  real ratio = b[1] / b[2];
}
"""


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantities")
    (folder / "lines.stan").write_text(PROGRAM)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"age": rng.normal(4, 1, 60), "size": rng.normal(2, 1, 60)})
    frame["out"] = 3 + 2 * frame["age"] - frame["size"] + rng.normal(0, 0.5, 60)
    return workbench.fit(
        folder / "lines.stan",
        frame,
        columns={"X": ["age", "size"], "y": "out"},
        output=folder / "run",
        method=["mle", "nuts"],
        draws=500,
        warmup=500,
        chains=2,
        progress=False,
    )


@pytest.fixture
def workbench_command(tmp_path, monkeypatch):
    """Run `workbench ARGUMENTS` in an empty folder; the signals it takes are given back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    monkeypatch.chdir(tmp_path)
    yield lambda *arguments: CliRunner().invoke(app, arguments, catch_exceptions=False)
    for number, handler in handlers.items():
        signal.signal(number, handler)


NEW = pd.DataFrame({"age": [3.0, 4.0, 5.0], "size": [1.0, 2.0, 3.0], "price": [10.0, 20.0, 30.0]})
NEW.index = pd.MultiIndex.from_tuples([("u", 1), ("u", 1), ("v", 2)])


def take_apart(fitted):
    """Return the expectation of the new rows, `(s, row)`, the slopes, and the residual standard deviation."""
    posterior = fitted.tree["posterior"]
    a, s = (posterior[name].to_numpy().reshape(-1, 1) for name in "as")
    b = posterior["b"].to_numpy().reshape(-1, 2)
    return a + b @ NEW[["age", "size"]].to_numpy().T, b, s


TEXTS = (
    "E(y_rep)", "b[age] - b[size]", "growth", "residual", "sum(price * E(y_rep))", "ratio", "P(y_rep > 11)",
    "max(E(y_rep))", "E(y_rep[3])", "E(y_rep) - a - age * b[age] - size * b[size]",
)  # fmt: skip
"""What is asked for."""

OBSERVED = NEW.assign(out=[8.0, 9.0, 10.0])
"""The new rows with their outcome."""


@pytest.fixture(scope="module")
def found(run):
    return run.predict(OBSERVED, quantity=TEXTS, progress=False)


def test_quantities_are_those_of_the_posterior_draws(run, found):
    mean, b, s = take_apart(run)
    estimates = {name: own.to_numpy() for name, own in found.groupby("quantity", sort=False)["estimate"]}
    assert tuple(estimates) == TEXTS
    np.testing.assert_allclose(estimates["E(y_rep)"], mean.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(estimates["b[age] - b[size]"], (b[:, 0] - b[:, 1]).mean(), rtol=1e-6)
    np.testing.assert_allclose(estimates["growth"], np.exp(0.1 * mean).mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(estimates["residual"], [8, 9, 10] - mean.mean(axis=0), atol=1e-5)
    total = (mean * NEW["price"].to_numpy()).sum(axis=1)
    np.testing.assert_allclose(estimates["sum(price * E(y_rep))"], total.mean(), rtol=1e-6)
    np.testing.assert_allclose(estimates["ratio"], (b[:, 0] / b[:, 1]).mean(), rtol=1e-5)
    np.testing.assert_allclose(estimates["max(E(y_rep))"], mean.max(axis=1).mean(), rtol=1e-6)
    np.testing.assert_allclose(estimates["E(y_rep[3])"], mean[:, 2].mean(), rtol=1e-6)
    same_draws = found[found["quantity"] == TEXTS[-1]]
    assert (same_draws[["lower", "upper"]].abs() < 1e-5).all(axis=None)
    errors = found.loc[found["statistic"] == "probability", "mcse"].to_numpy()
    exceeded = stats.norm.sf(11, mean, s).mean(axis=0)
    assert (np.abs(estimates["P(y_rep > 11)"] - exceeded) < 4 * errors).all()
    assert (errors < 0.04).all()
    assert found.attrs["remark"] == ""


def test_a_table_in_parts_has_the_same_quantities(run, found, monkeypatch):
    """Replicates have other random numbers; all else is the same."""
    monkeypatch.setattr(predict_rows, "NUMBERS_AT_ONCE", 1)
    monkeypatch.setattr(predict_rows, "_SMALLEST_CHUNK", 2)
    parts = index_rows(predict_quantities(run, tables.from_frame(OBSERVED), TEXTS), OBSERVED.index)
    pd.testing.assert_index_equal(parts.index, found.index)
    parts, found = parts.reset_index(drop=True), found.reset_index(drop=True)
    is_drawn = found["statistic"] == "probability"
    pd.testing.assert_frame_equal(found[~is_drawn], parts[~is_drawn])
    assert (np.abs(found["estimate"] - parts["estimate"])[is_drawn] < 6 * found["mcse"][is_drawn]).all()


def test_what_depends_on_an_absent_outcome_is_refused(run):
    with pytest.raises(RequestError, match="`residual` may depend on `y`, which the new rows do not have"):
        run.predict(NEW, quantity="residual", progress=False)


def test_dependence_follows_statements(program_from):
    tree = program_from(PROGRAM).tree
    assert find_dependent(tree, ["y"]) == {"y", "residual"}
    assert find_dependent(tree, ["X"]) == {"X", "growth", "residual"}


def test_the_callers_index_stays(run):
    """In the same table: a column in another unit, and one that the fit did not have."""
    new = NEW.assign(size=NEW["size"] * 1000, color="red")
    with pytest.warns(
        workbench.PredictionWarning, match="`size` runs from .* columns `price`, `color`"
    ) as told:
        predicted = run.predict(new, progress=False)
    assert told[0].filename == __file__
    assert predicted.index.equals(NEW.index)
    assert predicted["label"].tolist() == ["u, 1", "u, 1", "v, 2"]
    assert str(told[0].message) == predicted.attrs["remark"]


DATED = OBSERVED.drop(columns="price").set_index(pd.DatetimeIndex(["2024-03-01", "2024-01-01", "2024-03-01"]))
DATED.index.name = "month"


@pytest.mark.filterwarnings("error")
def test_a_named_index_comes_back_and_is_no_column(run):
    """Its dates are neither sorted nor different."""
    predicted = run.predict(DATED, progress=False)
    pd.testing.assert_index_equal(predicted.index, DATED.index)
    drawn = run.predict(DATED, draws=True, progress=False)
    assert drawn.indexes["row"].equals(DATED.index)
    assert drawn["row"].attrs["long_name"] == "month"
    assert drawn["label"].to_numpy().tolist() == predicted["label"].tolist()
    assert predicted["label"].tolist() == ["2024-03-01", "2024-01-01", "2024-03-01"]
    scores = run.score(DATED, progress=False)
    pd.testing.assert_index_equal(scores.rows.index, DATED.index)
    assert scores.rows["observed"].tolist() == DATED["out"].tolist()
    assert scores.ranked_rows["tail_area"].is_monotonic_increasing
    assert scores.ranked_rows.loc["2024-01-01", "observed"] == 9


@pytest.mark.filterwarnings("error")
def test_rows_and_what_has_none_share_a_table(run):
    """A level of the index is a column where a quantity or the fit uses it."""
    new = DATED.reset_index(drop=True).set_index(["size", pd.Index([7, 7, 3], name="price")])
    asked = run.predict(new, quantity=["price * E(y_rep)", "a"], progress=False)
    assert asked.index.names == ["size", "price"]
    assert asked.index[:3].tolist() == new.index.tolist()
    assert [pd.isna(entry) for entry in asked.index[3]] == [True, True]
    plain = run.predict(DATED.reset_index(drop=True), quantity=["E(y_rep)", "a"], progress=False)
    assert plain.index.tolist() == [0, 1, 2, pd.NA]
    expected = [7, 7, 3] * plain["estimate"].to_numpy()[:3]
    np.testing.assert_allclose(asked["estimate"].to_numpy()[:3], expected, rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_scored_rows_keep_their_entries_where_others_have_no_outcome(run):
    rows = run.score(DATED.assign(out=[8.0, np.nan, 10.0]), progress=False).rows
    assert rows.index.equals(DATED.index[[0, 2]])
    assert rows["label"].tolist() == ["2024-03-01"] * 2


def test_draws_are_a_dataset(run):
    mean, *_ = take_apart(run)
    draws = run.predict(NEW[["age", "size"]], draws=True, progress=False)
    assert draws["y_rep"].sizes == {"chain": 2, "draw": 500, "row": 3}
    np.testing.assert_allclose(draws["y_rep_expectation"].to_numpy().reshape(-1, 3), mean, rtol=1e-5)
    assert draws["level_0"].to_numpy().tolist() == ["u", "u", "v"]
    assert draws["label"].to_numpy().tolist() == ["u, 1", "u, 1", "v, 2"]


def test_options_have_known_values(run):
    with pytest.raises(MethodError, match=r"`method` was expected to be one of nuts, .*, found `bayes`"):
        run.predict(NEW, method="bayes", progress=False)
    with pytest.raises(MethodError, match="`new_groups` was expected"):
        workbench.predict(run, NEW, new_groups="guess", progress=False)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="quantities are summaries of draws"):
        run.predict(NEW, draws=True, quantity="a", progress=False)


def test_a_point_predicts_an_outcome_with_its_spread(run):
    """A plug-in interval of a normal outcome: its mean and standard deviation at the estimate."""
    mle = {name: estimate.value for name, estimate in run.results.mle.estimates.items()}
    mean = mle["a"] + NEW[["age", "size"]].to_numpy() @ np.array([mle["b[1]"], mle["b[2]"]])
    with pytest.warns(workbench.PredictionWarning, match="maximum-likelihood"):
        found = run.predict(NEW[["age", "size"]], method="mle", progress=False)
    np.testing.assert_allclose(found["expected"], mean, rtol=1e-6)
    assert (found["sd_parameters"] == 0).all()
    draws, sd = 4000, mle["s"]
    assert (np.abs(found["mean"] - mean) < 4 * sd / np.sqrt(draws)).all()
    np.testing.assert_allclose(found["sd"], sd, rtol=4 / np.sqrt(2 * draws))
    width = found["upper"] - found["lower"]
    error = 2 * np.sqrt(0.025 * 0.975 / draws) / stats.norm.pdf(1.96)
    np.testing.assert_allclose(width, 2 * 1.96 * sd, rtol=4 * error / (2 * 1.96))


def test_a_file_of_predictions_is_not_all_that_is_shown(run, workbench_command, tmp_path):
    NEW.to_csv(tmp_path / "new.csv", index=False)
    words = ("predict", str(run.folder), "new.csv", "-o", "found.csv")
    shown = workbench_command(*words)
    assert "`y_rep`, 3 values: means from" in shown.stdout.replace("\n", " ")
    assert "y_rep[3]" in shown.stdout
    assert "found.csv" in shown.stderr
    assert workbench_command(*words, "-q").stdout.split() == ["found.csv"]


def test_from_the_command_line(run, workbench_command, tmp_path):
    NEW.to_csv(tmp_path / "new.csv", index=False)
    where = str(run.folder)
    done = workbench_command(
        "predict", where, "new.csv", "-q", "--quantity", "P(y_rep > 11)", "--quantity", "mean(E(y_rep))",
        "--draws", "draws.nc", "-o", "found.csv",
    )  # fmt: skip
    assert done.exit_code == 0
    written = pd.read_csv(tmp_path / "found.csv")
    assert written["quantity"].tolist() == ["P(y_rep > 11)"] * 3 + ["mean(E(y_rep))"]
    mean, *_ = take_apart(run)
    np.testing.assert_allclose(written["estimate"][3], mean.mean(), rtol=1e-6)
    assert (tmp_path / "draws.nc").exists()
    for arguments, words in (
        (("--quantity", "P(y_rpe > 1)"), "did you mean `y_rep`?"),
        (("--quantity", "y_rep > 1"), "a condition"),
        (("--draws", "draws.txt"), "neither .parquet nor .nc"),
        (("--draws", "new.csv.nc", "-o", "new.csv.nc"), "both name"),
    ):
        refused = workbench_command("predict", where, "new.csv", *arguments)
        assert refused.exit_code == 2
        assert words in refused.stderr


def test_the_page_has_a_table_for_each_quantity(found):
    text = to_text(build_quantities_page(found, Path("run"), "new.csv", most_rows=2))
    assert "1 more with --output FILE" in text
    lines = {" ".join(line.split()[:3]) for line in text.splitlines()}
    assert {"row quantity probability", "quantity mean 95%", "row quantity mean"} <= lines
