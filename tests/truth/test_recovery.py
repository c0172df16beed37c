"""Every bundled model finds what simulated data were made from, and its intervals cover as they say.

Truth drawn from the prior, data from the truth: then the rank of the truth among independent posterior draws
is uniform, whatever the model (Talts et al. 2018, arXiv:1804.06788). Ninety-nine thinned draws of one short
chain make the central 90 % interval exact: the truth has one of its ranks in ninety of a hundred cases.
"""

import json
import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.truth.simulators import SIMULATORS
from workbench import library, process, toolchain

pytestmark = pytest.mark.truth

_COVERED = (
    "beta_binomial",
    "normal_inverse_gamma",
    "linear",
    "robust",
    "logistic",
    "poisson",
    "negative_binomial",
    "ordinal",
    "weibull",
    "eight_schools",
    "varying_intercepts",
    "hierarchical_binomial",
    "meta_analysis",
)
_MANY, _FEW = 120, 20
_KEPT = 99
_THIN = 4
_WARMUP = 400
_CHANCE = 1e-4
"""How often a right model may fail for one quantity; seeds are fixed."""


@pytest.fixture(scope="module", params=list(SIMULATORS))
def study(request, tools, tmp_path_factory):
    """Truth and its rank among the draws of each quantity, one row for each simulation."""
    model = library.find(request.param)
    source = model.program.read_text(encoding="utf-8")
    exe = toolchain.build(model.name, source, tools).exe
    folder = tmp_path_factory.mktemp(model.name)
    rows = [_one(exe, model.name, seed, folder) for seed in range(_MANY if model.name in _COVERED else _FEW)]
    return model.name, pd.DataFrame(rows)


def _one(exe, name, seed, folder):
    truth, data = SIMULATORS[name](np.random.default_rng([seed, len(name)]))
    (folder / "data.json").write_text(json.dumps(data, default=lambda value: value.tolist()))
    argv = [exe, "sample", f"num_warmup={_WARMUP}", f"num_samples={_THIN * _KEPT}", "adapt", "delta=0.9"]
    files = ["data", f"file={folder / 'data.json'}", "output", f"file={folder / 'draws.csv'}"]
    done = process.run([*map(os.fspath, argv), "random", f"seed={seed + 1}", *files], timeout=600)
    assert done.returncode == 0, done.output
    draws = pd.read_csv(folder / "draws.csv", comment="#").iloc[::_THIN]
    row = {}
    for quantity, value in _flat(truth).items():
        row[quantity, "rank"] = int((draws[quantity] < value).sum())
        row[quantity, "truth"], row[quantity, "mean"] = value, draws[quantity].mean()
    return row


def _flat(truth):
    """Return numbers by the names of Stan's columns: `beta.1`, `Sigma.1.2`."""
    return {
        ".".join([name, *(str(i + 1) for i in index)]): float(value)
        for name, array in truth.items()
        for index, value in np.ndenumerate(array)
    }


def _quantities(table):
    return list(dict.fromkeys(quantity for quantity, _ in table.columns))


def test_intervals_cover_the_truth_as_often_as_they_say(study):
    """Of ninety in a hundred, within the error of as many simulations."""
    _, table = study
    low, high = (stats.binom.ppf(tail, len(table), 0.9) for tail in (_CHANCE / 2, 1 - _CHANCE / 2))
    for quantity in _quantities(table):
        ranks = table[quantity, "rank"]
        assert low <= int(ranks.between(5, 94).sum()) <= high, (quantity, ranks.tolist())


def test_ranks_of_the_truth_are_uniform(study):
    """Neither to one side (bias), nor in the middle or at the ends (wrong width)."""
    _, table = study
    for quantity in _quantities(table):
        ranks = table[quantity, "rank"]
        uniform = stats.kstest((ranks + 0.5) / (_KEPT + 1), "uniform")
        assert uniform.pvalue > _CHANCE, (quantity, sorted(ranks))


def test_the_data_teach_something_about_the_first_parameter(study):
    """Posterior means follow the truth from simulation to simulation."""
    _, table = study
    first = _quantities(table)[0]
    correlation = stats.spearmanr(table[first, "truth"], table[first, "mean"]).statistic
    assert correlation > 0.5, (first, correlation)


def test_every_bundled_model_has_a_simulator():
    assert set(SIMULATORS) == set(library.list_names())
