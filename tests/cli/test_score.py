"""`workbench score`: the answer first, the same numbers as table, CSV, JSON and HTML; refusals in words."""

import csv
import io
import json

import pandas as pd
import pytest

import workbench as front_door
from tests.conftest import DATA, STAN_MODELS

FRAME = pd.read_csv(DATA / "kidiq.csv")
FRAME["child"] = [f"=child {number}" for number in range(len(FRAME))]


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    """A run whose rows have names that a spreadsheet would run."""
    folder = tmp_path_factory.mktemp("score") / "run"
    model = STAN_MODELS / "regression" / "linear.stan"
    methods = ["mle", "nuts"]
    front_door.fit(model, FRAME[:200], output=folder, draws=200, warmup=200, chains=1, method=methods)
    return folder


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "new.csv"
    FRAME[200:260].to_csv(path, index=False)
    return path


def test_a_page_a_table_of_rows_and_an_html_file(workbench, run, new, tmp_path):
    done = workbench("score", run, new, "--output", "rows.csv", "--html", "page.html", "-q")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("scores on new.csv from ")
    assert lines[1].startswith("On 60 new rows the log predictive density is −")
    assert "gain over MLE" in done.stdout
    assert "rows.csv" in done.stderr
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert len(rows) == 60
    assert rows["tail_area"].is_monotonic_increasing
    assert rows["label"].str.startswith("'=child ").all()
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Scores of new rows" in page
    assert page.count("<svg") == 2


def test_json_and_tables_hold_the_same_numbers(workbench, run, new):
    found = json.loads(workbench("score", run, new, "--json", "-q").stdout)
    printed = workbench("score", run, new, "--format", "csv", "-q").stdout
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [float(row["value"]) for row in rows] == pytest.approx([row["value"] for row in found["summary"]])
    assert found["conclusion"][0].startswith("On 60 new rows")
    assert found["outcomes"][0]["method"] == "nuts"
    assert found["unscored"].keys() <= {"map"}
    assert "| log predictive density |" in workbench("score", run, new, "--format", "md", "-q").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--json", "--format", "md"), "--json prints everything"),
        (("--threshold", "1"), "--threshold was expected to be between 0 and 1, found 1"),
        (("--threshold", "nan"), "--threshold was expected to be between 0 and 1, found nan"),
        (("--output", "same", "--html", "same"), "--output and --html both name `same`"),
        (("--output", "new.csv"), "`new.csv` is read: it would be lost"),
        (("--html", "run/run.json"), "belongs to the run"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_computed(
    workbench, run, new, tmp_path, arguments, words
):
    if not (tmp_path / "run").exists():
        (tmp_path / "run").symlink_to(run)
    done = workbench("score", "run", "new.csv", *arguments)
    assert done.returncode in (2, 5)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_table_without_outcomes_is_refused_and_nothing_is_written(workbench, run, new, tmp_path):
    FRAME[:3].drop(columns="kid_score").to_csv(new, index=False)
    done = workbench("score", run, new, "--output", "rows.csv")
    assert done.returncode == 2
    assert "outcome in `kid_score`, found no such column" in done.stderr
    assert not (tmp_path / "rows.csv").exists()
