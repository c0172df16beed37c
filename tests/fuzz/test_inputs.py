"""Inputs from a random generator: no traceback, no hang, no memory without measure, always a sentence."""

import os

import pytest

from tests.fuzz.run_cases import run_cases

SEED = int(os.environ.get("FUZZ_SEED", "1"))
"""The seed of the inputs; another one makes others."""


@pytest.fixture(autouse=True)
def _provided(tools):
    """Provide Stan."""


def test_a_hundred_inputs(tmp_path):
    report = run_cases(SEED, range(100), tmp_path)
    assert report.is_clean, report.describe()


@pytest.mark.truth
def test_a_thousand_inputs(tmp_path):
    report = run_cases(SEED, range(100, 100 + int(os.environ.get("FUZZ_COUNT", "1000"))), tmp_path)
    assert report.is_clean, report.describe()
