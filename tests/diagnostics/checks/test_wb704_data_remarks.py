"""WB704: was anything about the data remarkable?"""

from tests.diagnostics.checks.asking import ask
from tests.diagnostics.fits import record_with


def test_it_fires_on_a_remark_and_counts_the_others():
    found = ask("WB704", record_with("data", "tips", ["column `x` is constant.", "two rows are alike."]))
    assert (found.status, found.severity) == ("tip", "none")
    assert found.message == "Column `x` is constant. And 1 more remarks."


def test_dropped_rows_are_a_remark():
    assert "3 rows were dropped" in ask("WB704", record_with("data", "dropped", {"count": 3})).message


def test_it_is_quiet_without():
    assert ask("WB704").status == "passed"
    assert ask("WB704", record_with("data", "dropped", None)).status == "passed"
