"""What sections of a study's report say, and leave unsaid, by what the study found."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from msgspec import structs

from tests.report.documents import find_table, join_text, list_text
from tests.studies.outcomes.measurements import make_measurements, make_outcome, make_point, make_tip
from workbench.report.document import Figures, TableBlock, Tone
from workbench.report.html import render
from workbench.report.study import curves, effects, moves, points, prior_alone, slopes, tipping
from workbench.report.study.report import build_study_report
from workbench.studies import Study
from workbench.studies.outcomes.conclusion import conclude
from workbench.studies.outcomes.moves import find_largest_moves, find_prior_effects
from workbench.studies.outcomes.table import PRIOR, OutcomeRow, make_frame
from workbench.studies.plan.plan import Plan
from workbench.studies.record import make_record
from workbench.studies.view import (
    AxisResult,
    HyperparameterSlopes,
    LikelihoodEstimate,
    Margin,
    PlanResult,
    ReferenceResult,
    Slope,
    StageStatus,
    StudyResults,
    TippingPoint,
    TippingSide,
)

AXIS = AxisResult(name="mu.sigma", values=(1.0, 2.0), is_log=True, base=3.0)
PLAN = PlanResult(methods=("nuts",), axes=(AXIS,), decisions=("mean(mu)<5",), design="one")
QUIET = (make_outcome(0, 1.0, sd=1.0), make_outcome(1, 1.1, sd=1.0), make_outcome(2, 1.2, sd=1.0))
FOUND = TippingSide(status="found", value=4.0, lower=3.5, upper=4.6, searched=8.0, is_confirmed=True)
HIDDEN = TippingSide(status="unclear", reason="no.", searched=0.5, upper=1.2, value=0.6)


def make_study(outcomes: Sequence[OutcomeRow] = QUIET, **fields: Any) -> Study:
    """Return a study of three points; fields of its measurements can be replaced."""
    points_ = fields.pop("points", [make_point(number) for number in range(3)])
    measured = make_measurements(points_, **{"plan": PLAN, **fields})
    sds = {outcome.parameter: 1.0 for outcome in outcomes if outcome.parameter and outcome.method == "nuts"}
    compared = (outcomes, measured.points, "nuts", sds)
    effects = find_prior_effects(*compared, {axis.name: axis.base for axis in measured.plan.axes})
    own = {name: getattr(measured, name) for name in measured.__struct_fields__}
    conclusion = conclude(measured, outcomes, find_largest_moves(*compared), effects)
    results = StudyResults(**own, conclusion=conclusion)
    return Study(make_record(results), make_frame(outcomes, Plan()))


def describe_tips(*tips: TippingPoint) -> tuple[list[list[str]], str]:
    """Return the cells of the table of tipping points, and its note."""
    section = tipping.build_section(make_study(tipping=tips).results)
    table = find_table(section, "tipping-table")
    return [list_text(row) for row in table.rows], table.note


def explain_curves(**fields: Any) -> str:
    section = curves.build_section(make_study(**fields))
    return next(block.explanation for block in section.blocks if isinstance(block, Figures))


def test_a_table_without_tipping_points_has_no_legend_of_them():
    rows, note = describe_tips(make_tip("mu.sigma"))
    assert rows[0][-2:] == ["not down to 0.5", "not up to 8"]
    assert note == ""


def test_a_tipping_point_has_an_interval_and_a_legend():
    rows, note = describe_tips(make_tip("mu.sigma", "above", above=FOUND))
    assert rows[0][-1] == "4 (3.5 to 4.6)"
    assert "2 Monte Carlo standard errors" in note
    assert "full fit" in note
    assert "Cannot tell" not in note


def test_only_confirmed_tipping_points_are_called_so():
    unconfirmed = TippingSide(status="found", value=4.0, lower=3.5, upper=4.6)
    _, note = describe_tips(make_tip("mu.sigma", "above", above=unconfirmed))
    assert "full fit" not in note


def test_what_the_draws_cannot_tell_is_said_with_its_range():
    rows, note = describe_tips(make_tip("mu.sigma", below=HIDDEN))
    assert rows[0][-2] == "cannot tell from 1.2 down to 0.5 (perhaps at 0.6)"
    assert "Cannot tell" in note
    assert "In brackets" not in note


def test_a_tipping_point_within_error_of_the_base_says_so():
    near = TippingSide(status="found", value=2.2, lower=1.6, upper=2.9, is_confirmed=True)
    rows, _ = describe_tips(make_tip("mu.sigma", "above", above=near, below=HIDDEN))
    assert rows[0][-1] == "2.2 (1.6 to 2.9), within error of the base"


def test_the_margin_in_the_base_fit_has_its_error():
    tip = TippingPoint(
        decision="mean(mu)<5", hyperparameter="mu.sigma", base=2.0, holds=True, margin=0.006, mcse=0.0091,
        nearest=None, below=HIDDEN, above=HIDDEN,
    )  # fmt: skip
    rows, _ = describe_tips(tip)
    assert rows[0][1:4] == ["cannot tell", "0.006", "0.0091"]


def test_curves_explain_only_what_is_drawn():
    plain = explain_curves()
    for words in ("tipping", "prior alone", "likelihood"):
        assert words not in plain
    tip = make_tip("mu.sigma", "below", below=TippingSide(status="found", value=1.5))
    about_mu = TippingPoint(
        **{**{name: getattr(tip, name) for name in tip.__struct_fields__}, "about": ("mu",)}
    )
    prior = [make_outcome(number, 0.0, method=PRIOR, lower=-1.0, upper=1.0) for number in range(3)]
    maximum = LikelihoodEstimate(value=1.0, lower=0.5, upper=1.5)
    full = explain_curves(
        outcomes=(*QUIET, *prior),
        tipping=(about_mu,),
        reference=ReferenceResult(status="ok", estimates={"mu": maximum}),
    )
    for words in ("a dotted line is a tipping point", "the prior alone", "maximum of the likelihood"):
        assert words in full


def test_a_move_within_its_error_is_not_highlighted():
    def find_tone(error: float) -> Tone | None:
        outcomes = (*QUIET[:2], make_outcome(2, 1.8, sd=1.0, mcse_move=error))
        table = find_table(moves.build_section(make_study(outcomes)), "moves-table")
        return table.rows[0][4].tone

    assert find_tone(0.1) is Tone.CAUTION
    assert find_tone(0.5) is None


def test_slopes_within_their_error_come_last():
    estimates: Mapping[str, Slope] = {
        "mu": Slope(mean=0.3, mcse=0.2, per_doubling=0.5),
        "tau": Slope(mean=0.1, mcse=0.01, per_doubling=0.1),
    }
    steep = {"mu.sigma": HyperparameterSlopes(status="ok", value=1.0, estimates=estimates)}
    (table,) = slopes.build_table(make_study(derivatives=steep).results, ["mu", "tau"])
    assert isinstance(table, TableBlock)
    assert [row[0].text for row in table.rows] == ["tau", "mu"]


def test_a_decision_within_its_error_is_neither_yes_nor_no():
    margins = {"mean(mu)<5": Margin(value=0.1, mcse=0.1)}
    unclear = make_point(0, decisions={"mean(mu)<5": True}, margins=margins)
    study = make_study()
    measured = make_measurements([unclear], plan=PLAN)
    record = {**study.record, "points": make_study_points(measured), "densities": {}}
    record["conclusion"] = {
        **study.record["conclusion"],
        "moves": {},
        "effects": [],
    }  # of points that are not there
    table = find_table(points.build_section(Study(record, study.frame)), "points-table")
    assert table.rows[0][-1].text == "cannot tell"


def make_study_points(measured: Any) -> list[dict[str, Any]]:
    """Return points as a record holds them."""
    own = {name: getattr(measured, name) for name in measured.__struct_fields__}
    record = make_record(StudyResults(**own, conclusion=conclude(measured, [], {})))
    return list(record["points"])


def describe_priors(*outcomes: OutcomeRow) -> tuple[list[str], list[list[str]], str]:
    """Return the columns, the rows and the explanation of the section on the priors alone."""
    study = make_study((*QUIET, *outcomes), prior_alone=StageStatus(status="ok"), quantities=("mu",))
    section = prior_alone.build_section(study)
    table = find_table(section, "prior-alone-table")
    return (
        [column.title for column in table.columns],
        [list_text(row) for row in table.rows],
        join_text(section),
    )


def test_a_yes_no_outcome_is_shown_by_its_share():
    share = make_outcome(
        0, 0.5, "y_rep", PRIOR, median=0.0, lower=0.0, upper=1.0, sd=0.5, below=0.0, beyond=0.0,
        share=0.45, share_lower=0.05, share_upper=0.95, share_observed=0.3,
    )  # fmt: skip
    count = make_outcome(
        1, 2.0, "y_rep", PRIOR, median=2.0, lower=0.0, upper=5.0, sd=1.0, below=0.0, beyond=0.1
    )
    titles, rows, text = describe_priors(share, count)
    assert titles[-1] == "Observed"
    assert rows[0][1:] == ["share of yes in y_rep", "45%", "5%", "95%", "–", "–", "30%"]
    assert rows[1][1:] == ["y_rep", "2.00", "0.00", "5.00", "0%", "10%", "–"]
    assert "share of yes" in text
    titles, rows, text = describe_priors(count)
    assert "Observed" not in titles
    assert "share of yes" not in text
    assert len(rows[0]) == len(titles)


def test_frames_of_other_studies_are_read():
    """A study that was written before shares and errors of margins were has neither."""
    study = make_study()
    old = pd.DataFrame(
        {"point": [0], "method": ["nuts"], "parameter": ["mu"], "mean": [1.0], "status": ["ok"]}
    )
    assert Study(study.record, old).outcomes[0].share is None


def make_wide_study() -> Study:
    """Return a study of 2,000 elements of `theta`, of which three move, and of `mu`."""
    names = ["mu", *(f"theta[{number}]" for number in range(1, 2001))]
    far = {"mu": 0.1, "theta[3]": 0.7, "theta[500]": -0.9, "theta[1999]": 0.6}
    outcomes = [
        make_outcome(number, number * far.get(name, 0.001) / 2, name, sd=1.0)
        for name in names
        for number in range(3)
    ]
    return make_study(outcomes, declared=("mu",))


def test_of_a_large_array_only_elements_that_move_have_rows():
    table = find_table(moves.build_section(make_wide_study()), "moves-table")
    names = [row[0].text for row in table.rows]
    assert names == ["mu", "theta[500]", "theta[3]", "theta[1999]", "theta, 1,997 more"]
    assert table.rows[-1][4].text == "0.00"


def test_a_wide_study_stays_small():
    study = make_wide_study()
    page = render(build_study_report(study))
    assert len(page) < 400_000
    assert page.count("<t") < 1500


def test_the_first_section_shows_what_moves_along_the_most_important_hyperparameter():
    study = make_study((*QUIET[:2], make_outcome(2, 1.8, sd=1.0)))
    picture, table = effects.build_section(study).blocks
    assert isinstance(picture, Figures)
    assert [figure.caption for figure in picture.figures] == ["`mu` along `mu.sigma`"]
    assert isinstance(table, TableBlock)
    (row,) = table.rows
    assert list_text(row) == ["mu.sigma", "3", "1 to 2", "mu", "0.80", "0", "2", "–"]
    assert row[4].tone is Tone.CAUTION


def test_a_decision_that_tips_chooses_the_picture():
    other = AxisResult(name="tau.sigma", values=(1.0, 9.0), base=3.0)
    plan = PlanResult(methods=("nuts",), axes=(AXIS, other), decisions=("mean(mu)<5",), design="one")
    points_ = [
        make_point(0), make_point(1), make_point(2),
        make_point(3, values={"tau.sigma": 1.0}), make_point(4, values={"tau.sigma": 9.0}),
    ]  # fmt: skip
    tip = structs.replace(make_tip("tau.sigma", "above", above=FOUND), about=("mu",))
    outcomes = [make_outcome(number, mean, sd=1.0) for number, mean in enumerate((1.0, 1.9, 1.2, 1.1, 0.9))]
    measured = make_measurements(points_, plan=plan, tipping=(tip,))
    study = make_study(outcomes, plan=plan, tipping=(tip,), points=measured.points, fits=measured.fits)
    picture, table = effects.build_section(study).blocks
    assert isinstance(picture, Figures)
    assert [figure.caption for figure in picture.figures] == ["`mu` along `tau.sigma`"]
    assert isinstance(table, TableBlock)
    assert [row[0].text for row in table.rows] == ["mu.sigma", "tau.sigma"]
    assert table.rows[1][-1].text == "`mean(mu)<5` (above 4)"


def test_another_form_of_a_prior_is_shown_by_densities():
    label = "mu ~ student_t(3, 0, 2.5)"
    form = structs.replace(make_point(1, "refit", {}), forms={"mu": "student_t(3, 0, 2.5)"}, label=label)
    measured = make_measurements([make_point(0), form])
    outcomes = [make_outcome(0, 1.0, sd=1.0), make_outcome(1, 1.7, sd=1.0)]
    study = make_study(outcomes, plan=measured.plan, points=measured.points, fits=measured.fits)
    curve = {"density": [0.1, 0.4, 0.1]}
    densities = {"mu": {"x": [0.0, 1.0, 2.0], "curves": [{"point": 0, **curve}, {"point": 1, **curve}]}}
    study = Study({**study.record, "densities": densities}, study.frame)
    picture, table = effects.build_section(study).blocks
    assert isinstance(picture, Figures)
    assert picture.figures[0].alt == f"Densities of mu: as fitted, {label}."
    assert isinstance(table, TableBlock)
    assert table.rows[0][0].text == label


def test_a_study_of_an_older_version_shows_all_its_reasons():
    study = make_study()
    reasons = [f"reason {number}" for number in range(5)]
    old = {"verdict": "ok", "sentence": "All is well.", "reasons": reasons}
    verdict = build_study_report(Study({**study.record, "conclusion": old}, study.frame)).verdict
    assert verdict is not None
    assert [reason.text for reason in verdict.reasons] == reasons
