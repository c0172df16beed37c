"""WB703: does a single row carry the result?"""

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine, with_loo


def test_it_fires_and_names_the_rows():
    rows = [{"row": 3, "label": "Ann", "khat": 0.9}, {"row": 1, "label": "Bob", "khat": 0.5}]
    result = examine("WB703", with_loo(rows=rows, bad=1))
    assert (result.status, result.severity) == ("tip", "none")
    assert result.message == "Single rows move the posterior strongly: Ann (0.90)."


def test_it_is_quiet_without():
    assert examine("WB703", with_loo()).status == "passed"


def test_unknown_influence_does_not_apply():
    record = {**with_loo(), "loo": {"status": "not available", "reason": "one joint density."}}
    assert examine("WB703", record).status == "n/a"


def test_without_draws_it_does_not_apply():
    assert examine("WB703", FAILED).status == "n/a"
    assert examine("WB703", UNREQUESTED).status == "skipped"
