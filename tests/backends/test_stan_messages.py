"""Stan's error messages are found in what cmdstanpy passes on."""

import signal

import pytest

from workbench.backends.stan_messages import extract_error, translate_errors
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
