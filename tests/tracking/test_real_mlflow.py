"""A server of MLflow on this machine: what was logged is read back, and predicts what we predict."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.tracking.real_mlflow import provide_python, run_python, serve
from workbench.prediction.outcome_summaries import COLUMNS
from workbench.registry.runs import hash_run, name_content

pytestmark = [pytest.mark.stan, pytest.mark.truth]

PROGRAM = """
data {
  int<lower=1> N;
  int<lower=1> J;
  int<lower=1> K;
  array[N] int<lower=1, upper=J> region;
  array[N] int<lower=0, upper=1> smoker;
  vector[N] t;
  matrix[N, K] X;
  vector[N] y;
}
parameters {
  real a;
  vector[J] u;
  vector[K] b;
  real c;
  real d;
  real<lower=0> s;
}
model {
  a ~ normal(0, 5);
  u ~ normal(0, 1);
  b ~ normal(0, 1);
  c ~ normal(0, 1);
  d ~ normal(0, 1);
  s ~ normal(0, 2);
  for (n in 1 : N) {
    y[n] ~ normal(a + u[region[n]] + X[n] * b + c * t[n] + d * smoker[n], s);
  }
}
"""
"""Columns of every kind: groups as texts, yes and no, dates, numbers, and a text as indicators."""


def make_rows(count):
    rng = np.random.default_rng(3)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(count) % 30, unit="D")
    return pd.DataFrame(
        {
            "y": rng.normal(1, 1, count).round(3),
            "region": np.array(["north", "south", "west"])[np.arange(count) % 3],
            "when": when.strftime("%Y-%m-%d"),
            "smoker": np.where(rng.random(count) < 0.4, "yes", "no"),
            "x": rng.normal(0, 1, count).round(3),
            "town": np.array(["Rome", "Oslo"])[rng.integers(0, 2, count)],
        }
    )


@pytest.fixture(scope="module")
def python():
    return provide_python()


@pytest.fixture(scope="module")
def world(python, tmp_path_factory):
    """A server, and a registry whose champion is published there."""
    folder = tmp_path_factory.mktemp("world")
    rows = make_rows(60)
    rows.to_csv(folder / "rows.csv", index=False)
    new = rows.drop(columns="y").head(5)
    new["x"] = [0, 1, 2, -1, 0]  # whole numbers, where the fit had fractions
    new.to_csv(folder / "new.csv", index=False)
    (folder / "plots.stan").write_text(PROGRAM)
    fit = workbench.fit(
        folder / "plots.stan",
        folder / "rows.csv",
        columns={"t": "when:days", "X": ["x", "town"]},
        output=folder / "run",
        progress=False,
    )
    with serve(python, folder) as address:

        def run(*arguments):
            return run_python(python, *arguments, cwd=folder)

        def command(*arguments):
            return run("-m", "workbench", *arguments)

        def ask(*question):
            done = run_python(
                python,
                "-W",
                "ignore",
                "-m",
                "tests.tracking.read_back",
                *question,
                cwd=folder,
                address=address,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout.splitlines()[-1])

        added = command("registry", "add", "plots", "run", "--owner", "Farm")
        assert added.returncode == 0, added.stderr
        line = ("publish", "plots@latest", "--mlflow", address, "--alias", "champion")
        published = command(*line)
        assert published.returncode == 0, published.stderr
        again = command(*line)
        held = ask("predict", "plots", folder / "new.csv", folder / "downloaded")
        yield SimpleNamespace(
            folder=folder,
            fit=fit,
            new=new,
            address=address,
            python=run,
            command=command,
            ask=ask,
            published=published,
            again=again,
            held=held,
        )


def test_what_was_logged_is_read_back(world):
    (run,) = world.ask("runs", "plots")
    assert (run["status"], run["name"]) == ("FINISHED", "plots@1")
    assert run["files"] == ["model", "report.html", "summary.csv"]
    with open(run["report"], "rb") as report:  # noqa: PTH123 - a path of MLflow's
        assert report.read() == (world.folder / "run" / "report.html").read_bytes()
    found = world.fit.results
    for name, key in {"a": "a", "b[x]": "b.x", "b[town=Rome]": "b.town_Rome", "u[south]": "u.south"}.items():
        estimate = found.nuts.estimates[found.names_by_label.get(name, name)]
        assert run["metrics"][f"estimate/{key}"] == estimate.mean
        assert run["metrics"][f"sd/{key}"] == estimate.sd
    assert run["metrics"]["elpd"] == found.loo.elpd
    assert run["metrics"]["divergences"] == found.nuts.divergences
    assert run["parameters"]["nuts.draws"] == "1000"
    assert run["parameters"]["seed"] == str(found.seed)
    assert run["tags"]["workbench.verdict"] == found.diagnosis.verdict
    assert run["tags"]["workbench.run"] == name_content(hash_run(world.folder / "run"))
    assert run["tags"]["workbench.program"] == found.model.sha256
    assert run["tags"]["workbench.owner"] == "Farm"


def test_the_model_predicts_what_we_predict(world):
    ours = workbench.load(world.folder / "run").predict(world.new, progress=False)
    assert pd.DataFrame(world.held["predictions"]).equals(ours.reset_index(drop=True))
    with pytest.warns(workbench.PredictionWarning):
        by_map = workbench.load(world.folder / "run").predict(world.new, method="map", progress=False)
    theirs = pd.DataFrame(world.held["by_map"])
    pd.testing.assert_frame_equal(theirs, by_map.reset_index(drop=True), check_exact=True)
    assert not np.allclose(theirs["sd"], ours["sd"])


def test_the_scoring_server_answers_the_same_and_refuses_in_a_sentence(world):
    ours = workbench.load(world.folder / "run").predict(world.new, progress=False)
    pd.testing.assert_frame_equal(pd.DataFrame(world.held["served"]), ours.reset_index(drop=True))
    assert world.held["refused"].startswith("INVALID_PARAMETER_VALUE column `region`"), "which it shows"
    assert "its levels there are `north`, `south`, `west`" in world.held["refused"]


def test_the_model_says_what_it_takes_and_gives_and_holds_no_pickle(world):
    held = world.held
    assert held["inputs"] == {"region": True, "when": True, "smoker": True, "x": True, "town": True}
    assert held["outputs"] == list(COLUMNS)
    assert any(line.startswith("stan-workbench==") for line in held["requirements"])
    assert held["of_example"] == len(held["example"]["region"]) == 2
    assert "y" not in held["example"]
    assert not [name for name in held["files"] if name.endswith((".pkl", ".pickle", ".cloudpickle"))]
    run = world.folder / "downloaded" / "artifacts" / "run"
    assert hash_run(run) == hash_run(world.folder / "run")


def test_the_same_version_is_published_once(world):
    assert "plots@1 is now version 1 of plots in MLflow; `champion` points to it" in world.published.stdout
    assert world.again.returncode == 0
    assert "plots@1 is already version 1 of plots in MLflow, and nothing was done" in world.again.stdout
    assert (world.held["versions"], world.held["aliases"]) == (1, {"champion": "1"})
    assert world.held["tags"]["workbench.version"] == "plots@1"
    for done in (world.published, world.again):
        assert "mlflow" not in done.stderr.lower().replace("publishing", ""), "it says nothing by itself"


def test_names_that_mlflow_refuses_and_a_server_that_is_not_there_are_sentences(world):
    done = world.command("publish", "run", "--name", "a/b", "--mlflow", world.address)
    assert (done.returncode, "found `a/b`" in done.stderr) == (2, True)
    done = world.command("publish", "run", "--name", "b", "--mlflow", world.address, "--alias", "a b")
    assert (done.returncode, "found `a b`" in done.stderr) == (2, True)
    done = world.command("publish", "run", "--name", "b", "--mlflow", "http://127.0.0.1:9")
    assert (done.returncode, "no MLflow server answers at" in done.stderr) == (3, True)
    assert "Traceback" not in done.stderr
    assert world.command("registry", "verify", "-q").returncode == 0


def test_a_fit_is_logged_while_it_is_made_and_one_that_fails_too(world):
    line = ("fit", "eight_schools", "--tracking", world.address, "--experiment", "tracked", "-q")
    done = world.command(*line, "--output", "schools", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["diagnosis"]["verdict"]
    assert world.command(*line, "--output", "none", "--column", "y=nothing").returncode == 2
    failed, finished = sorted(world.ask("runs", "tracked"), key=lambda run: run["status"])
    assert (failed["status"], finished["status"]) == ("FAILED", "FINISHED")
    assert "has no column `nothing`" in failed["tags"]["workbench.error"]
    record = json.loads((world.folder / "schools" / "run.json").read_text())
    assert finished["metrics"]["estimate/tau"] == record["nuts"]["estimates"]["tau"]["mean"]
    assert finished["tags"]["workbench.verdict"] == record["diagnosis"]["verdict"]
    assert finished["tags"]["workbench.run"] == name_content(hash_run(world.folder / "schools"))


PYTHON = """
import sys, warnings, workbench
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    workbench.fit("eight_schools", tracking="http://127.0.0.1:9", output="unheard", progress=False)
told = [str(each.message) for each in caught if each.category is RuntimeWarning]
assert len(told) == 2 and all("no MLflow server answers" in text for text in told), told
workbench.fit("eight_schools", tracking=sys.argv[1], experiment="python", output="heard", progress=False)
"""
"""Fits from Python: one to a server that is not there, and one that is logged."""


def test_a_fit_from_python_is_logged_and_a_server_that_is_not_there_is_a_warning(world):
    done = world.python("-W", "ignore", "-c", PYTHON, world.address)
    assert done.returncode == 0, done.stderr
    assert (world.folder / "unheard" / "report.html").exists()
    (run,) = world.ask("runs", "python")
    assert (run["status"], run["files"]) == ("FINISHED", ["report.html", "summary.csv"])


def test_a_model_whose_draws_were_changed_is_refused(world):
    copy = world.folder / "damaged"
    shutil.copytree(world.folder / "downloaded", copy)
    assert "fit.nc` is not as it was published" in world.ask("damaged", copy)
