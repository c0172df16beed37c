"""WB704: were there remarks when the data were bound?"""

from tests.diagnostics.checks.records import examine
from tests.diagnostics.fits import change_record


def test_it_fires_on_a_remark_and_counts_the_others():
    result = examine(
        "WB704", change_record("data", "tips", ["column `x` is constant.", "two rows are alike."])
    )
    assert (result.status, result.severity) == ("tip", "none")
    assert result.message == "Column `x` is constant. There is 1 more remark."


def test_dropped_rows_are_a_remark():
    assert "3 rows were dropped" in examine("WB704", change_record("data", "dropped", {"count": 3})).message


def test_it_is_quiet_without():
    assert examine("WB704").status == "passed"
