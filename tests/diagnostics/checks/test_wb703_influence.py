"""WB703: does any single row carry the result?"""

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask, left_out


def test_it_fires_and_names_the_rows():
    rows = [{"row": 3, "label": "Ann", "khat": 0.9}, {"row": 1, "label": "Bob", "khat": 0.5}]
    found = ask("WB703", left_out(rows=rows, bad=1))
    assert (found.status, found.severity) == ("tip", "none")
    assert found.message == "Single rows move the posterior much: Ann (0.90)."


def test_it_is_quiet_without():
    assert ask("WB703", left_out()).status == "passed"


def test_unknown_influence_does_not_apply():
    record = {**left_out(), "loo": {"status": "not available", "reason": "one joint density."}}
    assert ask("WB703", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert ask("WB703", FAILED).status == "n/a"
    assert ask("WB703", UNASKED).status == "skipped"
