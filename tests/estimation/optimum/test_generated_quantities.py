"""Generated quantities at a mode: values, standard errors by the delta method, and random ones left out."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from tests.estimation.chosen_density import ChosenDensity
from tests.estimation.minimal import (
    JOB,
    NAMES,
    declare,
    make_context,
    make_curvature,
    make_program,
    make_run,
    make_term,
)
from workbench.backends import RawRun
from workbench.errors import ChainFailed
from workbench.estimation.optimum.generated_quantities import (
    GeneratedQuantities,
    compute_generated_quantities,
    sum_terms_by_role,
    with_generated_quantities,
)
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.newton import NewtonResult
from workbench.estimation.optimum.search import Optimum

QUANTITIES = ("ratio", "noise", "coin", "y_rep", "broken")


@dataclass(frozen=True)
class Generating(ChosenDensity):
    """A backend that generates alpha / beta[1], noise, a coin that always falls on the same side, and NaN.

    Points with `beta[1]` away from 2 by more than `radius` leave the support.
    """

    radius: float = np.inf

    def generate(self, job, columns, draws):
        if (np.abs(draws[:, 1] - 2) > self.radius).any():
            raise ChainFailed("outside the support.")
        noise = np.random.default_rng(0).normal(size=len(draws))
        ratio = draws[:, 0] / draws[:, 1]
        ones, nan = np.ones(len(draws)), np.full(len(draws), np.nan)
        return RawRun(QUANTITIES, np.column_stack([ratio, noise, ones, ratio, nan])[None])


def make_quantities_program(source):
    kinds = {"coin": "int"}
    quantities = tuple(declare(name, kinds.get(name, "real")) for name in QUANTITIES)
    return make_program(source=source, generated_quantities=quantities)


RANDOM = make_quantities_program("generated quantities { real noise = normal_rng(0, 1); }")
DETERMINISTIC = make_quantities_program("generated quantities { real ratio = alpha / beta[1]; }")

POINT = np.array([3.0, 2.0, 0.0])
FACTOR = np.array([[0.2, 0.0, 0.0], [0.1, 0.3, 0.0], [0.0, 0.0, 1.0]])
"""A root of the covariance of the point."""


def make_optimum():
    newton = NewtonResult(POINT, np.zeros(3), 0.0, FACTOR, np.ones(3), True)
    return Optimum(make_run(POINT), make_curvature(POINT), newton, "")


def compute(tmp_path, program, backend, optimum=None):
    context = make_context(backend, tmp_path, program)
    return compute_generated_quantities(context, LogDensity(backend, JOB, False), optimum or make_optimum())


def test_values_and_standard_errors_are_those_of_the_delta_method(tmp_path):
    """Of a / b the gradient is (1 / b, -a / b^2); its variance g' S g with S = F F'."""
    generated = compute(tmp_path, DETERMINISTIC, Generating())
    assert generated.values["ratio"] == 1.5
    gradient = np.array([1 / 2, -3 / 4, 0.0])
    assert generated.errors["ratio"] == pytest.approx(
        np.sqrt(gradient @ FACTOR @ FACTOR.T @ gradient), rel=1e-6
    )


def test_random_quantities_and_predictions_are_left_out(tmp_path):
    """A coin may fall on the same side every time: with any random number, integers count as random."""
    assert set(compute(tmp_path, RANDOM, Generating()).values) == {"ratio", "broken"}
    assert set(compute(tmp_path, DETERMINISTIC, Generating()).values) == {"ratio", "noise", "coin", "broken"}


def test_where_a_point_nearby_leaves_the_support_there_are_values_without_errors(tmp_path):
    generated = compute(tmp_path, DETERMINISTIC, Generating(radius=0.0))
    assert generated.values["ratio"] == 1.5
    assert generated.errors == {}


def test_where_nothing_can_be_generated_there_is_nothing(tmp_path):
    generated = compute(tmp_path, DETERMINISTIC, Generating(radius=-1.0))
    assert (generated.values, generated.errors) == ({}, {})


def test_a_program_without_any_is_not_asked(tmp_path):
    assert compute(tmp_path, make_program(), Generating(radius=-1.0)).values == {}


def test_the_run_of_a_mode_gets_the_quantities_at_the_mode_and_loses_the_random_ones(tmp_path):
    """The optimiser's own output has quantities drawn at random, which are no estimates."""
    generated = compute(tmp_path, RANDOM, Generating())
    optimum = make_optimum()
    columns = (*NAMES, "ratio", "noise")
    drawn = Optimum(make_run((*POINT, 99.0, 99.0), names=columns), optimum.curvature, optimum.newton, "")
    run = with_generated_quantities(drawn, generated)
    values = dict(zip(run.columns, run.draws[0, 0].tolist(), strict=True))
    assert {name: values[name] for name in NAMES} == dict(zip(NAMES, POINT.tolist(), strict=True))
    assert values["ratio"] == 1.5
    assert "noise" not in values


def test_terms_are_summed_by_their_role(tmp_path):
    """Terms 1 and 3 are priors; term 4 has no value, as where its density is not normalised."""
    terms = [
        make_term(role, ("alpha",), index=index)
        for index, role in enumerate(("prior", "likelihood", "prior", "latent"), start=1)
    ]
    instrumented = SimpleNamespace(terms=terms, outputs=SimpleNamespace(densities="d"))
    context = make_context(ChosenDensity(), tmp_path, make_program(instrumented=instrumented))
    generated = GeneratedQuantities({"d[1]": -1.0, "d[2]": -7.0, "d[3]": -2.5, "ratio": 9.0}, {})
    assert sum_terms_by_role(context, generated) == {"prior": -3.5, "likelihood": -7.0}
    assert sum_terms_by_role(make_context(ChosenDensity(), tmp_path), generated) == {}
