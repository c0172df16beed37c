"""`workbench export`: the scorer, in a Python without any package, gives the numbers of `predict`."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import _restored_signals, workbench  # noqa: F401 - fixtures
from workbench.exporting import formula
from workbench.exporting.document import FORMAT, SCHEMA, SCORER, hash_document
from workbench.exporting.values import times

SMALL = ("--draws", "60", "--warmup", "200", "--chains", "2", "--no-report", "-q", "--method", "map,nuts")
"""120 draws, so that all of them are exported by default, and `predict` uses the same."""

MODELS = ("linear", "logistic", "poisson", "varying_intercepts", "varying_slopes")
"""Bundled models: a line, odds, counts at an exposure, groups, and groups with slopes of their own."""

EXPOSED = """// Counts at an exposure, in two kinds of towns, by group.
data {
  int N; int K; int J;
  matrix[N, K] X; vector<lower=0>[N] exposure; array[N] int<lower=1, upper=J> area;
  array[N] int<lower=0, upper=1> old; array[N] int<lower=0> y;
}
parameters { vector[K] beta; vector[J] raw; real<lower=0> tau; real b; }
transformed parameters { vector[J] effect = tau * raw; }
model {
  beta ~ normal(0, 1); raw ~ std_normal(); tau ~ normal(0, 1); b ~ normal(0, 1);
  for (n in 1:N) y[n] ~ poisson(exposure[n] * exp(X[n] * beta + effect[area[n]] + b * old[n]));
}
"""


def score(export, rows, folder):
    """Run the scorer as a program of its own, without any package; return its rows."""
    program = folder / "workbench_scorer.py"
    words = [sys.executable, "-I", program if program.exists() else SCORER, export, rows]
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    path = folder / "expectations.csv"
    path.write_text(done.stdout)
    return pd.read_csv(path)


def assert_same(found, predicted, *, has_interval=True):
    """Compare the scorer's numbers with those of `workbench predict`, to nine digits."""
    size = max(predicted["expected"].abs().mean(), 1e-300)
    names = ("expected", "expected_lower", "expected_upper") if has_interval else ("expected",)
    for name in names:
        np.testing.assert_allclose(found[name], predicted[name], rtol=1e-9, atol=1e-9 * size)
    if not has_interval:
        assert found["expected_lower"].isna().all()


@pytest.mark.stan
@pytest.mark.parametrize("model", MODELS)
def test_the_scorer_gives_the_numbers_of_predict(workbench, tmp_path, model):  # noqa: F811
    assert workbench("fit", model, *SMALL, "--output", "run").returncode == 0
    table = pd.read_csv(json.loads((tmp_path / "run" / "run.json").read_text())["data"]["path"])
    outcome = json.loads((tmp_path / "run" / "run.json").read_text())["data"]["rules"]["variables"]["y"]
    rows = table.drop(columns=outcome)[::3]
    numbers = [name for name in rows.select_dtypes("number") if rows[name].nunique() > 10]
    rows = rows.assign(**{name: rows[name] * 1.1 for name in numbers if rows[name].dtype == float})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = workbench("export", "run", "--output", "out/model.json", "--with-scorer", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        "out/model.json", "out/workbench_scorer.py", "out/workbench_export.schema.json",
    ]  # fmt: skip
    assert "the same as `predict` on" in done.stderr
    assert workbench("predict", "run", "rows.csv", "--output", "predicted.csv", "-q").returncode == 0
    found = score(tmp_path / "out" / "model.json", tmp_path / "rows.csv", tmp_path / "out")
    assert_same(found, pd.read_csv(tmp_path / "predicted.csv"))
    assert found["expected"].std() > 0
    document = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (document["draws"], document["draws_of_run"], document["plug_in"]) == (120, 120, "")


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    """A run of a program of one's own: a text column, group names, an exposure; and its table."""
    import workbench as front_door

    folder = tmp_path_factory.mktemp("export")
    random = np.random.default_rng(5)
    size = 150
    table = pd.DataFrame({
        "year": random.integers(1990, 2020, size),
        "kind": random.choice(["town", "village", "city"], size),
        "exposure": random.uniform(1, 9, size).round(2),
        "area": random.choice(["North", "South-East", "West"], size),
        "old": random.choice(["no", "yes"], size),
    })  # fmt: skip
    table["y"] = random.poisson(table["exposure"] * np.exp(0.1 * (table["kind"] == "town")))
    table["year"] = (table["year"] - 2000) / 10
    table.to_csv(folder / "table.csv", index=False)
    (folder / "exposed.stan").write_text(EXPOSED, encoding="utf-8")
    front_door.fit(
        folder / "exposed.stan",
        folder / "table.csv",
        columns={"X": ["year", "kind"]},
        output=folder / "run",
        draws=300,
        warmup=300,
        chains=2,
        report=False,
        method=["map", "nuts"],
    )
    return folder / "run"


def export(workbench, run, *words):  # noqa: F811
    done = workbench("export", run, "-q", "--output", "model.json", *words)
    assert done.returncode == 0, done.stderr
    return done


