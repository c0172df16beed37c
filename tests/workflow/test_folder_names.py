"""Folders in `reports/` have names that shells take as one word."""

from pathlib import Path

import pytest

from tests.estimation.minimal import make_program
from workbench import tables
from workbench.binding import BoundData
from workbench.priors import Priors
from workbench.request import FitRequest
from workbench.workflow import calibrate, fit_each, prepare_request

CALIBRATION = calibrate.CalibrateOptions(simulate_with=Path("an other.stan"))


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (
            calibrate.choose_folder(Path("a b.stan"), tables.no_data(), CALIBRATION),
            "a_b-no_data-calibration-an_other",
        ),
        (
            fit_each.choose_folder(Path("a b.stan"), tables.no_data(), ("the shop",)),
            "a_b-no_data-by-the_shop",
        ),
    ],
)
def test_spaces_are_underscores(folder, expected):
    assert folder == Path("reports") / expected


def test_a_run_of_a_program_without_data():
    request = FitRequest(make_program(), BoundData(tables.no_data(), ()), Priors())
    expected = f"{request.program.name}-no_data-{request.key[:8]}"
    assert prepare_request.choose_folder(request) == Path("reports") / expected
