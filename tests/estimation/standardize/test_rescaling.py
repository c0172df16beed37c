"""The map back from standardized predictors: guessed from declarations, and checked by densities."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.estimation.minimal import declare, make_context
from workbench import binding, priors, tables
from workbench.backends.fake import FakeBackend
from workbench.binding import BindingOptions
from workbench.errors import ChainFailed
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.rescaling import _count_free, find_rescaling, undo_standardization
from workbench.progress import SILENT
from workbench.request import FitRequest

INTERCEPT = """
data { int N; int K; int J; matrix[N, K] X; array[N] int<lower=1, upper=J> g; vector[N] y; }
parameters { real a; vector[K] b; vector[J] u; real<lower=0> s; }
model {
  a ~ normal(0, 1); b ~ normal(0, 1); u ~ normal(a, 1); s ~ exponential(1);
  y ~ normal(u[g] + X * b, s);
}
"""


class Regression(FakeBackend):
    """Answers with the density of the program above, computed here from the data file that it is given."""

    def dimension(self, job):
        return 1 + 2 + 2 + 1

    def log_density(self, job, at, *, jacobian):
        data = json.loads(job.data.read_text())
        a, b, u, s = at[0, 0], at[0, 1:3], at[0, 3:5], np.exp(at[0, 5])
        x, y, g = np.array(data["X"]), np.array(data["y"]), np.array(data["g"]) - 1
        density = (
            -0.5 * (((y - u[g] - x @ b) / s) ** 2).sum() - len(y) * np.log(s) - 0.5 * ((u - a) ** 2).sum()
        )
        return np.array([density]), np.zeros((1, 6))


@pytest.fixture
def context_for(program_from, tmp_path):
    """Make the context of a fit with standardized predictors, whose backend knows the density."""

    def make(text=INTERCEPT, backend=Regression):
        program = program_from(text)
        rng = np.random.default_rng(5)
        frame = pd.DataFrame({"y": rng.normal(size=12), "g": [1, 2] * 6, "p": rng.normal(50, 9, 12)})
        frame["q"] = rng.normal(-3, 0.1, 12)
        bound = binding.bind(program, tables.from_frame(frame), BindingOptions(standardize=True))
        request = FitRequest(program, bound, priors.settle(program, {}, {}, "card"))
        return FitContext(request, tmp_path / "exe", backend({}, {}), tmp_path / "scratch", SILENT)

    return make


def test_a_mean_and_its_groups_are_rescaled_together(context_for):
    """The groups alone would leave the likelihood the same, but not their spread around the mean."""
    result = find_rescaling(context_for())
    assert result.rescaling is not None
    assert result.rescaling.intercepts == ("a", "u")
    scale = context_for().request.data.standardized["X"]
    row = result.rescaling.matrix[result.rescaling.columns.index("u[1]")]
    expected = [-mean / sd for mean, sd in zip(scale.mean, scale.sd, strict=True)]
    np.testing.assert_allclose(row[:2], expected)


def test_if_densities_differ_nothing_is_rescaled(context_for):
    class Different(Regression):
        def log_density(self, job, at, *, jacobian):
            density, gradient = super().log_density(job, at, jacobian=jacobian)
            return density + 1e-3 * at[0, 1] ** 2, gradient

    assert "no intercept was found" in find_rescaling(context_for(backend=Different)).reason


def test_a_bounded_coefficient_is_not_rescaled(context_for):
    text = INTERCEPT.replace("vector[K] b;", "vector<lower=0>[K] b;")
    assert (
        find_rescaling(context_for(text)).reason == "no unbounded parameter is sized by the columns of `X`."
    )


def test_transformed_parameters_that_depend_on_coefficients_keep_everything_as_fitted(context_for):
    text = INTERCEPT.replace(
        "model {", "transformed parameters { vector[J] w = 2 * u; real q = s + 1; }\nmodel {"
    )
    reason = "`w` among the transformed parameters would have to be rescaled too."
    assert find_rescaling(context_for(text)).record == {"status": "not available", "reason": reason}
    harmless = INTERCEPT.replace("model {", "transformed parameters { real q = s + 1; }\nmodel {")
    assert find_rescaling(context_for(harmless)).rescaling is not None


def test_a_backend_that_cannot_evaluate_gives_no_map(context_for):
    class Failing(Regression):
        def log_density(self, job, at, *, jacobian):
            raise ChainFailed("no density here.")

    assert find_rescaling(context_for(backend=Failing)).record == {
        "status": "not available",
        "reason": "no density here.",
    }


def test_a_coefficient_is_divided_by_its_predictors_sd(context_for):
    rescaling = find_rescaling(context_for()).rescaling
    assert rescaling is not None
    scale = context_for().request.data.standardized["X"]
    place = rescaling.columns.index("b[2]")
    assert rescaling.matrix[place, place] == pytest.approx(1 / scale.sd[1])
    assert np.count_nonzero(rescaling.matrix[place]) == 1


def test_undone_standardization_gives_the_columns_of_the_table(context_for):
    data = context_for().request.data
    undone = undo_standardization(data)
    np.testing.assert_allclose(undone.values["X"][:, 1], data.table.cells["q"].to_numpy())
    assert undone.standardized == {}
    assert abs(data.values["X"].mean(axis=0)).max() < 1e-12


@pytest.mark.parametrize(
    ("kind", "sizes", "depth", "expected"),
    [
        ("real", (), 0, 1),
        ("simplex", (4,), 0, 3),
        ("cov_matrix", (3, 3), 0, 6),
        ("corr_matrix", (3, 3), 0, 3),
        ("cholesky_factor_cov", (4, 2), 0, 7),
        ("sum_to_zero_vector", (2, 5), 1, 8),
        ("ordered", (3,), 0, 3),
        ("matrix", (2, 3, 4), 1, 24),
        ("complex", (), 0, None),
        ("row_stochastic_matrix", (2, 3), 0, None),
    ],
)
def test_unconstrained_numbers_are_counted_as_in_stan(kind, sizes, depth, expected):
    """By the reference manual, chapter "Constraint transforms"; `None` where the workbench does not know."""
    declared = replace(declare("p", kind, *sizes), depth=depth)
    context = make_context(FakeBackend({}, {}), Path("nowhere"))
    assert _count_free(context, declared) == expected
