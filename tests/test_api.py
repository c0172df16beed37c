"""`workbench.fit` from Python: the same fit as from the command line, and words for what it cannot take."""

import inspect
import subprocess
import sys
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench.cli import fit as command
from workbench.errors import MethodError, RequestError
from workbench.methods import Auto, Laplace, Map, Mle, Nuts
from workbench.request import DEFAULT_METHODS
from workbench.workflow import from_python

SCHOOLS = STAN_MODELS / "hierarchical" / "eight_schools.stan"
TABLE = DATA / "eight_schools.csv"
QUICK: dict[str, Any] = {"draws": 100, "warmup": 100, "chains": 1}


@pytest.mark.usefixtures("tools")
def test_a_path_a_frame_and_a_dict_give_the_same_fit(tmp_path):
    frame = pd.read_csv(TABLE)
    columns = {name: frame[name].tolist() for name in frame.columns}
    stan = {"J": 8, "y": columns["y"], "sigma": columns["sigma"]}
    sources: tuple[Any, ...] = (TABLE, str(TABLE), frame, columns, stan)
    runs = [
        workbench.fit(SCHOOLS, data, output=tmp_path / str(position), prior={"mu_prior_sd": 3}, **QUICK)
        for position, data in enumerate(sources)
    ]
    first = runs[0].tree["posterior"]["mu"].to_numpy()
    for position, run in enumerate(runs):
        np.testing.assert_array_equal(run.tree["posterior"]["mu"], first)
        assert (tmp_path / str(position) / "report.html").exists()
        assert run.record["priors"]["mu_prior_sd"] == 3
    assert runs[2].record["nuts"]["estimates"]["theta[1]"]["label"] == "theta[A]"
    assert runs[2].tree["log_likelihood"]["log_lik"].coords["J"].values.tolist() == list("ABCDEFGH")


def test_its_keywords_are_those_of_the_command_line():
    known = inspect.signature(command.command).parameters
    ours = inspect.signature(workbench.fit).parameters
    of_a_terminal = {"dry_run", "json_", "strict", "quiet"}
    assert {"column" if name == "columns" else name for name in ours} == set(known) - of_a_terminal
    for name in ("seed", "starts", *(one.name for one in fields(Nuts))):
        assert ours[name].default == known[name].default, name
    assert [name for name in ours if name not in str(workbench.fit.__doc__)] == []


@pytest.fixture
def asked(monkeypatch):
    """What the pipeline is asked, in place of a fit."""
    found = []

    def stop(_model, _data, options):
        found.append(options)
        raise RequestError("stopped here")

    monkeypatch.setattr(from_python, "fit", stop)

    def ask(**settings):
        with pytest.raises(RequestError, match="stopped here"):
            workbench.fit(SCHOOLS, TABLE, **settings)
        return found[-1]

    return ask


def test_without_a_word_it_asks_what_the_command_line_asks(asked):
    assert asked().methods == DEFAULT_METHODS


def test_initial_values_come_from_a_dict_or_a_file(asked, tmp_path):
    path = tmp_path / "start.json"
    path.write_text('{"mu": 1.5}')
    for init, origin in (({"mu": 1.5}, "`init`"), (path, "`start.json`")):
        options = asked(init=init, method="nuts")
        assert options.inits == ({"mu": 1.5}, origin)
        assert options.methods == (Nuts(init="given"),)
    assert asked(init="map").inits is None


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ("modes", "`init` was expected to be random, map, pathfinder or a JSON file, found `modes`"),
        ("nowhere.json", "initial values were expected at `nowhere.json`, but there is no such file"),
        (TABLE, "`init` was expected to be a JSON file of values, found"),
    ],
)
def test_what_is_no_initial_values_is_said(init, words):
    with pytest.raises(MethodError, match=words):
        workbench.fit(SCHOOLS, TABLE, init=init)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"standardize": True}, "initial values are on the scale of the program's data"),
        ({"method": "auto"}, "initial values are where chains of nuts start"),
    ],
)
def test_initial_values_that_no_chain_could_start_at_are_refused(settings, words):
    with pytest.raises(MethodError, match=words):
        workbench.fit(SCHOOLS, TABLE, init={"mu": 1.0}, **settings)


def test_its_settings_reach_the_methods(asked, tmp_path):
    nuts: dict[str, Any] = {"draws": 50, "init": "map", "metric": "dense", "retry": 3, "save_warmup": True}
    options = asked(method=("mle", "nuts"), starts=7, profile="mu", figures=tmp_path, native=True, **nuts)
    assert options.methods == (Mle(7, ("mu",)), Nuts(**nuts))
    assert options.figures == tmp_path
    assert options.toolchain.native
    assert asked(method="auto", retry=True, starts=7).methods == (Auto(Nuts(retry=2), 7),)
    assert asked(method="laplace", starts=2).methods == (Map(True, 2), Laplace())


@pytest.mark.usefixtures("tools")
def test_what_it_cannot_take():
    with pytest.raises(RequestError, match="data were expected as a path, a DataFrame or a dict, found int"):
        workbench.fit(SCHOOLS, 3)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="or auto, found `gibbs`"):
        workbench.fit(SCHOOLS, TABLE, method="gibbs")
    with pytest.raises(RequestError, match="it stands alone"):
        workbench.fit(SCHOOLS, TABLE, method=["auto", "mle"])
    with pytest.raises(RequestError, match="`beta` cannot be profiled: the parameters are `mu`, `tau`"):
        workbench.fit(SCHOOLS, TABLE, profile="beta")
    with pytest.raises(MethodError, match="`warmup` was expected to be at least 20, found 0"):
        workbench.fit(SCHOOLS, TABLE, warmup=0)
    with pytest.raises(MethodError, match="`chains` was expected to be between 1 and 256"):
        workbench.fit(SCHOOLS, TABLE, chains=0)
    with pytest.raises(RequestError, match="no column `efect`"):
        workbench.fit(SCHOOLS, TABLE, columns={"y": "efect"})


def test_importing_it_imports_no_statistics():
    code = (
        "import workbench, sys; sys.exit(any(name in sys.modules for name in ('numpy', 'pandas', 'xarray')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
