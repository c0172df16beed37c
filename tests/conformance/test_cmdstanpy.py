"""Every method of `CmdStanModel` works on our executables, without an installed CmdStan."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pytest

from tests.conformance.executables import MODELS, REFERENCE, compile_model
from workbench.toolchain import CompiledModel, Toolchain

DATA = json.loads((REFERENCE / "bernoulli.json").read_text())
QUIET: dict[str, Any] = {"show_progress": False, "seed": 1}


@pytest.fixture(autouse=True)
def _no_cmdstan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Hide any CmdStan from cmdstanpy."""
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    logging.getLogger("cmdstanpy").setLevel(logging.CRITICAL)
    yield
    monkeypatch.delenv("STAN_NUM_THREADS", raising=False)


@pytest.fixture(scope="module")
def model(bernoulli: CompiledModel) -> cmdstanpy.CmdStanModel:
    return cmdstanpy.CmdStanModel(exe_file=str(bernoulli.exe))


SAMPLING: dict[str, dict[str, Any]] = {
    "default": {},
    "dense": {"metric": "dense_e"},
    "unit": {"metric": "unit_e"},
    "no adaptation": {"adapt_engaged": False, "step_size": 0.5, "iter_warmup": 0},
    "saved warm-up": {"save_warmup": True, "thin": 2},
    "inits for all": {"inits": {"theta": 0.3}},
    "inits per chain": {"inits": [{"theta": 0.3}, {"theta": 0.4}]},
    "init radius": {"inits": 0},
    "given metric": {"inv_metric": np.array([0.5])},
    "given dense metric": {"inv_metric": np.array([[0.5]])},
    "sampler settings": {
        "max_treedepth": 5,
        "adapt_delta": 0.9,
        "adapt_init_phase": 20,
        "adapt_step_size": 10,
    },
    "diagnostics": {"save_diagnostics": True, "save_profile": True},
    "digits": {"sig_figs": 17},
}


@pytest.mark.parametrize("options", SAMPLING.values(), ids=SAMPLING.keys())
def test_sample(options: dict[str, Any], model: cmdstanpy.CmdStanModel) -> None:
    settings = {"chains": 2, "iter_sampling": 200, "iter_warmup": 200, **QUIET, **options}
    fit = model.sample(DATA, **settings)

    assert fit.draws().shape == (200 // settings.get("thin", 1), 2, 8)
    assert fit.stan_variable("theta").mean() == pytest.approx(0.25, abs=0.06)


def test_fixed_param(model: cmdstanpy.CmdStanModel) -> None:
    fit = model.sample(DATA, chains=1, fixed_param=True, iter_sampling=10, **QUIET)

    assert fit.draws().shape == (10, 1, 3)


def test_no_parameters(toolchain: Toolchain) -> None:
    empty = cmdstanpy.CmdStanModel(exe_file=str(compile_model(toolchain, MODELS / "driver_empty.stan").exe))
    fit = empty.sample(chains=2, iter_sampling=300, **QUIET)

    assert fit.stan_variable("y").mean() == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("algorithm", ["lbfgs", "bfgs", "newton"])
@pytest.mark.parametrize(("jacobian", "mode"), [(False, 0.2), (True, 0.25)])
def test_optimize(algorithm: str, jacobian: bool, mode: float, model: cmdstanpy.CmdStanModel) -> None:
    fit = model.optimize(DATA, algorithm=algorithm, jacobian=jacobian, seed=1)

    assert fit.converged
    assert fit.optimized_params_dict["theta"] == pytest.approx(mode, abs=1e-4)


@pytest.mark.parametrize("save_iterations", [False, True])
def test_laplace(save_iterations: bool, model: cmdstanpy.CmdStanModel) -> None:
    mode = model.optimize(DATA, jacobian=True, save_iterations=save_iterations, seed=1)
    fit = model.laplace_sample(DATA, mode=mode, draws=2000, seed=1)

    assert fit.stan_variable("theta").mean() == pytest.approx(0.27, abs=0.02)


def test_laplace_without_a_mode_finds_one(model: cmdstanpy.CmdStanModel) -> None:
    assert model.laplace_sample(DATA, jacobian=False, draws=50, seed=1).draws().shape == (50, 3)


@pytest.mark.parametrize(
    ("options", "rows"),
    [({}, 100), ({"num_paths": 1}, 100), ({"psis_resample": False}, 4000), ({"inits": {"theta": 0.4}}, 100)],
)
def test_pathfinder(options: dict[str, Any], rows: int, model: cmdstanpy.CmdStanModel) -> None:
    fit = model.pathfinder(DATA, draws=100, seed=1, **options)

    assert len(fit.draws()) == rows
    assert fit.stan_variable("theta").mean() == pytest.approx(0.26, abs=0.1)


@pytest.mark.parametrize("algorithm", ["meanfield", "fullrank"])
@pytest.mark.parametrize("is_adapting", [True, False])
def test_variational(algorithm: str, is_adapting: bool, model: cmdstanpy.CmdStanModel) -> None:
    options = {"algorithm": algorithm, "adapt_engaged": is_adapting, "eta": 0.1}
    fit = model.variational(DATA, seed=1, require_converged=False, **options)

    assert fit.eta > 0
    assert fit.variational_params_dict["theta"] == pytest.approx(0.25, abs=0.1)


def test_log_prob(model: cmdstanpy.CmdStanModel) -> None:
    table = model.log_prob({"theta": 0.3}, DATA)

    assert table["lp__"][0] == pytest.approx(3 * np.log(0.3) + 9 * np.log(0.7))
    assert table["g_theta"][0] == pytest.approx(3 - 12 * 0.3)


def test_diagnose(model: cmdstanpy.CmdStanModel) -> None:
    table = model.diagnose(data=DATA)

    assert table["model"][0] == pytest.approx(table["finite_diff"][0], rel=1e-6)


def test_generate_quantities(eight_schools: CompiledModel) -> None:
    schools = cmdstanpy.CmdStanModel(exe_file=str(eight_schools.exe))
    data = json.loads((REFERENCE / "eight_schools.json").read_text())
    fit = schools.sample(data, chains=2, iter_sampling=50, **QUIET)
    again = schools.generate_quantities(data, previous_fit=fit, seed=1)

    assert np.allclose(again.stan_variable("log_lik"), fit.stan_variable("log_lik"), rtol=1e-4)


def test_a_program_without_generated_quantities_is_an_error(model: cmdstanpy.CmdStanModel) -> None:
    fit = model.sample(DATA, chains=1, iter_sampling=10, **QUIET)
    with pytest.raises(RuntimeError, match="doesn't generate any quantities"):
        model.generate_quantities(DATA, previous_fit=fit)


def test_stan_errors_are_in_the_exception(model: cmdstanpy.CmdStanModel) -> None:
    with pytest.raises(RuntimeError, match=r"Error: .*y\[1\] is 3, but must be less than or equal to 1"):
        model.sample({"N": 1, "y": [3]}, chains=1, **QUIET)


def test_chains_in_threads(embedded: Toolchain) -> None:
    threaded = compile_model(embedded, MODELS / "driver_two_modes.stan", threads=True)
    model = cmdstanpy.CmdStanModel(exe_file=str(threaded.exe))
    fit = model.sample(chains=2, parallel_chains=2, iter_sampling=50, **QUIET)

    assert fit.draws().shape == (50, 2, 8)
