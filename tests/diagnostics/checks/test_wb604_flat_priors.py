"""WB604: does every parameter have a prior?"""

from tests.diagnostics.checks.asking import ask
from tests.diagnostics.fits import record_with


def record(*kinds):
    stated = [{"name": f"b{k}", "kind": kind} for k, kind in enumerate(kinds, start=1)]
    return record_with("model", "parameter_priors", stated)


def test_it_fires_and_names_the_flat_ones():
    found = ask("WB604", record("stated", "flat", "uniform"))
    assert (found.status, found.severity) == ("tip", "none")
    assert "1 of 3 parameters have a flat prior over an endless range: `b2`." in found.message


def test_many_are_not_all_named():
    assert ask("WB604", record(*["flat"] * 9)).message.endswith("`b5` ....")


def test_it_is_quiet_when_all_have_one():
    assert ask("WB604", record("stated", "latent", "uniform")).status == "passed"


def test_an_unread_program_has_unknown_priors():
    assert ask("WB604", {**record(), "model": {**record()["model"], "instrumented": False}}).status == "n/a"
    assert ask("WB604", record()).status == "n/a"
