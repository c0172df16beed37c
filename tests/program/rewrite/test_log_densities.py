"""The log densities of terms and observations add up to the log density of each draw."""

from __future__ import annotations

import numpy as np
import pytest

from tests.program.executable import Array
from tests.program.rewrite.conftest import PROGRAMS, Pair

_NOISY = frozenset({"differential_equation"})
"""Programs whose solver takes other steps without sensitivities."""


@pytest.mark.parametrize("pair", PROGRAMS, indirect=True)
def test_terms_add_up_to_the_log_density_of_each_draw(pair: Pair):
    draws, outputs = pair.instrumented_exe.sample(), pair.instrumented.outputs
    terms = {term.index: draws[f"{outputs.densities}.{term.index}"] for term in pair.program.terms}
    total = np.sum(list(terms.values()), axis=0)
    rest = total - pair.instrumented_exe.log_density_of_draws()
    tolerance = 1e-5 if pair.program.name in _NOISY else 1e-8
    np.testing.assert_allclose(rest, rest[0], atol=tolerance * (1 + np.abs(total).max()))
    assert outputs.log_lik is not None
    sums = {"prior": draws[outputs.lprior], "likelihood": _sum_entries(draws, outputs.log_lik)}
    for role, column in sums.items():
        expected = [terms[term.index] for term in pair.program.terms if term.role == role]
        np.testing.assert_allclose(column, np.sum(expected, axis=0), rtol=1e-9, atol=1e-9)


def _sum_entries(draws: dict[str, Array], name: str) -> Array:
    columns = [column for key, column in draws.items() if key.startswith(f"{name}.")]
    return np.asarray(np.sum(columns, axis=0), dtype=float)
