"""`workbench.fit` from Python: the same fit as from the command line, and words for what it cannot take."""

import inspect
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench.cli import fit as command
from workbench.errors import MethodError, RequestError

SCHOOLS = STAN_MODELS / "hierarchical" / "eight_schools.stan"
TABLE = DATA / "eight_schools.csv"
QUICK: dict[str, Any] = {"draws": 100, "warmup": 100, "chains": 1}


@pytest.mark.stan
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
    renamed = {"columns": "column", "settings": "chains"}
    assert [name for name in ours if renamed.get(name, name) not in known] == []


def test_what_it_cannot_take():
    with pytest.raises(RequestError, match="data were expected as a path, a DataFrame or a dict, found int"):
        workbench.fit(SCHOOLS, 3)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="`drawz` is no setting of a fit; there are `chains`, `draws`"):
        workbench.fit(SCHOOLS, TABLE, drawz=10)
    with pytest.raises(MethodError, match="`chains` was expected to be between 1 and 256"):
        workbench.fit(SCHOOLS, TABLE, chains=0)
    with pytest.raises(RequestError, match="no column `efect`"):
        workbench.fit(SCHOOLS, TABLE, columns={"y": "efect"})


def test_importing_it_imports_no_statistics():
    code = (
        "import workbench, sys; sys.exit(any(name in sys.modules for name in ('numpy', 'pandas', 'xarray')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
