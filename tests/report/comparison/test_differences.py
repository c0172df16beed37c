"""What decides the numbers of a run: only what differs is listed."""

from tests.report.comparison.runs import make_moved_fit, make_pair
from tests.report.simulated import simulate_fit
from workbench.report.comparison import differences
from workbench.report.document import Code, Disclosure, Notice, TableBlock
from workbench.results.view import view


def test_only_what_differs_is_listed():
    (table,) = differences.build_section({name: fit.results for name, fit in make_pair().items()}).blocks
    assert isinstance(table, TableBlock)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["seed", "20", "21"],
        ["prior mu.sigma", "5", "1"],
    ]


def test_programs_that_differ_are_shown_line_by_line():
    first, second = simulate_fit().record, make_moved_fit().record
    source = first["model"]["source"].replace("normal(0, 5)", "normal(0, 1)")
    changed = {**second, "model": {**second["model"], "source": source, "sha256": "9" * 64}}
    blocks = differences.build_section({"a": view(first), "b": view(changed)}).blocks
    code = next(block for block in blocks if isinstance(block, Disclosure)).blocks[1]
    assert isinstance(code, Code)
    assert "-  mu ~ normal(0, 5);" in code.text
    assert "+  mu ~ normal(0, 1);" in code.text


def test_the_same_run_twice_has_no_differences():
    results = simulate_fit().results
    (notice,) = differences.build_section({"a": results, "b": results}).blocks
    assert isinstance(notice, Notice)
