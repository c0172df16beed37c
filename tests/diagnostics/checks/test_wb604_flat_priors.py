"""WB604: does every parameter have a prior?"""

from tests.diagnostics.checks.records import examine
from tests.diagnostics.fits import change_record


def record(*kinds):
    stated = [{"name": f"b{k}", "kind": kind} for k, kind in enumerate(kinds, start=1)]
    return change_record("model", "parameter_priors", stated)


def test_it_fires_and_names_the_flat_ones():
    result = examine("WB604", record("stated", "flat", "uniform"))
    assert (result.status, result.severity) == ("tip", "none")
    assert "1 of 3 parameters have a flat prior on an unbounded range: `b2`." in result.message


def test_many_are_not_all_named():
    assert examine("WB604", record(*["flat"] * 9)).message.endswith("`b5` ....")


def test_elements_that_no_statement_is_about_are_flat_too():
    priors = [{"name": "b", "kind": "stated", "flat_elements": ["b[2]"]}, {"name": "s", "kind": "stated"}]
    result = examine("WB604", change_record("model", "parameter_priors", priors))
    assert result.status == "tip"
    assert "1 of 2 parameters have, in whole or in part, a flat prior" in result.message
    assert result.message.endswith("`b[2]`.")


def test_it_is_quiet_when_all_have_one():
    assert examine("WB604", record("stated", "latent", "uniform")).status == "passed"


def test_an_unread_program_has_unknown_priors():
    assert (
        examine("WB604", {**record(), "model": {**record()["model"], "instrumented": False}}).status == "n/a"
    )
    assert examine("WB604", record()).status == "n/a"
