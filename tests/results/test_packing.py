"""Draws as 16-bit numbers: exact where they can be, and as near as the page says where not."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.results.packing import MISSING_CODE, pack, unpack

RNG = np.random.default_rng(1)

DRAWS = {
    "normal": RNG.normal(3, 2, (4, 500)),
    "large": RNG.normal(1e6, 1e-3, 2000),
    "heavy": RNG.standard_cauchy(2000),
    "lognormal": np.exp(RNG.normal(0, 3, 2000)),
    "tiny": RNG.normal(0, 1e-100, 2000),
    "huge": 1e300 * RNG.uniform(-1, 1, 2000),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_error_is_the_one_that_is_said_and_small(name):
    values = DRAWS[name].ravel()
    packed = pack(values)
    with np.errstate(over="ignore"):
        spread = np.std(values)
    difference = np.abs(unpack(packed) - values).max()
    if np.isfinite(spread):
        assert difference / spread == pytest.approx(packed.error, rel=1e-6)
        assert packed.error < 0.005
    assert np.corrcoef(unpack(packed) / np.abs(values).max(), values / np.abs(values).max())[0, 1] > 1 - 1e-7


def test_rounding_is_to_the_nearest_of_equal_steps_and_reaches_both_ends():
    values = DRAWS["normal"].ravel()
    packed = pack(values)
    assert packed.spacing == "linear"
    assert np.abs(unpack(packed) - values).max() <= packed.step * (0.5 + 1e-9)
    assert unpack(packed).min() == values.min()
    assert unpack(packed).max() == pytest.approx(values.max())
    assert packed.step == pytest.approx(np.ptp(values) / 65534)


def test_small_positive_draws_stay_apart_on_a_logarithmic_axis():
    values = np.exp(np.linspace(-12, 5, 2001))
    packed = pack(values)
    assert packed.spacing == "log"
    assert np.abs(np.log(unpack(packed)) - np.log(values)).max() < 2e-4


@pytest.mark.parametrize("values", [np.arange(-3, 60_000.0), np.array([2**52, 2**52 + 1.0]), np.full(9, 0.1)])
def test_whole_numbers_and_constants_are_exact(values):
    packed = pack(values)
    assert (unpack(packed) == values).all()
    assert packed.error == 0


def test_what_is_not_finite_is_missing_and_the_rest_is_there():
    values = np.array([1.0, np.nan, 2.5, np.inf, -1.7e308])
    packed = pack(values)
    assert (packed.codes == MISSING_CODE).tolist() == [False, True, False, True, True]
    assert unpack(packed)[[0, 2]] == pytest.approx([1, 2.5])
    assert np.isnan(unpack(pack(np.full(3, np.nan)))).all()
