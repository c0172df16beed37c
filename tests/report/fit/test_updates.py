"""The section of an updated run: one picture for each parameter that every run of the chain has."""

from tests.report.documents import changed_fit, join_text, list_figures
from workbench.report.figures import to_svg
from workbench.report.fit import updates
from workbench.report.fit.report import build_fit_report


def describe(way="weights", earlier=(("mu", 4.0), ("mu", 5.0)), **facts):
    return {
        "parent": "reports/may", "way": way, "old_rows": 8, "new_rows": 2, "data": "june.csv", "khat": 0.3,
        "khat_limit": 0.7, "effective_draws": 812.0,
        "earlier": [
            {"rows": 8, "estimates": {name: {"mean": mean, "lower": mean - 1, "upper": mean + 1}}}
            for name, mean in earlier
        ],
        **facts,
    }  # fmt: skip


def test_the_drift_of_each_known_parameter_is_drawn():
    results = changed_fit(updated=describe()).results
    (section,) = updates.build_section(results)
    (pictures,) = list_figures(section)
    assert [figure.caption for figure in pictures.figures] == ["`mu`"]
    mean = results.posterior("mu").mean
    assert pictures.figures[0].alt.startswith("mu after each batch: means 4")
    assert f"{mean:.1f}"[:3] in pictures.figures[0].alt
    svg = to_svg(pictures.figures[0].drawing)
    assert "batch" in svg


def test_a_parameter_that_an_earlier_run_lacks_is_not_drawn():
    (section,) = updates.build_section(changed_fit(updated=describe(earlier=(("nu", 1.0),))).results)
    assert not list_figures(section)
    assert "Updated from `reports/may` (8 rows) with 2 new rows of `june.csv`" in join_text(section)


def test_any_other_run_has_no_such_section():
    assert updates.build_section(changed_fit().results) == ()
    keys = [section.key for section in build_fit_report(changed_fit(updated=describe())).sections]
    assert "updates" in keys


def test_each_way_is_said():
    def say(**facts):
        (section,) = updates.build_section(changed_fit(updated=describe(**facts)).results)
        return join_text(section)

    assert "its draws were weighted (k-hat 0.30, at most 0.70; 812 effective draws)" in say()
    assert "fitted together, because a reason." in say(way="refit", reason="a reason")
    normal = {"way": "normal", "probability_error": 0.012}
    assert "stands for its posterior (k-hat 0.30, at most 0.70)." in say(**normal)
    assert "(k-hat 3.90, above 0.70, but no probability is off by more than 1.2%)" in say(**normal, khat=3.9)
    worse = say(way="normal", probability_error=0.21, khat=3.9)
    assert "badly (k-hat 3.90, above 0.70; probabilities can be off by 21.0%): fit old and new rows" in worse
    assert "badly (k-hat is infinite; probabilities can be off by 90.0%)" in say(
        way="normal", probability_error=0.9, khat=None
    )
