"""WB101: do the chains agree?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import PARAMETER, record_with


def record(**numbers):
    return record_with("nuts", "estimates", "mu", {**PARAMETER, **numbers})


def test_it_fires_above_the_limit_and_names_the_label():
    found = ask("WB101", record(rhat=1.25, label="mean effect"))
    assert (found.status, found.severity) == ("issue", "fail")
    assert found.message == "The chains disagree: R-hat is 1.250 for `mean effect`, above 1.01."


def test_a_value_that_rounds_to_the_limit_is_told_apart_from_it():
    assert "R-hat is 1.01004 for `mu`, above 1.01." in ask("WB101", record(rhat=1.01004)).message
    assert "R-hat is 1.0098 (`mu`), below 1.01." in ask("WB101", record(rhat=1.0098)).message


def test_what_is_not_finite_does_not_hide_the_others():
    """Part of a mixture that is impossible has minus infinity at every draw, and no R-hat."""
    estimates = {"mu": {**PARAMETER, "rhat": float("nan")}, "nu": {**PARAMETER, "rhat": 1.2}}
    both = record_with("nuts", "estimates", estimates)
    both["model"]["parameters"].append({"name": "nu", "type": "real", "line": 2})
    assert "R-hat is 1.200 for `nu`" in ask("WB101", both).message


def test_it_is_quiet_below():
    assert ask("WB101", record(rhat=1.009)).status == "passed"


def test_generated_quantities_do_not_decide():
    """A quantity that is constant in all but one draw has a poor R-hat and says nothing of the chains."""
    one = record_with("nuts", "estimates", "is_large", {**PARAMETER, "rhat": 1.5})
    assert ask("WB101", one).status == "passed"


def test_without_draws_it_does_not_apply():
    assert ask("WB101", FAILED).status == "n/a"
    assert ask("WB101", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB101", record_with("nuts", none)).status == "n/a"
