"""Runs and a registry without Stan."""

import dataclasses

import pytest

from tests.report.simulated import simulate_fit
from workbench.diagnostics.diagnose import diagnose
from workbench.estimation.sampling.nuts import summarise_chains
from workbench.registry import ModelRegistry
from workbench.results import store
from workbench.results.quantities import draws_of

MOMENTS = ("mean", "median", "sd", "lower", "upper")


def write_run(folder, **changes):
    """Write a simulated run whose record follows from its draws, and return its folder."""
    fit = simulate_fit(**changes)
    record = dict(fit.record)
    for method, group, keys in (("nuts", "posterior", None), ("laplace", "laplace", MOMENTS)):
        estimates = {
            name: {**_summarise(draws_of(fit.tree, group, name), keys), **_keep_label(numbers)}
            for name, numbers in record[method]["estimates"].items()
        }
        record[method] = {**record[method], "estimates": estimates}
    fit = dataclasses.replace(fit, record=record)
    return store.write(store.with_entries(fit, diagnose(fit).entries), None, folder)


def _summarise(draws, keys):
    summary = summarise_chains(draws.reshape(4, -1), 0.95)
    return {key: value for key, value in summary.items() if keys is None or key in keys}


def _keep_label(numbers):
    return {"label": numbers["label"]} if "label" in numbers else {}


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Three runs, which differ in their seed, and the last in a prior."""
    folder = tmp_path_factory.mktemp("runs")
    priors = {"mu.mu": 0.0, "mu.sigma": 10.0, "tau.sigma": 5.0}
    return [
        write_run(folder / "one", seed=1, draws=400),
        write_run(folder / "two", seed=2, draws=400),
        write_run(folder / "three", seed=3, priors=priors, draws=400),
    ]


@pytest.fixture
def registry(tmp_path):
    """An empty registry."""
    return ModelRegistry(tmp_path / "registry", "somebody@somewhere")
