"""The instrumented program has the original's density, weight by weight, and adds up to its terms.

It is optimised by stanc, the original is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.program.conftest import NAMES, Library, data_of
from tests.program.oracle import Array, Oracle, build
from workbench import toolchain
from workbench.errors import PriorError
from workbench.program import Instrumented, Program
from workbench.program.syntax.printer import to_text

POINTS = 10
_QUICK = ("regression_target", "schools_noncentred", "truncated_data", "zero_inflated", "own_quantities")
_NOISY = frozenset({"differential_equation"})  # a solver takes other steps without sensitivities
_PROGRAMS = [
    pytest.param(name, marks=() if name in _QUICK else pytest.mark.truth)
    for name in NAMES
    if name not in {"functions_refused", "reads_target"}
]


@dataclass(frozen=True)
class Pair:
    """The author's program and ours, compiled, with random points in common."""

    program: Program
    ours: Instrumented
    author: Oracle
    oracle: Oracle
    data: dict[str, Any]
    points: Array

    def with_weights(self, weights: dict[str | int, float], **options: bool) -> Array:
        """Return our log density at the points."""
        self.oracle.feed({**self.data, **self.ours.data(weights)})
        return self.oracle.log_density(self.points, **options)[0]


@pytest.fixture
def pair(request, library: Library, tools: toolchain.Toolchain, tmp_path: Path) -> Pair:
    name = request.param
    program, data = library[name], data_of(name)
    assert program.instrumented is not None
    author = build(name, to_text(program.tree), tools, tmp_path / "author")
    ours = build(name, program.instrumented.source, tools, tmp_path / "ours", optimized=True)
    author.feed(data)
    ours.feed({**data, **program.instrumented.data()})
    points = np.random.default_rng(3).uniform(-1, 1, (POINTS, author.dimension()))
    return Pair(program, program.instrumented, author, ours, data, points)


@pytest.mark.parametrize("pair", _PROGRAMS, indirect=True)
def test_density_and_gradient_are_the_original_ones(pair: Pair):
    theirs, their_gradient = pair.author.log_density(pair.points)
    ours, our_gradient = pair.oracle.log_density(pair.points)
    shift = 0 if pair.ours.is_exact else (ours - theirs)[0]
    np.testing.assert_allclose(ours - shift, theirs, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(our_gradient, their_gradient, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("pair", _PROGRAMS, indirect=True)
def test_weights_scale_their_terms_and_nothing_else(pair: Pair):
    rng = np.random.default_rng(5)
    none: dict[str | int, float] = {term.index: 0.0 for term in pair.program.terms}
    weights: dict[str | int, float] = {index: rng.uniform(0, 2) for index in none}
    bottom = pair.with_weights(none)
    expected = bottom.copy()
    for term in pair.program.terms:
        if not term.is_constant:
            only = pair.with_weights({**none, term.index: 1.0}) - bottom
            expected += weights[term.index] * only
    np.testing.assert_allclose(pair.with_weights(weights), expected, rtol=1e-9, atol=1e-9)
    assert np.ptp(pair.with_weights(none, jacobian=False)) < 1e-9 or "jacobian" in pair.program.source


@pytest.mark.parametrize("pair", _PROGRAMS, indirect=True)
def test_terms_add_up_to_the_density_of_each_draw(pair: Pair):
    draws, names = pair.oracle.draws(), pair.ours.outputs
    terms = {term.index: draws[f"{names.densities}.{term.index}"] for term in pair.program.terms}
    total = np.sum(list(terms.values()), axis=0)
    rest = total - pair.oracle.density_of_draws()
    tolerance = 1e-5 if pair.program.name in _NOISY else 1e-8
    np.testing.assert_allclose(rest, rest[0], atol=tolerance * (1 + np.abs(total).max()))
    for role, column in (("prior", draws[names.lprior]), ("likelihood", _log_lik(draws, names.log_lik))):
        own = [terms[term.index] for term in pair.program.terms if term.role == role]
        np.testing.assert_allclose(column, np.sum(own, axis=0), rtol=1e-9, atol=1e-9)


def _log_lik(draws: dict[str, Array], name: str | None) -> Array:
    assert name is not None
    columns = [column for key, column in draws.items() if key.startswith(f"{name}.")]
    return np.asarray(np.sum(columns, axis=0), dtype=float)


def test_data_are_those_of_the_original_density_by_default(library: Library):
    ours = library["schools_centred"].instrumented
    assert ours is not None
    assert ours.data() == {
        "weights": [1.0, 1.0, 1.0, 1.0],
        "roles": [1, 1, 2, 3],
        "replicating": 0,
        "prior_mu_mu": 0.0,
        "prior_mu_sigma": 5.0,
        "prior_tau_mu": 0.0,
        "prior_tau_sigma": 5.0,
    }
    changed = ours.data({"prior": 0.5, 1: 2.0}, {"tau.sigma": 1.0})
    assert changed["weights"] == [2.0, 0.5, 1.0, 1.0]
    assert changed["prior_tau_sigma"] == 1.0
    assert ours.data_names == changed.keys()


def test_unknown_weights_and_constants_are_named(library: Library):
    ours = library["schools_centred"].instrumented
    assert ours is not None
    with pytest.raises(PriorError, match=r"`sigma\.mu` is no constant") as caught:
        ours.data(hyperparameters={"sigma.mu": 1.0})
    assert "`tau.sigma`" in str(caught.value.hint)
    with pytest.raises(PriorError, match=r"`tau\.sigma` must be positive, but -1 was given"):
        ours.data(hyperparameters={"tau.sigma": -1.0})
    with pytest.raises(PriorError, match="`9` is neither a role nor"):
        ours.data({9: 1.0})


def test_added_names_are_fresh(library: Library):
    ours = library["own_quantities"].instrumented
    assert ours is not None
    assert ours.outputs.log_lik == "log_lik_2"
    assert ours.weights == "weights_2"
    assert ours.outputs.names == {"term_lpdf", "lprior_2", "log_lik_2"}
