"""WB301: is the Laplace approximation close to the posterior?"""

import pytest

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import ABSENT, SKIPPED, change_record


@pytest.mark.parametrize("khat", [0.71, None, float("inf")])
def test_it_fires_above_the_limit_or_without_a_number(khat):
    result = examine("WB301", change_record("laplace", "khat", khat))
    assert (result.status, result.severity) == ("tip", "none")
    assert ("0.71" if khat == 0.71 else "its k-hat is not finite") in result.message


def test_a_khat_that_rounds_to_the_limit_is_printed_with_more_decimals():
    """The limit for 4000 draws is 0.7."""
    assert "k-hat is 0.702, above 0.700." in examine("WB301", change_record("laplace", "khat", 0.702)).message
    assert "is 0.698, below 0.700." in examine("WB301", change_record("laplace", "khat", 0.698)).message


def test_it_fires_when_there_is_none():
    assert "a chain stopped" in examine("WB301", change_record("laplace", ABSENT)).message


def test_it_is_quiet_below():
    assert examine("WB301", change_record("laplace", "khat", 0.69)).status == "passed"


def test_it_is_an_issue_where_it_is_the_only_posterior():
    result = examine("WB301", {**change_record("laplace", "khat", 0.71), "nuts": SKIPPED})
    assert (result.status, result.severity) == ("issue", "caution")
    assert "--method nuts" in result.advice


def test_its_advice_never_names_nuts_that_failed():
    assert "kept NUTS" in examine("WB301", {**change_record("laplace", "khat", 0.71), "nuts": ABSENT}).advice


def test_what_was_not_requested_is_skipped():
    assert examine("WB301", UNREQUESTED).status == "skipped"
