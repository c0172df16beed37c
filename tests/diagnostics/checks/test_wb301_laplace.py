"""WB301: is the Laplace approximation close to the posterior?"""

import pytest

from tests.diagnostics.checks.asking import UNASKED, ask
from tests.diagnostics.fits import ABSENT, record_with
from workbench.thresholds import khat_limit


@pytest.mark.parametrize("khat", [0.71, None, float("inf")])
def test_it_fires_above_the_limit_or_without_a_number(khat):
    found = ask("WB301", record_with("laplace", "khat", khat))
    assert (found.status, found.severity) == ("tip", "none")
    assert ("0.71" if khat == 0.71 else "its k-hat is not finite") in found.message


def test_a_khat_that_rounds_to_the_limit_is_told_apart_from_it():
    """The limit for 4000 draws is 0.7."""
    assert "k-hat is 0.702, above 0.700." in ask("WB301", record_with("laplace", "khat", 0.702)).message
    assert "is 0.698, below 0.700." in ask("WB301", record_with("laplace", "khat", 0.698)).message


def test_it_fires_when_there_is_none():
    assert "a chain stopped" in ask("WB301", record_with("laplace", ABSENT)).message


def test_it_is_quiet_below():
    assert ask("WB301", record_with("laplace", "khat", 0.69)).status == "passed"


def test_what_was_not_asked_for_is_skipped():
    assert ask("WB301", UNASKED).status == "skipped"


@pytest.mark.parametrize(("draws", "limit"), [(100, 0.5), (1000, 2 / 3), (10_000, 0.7)])
def test_the_threshold_of_vehtari_et_al(draws, limit):
    """min(1 - 1/log10(S), 0.7), by hand."""
    assert khat_limit(draws) == pytest.approx(limit)