def test_texts_groups_and_exposures(workbench, run, tmp_path):  # noqa: F811
    export(workbench, run, "--draws", "600")
    rows = pd.read_csv(run.parent / "table.csv").drop(columns="y")[10:80]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    assert workbench("predict", run, "rows.csv", "--output", "predicted.csv", "-q").returncode == 0
    predicted = pd.read_csv(tmp_path / "predicted.csv")
    assert_same(score(tmp_path / "model.json", tmp_path / "rows.csv", tmp_path), predicted)
    document = json.loads((tmp_path / "model.json").read_text())
    (outcome,) = document["outcomes"]
    assert (outcome["name"], outcome["link"]) == ("y", "log")
    assert outcome["statement"].startswith("y[n] ~ poisson(exposure[n] * exp(X[n] * beta")
    assert outcome["multiplier"] == [{"features": ["exposure"], "groups": [], "values": [1.0]}]
    assert document["features"]["area"]["levels"] == ["North", "South-East", "West"]
    assert document["features"]["old"] == {
        "column": "old", "levels": ["no", "yes"], "first": 0,
        "words": {"no": "no", "n": "no", "yes": "yes", "y": "yes"},
    }  # fmt: skip
    assert {"kind=town", "kind=village"} < document["features"].keys()


def test_a_point_has_no_interval(workbench, run, tmp_path):  # noqa: F811
    export(workbench, run, "--plug-in", "map")
    rows = pd.read_csv(run.parent / "table.csv").drop(columns="y")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    words = ("predict", run, "rows.csv", "--method", "map", "--output", "predicted.csv", "-q")
    assert workbench(*words).returncode == 0
    found = score(tmp_path / "model.json", tmp_path / "rows.csv", tmp_path)
    assert_same(found, pd.read_csv(tmp_path / "predicted.csv"), has_interval=False)
    document = json.loads((tmp_path / "model.json").read_text())
    assert (document["draws"], document["plug_in"]) == (1, "map")


def test_fewer_draws_say_what_they_cost(workbench, run, tmp_path):  # noqa: F811
    done = export(workbench, run, "--draws", "50")
    document = json.loads((tmp_path / "model.json").read_text())
    assert (document["draws"], document["draws_of_run"]) == (50, 600)
    words = " ".join(done.stderr.split())
    assert "leaving out draws shifts a mean by 0." in words
    assert "of its posterior SDs at most" in words


def test_a_version_of_a_registry(workbench, run, tmp_path):  # noqa: F811
    assert workbench("registry", "add", "towns", run, "--alias", "champion").returncode == 0
    assert workbench("export", "towns@champion", "-q").returncode == 0
    document = json.loads((tmp_path / "towns.json").read_text())
    assert (document["model"], document["version"]) == ("towns", "1")
    shown = json.loads(workbench("registry", "show", "towns@1", "--json").stdout)
    assert document["run_sha256"] in json.dumps(shown)


def test_a_formula_that_is_wrong_is_never_written(workbench, run, tmp_path, monkeypatch):  # noqa: F811
    right = formula._MEANS["poisson"]
    monkeypatch.setitem(formula._MEANS, "poisson", lambda a: times(right(a), formula._TWO))
    done = workbench("export", run, "-q", "--output", "model.json", "--with-scorer")
    assert done.returncode == 2
    words = " ".join(done.stderr.split())
    assert "the formula of `y` gives" in words
    assert "where `predict` gives" in words
    assert list(tmp_path.iterdir()) == []


def test_rows_to_try_it_on(workbench, run, tmp_path):  # noqa: F811
    table = pd.read_csv(run.parent / "table.csv")
    moved = tmp_path / "run"
    moved.mkdir()
    for path in run.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    record = json.loads((moved / "run.json").read_text())
    record["data"]["path"] = str(tmp_path / "gone.csv")
    (moved / "run.json").write_text(json.dumps(record))
    done = workbench("export", "run", "-q", "--output", "model.json")
    assert done.returncode == 2
    assert "is not there, and an export is tried on rows first" in " ".join(done.stderr.split())
    table.drop(columns="y")[:9].to_csv(tmp_path / "few.csv", index=False)
    done = workbench("export", "run", "-q", "--output", "model.json", "--data", "few.csv")
    assert done.returncode == 0
    assert "on 9 rows" in " ".join(done.stderr.split())
    table.assign(y=1).to_csv(tmp_path / "gone.csv", index=False)
    done = workbench("export", "run", "-q", "--output", "model.json")
    assert "is not what it was when the fit was made" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--draws", "0"), "--draws was expected to be at least 1, found 0"),
        (("--plug-in", "mean"), "--plug-in was expected to be map or mle, found `mean`"),
        (("--plug-in", "mle"), "the run has no result of `mle` to predict from"),
        (("--output", "model.txt"), "an export is JSON, and `model.txt` does not end with .json"),
        (("--data", "none.csv"), "a table was expected at `none.csv`"),
    ],
)
def test_what_cannot_be_is_said(workbench, run, tmp_path, words, said):  # noqa: F811
    done = workbench("export", run, "-q", *words)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def change(document, path, value):
    """Change a value in a document, and give it the hash that belongs to it then."""
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return {**document, "sha256": hash_document(document)}


