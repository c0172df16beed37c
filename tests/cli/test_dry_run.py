"""`workbench fit --dry-run`: what each Stan variable would be, the rules, every problem, the exit code."""

import json

import pytest
from typer.testing import CliRunner

from tests.cli.conftest import SCHOOLS
from tests.cli.test_bad_input import assert_refused
from tests.conftest import DATA, STAN_MODELS
from workbench import process
from workbench.binding import RULES
from workbench.cli.app import app

pytestmark = pytest.mark.usefixtures("tools")

LINEAR = STAN_MODELS / "regression" / "linear.stan"
KIDS = DATA / "kidiq.csv"


def flowing(text):
    return " ".join(text.split())


def test_the_table_the_rules_and_that_a_fit_could_start(workbench, tmp_path):
    done = workbench("fit", LINEAR, KIDS, "--dry-run", "-q", "--set", "alpha_prior_mean=90")
    assert (done.returncode, done.stderr) == (0, "")
    out = flowing(done.stdout)
    for words in (
        "linear on kidiq.csv (434 rows)",
        "Stan variable type size from first values",
        "N int<lower=1> size of `X` 434",
        "X matrix[N, K] 434 x 3 columns `mom_hs`, `mom_iq`, `mom_age` 1, 121.118, 27, ...",
        "alpha_prior_mean real --set 90",
        "beta_prior_sd real<lower=0> default of linear.toml 10",
        "a fit could start",
        *(flowing(RULES[key]) for key in ("given", "named", "sizes", "labels")),
    ):
        assert words in out
    assert not any(flowing(RULES[key]) in out for key in ("groups", "dates", "indicators", "Stan data"))
    assert not (tmp_path / "reports").exists()


def test_every_problem_is_listed_and_the_exit_code_says_so(workbench):
    done = workbench("fit", *SCHOOLS, "--dry-run", "-q", "--column", "y=efect", "--set", "tau_prior_scale=-1")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    column, value = done.stderr.split("error: ")[1:]
    assert "`efect`" in column
    assert "`tau_prior_scale`" in value
    assert "-1 (--set)" in value
    assert "y vector[J] not bound" in flowing(done.stdout)
    assert "a fit could start" not in done.stdout


def test_a_fit_names_the_first_problem_and_counts_the_others(workbench):
    done = workbench("fit", *SCHOOLS, "-q", "--column", "y=efect", "--set", "tau_prior_scale=-1")
    assert_refused(done, 2, "`efect`", "`y`", hint="1 more problem: --dry-run")


def test_as_json(workbench):
    done = workbench(
        "fit", LINEAR, KIDS, "--dry-run", "-q", "--json", "--standardize", "--columns", "X=mom_iq,mom_age"
    )
    record = json.loads(done.stdout)
    assert record["problems"] == []
    by_name = {one["name"]: one for one in record["variables"]}
    assert by_name["X"]["size"] == "434 x 2"
    assert by_name["X"]["remark"] == "standardized."
    assert record["rules"]["standardized"]["X"]["columns"] == ["mom_iq", "mom_age"]
    assert record["rules"]["variables"]["X"] == ["mom_iq", "mom_age"]
    assert record["rules"]["words"][-1] == RULES["labels"]
    assert RULES["standardize"] in record["rules"]["words"]
    assert record["dropped"] == {"rows": [], "count": 0}


def test_rows_left_out_are_reported(workbench, tmp_path):
    table = tmp_path / "schools.csv"
    table.write_text("school,y,sigma\nA,28,15\nB,,10\nC,-3,16\n")
    done = workbench("fit", SCHOOLS[0], table, "--dry-run", "-q", "--missing", "drop", "--json")
    record = json.loads(done.stdout)
    assert record["dropped"] == {"rows": [2], "count": 1}
    assert record["tips"] == ["1 row with a missing cell was left out: row 2."]
    done = workbench("fit", SCHOOLS[0], table, "--dry-run", "-q")
    assert done.returncode == 2
    assert "`y` of `schools.csv`" in done.stderr
    assert "row 2" in done.stderr
    assert "--missing drop" in done.stderr


def test_names_with_commas_stand_in_quotes(workbench, tmp_path):
    table = tmp_path / "schools.csv"
    table.write_text('school,"effect, points",sigma\nA,28,15\nB,8,10\n')
    done = workbench("fit", SCHOOLS[0], table, "--dry-run", "-q", "--column", 'y="effect, points"')
    assert done.returncode == 0
    assert "column `effect, points`" in flowing(done.stdout)


def test_values_from_the_models_card(workbench, tmp_path):
    (tmp_path / "m.stan").write_text(
        "data { int N; vector[N] y; int K; } parameters { vector[K] b; } model { b ~ normal(0, 1); }"
    )
    (tmp_path / "m.toml").write_text("[set]\nK = 3\n")
    (tmp_path / "m.csv").write_text("y\n1\n2\n")
    done = workbench("fit", tmp_path / "m.stan", tmp_path / "m.csv", "--dry-run", "-q")
    assert done.returncode == 0
    assert "K int m.toml 3" in flowing(done.stdout)
    done = workbench("fit", tmp_path / "m.stan", tmp_path / "m.csv", "--dry-run", "-q", "--set", "K=4")
    assert "K int --set 4" in flowing(done.stdout)


def test_stan_data_need_no_card(workbench, tmp_path):
    data = tmp_path / "schools.json"
    data.write_text(json.dumps({"J": 2, "y": [1, 2], "sigma": [1, 1], "mu_prior_mean": 7}))
    done = workbench("fit", SCHOOLS[0], data, "--dry-run", "-q", "--prior", "mu_prior_sd=3")
    assert done.returncode == 0
    out = flowing(done.stdout)
    assert "mu_prior_mean real `schools.json` 7" in out
    assert "mu_prior_sd real<lower=0> --prior 3" in out
    assert "tau_prior_scale real<lower=0> default of eight_schools.toml 5" in out


def test_a_fit_that_does_not_fit_into_memory_could_not_start(monkeypatch):
    monkeypatch.setattr(process, "measure_available_memory", lambda: 1000)
    done = CliRunner().invoke(app, ["fit", "eight_schools", "--dry-run"])
    assert done.exit_code == 2
    assert "of memory, and" in " ".join(done.output.split())
    assert "a fit could start" not in done.output
