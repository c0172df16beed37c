"""Convergence: numbers from the record, and divergences drawn where there are some."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tests.report.documents import changed_fit, join_text, list_figures
from workbench.report.figures import Drawing
from workbench.report.fit.convergence import build_section
from workbench.results import Fit


def test_the_summary_takes_its_numbers_from_the_record():
    fit = changed_fit()
    fit.record["nuts"]["estimates"]["mu"] |= {"rhat": 1.234, "ess_bulk": 17.0}
    text = join_text(build_section(fit.results, fit.tree))
    assert "The largest R-hat is 1.234 (`mu`)." in text
    assert "effective sample size is 17 (`mu`)." in text
    assert "2 transitions diverged." in text
    assert "No transition reached the maximum treedepth." in text


def test_divergences_are_drawn_only_where_there_are_some():
    fit = changed_fit()
    quiet = fit.tree.copy(deep=True)
    quiet["sample_stats"]["diverging"].values[:] = False  # type: ignore[index]
    keys = [
        [drawings.key for drawings in list_figures(build_section(fit.results, tree))]
        for tree in (fit.tree, quiet)
    ]
    assert keys == [["chains", "energy", "divergences"], ["chains", "energy"]]


def test_the_worst_quantities_are_drawn():
    fit = changed_fit()
    fit.record["nuts"]["estimates"]["theta_raw[3]"]["rhat"] = 2.0
    drawings = list_figures(build_section(fit.results, fit.tree))[0]
    assert drawings.figures[0].caption == "`theta_raw[3]`: trace"


def test_constant_draws_are_not_drawn():
    fit = changed_fit()
    tree = fit.tree.copy(deep=True)
    for array in tree["posterior"].data_vars.values():
        array.values[:] = 1.0
    section = build_section(Fit(fit.record, tree).results, tree)
    assert [drawings.key for drawings in list_figures(section)] == ["energy"]


@pytest.mark.parametrize(("smallest", "is_log"), [(0.01, True), (0.0, False)])
def test_axes_of_positive_scales_are_logarithmic(monkeypatch, smallest, is_log):
    kept: list[dict[str, bool]] = []

    def keep(*draws: np.ndarray, **axes: bool) -> Drawing:
        kept.append(axes)
        return Drawing(lambda figure, palette: None)

    monkeypatch.setattr("workbench.report.figures.draw_pair", keep)
    fit = changed_fit()
    tree = fit.tree.copy(deep=True)
    scales = np.maximum(np.asarray(tree["posterior"]["tau"]), 0.01)
    scales[0, 0] = smallest
    scales[np.asarray(tree["sample_stats"]["diverging"])] = 20.0
    tree["posterior"]["tau"] = xr.DataArray(scales, dims=("chain", "draw"))
    section = build_section(fit.results, tree)
    pictures = list_figures(section)[-1]
    assert [axes["is_y_log"] for axes in kept] == [is_log] * 2
    assert not any(axes["is_x_log"] for axes in kept)
    assert ("logarithmic" in pictures.explanation) == is_log
    assert all("median of tau is 20 in divergent draws" in figure.alt for figure in pictures.figures)
