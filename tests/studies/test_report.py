"""The report of a study: what it says and draws, from its own files."""

import pytest

from tests.studies.normal_mean import slope_in_mean, slope_in_sd
from workbench.report.document import Cell, Figures, Notice, Table
from workbench.report.study.report import study_report
from workbench.studies import Study
from workbench.studies import store as studies


@pytest.fixture(scope="module")
def document(study, study_folder):
    return study_report(studies.read(study_folder))


def blocks(document, key):
    section = next(one for one in document.sections if one.key == key)
    return list(section.blocks)


def test_it_opens_with_the_conclusion(document, study):
    assert document.kicker == "Report of a sensitivity study"
    assert document.verdict.tone == study.record["conclusion"]["verdict"] == "caution"
    reasons = [reason.text for reason in document.verdict.reasons]
    assert any(text.startswith("`P(mu>0)>0.95` stops holding where `mu.sigma` is") for text in reasons)
    assert any("seen through importance weights" in text for text in reasons)


def test_each_point_says_how_it_was_had(document, study):
    (table,) = (one for one in blocks(document, "points") if isinstance(one, Table))
    assert [column.title for column in table.columns[:3]] == ["`mu.mu`", "`mu.sigma`", "How"]
    assert table.rows[0][:2] == (Cell("0"), Cell("1"))
    hows = [row[2].text for row in table.rows]
    assert len(hows) == 9
    assert hows.count("weights") == study.record["fits"]["weights"]
    assert set(hows) == {"base fit", "refit", "weights"}


def test_curves_maps_and_densities_are_drawn(document):
    drawn = {one.key: one for one in blocks(document, "curves") if isinstance(one, Figures)}
    assert {"along-mu-mu", "along-mu-sigma", "maps", "densities-mu-mu", "densities-mu-sigma"} == set(drawn)
    alt = drawn["along-mu-sigma"].figures[0].alt
    assert alt.startswith("Posterior mean of mu:")
    assert "at mu.sigma = 0.1" in alt


def test_moves_have_derivatives_with_their_errors(document):
    moves, slopes = (one for one in blocks(document, "moves") if isinstance(one, Table))
    assert [row[0].text for row in moves.rows] == ["mu"]
    found = {row[1].text: row for row in slopes.rows}
    assert {"mu.mu", "mu.sigma"} <= set(found)
    for name, exact in (("mu.mu", slope_in_mean()), ("mu.sigma", slope_in_sd())):
        mean, error, mode = (float(cell.text.replace("−", "-")) for cell in found[name][3:])
        assert abs(mean - exact) < 4 * error
        assert mode == pytest.approx(exact, rel=0.01)


def test_tipping_points_and_priors_alone(document):
    (table,) = (one for one in blocks(document, "tipping") if isinstance(one, Table))
    below = {(row[0].text, row[2].text): row[4].text for row in table.rows}
    assert " to " in below["`P(mu>0)>0.95`", "mu.sigma"]
    assert below["`mean(mu)<5`", "mu.sigma"] == "not down to 0.1"
    (prior,) = (one for one in blocks(document, "prior-alone") if isinstance(one, Table))
    assert {row[2].text for row in prior.rows} == {"y_rep"}
    assert prior.rows[0][6].text.endswith("%")


def test_what_is_missing_is_said(study):
    bare = {
        **study.record,
        "plan": {**study.record["plan"], "decisions": []},
        "tipping": [],
        "prior_alone": {"status": "skipped", "reason": "it was not asked for."},
    }
    document = study_report(Study(bare, study.frame))
    (words,) = blocks(document, "tipping")
    assert isinstance(words, Notice)
    assert "--decision" in words.text
    (words,) = blocks(study_report(Study({**study.record, "tipping": []}, study.frame)), "tipping")
    assert "nuts among --methods" in words.text
    (words,) = blocks(document, "prior-alone")
    assert words == Notice("The priors alone were not drawn from: it was not asked for.")