def test_what_the_scorer_refuses_is_a_sentence(workbench, run, tmp_path):  # noqa: F811
    export(workbench, run, "--draws", "3")
    text = (tmp_path / "model.json").read_text()
    good = pd.read_csv(run.parent / "table.csv")[:2]

    def refuse(export_text, rows):
        (tmp_path / "tried.json").write_text(export_text)
        rows.to_csv(tmp_path / "rows.csv", index=False)
        words = [sys.executable, "-I", str(SCORER), "tried.json", "rows.csv"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        return done.stderr

    assert "is no export of workbench" in refuse(text[: len(text) // 2], good)
    assert "is no export of workbench" in refuse("[1, 2]", good)
    assert "is no export of workbench" in refuse("{}", good)
    assert "is no export of workbench" in refuse("[" * 100_000, good)
    changed = json.loads(text)
    changed["outcomes"][0]["predictor"][0]["values"][0] += 1e-9
    assert "was changed after it was written" in refuse(json.dumps(changed), good)
    other = change(json.loads(text), ("format",), "workbench-export-1")
    for place, value in (("outcomes",), []), (("draws",), 4), (("draws",), "3"):
        assert "tried.json` " in refuse(json.dumps(change(json.loads(text), place, value)), good)
    broken = change(json.loads(text), ("outcomes", 0, "predictor", 0, "features"), ["nothing"])
    assert "cannot be used: KeyError('nothing')" in refuse(json.dumps(broken), good)
    assert f"expected to have the format {FORMAT}, found 'workbench-export-1'" in refuse(
        json.dumps(other), good
    )
    assert "row 1: column `area` holds 'Nowhere', and its levels are North, South-East, West" in refuse(
        text, good.assign(area="Nowhere")
    )
    assert "column `year` was expected in each row" in refuse(text, good.drop(columns="year"))
    assert "row 2: column `old` holds '', and its levels are no, yes" in refuse(
        text, good.assign(old=["yes", ""])
    )
    assert "column `exposure` was expected to hold numbers from 0 to inf, found 'much'" in refuse(
        text, good.assign(exposure="much")
    )
    assert "column `exposure` was expected to hold numbers from 0 to inf, found 'inf'" in refuse(
        text, good.assign(exposure=np.inf)
    )
    done = subprocess.run([sys.executable, "-I", str(SCORER)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "error: expected two files: python scorer.py model.json rows.csv\n",
    )


def test_the_document_is_what_its_schema_says(workbench, run, tmp_path):  # noqa: F811
    export(workbench, run, "--draws", "5")
    document = json.loads((tmp_path / "model.json").read_text())
    schema = json.loads(SCHEMA.read_text())
    assert set(schema["required"]) == set(schema["properties"]) == set(document)
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(document, schema)
    document["outcomes"][0]["link"] = "probit"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_the_scorer_is_short_and_needs_no_package():
    text = Path(SCORER).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    imports = {
        alias.name.split(".")[0] if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imports <= {"__future__", *sys.stdlib_module_names}


def test_a_predictor_of_a_group_is_that_of_the_fit():
    from workbench.exporting.scorer import ScoringError
    from workbench.exporting.scorer import score as score_row

    effects = {"features": [], "groups": ["area"], "values": [[1.0, 2.0], [3.0, 4.0]]}
    outcome = {"name": "y", "link": "identity", "predictor": [effects], "multiplier": [
        {"features": [], "groups": [], "values": [1.0]}
    ]}  # fmt: skip
    document = {
        "draws": 2, "plug_in": "", "level": 0.5, "outcomes": [outcome],
        "features": {"area": {"column": "area", "levels": ["a", "b"], "words": {}, "first": 1}},
        "group_values": [{"column": "size", "group": "area", "values": [10.0, 20.0]}],
    }  # fmt: skip
    found = {"y": {"expected": 3.0, "lower": 2.5, "upper": 3.5}}
    assert score_row(document, {"area": "b", "size": 20}) == found == score_row(document, {"area": "b"})
    with pytest.raises(ScoringError, match="column `size` of that level was 20 in the fit"):
        score_row(document, {"area": "b", "size": "10"})


def test_links_do_not_overflow():
    from workbench.exporting.scorer import _INVERSES

    assert [_INVERSES["logit"](x) for x in (-800.0, 0.0, 800.0)] == [0.0, 0.5, 1.0]
    assert _INVERSES["log"](800.0) == np.inf


def test_from_python(run, tmp_path):
    import workbench as front_door

    fit = front_door.load(run)
    table = pd.read_csv(run.parent / "table.csv")
    path = fit.export(tmp_path / "towns.json", draws=30, data=table[:20], with_scorer=True, progress=False)
    assert path == tmp_path / "towns.json"
    assert len(list(tmp_path.iterdir())) == 3
    assert json.loads(path.read_text())["draws"] == 30
