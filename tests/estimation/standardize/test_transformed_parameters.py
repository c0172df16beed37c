"""Transformed parameters of a standardized fit, on the scale of the data: a hierarchy in closed form."""

import numpy as np
import pytest

import workbench
from tests.estimation.standardize.hierarchy import PROGRAM, Z_LINE, A, simulate, solve
from workbench.estimation.standardize.original_scale import _name_copy


@pytest.fixture(scope="module")
def frame():
    return simulate()


@pytest.fixture(scope="module")
def fitted(tools, tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("hierarchy")
    (folder / "hierarchy.stan").write_text(PROGRAM)
    frame.to_csv(folder / "data.csv", index=False)
    model = workbench.Model(folder / "hierarchy.stan", role={f"line {Z_LINE}": "latent"}, progress=False)
    return model.fit(
        folder / "data.csv", standardize=True, draws=1000, warmup=500, chains=2, progress=False,
        columns={"X": ["age", "income"]}, output=folder / "run",
    )  # fmt: skip


def test_results_are_on_the_scale_of_the_data(fitted):
    standardized = fitted.results.data.standardized
    assert standardized.is_on_data_scale
    assert standardized.computed_again == ("a", "lines", "growth", "mu")
    assert "copy" not in " ".join(fitted.results.estimates("nuts"))
    assert fitted.results.model.proof.status == "equal"


def test_the_posterior_is_that_in_closed_form(fitted, frame):
    mean, covariance = solve(frame, [1 / 25, 1, 1, 1, 1, 1])
    effects, spreads = A @ mean, np.sqrt(np.diag(A @ covariance @ A.T))
    estimates = fitted.results.estimates("nuts")
    for j in range(3):
        estimate = estimates[f"a[{j + 1}]"]
        assert abs(estimate.mean - effects[j]) < 5 * estimate.mcse_mean
        assert estimate.sd == pytest.approx(spreads[j], rel=0.1)
    modes = fitted.results.estimates("map")
    for j in range(3):
        assert modes[f"a[{j + 1}]"].value == pytest.approx(effects[j], rel=1e-4, abs=1e-5)
    assert modes["growth"].value == pytest.approx(np.exp(mean[0] / 10), rel=1e-5)
    assert modes["lines[1,2]"].value == pytest.approx(mean[0] + mean[2], rel=1e-4)
    assert modes["lines[2,1]"].value == pytest.approx(2 * mean[1], rel=1e-4)


def test_every_draw_of_a_transformed_parameter_belongs_to_its_parameters(fitted, frame):
    draws = fitted.posterior
    effects = draws["alpha"] + 0.7 * draws["z"]
    np.testing.assert_allclose(draws["a"].to_numpy(), effects.to_numpy(), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(draws["growth"], np.exp(draws["alpha"] / 10), rtol=1e-7)
    np.testing.assert_allclose(draws["first"], draws["a"][..., 0], rtol=1e-7, atol=1e-7)
    predicted = draws["a"].to_numpy()[..., frame["g"] - 1] + np.einsum(
        "cdk,nk->cdn", draws["beta"].to_numpy(), frame[["age", "income"]].to_numpy()
    )
    np.testing.assert_allclose(draws["mu"].to_numpy(), predicted, rtol=1e-6)


def test_standard_errors_follow_from_the_curvature(fitted, frame):
    """With the priors off, the density of `z` stays: the estimate is a penalised least-squares fit."""
    mean, covariance = solve(frame, [0, 0, 0, 1, 1, 1])
    effects, errors = A @ mean, np.sqrt(np.diag(A @ covariance @ A.T))
    estimates = fitted.results.estimates("mle")
    for j in range(3):
        assert estimates[f"a[{j + 1}]"].value == pytest.approx(effects[j], rel=1e-4, abs=1e-5)
        assert estimates[f"a[{j + 1}]"].se == pytest.approx(errors[j], rel=1e-4)
    growth = estimates["growth"]
    assert growth.se == pytest.approx(np.exp(mean[0] / 10) / 10 * np.sqrt(covariance[0, 0]), rel=1e-4)


def test_further_draws_and_predictions_are_on_the_same_scale(fitted, frame):
    again = workbench.load(fitted.folder)
    predictions = workbench.predict(again, frame.head(3), progress=False)
    mean, _ = solve(frame, [1 / 25, 1, 1, 1, 1, 1])
    x = frame[["age", "income"]].head(3).to_numpy()
    expected = (A @ mean)[frame["g"].head(3) - 1] + x @ mean[1:3]
    np.testing.assert_allclose(predictions["mean"], expected, atol=0.08)


def test_columns_of_copies():
    assert _name_copy("lines[1,2]", "lines", "c") == "c[1,1,2]"
    assert _name_copy("pair.1", "pair", "c") == "c[1].1"
