"""WB501: is the program that was run the program that was written?"""

from tests.diagnostics.checks.asking import UNASKED, ask
from tests.diagnostics.fits import record_with


def test_it_fires_when_the_program_was_not_taken_apart():
    assert ask("WB501", record_with("model", "instrumented", False)).status == "tip"


def test_it_fires_when_terms_do_not_add_up():
    assert ask("WB501", record_with("nuts", "terms_differ", 1e-3)).status == "tip"


def test_it_is_quiet_when_densities_are_equal():
    assert ask("WB501").status == "passed"


def test_what_was_not_compared_is_skipped():
    assert ask("WB501", UNASKED).status == "skipped"
