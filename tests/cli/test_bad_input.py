"""Bad input gets its exit code, its place and a hint, and no traceback; `messages.txt` has the sentences."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SCHOOLS

STAN, CSV = SCHOOLS


@pytest.fixture
def copies(tmp_path):
    """Copies of the eight schools that a test may spoil."""
    for path in (STAN, STAN.with_suffix(".toml"), CSV):
        shutil.copy(path, tmp_path)
    return tmp_path


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def assert_refused(done, code, *places, hint=""):
    """Check the exit code, what the message names, and what its hint says."""
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    message, _, given = done.stderr.partition("\nhint: ")
    for place in places:
        assert place in message
    assert hint in given


@pytest.mark.usefixtures("tools")
def test_missing_files(workbench):
    assert_refused(workbench("fit", "none.stan", CSV), 2, "`none.stan`", hint="path")
    assert_refused(workbench("fit", STAN, "none.csv"), 2, "`none.csv`", hint="path")


@pytest.mark.usefixtures("tools")
def test_a_table_of_the_checkout_elsewhere(workbench):
    """Pages name the bundled tables as they stand in the checkout."""
    bundled = str(CSV.resolve())
    refused = workbench("fit", "eight_schools", "data/eight_schools.csv")
    assert_refused(refused, 2, "`data/eight_schools.csv`", hint=f"is `{bundled}`")
    assert_refused(workbench("fit", "eight_schools", "data/none.csv"), 2, "`data/none.csv`", hint="check")


@pytest.mark.parametrize("command", ["fit", "fit-each", "prior", "calibrate", "sensitivity"])
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((CSV,), f"`{CSV}`, a table"),
        (("none.csv",), "`none.csv`, a table"),
        ((CSV, "eight_schools"), f"`{CSV}`, a table"),
        ((CSV, STAN), f"`{CSV}`, a table"),
        (("linear", "eight_schools"), "`eight_schools`, the name of a bundled model"),
        (("linear", STAN), f"`{STAN}`, a Stan program"),
    ],
)
def test_a_table_in_the_place_of_the_program_and_the_other_way_round(workbench, command, words, found):
    options = ("--by", "school") if command == "fit-each" else ()
    order = "a Stan program, or the name of a bundled model, comes first, and its table after it"
    assert_refused(workbench(command, *words, *options), 2, f"was expected, found {found}.", hint=order)


def test_a_table_that_inspect_takes_for_a_program(workbench):
    assert_refused(workbench("inspect", CSV), 2, f"found `{CSV}`, a table.", hint="comes first")


@pytest.mark.usefixtures("tools")
def test_a_program_of_another_name_that_stanc_rejects(workbench, copies):
    (copies / "rows.txt").write_text(CSV.read_text())
    assert_refused(workbench("inspect", "rows.txt"), 2, "`rows.txt`, line 1", hint="comes first")


@pytest.mark.usefixtures("tools")
def test_unknown_columns(workbench, copies):
    done = workbench("fit", STAN, CSV, "--column", "y=efect")
    assert_refused(done, 2, "`efect`", "`school`, `y`, `sigma`")
    spoil(copies / CSV.name, "school,y,sigma", "school,y,se")
    done = workbench("fit", STAN, copies / CSV.name)
    assert_refused(done, 2, "`vector<lower=0>[J]`", "line 20", hint="--column sigma=")


@pytest.mark.usefixtures("tools")
def test_a_cell_that_is_no_number(workbench, copies):
    spoil(copies / CSV.name, "B,8,10", "B,eight,10")
    assert_refused(workbench("fit", STAN, copies / CSV.name), 2, "`y`", "`eight`", "row 2", hint="row 1")


@pytest.mark.usefixtures("tools")
def test_a_cell_out_of_bounds(workbench, copies):
    spoil(copies / CSV.name, "B,8,10", "B,8,-10")
    done = workbench("fit", STAN, copies / CSV.name)
    assert_refused(done, 2, "`sigma`", "-10", "row 2", "line 20", hint="0")


@pytest.mark.usefixtures("tools")
def test_a_syntax_error_has_its_place_and_stancs_words(workbench, copies):
    spoil(copies / STAN.name, "real mu;", "real mu")
    done = workbench("fit", copies / STAN.name, CSV)
    assert_refused(done, 2, "eight_schools.stan`, line 27, column", 'Expected ";" after variable declaration')


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("options", "places", "hint"),
    [
        (("--prior", "tau_prior_scal=1"), ("`tau_prior_scal`",), "`tau_prior_scale`"),
        (("--set", "L=1"), ("`L`", "`J`"), ""),
        (("--chains", "0"), ("`chains`", "256", "0"), ""),
        (("--level", "1.5"), ("--level", "1.5"), ""),
        (("--prior", "tau_prior_scale=wide"), ("--prior tau_prior_scale", "`wide`"), ""),
        (("--prior", "mu_prior_sd=-1"), ("`mu_prior_sd`", "line 22", "-1"), "0"),
        (("--set", "J=x"), ("--set J", "`x`"), ""),
        (("--column", "y"), ("--column", "NAME=VALUE", "`y`"), ""),
        (("--column", "y=a", "--column", "y=b"), ("--column", "`y`", "`a`", "`b`"), ""),
        (("--missing", "guess"), ("--missing", "`guess`"), ""),
        (("--reference", "school"), ("--reference", "`school`"), ""),
        (("--scale", "all"), ("--scale", "`all`"), ""),
        (("--method", "gibbs"), ("`method`", "`gibbs`", "pathfinder"), ""),
        (("--method", "auto,mle"), ("`method`", "auto"), ""),
        (("--method", "nuts", "--profile", "mu"), ("`profile`", "mle"), ""),
        (("--profile", "beta"), ("`beta`", "`mu`, `tau`"), "beta[2]"),
        (("--warmup", "0"), ("`warmup`", "20"), "`workbench continue RUN`"),
        (("--init", "zero"), ("`init`", "`zero`", "pathfinder"), ""),
        (("--metric", "unit"), ("`metric`", "`unit`", "dense"), ""),
        (("--starts", "0"), ("`starts`", "1000"), ""),
    ],
)
def test_settings_that_cannot_be(workbench, options, places, hint):
    assert_refused(workbench("fit", STAN, CSV, *options, "-q"), 2, *places, hint=hint)


@pytest.mark.usefixtures("tools")
def test_a_card_that_is_not_toml(workbench, copies):
    (copies / "eight_schools.toml").write_text("title = ")
    assert_refused(workbench("fit", copies / STAN.name, CSV), 2, "eight_schools.toml`", "TOML")


def test_no_stan_and_no_network(workbench, tmp_path):
    env = {"WORKBENCH_CACHE": str(tmp_path / "cache"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    assert_refused(workbench("fit", STAN, CSV, "-q", env=env), 3, "package index", hint="--wheel")


def test_no_compiler_and_no_network(workbench, tools, tmp_path):
    """Stan is there, but the PATH has no compiler and zig cannot be fetched."""
    cache = tmp_path / "cache"
    (cache / "stan").mkdir(parents=True)
    (cache / "stan" / tools.home.name).symlink_to(tools.home)
    env = {
        "WORKBENCH_CACHE": str(cache),
        "PATH": str(Path(sys.executable).parent),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "",
    }
    assert_refused(workbench("fit", STAN, CSV, "-q", env=env), 3, "compiler", hint="clang++")


@pytest.mark.parametrize("command", ["check", "continue", "replay", "report"])
def test_a_run_that_is_not_there(workbench, command):
    assert_refused(workbench(command, "nowhere"), 5, "`nowhere`", "`run.json`", hint="`workbench fit`")


@pytest.mark.usefixtures("tools")
def test_a_place_that_is_taken(workbench, copies):
    (copies / "taken").mkdir()
    (copies / "taken" / "thesis.tex").write_text("chapter 1")
    done = workbench("fit", STAN, CSV, "-o", "taken", "--method", "mle", "-q")
    assert_refused(done, 5, "`taken`", "`thesis.tex`", hint="--output")
    assert (copies / "taken" / "thesis.tex").read_text() == "chapter 1"
