"""Values of options that no fit can have: each is refused in a sentence, before anything is computed."""

import pytest
from typer.testing import CliRunner

from workbench.cli.app import app

LONG = "9" * 400


def refuse(*argv):
    result = CliRunner().invoke(app, argv)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.stderr


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--set", f"K={LONG}", "--set K holds the number 99999999999999999999... (400 characters)"),
        ("--set", f"K={'9' * 5000}", "(5000 characters), which is larger than any number"),
        ("--set", f"K={'[' * 40}1{']' * 40}", "--set K is nested more than 32 levels deep"),
        ("--set", "K={1}", "--set K was expected to be a number or a JSON list, found `{1}`"),
        ("--column", "X=a,\nb", "--column X was expected to name columns between commas on one line"),
        ("--seed", LONG, "`seed` was expected to be a whole number from 0 to 9223372036854775807"),
        ("--jobs", LONG, "`jobs` was expected"),
        ("--draws", LONG, "`draws` was expected"),
        ("--warmup", LONG, "`warmup` was expected to be at most 2147483647"),
        ("--bic-count", LONG, "`bic_count` was expected to be at most"),
        ("--timeout", "inf", "`timeout` was expected to be a positive number of seconds, at most"),
        ("--level", "nan", "--level was expected to be between 0 and 1"),
        ("--unpack-limit", "much", "expected to be a size such as 20GB or 500MB, found `much`"),
        ("--unpack-limit", "0GB", "--unpack-limit was expected"),
    ],
)  # fmt: skip
def test_options_of_a_fit(option, value, message):
    assert message in refuse("fit", "eight_schools", option, value)


def test_a_name_too_long_for_a_file():
    said = refuse("fit", "eight_schools", "--init", "x" * 300)  # Python 3.14 says that there is no such file
    assert "cannot be used: File name too long" in said or "pathfinder or a JSON file, found `xxx" in said


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (
            "--vary",
            "mu=1:2:log:99999999999",
            "--vary mu asks for 99999999999 values; at most 10000 are taken",
        ),
        ("--vary", "mu=nan", "--vary was expected"),
    ],
)
def test_options_of_a_study(option, value, message, tmp_path):
    (tmp_path / "none.csv").write_text("a\n")
    argv = ("sensitivity", "eight_schools", str(tmp_path / "none.csv"), option, value)
    assert message in refuse(*argv)
