"""Data sets simulated from programs given as text."""

import json

import pytest

from workbench import tables
from workbench.backends.stan import StanBackend
from workbench.calibration.simulator import build_simulator
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program


@pytest.fixture(scope="module")
def make_simulator(tools, tmp_path_factory):
    """Return what simulates data sets of a program, given as text, for some data."""
    backend = StanBackend()

    def make(text, data):
        tmp_path = tmp_path_factory.mktemp("simulator")
        model, file = tmp_path / "program.stan", tmp_path / "data.json"
        model.write_text(text, encoding="utf-8")
        file.write_text(json.dumps(data), encoding="utf-8")
        request = prepare_request(read_program(model, {}, tools), tables.read(file), FitOptions())
        return build_simulator(request, tools, backend, tmp_path)

    yield make
    backend.end_idle()
