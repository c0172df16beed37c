"""An average of real runs predicts and scores new rows as the same sums of its runs do."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special
from typer.testing import CliRunner

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench.cli.app import app
from workbench.errors import RequestError, WorkbenchError
from workbench.results import run_directory
from workbench.workflow.score import score

QUICK: dict[str, Any] = {"draws": 300, "warmup": 300, "chains": 2, "progress": False}
FRAME = pd.read_csv(DATA / "kidiq.csv")
OLD, NEW = FRAME[:300], FRAME[300:].reset_index(drop=True)
WEIGHTS = {"iq": 0.6, "hs": 0.4}

pytestmark = pytest.mark.stan


@pytest.fixture(scope="module")
def runs(tools, tmp_path_factory):
    """Two linear models, each with a predictor of its own."""
    folder = tmp_path_factory.mktemp("average")
    for name, column in (("iq", "mom_iq"), ("hs", "mom_hs")):
        workbench.fit(
            STAN_MODELS / "regression" / "linear.stan",
            OLD,
            columns={"X": column},
            output=folder / name,
            **QUICK,
        )
    return {name: folder / name for name in ("iq", "hs")}


@pytest.fixture(scope="module")
def average(runs):
    return workbench.average(*runs.values(), weights=WEIGHTS, progress=False)


def test_means_and_expectations_are_weighted_exactly(runs, average):
    found = average.predict(NEW, progress=False)
    alone = {name: workbench.predict(run, NEW, progress=False) for name, run in runs.items()}
    for column in ("mean", "expected"):
        expected = sum(weight * alone[name][column] for name, weight in WEIGHTS.items())
        np.testing.assert_allclose(found[column], expected, rtol=1e-10)
    between = WEIGHTS["iq"] * WEIGHTS["hs"] * (alone["iq"]["mean"] - alone["hs"]["mean"]) ** 2
    within = sum(weight * alone[name]["sd"] ** 2 for name, weight in WEIGHTS.items())
    np.testing.assert_allclose(found["sd"], np.sqrt(within + between), rtol=1e-10)
    # 1,000 draws of both: 600 of one run, 400 of the other.
    drawn = average.predict(NEW, draws=True, progress=False)
    assert drawn.sizes["draw"] == 1000
    np.testing.assert_allclose(found["lower"], drawn["y_rep"].quantile(0.025, ["chain", "draw"]))


def test_log_densities_are_those_of_the_weighted_density(runs, average):
    found = average.score(NEW, progress=False)
    alone = {name: score(run_directory.read(run), _table(NEW)).rows for name, run in runs.items()}
    terms = [alone[name]["log_density"] + math.log(weight) for name, weight in WEIGHTS.items()]
    np.testing.assert_allclose(found.rows["log_density"], special.logsumexp(terms, axis=0), rtol=1e-10)
    # The runs alone stand beside it, each as it scores by itself.
    for name in WEIGHTS:
        np.testing.assert_allclose(found.rows[f"log_density_{name}"], alone[name]["log_density"])
    summary = found.summary.set_index(["method", "score"])
    mean = found.rows["log_density"].mean()
    for name in WEIGHTS:
        gains = found.rows["log_density"] - alone[name]["log_density"]
        row = summary.loc[(name, "log_density")]
        assert row["gain"] == pytest.approx(mean - alone[name]["log_density"].mean())
        assert row["gain_se"] == pytest.approx(gains.std(ddof=1) / math.sqrt(len(NEW)))
    # The CRPS is convex: that of the mixture is below the mean of both, where these differ.
    crps = WEIGHTS["iq"] * alone["iq"]["crps"] + WEIGHTS["hs"] * alone["hs"]["crps"]
    assert (found.rows["crps"] - crps).max() < 0.05
    assert found.rows["crps"].mean() < crps.mean() - 0.1


def _table(frame):
    from workbench import tables

    return tables.from_frame(frame)


def test_chunks_of_a_long_table_are_mixed_alike(runs, monkeypatch):
    from workbench.workflow import predict_rows

    average = workbench.average(list(runs.values()), weights="equal", progress=False)
    whole = average.predict(NEW, progress=False)
    monkeypatch.setattr(predict_rows, "NUMBERS_AT_ONCE", 10)
    monkeypatch.setattr(predict_rows, "_SMALLEST_CHUNK", 50)
    cut = average.predict(NEW, progress=False)
    np.testing.assert_allclose(cut["expected"], whole["expected"])
    np.testing.assert_allclose(cut["mean"], whole["mean"], atol=5 * 20 / math.sqrt(600))


def test_weights_are_those_of_the_comparison(runs):
    found = workbench.average(*runs.values(), progress=False)
    compared = workbench.compare(*runs.values(), progress=False).frame
    for name, weight in found.weights.items():
        assert weight == pytest.approx(compared.loc[name, "weight"], abs=1e-6)
    assert "Averaging does not clearly help" in found.sentences[1]


def test_each_run_needs_its_own_columns_alone(average):
    average.predict(NEW[["mom_iq", "mom_hs"]], progress=False)
    with pytest.raises(WorkbenchError, match="mom_hs"):
        average.predict(NEW[["mom_iq"]], progress=False)


def test_an_average_has_no_parameters_and_no_points(average, runs, tmp_path):
    with pytest.raises(RequestError, match="an average of programs has predictions alone"):
        average.predict(NEW, quantity="beta[1]", progress=False)
    found = average.predict(NEW, quantity=["P(y_rep > 100)", "mean(y_rep)"], progress=False)
    assert len(found) == len(NEW) + 1
    table = tmp_path / "new.csv"
    NEW.to_csv(table, index=False)
    arguments = [str(runs["iq"]), str(table), "--average", str(runs["hs"]), "--method", "map"]
    result = CliRunner().invoke(app, ["predict", *arguments])
    assert result.exit_code
    assert "a point leaves out" in result.output


def test_the_command_line_predicts_and_scores(runs, tmp_path, average):
    table, target, draws = tmp_path / "new.csv", tmp_path / "found.csv", tmp_path / "draws.parquet"
    NEW.to_csv(table, index=False)
    weights = ["--average", str(runs["hs"]), "--weight", "iq=0.6", "--weight", "hs=0.4"]
    files = ["--output", str(target), "--draws", str(draws)]
    result = CliRunner().invoke(app, ["predict", str(runs["iq"]), str(table), *weights, *files])
    assert not result.exit_code, result.output
    assert "0.60 of `iq` and 0.40 of `hs` (as given)" in " ".join(result.output.split())
    found = pd.read_csv(target)
    np.testing.assert_allclose(found["expected"], average.predict(NEW, progress=False)["expected"], rtol=1e-6)
    assert len(pd.read_parquet(draws)) == 1000 * len(NEW)
    result = CliRunner().invoke(app, ["score", str(runs["iq"]), str(table), *weights])
    assert not result.exit_code, result.output
    assert "over `hs` alone" in " ".join(result.output.split())
    for wrong, reason in (
        (["--weights", "equal"], "--average names none"),
        (["--average", str(runs["hs"]), "--weight", "iq=much"], "expected to be a number"),
        ([*weights, "--weights", "equal"], "both given"),
    ):
        result = CliRunner().invoke(app, ["predict", str(runs["iq"]), str(table), *wrong])
        assert result.exit_code
        assert reason in " ".join(result.output.split())
