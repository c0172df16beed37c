"""The table of the runs: a verdict and the sampler's performance for each."""

from tests.report.simulated import simulate_fit
from workbench.report.comparison import runs
from workbench.report.document import TableBlock, Tone
from workbench.results.view import Results


def test_each_run_has_its_verdict_and_the_extremes_of_its_sampler():
    results = simulate_fit().results
    (table,) = runs.build_section({"a": results, "bare": Results()}).blocks
    assert isinstance(table, TableBlock)
    full, bare = table.rows
    assert results.diagnosis is not None
    assert (full[1].text, full[1].tone) == (results.diagnosis.verdict, Tone(results.diagnosis.verdict))
    assert full[7].text == str(results.nuts.divergences)
    assert {cell.text for cell in bare[1:]} == {"–"}
