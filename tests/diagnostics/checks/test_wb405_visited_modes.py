"""WB405: did the chains visit every known mode?"""

import numpy as np
import pytest

from tests.diagnostics.checks.records import FAILED, UNREQUESTED, examine
from tests.diagnostics.fits import change_record, make_fit

SD = 0.1
"""The standard deviation of the draws at each mode."""


def make_modes(*modes):
    """Return a record of modes, each a value of `mu` and the log of its mass; heights equal the masses."""
    rows = [
        {"log_density": mass, "log_mass": mass, "starts": 2, "distance": 40.0, "estimates": {"mu": value}}
        for value, mass in modes
    ]
    return change_record("map_unconstrained", "modes", rows)


def draw_at(*centres):
    """Return normal draws of `mu`, a chain at each centre; a chain of two centres moves between them."""
    rng = np.random.default_rng(3)
    chains = [rng.choice(np.atleast_1d(centre), size=1000) for centre in centres]
    return {"mu": np.array(chains) + rng.normal(0, SD, (len(chains), 1000))}


def examine_draws(record, *centres):
    return examine("WB405", make_fit(record, posterior=draw_at(*centres)))


TWINS = make_modes((2.0, -9.0), (-2.0, -9.0))


def test_chains_that_all_sit_at_one_of_two_equal_modes_fail():
    result = examine_draws(TWINS, -2.0, -2.0, -2.0, -2.0)
    assert (result.status, result.severity) == ("issue", "fail")
    assert "visited 1 of 2 modes" in result.message
    assert "equally high: they differ in the sign of `mu`" in result.message
    assert "`mu` = 2, 50%" in result.message


def test_chains_that_stay_each_at_one_mode_are_an_issue():
    result = examine_draws(TWINS, -2.0, 2.0, -2.0, 2.0)
    assert (result.status, result.severity) == ("issue", "caution")
    assert "Each chain stayed at one of 2 modes" in result.message


def test_chains_that_move_between_the_modes_pass():
    both = (-2.0, 2.0)
    assert examine_draws(TWINS, both, both, both, both).status == "passed"


def test_the_mass_decides_not_the_height():
    """As high, but narrow: e^-8 of the mass; and lower, but wide."""
    narrow, wide = make_modes((2.0, -9.0), (-2.0, -17.0)), make_modes((2.0, -9.0), (-2.0, -9.5))
    narrow["map_unconstrained"]["modes"][1]["log_density"] = -9.0
    wide["map_unconstrained"]["modes"][1]["log_density"] = -20.0
    assert examine_draws(narrow, 2.0, 2.0, 2.0, 2.0).status == "n/a"
    result = examine_draws(wide, 2.0, 2.0, 2.0, 2.0)
    assert result.severity == "fail"
    assert "`mu` = -2, 38%" in result.message
    assert "equally high" not in result.message


@pytest.mark.parametrize("record", [make_modes((2.0, -9.0)), FAILED])
def test_without_a_second_mode_or_draws_it_does_not_apply(record):
    assert examine_draws(record, 2.0, 2.0, 2.0, 2.0).status == "n/a"


def test_without_the_values_of_the_draws_it_does_not_apply():
    assert examine("WB405", TWINS).status == "n/a"


def test_what_was_not_requested_is_skipped():
    assert examine("WB405", UNREQUESTED).status == "skipped"
