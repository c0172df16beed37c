"""The forest plot: chosen quantities by method, with the numbers of the record and the draws."""

from __future__ import annotations

import copy
import functools
from typing import Any

import numpy as np
import pytest

from tests.report.documents import changed_fit, list_figures, without
from tests.report.fit.arrays import draw_normal, make_fit
from workbench.report.document import Section
from workbench.report.figures import Drawing, ForestRow
from workbench.report.fit import forest
from workbench.report.fit.arrays import PosteriorArrays
from workbench.report.fit.report import build_fit_report
from workbench.results import Fit


def _build(fit: Fit) -> Section:
    (section,) = forest.build_section(fit, PosteriorArrays(fit))
    return section


def _explain(fit: Fit) -> str:
    return list_figures(_build(fit))[0].explanation


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Keep what the drawing was asked to show."""
    kept: dict[str, Any] = {}

    def keep(rows: list[ForestRow], titles: dict[str, str]) -> Drawing:
        kept.update(rows={row.label: row.estimates for row in rows}, titles=titles)
        return Drawing(lambda figure, palette: None)

    monkeypatch.setattr("workbench.report.figures.draw_forest", keep)
    return kept


def test_it_is_the_first_picture_of_the_report():
    sections = build_fit_report(changed_fit()).sections
    assert next(section.key for section in sections if list_figures(section)) == "overview"


def test_every_method_has_the_numbers_of_the_record(drawn):
    fit = changed_fit()
    fit.record["laplace"]["khat"] = 0.2
    _build(fit)
    keys = {"posterior": "nuts", "laplace": "laplace", "mle": "mle", "map": "map"}
    for method, key in keys.items():
        for name in ("mu", "tau"):
            stored = fit.record[key]["estimates"][name]
            estimate = drawn["rows"][name][method]
            assert estimate.value == stored.get("mean", stored.get("value"))
            assert estimate.interval == ((stored["lower"], stored["upper"]) if "lower" in stored else None)
    assert drawn["rows"]["tau"]["mle"].interval is None
    assert next(iter(drawn["titles"])) == "posterior"


def test_the_thick_line_is_the_central_half_of_the_draws(drawn):
    fit = changed_fit()
    _build(fit)
    half = drawn["rows"]["mu"]["posterior"].half
    inside = (fit.tree["posterior"]["mu"].values > half[0]) & (fit.tree["posterior"]["mu"].values < half[1])
    assert inside.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("khat", "words"),
    [
        (0.3, None),
        (0.9, "Laplace is left out: its k-hat of 0.90 says that it is far from the posterior."),
        (None, "Laplace is left out: no k-hat says how far it is from the posterior."),
    ],
)
def test_an_approximation_that_its_k_hat_rejects_is_left_out_and_that_is_said(drawn, khat, words):
    fit = changed_fit()
    fit.record["laplace"].update(khat=khat, khat_threshold=0.7)
    explanation = _explain(fit)
    assert ("laplace" in drawn["rows"]["mu"]) == (words is None)
    assert ("Laplace is left out" in explanation) == (words is not None)
    assert (words or "") in explanation


def test_without_a_posterior_the_other_methods_are_drawn(drawn):
    fit = without(changed_fit(), "nuts")
    explanation = _explain(fit)
    assert list(drawn["titles"]) == ["laplace", "mle", "map", "map_unconstrained"]
    assert "Posterior" not in explanation
    assert "MLE: with its Wald interval" in explanation


def test_without_any_estimate_there_is_no_picture():
    fit = without(changed_fit(), "nuts", "laplace", "mle", "map", "map_unconstrained")
    assert forest.build_section(fit, PosteriorArrays(fit)) == ()


def test_draws_that_failed_a_check_are_not_drawn_without_a_word():
    assert "do not rely" not in _explain(changed_fit())
    fit = changed_fit()
    fit.record["diagnosis"]["verdict"] = "fail"
    assert _explain(fit).startswith("The draws failed a check (see Checks): do not rely on this picture.")


def test_the_explanation_says_only_what_is_there():
    fit = make_fit({"alpha": draw_normal(1.0), "beta": draw_normal(1.5)})
    words = "Posterior: the mean, with the central 50% (thick) and 90% (thin) of the draws."
    assert _explain(fit) == words
    record = copy.deepcopy(dict(fit.record))
    record["map"] = {"status": "ok", "estimates": {"alpha": {"value": 90.0}, "beta": {"value": 2.0}}}
    assert _explain(Fit(record, fit.tree)) == f"{words} An arrow is an estimate beyond the scale."


def test_an_estimate_that_is_not_finite_is_left_out(drawn):
    fit = changed_fit()
    fit.record["mle"]["estimates"]["mu"] |= {"value": float("inf")}
    fit.record["map"]["estimates"]["mu"] |= {"value": None}
    _build(fit)
    assert drawn["rows"]["mu"]["mle"].value is None
    assert "map" not in drawn["rows"]["mu"]


def test_parameters_come_before_generated_quantities_and_small_arrays_before_large_ones():
    draws = {
        "large": draw_normal(np.arange(30.0)),
        "alpha": draw_normal(0.0),
        "beta": draw_normal(np.arange(3.0)),
        "fixed": np.ones((4, 50)),
    }
    fit = make_fit(draws)
    names = forest.choose_quantities(fit.results)
    assert names[:4] == ["alpha", "beta[1]", "beta[2]", "beta[3]"]
    assert names[4:] == [f"large[{place}]" for place in range(1, 13)]
    assert "fixed" not in names
    assert "19 other quantities are not drawn here." in _explain(fit)


@pytest.mark.parametrize("size", [3, 12, 20])
def test_generated_arrays_are_not_drawn_beside_parameters(size):
    draws = {"alpha": draw_normal(np.zeros(6)), "small": draw_normal(0.0), "out": draw_normal(np.zeros(size))}
    fit = make_fit(draws)
    del fit.record["model"]["parameters"][1:]
    assert forest.choose_quantities(fit.results) == [*(f"alpha[{place}]" for place in range(1, 7)), "small"]


def test_where_all_is_generated_an_array_is_drawn_whole_or_not_at_all():
    fit = make_fit(
        {"small": draw_normal(0.0), "two": draw_normal(np.zeros(2)), "mean": draw_normal(np.zeros(20))}
    )
    fit.record["model"]["parameters"].clear()
    assert forest.choose_quantities(fit.results) == ["small", "two[1]", "two[2]"]


def test_the_description_gives_the_numbers():
    figure = list_figures(_build(changed_fit()))[0].figures[0]
    record = changed_fit().record
    mean = record["nuts"]["estimates"]["mu"]["mean"]
    assert f"mu: posterior {mean:.2f} (" in figure.alt
    assert f"MLE {record['mle']['estimates']['mu']['value']:.2f} (" in figure.alt


def test_labels_of_the_data_name_the_quantities(drawn):
    _build(changed_fit())
    assert "theta_raw[school A]" in drawn["rows"]
    assert functools.reduce(lambda total, row: total + len(row), drawn["rows"].values(), 0) > 10
