"""Stan's error messages are found in what cmdstanpy passes on."""

import signal

import pytest

from workbench.backends.stan_messages import extract_error, name_places, translate_errors
from workbench.errors import ChainFailed, DrawsCorrupt, RunTimedOut

FILES = "Command and output files:\nRunSet: chains=2, chain_ids=[1, 2], num_processes=2\n retcodes=[{}]\n"
"""How cmdstanpy ends a message about chains that failed."""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "Error during sampling:\nChain 1\nException: y is -1\nChain 2\nException: y is -1\n",
            "Exception: y is -1",
        ),
        ("Error: a\nError: b\nError: c\nError: d\n", "Error: b Error: c Error: d"),
        ("only words\n", "only words"),
    ],
)
def test_the_last_errors_are_returned_once(text, error):
    assert extract_error(text) == error


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ((0, -signal.SIGKILL), "a chain was ended from outside by SIGKILL"),
        ((-1, 0), "a chain did not finish"),
        ((1, 0), "no reason was given"),
    ],
)
def test_without_a_message_the_signal_is_named(codes, words):
    text = "Error during sampling:\n" + FILES.format(", ".join(map(str, codes)))
    assert extract_error(text).startswith(words)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (TimeoutError(), RunTimedOut),
        (RuntimeError("Exception: y is -1"), ChainFailed),
        (ValueError("12 columns expected"), DrawsCorrupt),
    ],
)
def test_errors_of_cmdstanpy_become_ours(reason, error):
    with pytest.raises(error) as raised, translate_errors("sampling"):
        raise reason
    assert "sampling" in raised.value.message
    assert str(reason) in raised.value.message


@pytest.mark.parametrize(
    ("stan", "words"),
    [
        ("Posterior is improper. Please check your model.", "the posterior is improper"),
        ("No acceptably small step size could be found.", "whose tolerances are then too large"),
    ],
)
def test_a_chain_without_a_step_size_is_explained_and_what_it_printed_is_kept(tmp_path, stan, words):
    """Stan ends with code 0 and no draws, and cmdstanpy says `Error in reading csv file`."""
    printed = f"Gradient evaluation took 1e-06 seconds\nException initializing step size.\n{stan}\n"
    (tmp_path / "chain-stdout.txt").write_text(printed)
    with pytest.raises(ChainFailed, match=words) as raised, translate_errors("sampling", tmp_path):
        raise ValueError("Error in reading csv file: chain.csv")
    assert raised.value.message.endswith(f"Stan says: {stan}")
    assert raised.value.console == printed
    (tmp_path / "chain-stdout.txt").write_text("something else\n")
    with pytest.raises(DrawsCorrupt) as unread, translate_errors("sampling", tmp_path):
        raise ValueError("Error in reading csv file: chain.csv")
    assert unread.value.console == "something else\n"


PLACES = {36: "line 10: `y[n] ~ normal(a[g[n]], s);`"}


@pytest.mark.parametrize(
    "place",
    [
        "(in 'range.stan', line 36, column 6 to column 61)",
        "(in 'range.stan', line 36, column 6 to line 38, column 2)",
        "(in 'range.stan', line 36, column 6 to column 61, included from\n'all.stan', line 2, column 0)",
    ],
)
def test_a_line_of_the_compiled_program_becomes_the_authors(place):
    text = f"Exception: index 6 out of range {place}"
    assert (
        name_places(text, PLACES) == "Exception: index 6 out of range (line 10: `y[n] ~ normal(a[g[n]], s);`)"
    )
    assert extract_error(f"{text}\n{text}\n", PLACES).count("line 10") == 1


def test_lines_that_nobody_wrote_and_programs_run_as_written_stay_as_they_are():
    text = "Exception: y is -1 (in 'm.stan', line 3, column 2 to column 9)"
    assert name_places(text, PLACES) == name_places(text, {}) == text


def test_what_stan_printed_names_the_authors_lines_too(tmp_path):
    (tmp_path / "chain.txt").write_text("Exception: y is -1 (in 'm.stan', line 36, column 2 to column 9)\n")
    with pytest.raises(ChainFailed) as raised, translate_errors("sampling", tmp_path, PLACES):
        raise RuntimeError("Exception: y is -1")
    assert raised.value.console == "Exception: y is -1 (line 10: `y[n] ~ normal(a[g[n]], s);`)\n"
