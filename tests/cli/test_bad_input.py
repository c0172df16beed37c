"""Bad input gets a sentence and a hint, the right exit code, and never a traceback."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SCHOOLS

STAN, CSV = SCHOOLS


@pytest.fixture
def place(tmp_path):
    """Copies of the eight schools that a test may spoil."""
    for path in (STAN, STAN.with_suffix(".toml"), CSV):
        shutil.copy(path, tmp_path)
    return tmp_path


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def assert_refused(done, code, *words):
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    flowing = " ".join(done.stderr.split())
    for one in words:
        assert one in flowing


@pytest.mark.usefixtures("tools")
def test_missing_files(workbench):
    assert_refused(workbench("fit", "none.stan", CSV), 2, "Stan program was expected at `none.stan`", "hint:")
    assert_refused(workbench("fit", STAN, "none.csv"), 2, "a table was expected at `none.csv`", "hint:")


@pytest.mark.usefixtures("tools")
def test_unknown_columns(workbench, place):
    done = workbench("fit", STAN, CSV, "--column", "y=efect")
    assert_refused(done, 2, "no column `efect`", "its columns are `school`, `y`, `sigma`")
    spoil(place / CSV.name, "school,y,sigma", "school,y,se")
    done = workbench("fit", STAN, place / CSV.name)
    assert_refused(done, 2, "`sigma` is declared `vector<lower=0>[J]`", "line 20", "--column sigma=")


@pytest.mark.usefixtures("tools")
def test_a_cell_that_is_no_number(workbench, place):
    spoil(place / CSV.name, "B,8,10", "B,eight,10")
    assert_refused(workbench("fit", STAN, place / CSV.name), 2, "column `y`", "`eight` at row 2", "hint:")


@pytest.mark.usefixtures("tools")
def test_a_cell_out_of_bounds(workbench, place):
    spoil(place / CSV.name, "B,8,10", "B,8,-10")
    words = "column `sigma` has -10 at row 2, but `sigma` is declared `vector<lower=0>[J]`"
    assert_refused(workbench("fit", STAN, place / CSV.name), 2, words)


@pytest.mark.usefixtures("tools")
def test_a_syntax_error_has_its_place_and_stancs_words(workbench, place):
    spoil(place / STAN.name, "real mu;", "real mu")
    done = workbench("fit", place / STAN.name, CSV)
    assert_refused(done, 2, "eight_schools.stan`, line 27, column", 'Expected ";" after variable declaration')


@pytest.mark.usefixtures("tools")
def test_unknown_names(workbench):
    assert_refused(
        workbench("fit", STAN, CSV, "--prior", "tau_prior_scal=1"), 2, "did you mean `tau_prior_scale`?"
    )
    assert_refused(workbench("fit", STAN, CSV, "--set", "L=1"), 2, "`L` is not in the data block")


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--chains", "0"), "`chains` was expected to be between 1 and 256, found 0"),
        (("--level", "1.5"), "--level was expected to be between 0 and 1"),
        (("--prior", "tau_prior_scale=wide"), "was expected to be a number, found `wide`"),
        (("--set", "J=x"), "was expected to be a number or a JSON list"),
        (("--column", "y"), "was expected to be NAME=VALUE, found `y`"),
        (("--column", "y=a", "--column", "y=b"), "gives `y` twice"),
        (("--prior", "mu_prior_sd=-1"), "`mu_prior_sd` is declared `real<lower=0>`"),
    ],
)
def test_settings_out_of_range(workbench, options, words):
    assert_refused(workbench("fit", STAN, CSV, *options), 2, words)


@pytest.mark.usefixtures("tools")
def test_a_card_that_is_not_toml(workbench, place):
    (place / "eight_schools.toml").write_text("title = ")
    assert_refused(workbench("fit", place / STAN.name, CSV), 2, "not valid TOML")


def test_no_stan_and_no_network(workbench, tmp_path):
    env = {"WORKBENCH_CACHE": str(tmp_path / "cache"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    done = workbench("fit", STAN, CSV, env=env)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "cannot be fetched from the package index" in done.stderr
    assert "hint: " in done.stderr


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
    done = workbench("fit", STAN, CSV, env=env)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "hint: " in done.stderr
    assert "compiler" in done.stderr


def test_a_run_that_is_not_there(workbench):
    assert_refused(workbench("report", "nowhere"), 5, "a run was expected in `nowhere`", "hint:")


@pytest.mark.usefixtures("tools")
def test_a_place_that_is_taken(workbench, place):
    done = workbench("fit", STAN, CSV, "-o", place, "--draws", "10", "--warmup", "20", "-q")
    assert_refused(done, 5, "is not a run: nothing was written", "hint:")
    assert (place / CSV.name).exists()
