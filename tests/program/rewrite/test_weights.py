"""The instrumented program has the original log density, and weights scale their terms and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.program.rewrite.conftest import PROGRAMS, Pair


@pytest.mark.parametrize("pair", PROGRAMS, indirect=True)
def test_log_density_and_gradient_are_the_original_ones(pair: Pair):
    expected, expected_gradient = pair.original_exe.log_density(pair.points)
    log_density, gradient = pair.instrumented_exe.log_density(pair.points)
    shift = 0 if pair.instrumented.is_exact else (log_density - expected)[0]
    np.testing.assert_allclose(log_density - shift, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("pair", PROGRAMS, indirect=True)
def test_weights_scale_their_terms_and_nothing_else(pair: Pair):
    rng = np.random.default_rng(5)
    none: dict[str | int, float] = {term.index: 0.0 for term in pair.program.terms}
    weights: dict[str | int, float] = {index: rng.uniform(0, 2) for index in none}
    without_terms = pair.log_density(none)
    expected = without_terms.copy()
    for term in pair.program.terms:
        if not term.is_constant:
            alone = pair.log_density({**none, term.index: 1.0}) - without_terms
            expected += weights[term.index] * alone
    np.testing.assert_allclose(pair.log_density(weights), expected, rtol=1e-9, atol=1e-9)
    adds_jacobian = "jacobian" in pair.program.source
    assert adds_jacobian or np.ptp(pair.log_density(none, jacobian=False)) < 1e-9
