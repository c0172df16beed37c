"""The report of a study: what it says and draws, from the files of the study alone."""

import re
from dataclasses import replace

import pytest

from tests.report.documents import find_table
from tests.studies.normal_mean import MEAN, SD, posterior, slope_in_mean, slope_in_sd
from workbench.report.document import Cell, Figures, Notice
from workbench.report.study.report import build_study_report
from workbench.studies import study_directory
from workbench.thresholds import SHIFT_LIMIT


@pytest.fixture(scope="module")
def document(study, study_folder):
    return build_study_report(study_directory.read(study_folder))


def find_section(document, key):
    return next(section for section in document.sections if section.key == key)


def test_it_opens_with_the_conclusion(document, study):
    assert document.kicker == "Report of a sensitivity study"
    assert document.verdict.tone == study.results.conclusion.verdict == "caution"
    assert document.verdict.sentence.startswith("`P(mu>0)>0.95` is reversed once `mu.sigma` falls below 0.")
    reasons = [reason.text for reason in document.verdict.reasons]
    assert reasons[0].startswith("In the base fit the posterior mean of `mu` is")
    assert any("by importance weights (k-hat up to" in text for text in reasons)
    assert reasons[-1].startswith("What to do: ")


def test_numbers_of_the_first_sentence_are_those_of_the_table_and_of_the_exact_posterior(document, study):
    sentence = document.verdict.sentence
    size = re.search(r"moves the posterior mean of `mu` by ([0-9.]+) posterior SDs", sentence)
    assert size, sentence
    first = study.results.conclusion.effects[0]
    table = find_table(find_section(document, "effects"), "effects-table")
    names = [column.title for column in table.columns]
    rows = [dict(zip(names, (cell.text for cell in row), strict=True)) for row in table.rows]
    assert rows[0]["Move [SD]"].lstrip("−") == size[1]
    bound = re.search(r"nothing else [a-z ]+ moves one by more than ([0-9]+[.][0-9])", sentence)
    assert bound, sentence
    sizes = [float(row["Move [SD]"].replace("−", "-")) for row in rows]
    rest = max(abs(size) for size in sizes if abs(size) <= SHIFT_LIMIT)
    assert rest <= float(bound[1]) <= rest + 0.2
    point = study.results.points[first.largest.point]
    mean, sd = posterior()
    exact = (posterior(point.values.get("mu.mu", MEAN), point.values.get("mu.sigma", SD))[0] - mean) / sd
    assert float(size[1]) == pytest.approx(abs(exact), abs=4 * first.largest.mcse + 0.05)
    assert all(f"{value:.3g}" in sentence for value in point.values.values())


def test_the_first_picture_is_of_the_prior_that_matters_most(document):
    section = document.sections[0]
    assert section.key == "effects"
    picture = section.blocks[0]
    assert isinstance(picture, Figures)
    assert [figure.caption for figure in picture.figures] == ["`mu` along `mu.sigma`"]


def test_each_point_says_how_it_was_obtained(document, study):
    table = find_table(find_section(document, "points"), "points-table")
    assert [column.title for column in table.columns[:3]] == ["`mu.mu`", "`mu.sigma`", "Obtained by"]
    assert table.rows[0][:2] == (Cell("0"), Cell("1"))
    origins = [row[2].text for row in table.rows]
    assert len(origins) == 9
    assert origins.count("weights") == study.results.fits.weights
    assert set(origins) == {"base fit", "refit", "weights"}


def test_curves_maps_and_densities_are_drawn(document):
    blocks = find_section(document, "curves").blocks
    drawn = {block.key: block for block in blocks if isinstance(block, Figures)}
    assert {"along-mu-mu", "along-mu-sigma", "maps", "densities-mu-mu", "densities-mu-sigma"} == set(drawn)
    alt = drawn["along-mu-sigma"].figures[0].alt
    assert alt.startswith("Posterior mean of mu:")
    assert "at mu.sigma = 0.1" in alt


def test_moves_and_slopes_are_tabulated_with_their_errors(document):
    section = find_section(document, "moves")
    assert [row[0].text for row in find_table(section, "moves-table").rows] == ["mu"]
    rows = {row[1].text: row for row in find_table(section, "slopes-table").rows}
    assert {"mu.mu", "mu.sigma"} <= set(rows)
    for name, expected in (("mu.mu", slope_in_mean()), ("mu.sigma", slope_in_sd())):
        mean, error, mode = (float(cell.text.replace("−", "-")) for cell in rows[name][3:])
        assert abs(mean - expected) < 4 * error
        assert mode == pytest.approx(expected, rel=0.01)


def test_tipping_points_are_tabulated(document):
    table = find_table(find_section(document, "tipping"), "tipping-table")
    below = {(row[0].text, row[4].text): row[6].text for row in table.rows}
    assert " to " in below["`P(mu>0)>0.95`", "mu.sigma"]
    assert below["`mean(mu)<5`", "mu.sigma"] == "not down to 0.1"


def test_priors_alone_are_compared_with_the_data(document):
    table = find_table(find_section(document, "prior-alone"), "prior-alone-table")
    assert {row[2].text for row in table.rows} == {"y_rep"}
    assert table.rows[0][6].text.endswith("%")


def test_what_is_absent_is_explained(study):
    def draw_notice(key, **entries):
        document = build_study_report(replace(study, record={**study.record, **entries}))
        (notice,) = find_section(document, key).blocks
        assert isinstance(notice, Notice)
        return notice.text

    plan = {**study.record["plan"], "decisions": []}
    assert "--decision" in draw_notice("tipping", plan=plan, tipping=[])
    assert "--methods" in draw_notice("tipping", tipping=[])
    skipped = {"status": "skipped", "reason": "it was not requested."}
    assert "not sampled: they were not requested." in draw_notice("prior-alone", prior_alone=skipped)
