"""A study of a fit with standardized predictors: outcomes on the scale of the data, in closed form."""

from types import SimpleNamespace

import numpy as np
import pytest

import workbench
from tests.estimation.standardize.hierarchy import PROGRAM, Z_LINE, A, simulate, solve
from workbench.report.study.report import build_study_report, describe_scale
from workbench.results.view.description import StandardizationDescription
from workbench.studies.view import DataSource
from workbench.workflow.pages.study import build_study_page
from workbench.workflow.study_base import use_scale_of_base

SIGMAS = (0.05, 1.0, 2.0)
"""Prior SDs of the standardized coefficients: the first is refitted, the last weighted."""


@pytest.fixture(scope="module")
def study(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("standardized")
    (folder / "hierarchy.stan").write_text(PROGRAM)
    simulate().to_csv(folder / "data.csv", index=False)
    model = workbench.Model(folder / "hierarchy.stan", role={f"line {Z_LINE}": "latent"}, progress=False)
    fit = model.fit(
        folder / "data.csv", standardize=True, method=("map", "nuts"), draws=1000, warmup=500, chains=2,
        progress=False, columns={"X": ["age", "income"]}, output=folder / "run",
    )  # fmt: skip
    return workbench.sensitivity(
        fit, vary={"beta.sigma": SIGMAS}, parameters=("beta", "a", "alpha"), progress=False
    )


def test_outcomes_are_those_in_closed_form(study):
    rows = study.frame.query("method == 'nuts'").to_dict("records")
    assert {row["how"] for row in rows} == {"base", "weights", "refit"}
    for row in rows:
        mean, _ = solve(simulate(), [1 / 25, *([row["beta.sigma"] ** -2] * 2), 1, 1, 1])
        expected = {"alpha": mean[0], "beta[1]": mean[1], "beta[2]": mean[2]}
        expected |= {f"a[{j + 1}]": effect for j, effect in enumerate(A @ mean)}
        assert abs(row["mean"] - expected[row["parameter"]]) < 5 * row["mcse_mean"], row


def test_modes_are_those_in_closed_form(study):
    rows = study.frame.query("method == 'map' and parameter == 'beta[2]'").to_dict("records")
    assert len(rows) == len(SIGMAS)
    for row in rows:
        mean, _ = solve(simulate(), [1 / 25, *([row["beta.sigma"] ** -2] * 2), 1, 1, 1])
        assert row["mean"] == pytest.approx(mean[2], rel=1e-3)


def test_slopes_are_derivatives_on_the_scale_of_the_data(study):
    slopes = study.results.derivatives["beta.sigma"]
    assert slopes.status == "ok", slopes.reason
    slope = slopes.estimates["beta[1]"]
    means = [solve(simulate(), [1 / 25, *([sigma**-2] * 2), 1, 1, 1])[0][1] for sigma in (1 - 1e-4, 1 + 1e-4)]
    expected = np.diff(means)[0] / 2e-4
    assert abs(slope.mean - expected) < 5 * slope.mcse
    assert slope.mode == pytest.approx(expected, rel=1e-2)  # a normal posterior: the mode is the mean


def test_the_first_line_says_what_priors_are_about(study):
    words = "priors of coefficients are per standard deviation of the predictors in `X`"
    assert words in build_study_page(study).title
    assert words in build_study_report(study).subtitle
    assert study.results.data == DataSource(
        path=study.results.data.path, sha256=study.results.data.sha256, rows=60, standardized=("X",)
    )


def test_results_in_other_units_are_said_to_be(study):
    data = DataSource(path="d.csv", standardized=("X", "Z"), on_data_scale=False)
    results = SimpleNamespace(data=data)
    assert describe_scale(results) == (  # type: ignore[arg-type]
        "; priors and results are per standard deviation of the predictors in `X` and `Z`, not on the scale "
        "of the data"
    )
    assert describe_scale(SimpleNamespace(data=DataSource(path="d.csv"))) == ""  # type: ignore[arg-type]


def test_draws_on_the_scale_of_the_fit_need_no_map(tmp_path):
    """Runs whose map back was not found, and runs without standardized predictors."""
    for description in (StandardizationDescription(status="not available"), StandardizationDescription()):
        fit = SimpleNamespace(results=SimpleNamespace(data=SimpleNamespace(standardized=description)))
        backend = object()
        assert use_scale_of_base(fit, None, backend, tmp_path) is backend  # type: ignore[arg-type]
