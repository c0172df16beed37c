"""`workbench inspect`: a program taken apart, in a table, as JSON, and as the program that is compiled."""

import json

import pytest

from tests.cli.conftest import SCHOOLS
from tests.cli.test_bad_input import assert_refused

pytestmark = pytest.mark.usefixtures("tools")

STAN = SCHOOLS[0]

UNCLEAR = """
data {
  int N;
  vector[N] y;
}
parameters {
  vector[N] phi;
  real<lower=0> s;
}
model {
  phi ~ normal(0, 1);
  0 ~ normal(sum(phi), 0.001);
  y ~ normal(phi, s);
}
"""


def test_the_table_names_data_parameters_terms_and_abilities(workbench):
    done = workbench("inspect", STAN)
    assert done.returncode == 0, done.stderr
    for words in ("data it needs", "vector<lower=0>[J]", "terms of the log density", "what can be done"):
        assert words in done.stdout
    assert "likelihood" in done.stdout


def test_json_says_the_same(workbench):
    read = json.loads(workbench("inspect", STAN, "--json").stdout)
    assert [term["role"] for term in read["terms"]] == ["prior", "prior", "latent", "likelihood"]
    assert {one["name"]: one["default"] for one in read["hyperparameters"]}["tau.mu"] == 0.0
    assert all(one["is_available"] for one in read["capabilities"])


def test_the_instrumented_program_is_one_stanc_accepts(workbench, tmp_path):
    text = workbench("inspect", STAN, "--instrumented").stdout
    (tmp_path / "again.stan").write_text(text)
    assert workbench("inspect", "again.stan").returncode == 0
    assert "weights" in text


def test_inspecting_leaves_nothing_beside_the_program(workbench, tmp_path):
    (tmp_path / "unclear.stan").write_text(UNCLEAR)
    workbench("inspect", "unclear.stan")
    assert [path.name for path in tmp_path.iterdir()] == ["unclear.stan"]


def test_an_open_role_is_settled_by_the_user_or_by_the_card(workbench, tmp_path):
    (tmp_path / "unclear.stan").write_text(UNCLEAR)

    def roles(*options):
        return {
            term["line"]: term["role"]
            for term in json.loads(workbench("inspect", "unclear.stan", "--json", *options).stdout)["terms"]
        }

    assert roles()[12] == "unplaced"
    assert roles("--role", "line 12=prior")[12] == "prior"
    (tmp_path / "unclear.toml").write_text('[roles]\n"line 12" = "likelihood"\n')
    assert roles()[12] == "likelihood"
    assert roles("--role", "line 12=prior")[12] == "prior"


def test_the_card_is_named_where_it_settles_a_role_or_gives_a_default(workbench):
    page = workbench("inspect", "ridge").stdout
    (beta,) = [line for line in page.splitlines() if line.endswith("settled by ridge.toml")]
    assert beta.split()[:5] == ["3", "43", "prior", "certain", "beta"]
    hyperparameters = page.partition("hyperparameters")[2].splitlines()
    found = {line.split()[0]: line.split(maxsplit=1)[1] for line in hyperparameters[2:8]}
    assert found["lambda"].startswith("1  default of ridge.toml ")
    assert found["alpha_prior_mean"].startswith("65  default of ridge.toml ")
    assert found["beta.mu"].startswith("0  ridge.stan ")
    own = workbench("inspect", "ridge", "--role", "beta ~=latent").stdout
    assert "settled by the user" in own
    assert "settled by ridge.toml" not in own


def test_a_default_that_the_data_give_is_none_of_the_program(workbench, tmp_path):
    (tmp_path / "own.stan").write_text(
        "data { real<lower=0> width; real y; } parameters { real mu; }"
        " model { mu ~ normal(0, width); y ~ normal(mu, 1); }"
    )
    (line,) = [line for line in workbench("inspect", "own.stan").stdout.splitlines() if " data " in line]
    assert line.split()[:3] == ["width", "–", "data"]


def test_bad_roles_are_refused(workbench):
    done = workbench("inspect", STAN, "--role", "line 1=prior", "-q")
    assert_refused(done, 2, "`eight_schools.stan`", "`line 1`", hint="`34`")
    assert_refused(workbench("inspect", STAN, "--role", "line 34=mystery", "-q"), 2, "`mystery`", "`latent`")


LOOPS = """
data {
  int<lower=0> N;
  vector[N] y;
}
parameters {
  real mu;
}
model {
  for (n in 1 : N) y[n] ~ normal(mu, 1);
  for (n in 1 : N) {
    if (y[n] > mu) target += -1;
  }
}
"""


def test_loops_are_listed_with_what_is_sampled_or_why_they_stay(workbench, tmp_path):
    (tmp_path / "loops.stan").write_text(LOOPS)
    lines = workbench("inspect", "loops.stan").stdout.splitlines()
    title = lines.index("loops, and densities with a faster form")
    vectorised, stays = lines[title + 2], lines[title + 3]
    assert "y ~ normal(mu, 1);" in vectorised
    assert "stays as it is" in stays
    assert "condition" in stays
    listed = json.loads(workbench("inspect", "loops.stan", "--json").stdout)["vectorisations"]
    assert [(item["line"], bool(item["vectorised"])) for item in listed] == [(10, True), (11, False)]


def test_a_program_whose_loops_are_kept_is_the_one_without_vectorised_statements(workbench, tmp_path):
    (tmp_path / "loops.stan").write_text(LOOPS)
    vectorised = workbench("inspect", "loops.stan", "--instrumented").stdout
    assert "normal_lupdf(y | mu, 1)" in vectorised
    for option in ("--no-optimise", "--no-optimize"):
        kept = workbench("inspect", "loops.stan", "--instrumented", option).stdout
        assert "normal_lupdf(y[n] | mu, 1)" in kept
        assert "normal_lupdf(y | mu, 1)" not in kept
