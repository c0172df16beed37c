"""`workbench models` and `workbench new`, and bundled names where a program is expected."""

import json

import pytest

from tests.cli.test_bad_input import assert_refused
from workbench.cli import completion


def test_the_list_names_every_family(workbench):
    done = workbench("models")
    assert done.returncode == 0
    headings = [line for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert headings[1:4] == ["conjugate", "regression", "hierarchical"]
    assert "  beta_binomial " in done.stdout


def test_one_model_is_explained(workbench):
    text = " ".join(workbench("models", "gamma_poisson").stdout.split())
    for words in (
        "law of small numbers",
        "workbench fit gamma_poisson",
        "horse_kicks",
        "deaths by horse kick in the twenty years [count]",
        "--prior rate_prior_a=1.0",
        "worth varying over 0.5:20:log:9",
        "von Bortkiewicz",
        "rate ~ gamma(rate_prior_a, rate_prior_b);",
    ):
        assert words in text


def test_a_value_that_no_table_holds_is_named(workbench):
    text = " ".join(workbench("models", "generalised_pareto").stdout.split())
    assert "threshold is 100; another by --set threshold=VALUE" in text


def test_json_has_it_all(workbench):
    listed = json.loads(workbench("models", "--json").stdout)
    one = json.loads(workbench("models", "linear", "--json").stdout)
    assert one in listed
    assert one["columns"]["X"] == ["mom_hs", "mom_iq", "mom_age"]
    assert one["hyperparameters"]["beta_prior_sd"]["sweep"] == "0.1:100:log:9"


@pytest.mark.parametrize(
    "arguments", [("models", "liner"), ("fit", "liner"), ("new", "x", "--from", "liner")]
)
def test_an_unknown_name_is_refused_with_a_near_one(workbench, arguments):
    assert_refused(workbench(*arguments), 2, "`liner`", hint="`linear`")


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_program_of_ones_own_that_declares_data_needs_a_table(workbench, tmp_path, dry):
    program = "data { int N; vector[N] y; real s; } parameters { real m; } model { y ~ normal(m, s); }"
    (tmp_path / "mine.stan").write_text(program)
    done = workbench("fit", "mine.stan", "--set", "s=1", "-q", *dry)
    assert_refused(done, 2, "`mine.stan`", "`N`, `y`.", hint="`workbench models`")


@pytest.mark.usefixtures("tools")
def test_a_program_without_data_needs_no_table(workbench, tmp_path):
    (tmp_path / "mine.stan").write_text("parameters { real x; } model { x ~ normal(0, 1); }")
    done = workbench("fit", "mine.stan", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.startswith("mine on no data\n")
    assert "a fit could start" in done.stdout


@pytest.mark.usefixtures("tools")
def test_values_given_one_by_one_are_data_enough(workbench, tmp_path):
    program = "data { int N; vector[N] y; } parameters { real m; } model { y ~ normal(m, 1); }"
    (tmp_path / "mine.stan").write_text(program)
    done = workbench("fit", "mine.stan", "--set", "N=2", "--set", "y=[1, 2.5]", "--dry-run")
    assert done.returncode == 0
    assert "a fit could start" in done.stdout


def test_a_new_model_is_a_copy_and_says_how_to_fit_it(workbench, tmp_path):
    done = workbench("new", "mine", "--from", "linear", "--data")
    assert done.stdout.split() == ["mine.stan", "mine.toml", "kidiq.csv"]
    assert "workbench fit mine.stan kidiq.csv" in done.stderr
    assert (tmp_path / "mine.toml").is_file()


def test_names_complete(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linnet.stan").write_text("")
    assert completion.complete_models("lin") == ["linear", "linnet.stan"]
    assert completion.complete_bundled("beta_b") == ["beta_binomial"]


@pytest.mark.usefixtures("tools")
def test_a_bundled_model_runs_on_its_own_data_and_carries_its_story(workbench, tmp_path):
    done = workbench("fit", "beta_binomial", "-o", "run", "-q", "--draws", "200")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["data"]["path"].endswith("mendel_peas.csv")
    assert record["model"]["title"] == "One probability behind several binomial counts"
    assert record["model"]["units"]["theta"] == "probability"
    assert record["exact"]["family"] == "beta_binomial"
    assert record["exact"]["estimates"]["theta"]["distribution"] == "beta"


@pytest.mark.usefixtures("tools")
def test_a_changed_copy_claims_no_exact_posterior(workbench, tmp_path):
    workbench("new", "mine", "--from", "beta_binomial", "--data")
    program = tmp_path / "mine.stan"
    program.write_text(
        program.read_text().replace("binomial(n, theta);\n}\ngen", "binomial(n, theta ^ 2);\n}\ngen")
    )
    done = workbench("fit", "mine.stan", "mendel_peas.csv", "-o", "run", "-q", "--draws", "200")
    assert done.returncode == 0, done.stderr
    assert "exact" not in json.loads((tmp_path / "run" / "run.json").read_text())
