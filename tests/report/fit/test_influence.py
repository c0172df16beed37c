"""Leave-one-out: influential rows by their labels, and the k-hat of every row."""

from __future__ import annotations

from tests.report.documents import changed_fit, find_table, join_text, list_figures, list_text
from tests.report.simulated import simulate_fit
from workbench.diagnostics.loo import compute_leave_one_out
from workbench.report.document import Tone
from workbench.report.fit.influence import build_section


def test_influential_rows_have_their_labels():
    fit = simulate_fit()
    section = build_section(fit.results, compute_leave_one_out(fit))
    table = find_table(section, "rows-table")
    assert list_text(table.rows[0]) == ["1", "school 1", "0.75", "−3.40"]
    assert [row[2].tone for row in table.rows] == [Tone.FAIL, None, None]
    assert [drawings.key for drawings in list_figures(section)] == ["khat"]
    assert "not reliable for 1 row of 3" in join_text(section)


def test_without_influential_rows_it_is_reliable():
    fit = changed_fit()
    fit.record["loo"]["bad"] = 0
    assert "Leave-one-out is reliable" in join_text(build_section(fit.results))
