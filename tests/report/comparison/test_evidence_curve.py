"""The section of Bayes factors along the scale of a prior: the verdict, its picture, and what is missing."""

from workbench.evidence.curve import EvidenceAt, EvidenceCurve
from workbench.report.comparison import evidence_curve
from workbench.report.document import Figures, Notice, TableBlock
from workbench.report.figures import to_svg

VALUES = (0.1, 1.0, 10.0, 100.0)


def make_curve(values, others=None, **changes):
    along = tuple(
        EvidenceAt(reason="no density.") if value is None else EvidenceAt(value - 50, 0.02, "weights")
        for value in values
    )
    other = tuple(others or [EvidenceAt(-50.0, 0.01, "the run")] * len(values))
    runs = {"wide": along, "null": other}
    return EvidenceCurve("theta.sigma", VALUES, True, {"wide": 1.0}, runs, **changes)


def test_where_the_verdict_changes_is_said():
    first, second = evidence_curve.describe(make_curve((2.0, 1.0, -1.0, -3.0)))
    assert "(1 in `wide`) the log Bayes factor of `wide` over `null` runs from −3.000 ± 0.022 at 100" in first
    assert "to 2.000 ± 0.022 at 0.1" in first
    assert "if both were as probable before, from 0.047 to 0.881" in first
    assert second == "The verdict hangs on it: both are equally probable at `theta.sigma` = 3.16."


def test_one_verdict_at_all_values_is_said_and_none_within_error():
    assert "the data favour `wide`" in evidence_curve.describe(make_curve((2.0, 1.0, 1.0, 0.5)))[1]
    assert "the data favour `null`" in evidence_curve.describe(make_curve((-2.0, -1.0, -1.0, -0.5)))[1]
    unclear = evidence_curve.describe(make_curve((2.0, 1.0, 0.5, 0.001)))
    assert unclear[1:] == ("At 100 neither is favoured beyond Monte Carlo error.",)


def test_a_sign_within_monte_carlo_error_is_no_change_of_the_verdict():
    texts = evidence_curve.describe(make_curve((-0.01, 1.0, -1.0, -3.0)))
    assert texts[1] == "The verdict hangs on it: both are equally probable at `theta.sigma` = 3.16."
    assert texts[2] == "At 0.1 neither is favoured beyond Monte Carlo error."


def test_the_section_has_a_picture_and_a_row_for_each_value():
    section = evidence_curve.build_section(make_curve((2.0, None, -1.0, -3.0)))
    (table,) = (block for block in section.blocks if isinstance(block, TableBlock))
    assert [row[0].text for row in table.rows] == ["0.1", "1", "10", "100"]
    assert [row[6].text for row in table.rows][:2] == ["its draws, weighted", "–"]
    assert table.rows[1][2].text == "–"
    notices = [block.text for block in section.blocks if isinstance(block, Notice)]
    assert notices == ["`wide` has no log evidence at 1: no density."]
    (figures,) = (block for block in section.blocks if isinstance(block, Figures))
    assert "log Bayes factor along theta.sigma" in figures.figures[0].alt
    assert "<svg" in to_svg(figures.figures[0].drawing)


def test_an_obstacle_stands_in_the_place_of_the_curve():
    curve = make_curve((1.0, 1.0, 1.0, 1.0), obstacle="the data differ.")
    assert evidence_curve.describe(curve) == ()
    (notice,) = evidence_curve.build_section(curve).blocks
    assert isinstance(notice, Notice)
    assert notice.text == "There is no curve: the data differ."


def test_a_single_run_has_a_table_of_evidences():
    alone = (EvidenceAt(-3.0, 0.1, "refit"),) * 4
    section = evidence_curve.build_section(EvidenceCurve("s", VALUES, True, {"a": 1.0}, {"a": alone}))
    (table,) = (block for block in section.blocks if isinstance(block, TableBlock))
    assert table.rows[0][3].text == "a fit of its own"
