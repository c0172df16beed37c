"""Cells as people write them: the scorer gives the number of `predict`, or refuses them."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from workbench.errors import WorkbenchError
from workbench.exporting.document import SCORER

PROGRAM = """// Counts of trials, with indicators, two kinds of groups and declared bounds.
data {
  int N; int K; int J; int R;
  matrix[N, K] X; vector<lower=0, upper=100>[N] age;
  array[N] int<lower=0, upper=40> trials; array[N] int<lower=0, upper=1> treated;
  array[N] int<lower=0, upper=1> smoker; array[N] int<lower=0, upper=1> owner;
  array[N] int<lower=1, upper=J> area; array[N] int<lower=1, upper=R> ward;
  array[N] int<lower=0> y;
}
parameters { vector[K] beta; vector[J] a; vector[R] b; real c; real d; real e; real f; }
model {
  beta ~ normal(0, 1); a ~ normal(0, 1); b ~ normal(0, 1); c ~ normal(0, 1); d ~ normal(0, 1);
  e ~ normal(0, 1); f ~ normal(0, 1);
  for (n in 1:N)
    y[n] ~ binomial_logit(trials[n], X[n] * beta + a[area[n]] + b[ward[n]] + c * treated[n] + d * smoker[n]
                          + e * owner[n] + f * age[n] / 50);
}
"""

BASE = {
    "kind": "town", "age": "41.5", "trials": "12", "treated": "1", "smoker": "yes", "owner": "TRUE",
    "area": "North", "ward": "7", "member": "FALSE",
}  # fmt: skip
"""A row of the data below."""

MISSING = ("", " ", "NA", "n/a", "nan", "-", "NULL")
NUMBERS = (
    "3", "3.0", "03", " 11", "+3", "1e1", ".5", "2.5", "1_000", "-3", "41", "1e6", "inf", "\u0663", "3 000",
    "TRUE", "true", "FALSE", "tRUE", "yes", "0", "1", "2", "99999999999",
)  # fmt: skip
ANSWERS = (
    "TRUE", "FALSE", "True", "true", " TRUE ", "Yes", " Yes ", "YES", "y", "N", "no", "No", "t", "1", "0",
    "maybe",
)  # fmt: skip
CELLS = {
    "kind": (*MISSING, " town ", "Town", "city", "hamlet", "3", "TRUE"),
    "member": (*MISSING, *ANSWERS),
    "smoker": (*MISSING, *ANSWERS),
    "owner": (*MISSING, *ANSWERS),
    "area": (*MISSING, " North", "north", "South-East", "Nowhere", "1", "2.0", "02"),
    "ward": (*MISSING, "3", "3.0", "03", " 11", "7.5", "5", "TRUE", "1", "0x7", "+3"),
    "age": (*MISSING, *NUMBERS),
    "trials": (*MISSING, *(cell for cell in NUMBERS if cell not in ("0", "FALSE"))),  # y is 0 of no trials
    "treated": (*MISSING, *NUMBERS),
}
"""What is tried in each column: most of it is refused by both."""

ONLY_PREDICT = {("ward", "0x7")}
"""What `predict` takes and the scorer refuses, as the documentation says."""


ONLY_AMONG_TEXTS = {("area", "02")}
"""A level that `predict` takes for a number where no other cell is a text: the whole table below has it."""


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    """A run whose table is written as people write tables, and its export."""
    import workbench as front_door

    folder = tmp_path_factory.mktemp("spellings")
    random = np.random.default_rng(11)
    size = 160
    table = pd.DataFrame({
        "kind": random.choice(["town", " village ", "city"], size),
        "age": random.uniform(18, 90, size).round(1),
        "trials": random.integers(1, 30, size),
        "treated": random.integers(0, 2, size),
        "smoker": random.choice(["no", " yes", "Yes "], size),
        "owner": random.choice(["TRUE", "FALSE"], size),
        "area": random.choice(["North", "South-East", "02"], size),
        "ward": random.choice(["3", "07", "11.0"], size),
        "member": random.choice(["TRUE", "FALSE"], size),
    })  # fmt: skip
    table["y"] = random.binomial(table["trials"], 0.4)
    table.to_csv(folder / "table.csv", index=False)
    (folder / "spelled.stan").write_text(PROGRAM, encoding="utf-8")
    fit = front_door.fit(
        folder / "spelled.stan", folder / "table.csv", columns={"X": ["kind", "member"]},
        output=folder / "run", draws=50, warmup=200, chains=2, report=False,
    )  # fmt: skip
    fit.export(folder / "model.json", draws=100, progress=False)
    return folder / "run"


def write_row(path, **changed):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(BASE))
        writer.writeheader()
        writer.writerow({**BASE, **changed})


def run_scorer(export, rows):
    """Run the scorer in a Python without any package; return its numbers, or what it said."""
    words = [sys.executable, "-I", str(SCORER), str(export), str(rows)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 2), done.stderr
    if done.returncode:
        assert (done.stdout, done.stderr.count("\n"), done.stderr[:7]) == ("", 1, "error: "), done.stderr
        return done.stderr
    return pd.read_csv(io.StringIO(done.stdout))


@pytest.mark.filterwarnings("ignore::workbench.errors.PredictionWarning")
@pytest.mark.parametrize("column", CELLS)
def test_each_spelling_is_read_as_predict_reads_it_or_refused(run, tmp_path, column):
    import workbench as front_door

    fit, rows = front_door.load(run), tmp_path / "rows.csv"
    taken = 0
    for cell in CELLS[column]:
        write_row(rows, **{column: cell})
        try:
            wanted = fit.predict(rows, progress=False)
        except WorkbenchError:
            wanted = None
        found = run_scorer(run.parent / "model.json", rows)
        if (column, cell) in ONLY_AMONG_TEXTS:
            assert not isinstance(found, str)
            assert wanted is None
        elif wanted is None:
            assert isinstance(found, str), f"{cell!r}: predict refuses, and the scorer gives {found}"
            assert f"row 1: column `{column}`" in found
        elif (column, cell) in ONLY_PREDICT:
            assert isinstance(found, str)
        else:
            assert not isinstance(found, str), f"{cell!r}: {found}"
            for name in ("expected", "expected_lower", "expected_upper"):
                np.testing.assert_allclose(found[name], wanted[name], rtol=1e-9, err_msg=repr(cell))
            taken += 1
    assert taken >= 2


def test_the_whole_table_is_read_as_predict_reads_it(run):
    import workbench as front_door

    table = run.parent / "table.csv"
    wanted = front_door.load(run).predict(table, progress=False)
    found = run_scorer(run.parent / "model.json", table)
    np.testing.assert_allclose(found["expected"], wanted["expected"], rtol=1e-9)
    assert found["expected"].nunique() > 100


def test_levels_and_bounds_stand_in_the_document(run):
    features = json.loads((run.parent / "model.json").read_text())["features"]
    assert features["kind=town"] == {
        "column": "kind", "levels": ["city", "town", "village"], "words": {}, "level": "town",
    }  # fmt: skip
    assert features["trials"] == {
        "column": "trials", "centre": 0.0, "integer": True, "lower": 0.0, "upper": 40.0,
    }  # fmt: skip
    assert (features["age"]["lower"], features["age"]["upper"]) == (0.0, 100.0)
    assert features["smoker"]["words"] == {"no": "no", "n": "no", "yes": "yes", "y": "yes"}
    assert features["ward"]["levels"] == ["3", "7", "11"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no rows"),
        ("a,b\n", "has no rows"),
        ("kind;age\ntown;3\n", "expected to have commas"),
        ("kind,age,kind\ntown,3,city\n", "each name once"),
        ("kind,age\ntown,3,4\n", "row 1 has 3 cells, and the header 2"),
        ("kind,age\ntown\n", "row 1 has 1 cells, and the header 2"),
        ('kind,age\n"town,3\n', "cannot be used"),
    ],
)
def test_a_file_that_is_no_table_is_refused(run, tmp_path, text, said):
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    assert said in run_scorer(run.parent / "model.json", tmp_path / "rows.csv")


def test_files_that_cannot_be_read_are_said(run, tmp_path):
    assert "No such file" in run_scorer(tmp_path / "none.json", tmp_path / "none.csv")
    assert "No such file" in run_scorer(run.parent / "model.json", tmp_path / "none.csv")
    (tmp_path / "rows.csv").write_bytes(b"kind\n\xe9\n")
    assert "cannot be used" in run_scorer(run.parent / "model.json", tmp_path / "rows.csv")


def test_nothing_is_written_before_a_later_row_is_refused(run, tmp_path):
    rows = tmp_path / "rows.csv"
    write_row(rows)
    good = rows.read_text()
    rows.write_text(good + ",".join({**BASE, "area": "Nowhere"}.values()) + "\n")
    said = run_scorer(run.parent / "model.json", rows)
    assert "row 2: column `area` holds 'Nowhere', and its levels are 02, North, South-East" in said
