"""What a run keeps of its request, so that it can run again as it ran."""

from dataclasses import replace

import msgspec
import pytest

from tests.estimation.minimal import make_program
from workbench import tables
from workbench.binding import BoundData
from workbench.priors import Priors
from workbench.request import FitRequest
from workbench.results.saved_request import describe_request
from workbench.results.view import SavedSettings


@pytest.fixture
def request_for_loops():
    return FitRequest(make_program(is_optimised=True), BoundData(tables.no_data(), ()), Priors())


def test_whether_loops_were_vectorised_is_kept(request_for_loops):
    as_written = replace(request_for_loops, program=replace(request_for_loops.program, is_optimised=False))
    for request, expected in ((request_for_loops, True), (as_written, False)):
        saved = msgspec.convert(describe_request(request), SavedSettings, strict=False)
        assert saved.optimised is expected
    assert request_for_loops.key != as_written.key


def test_runs_that_do_not_say_ran_their_loops_as_written():
    """They were made before loops were vectorised, and are replayed as they ran."""
    assert msgspec.convert({}, SavedSettings).optimised is False
