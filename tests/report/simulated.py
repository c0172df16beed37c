"""A simulated run: random numbers in the form of a real run, made without Stan.

The quantities are those of eight schools, drawn from normal and half-normal distributions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from workbench.provenance import read_workbench_version
from workbench.results import Fit

SOURCE = """// A simulated run: these lines were never compiled.
data {
  int<lower=1> J; // number of groups
  vector[J] y; // estimated effect (points)
  vector<lower=0>[J] sigma; // its standard error (points)
}
parameters {
  real mu; // mean of the true effects
  real<lower=0> tau; // standard deviation of the true effects
  vector[J] theta_raw; /* standardised
  deviations from mu */
}
model {
  mu ~ normal(0, 5);
  tau ~ cauchy(0, 5);
  theta_raw ~ std_normal();
  y ~ normal(mu + tau * theta_raw, sigma);
}
"""


def simulate_fit(schools: int = 3, draws: int = 100, **changes: Any) -> Fit:
    """Return a simulated fit; `changes` replace top-level entries of its record."""
    tree = _simulate_tree(schools, draws)
    return Fit({**_make_record(tree, schools, draws), **changes}, tree)


def _simulate_tree(schools: int, draws: int) -> xr.DataTree:
    rng = np.random.default_rng(20)
    shape = (4, draws)
    divergent = np.zeros(shape, dtype=bool)
    divergent[1, [draws // 5, draws // 2]] = True
    posterior = {
        "mu": (("chain", "draw"), rng.normal(4.4, 3.3, shape)),
        "tau": (("chain", "draw"), np.abs(rng.normal(0, 4.5, shape))),
        "theta_raw": (("chain", "draw", "J"), rng.normal(0.1, 0.95, (*shape, schools))),
    }
    laplace = {
        "mu": (("draw",), rng.normal(4.6, 3.2, 1000)),
        "tau": (("draw",), np.exp(rng.normal(0.9, 0.9, 1000))),
        "theta_raw": (("draw", "J"), rng.normal(0.1, 0.95, (1000, schools))),
    }
    stats = {
        "diverging": (("chain", "draw"), divergent),
        "energy": (("chain", "draw"), rng.normal(50, 4, shape)),
    }
    outcome = rng.normal(0, 10, schools)
    replicated = rng.normal(0, 10, (*shape, schools))
    log_lik = -0.5 * ((outcome - rng.normal(0, 1, (*shape, schools))) / 10) ** 2
    chains = {"chain": np.arange(4), "draw": np.arange(draws)}
    return xr.DataTree.from_dict(
        {
            "/posterior": xr.Dataset(posterior, coords={**chains, "J": np.arange(1, schools + 1)}),
            "/laplace": xr.Dataset(laplace),
            "/sample_stats": xr.Dataset(stats, coords=chains),
            "/log_likelihood": xr.Dataset({"log_lik": (("chain", "draw", "J"), log_lik)}, coords=chains),
            "/posterior_predictive": xr.Dataset(
                {"y_rep": (("chain", "draw", "J"), replicated)}, coords=chains
            ),
            "/observed_data": xr.Dataset({"y": (("J",), outcome)}),
        }
    )


def _split_columns(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the draws of each quantity by Stan's name."""
    columns: dict[str, np.ndarray] = {}
    for name, array in dataset.data_vars.items():
        if "J" not in array.dims:
            columns[str(name)] = array.values
            continue
        columns |= {f"{name}[{j + 1}]": array.isel(J=j).values for j in range(array.sizes["J"])}
    return columns


def _summarise_draws(values: np.ndarray) -> dict[str, Any]:
    lower, upper = np.quantile(values, [0.025, 0.975])
    return {
        "mean": float(values.mean()),
        "median": float(np.median(values)),
        "sd": float(values.std(ddof=1)),
        "lower": float(lower),
        "upper": float(upper),
        "rhat": float(array_stats.rhat(values)),
        "ess_bulk": float(array_stats.ess(values, method="bulk")),
        "ess_tail": float(array_stats.ess(values, method="tail", prob=(0.05, 0.95))),
    }


def _summarise_normal(values: np.ndarray) -> dict[str, Any]:
    lower, upper = np.quantile(values, [0.025, 0.975])
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "lower": float(lower),
        "upper": float(upper),
    }


def _make_record(tree: xr.DataTree, schools: int, draws: int) -> dict[str, Any]:
    nuts = {
        name: _summarise_draws(values)
        for name, values in _split_columns(tree["posterior"].to_dataset()).items()
    }
    laplace = {
        name: _summarise_normal(values)
        for name, values in _split_columns(tree["laplace"].to_dataset()).items()
    }
    nuts["theta_raw[1]"]["label"] = "theta_raw[school A]"
    modes = {name: {"value": normal["mean"] - 0.4 * normal["sd"]} for name, normal in laplace.items()}
    unconstrained = {name: {"value": normal["mean"] - 0.1 * normal["sd"]} for name, normal in laplace.items()}
    mle = {
        name: {
            "value": normal["mean"],
            "se": normal["sd"],
            "lower": normal["lower"],
            "upper": normal["upper"],
        }
        for name, normal in laplace.items()
        if name != "tau"
    } | {"tau": {"value": 84.0}}
    return {
        "schema": 1,
        "workbench": read_workbench_version(),
        "created": "2026-01-31T12:00:00+00:00",
        "model": _make_model(),
        "data": _make_data(schools),
        "priors": {"mu.mu": 0.0, "mu.sigma": 5.0, "tau.sigma": 5.0},
        "prior_origins": {"mu.mu": "simulated.stan", "mu.sigma": "--prior", "tau.sigma": "simulated.stan"},
        "seed": 20,
        "toolchain": {"stan": "2.39.0", "source": "embedded", "compiler": "none: simulated", "key": "0" * 64},
        "interval": {"level": 0.95},
        "mle": {"status": "ok", "log_lik": -29.6, "estimates": mle},
        "map": {"status": "ok", "jacobian": False, "estimates": modes},
        "map_unconstrained": {"status": "ok", "jacobian": True, "estimates": unconstrained},
        "laplace": {"status": "ok", "khat": 0.55, "estimates": laplace},
        "nuts": {
            "status": "ok",
            "chains": 4,
            "draws": draws,
            "warmup": 1000,
            "divergences": 2,
            "max_treedepth": 10,
            "max_treedepth_hits": 0,
            "step_size": [0.41, 0.38, 0.44, 0.40],
            "ebfmi": [0.98, 1.02, 0.95, 1.07],
            "estimates": nuts,
        },
        "gaps": {
            name: _make_gap(modes[name], unconstrained[name], laplace[name], nuts[name]) for name in nuts
        },
        "power_scaling": _make_power_scaling(nuts),
        "predictive": _make_predictive(),
        "loo": _make_loo(schools),
        "diagnosis": _make_diagnosis(),
        "command": "workbench fit simulated.stan simulated.csv --seed 20 --prior mu.sigma=5",
        "versions": {"arviz-stats": "0.8.0", "numpy": "2.4.6", "python": "3.11.7"},
        "platform": "Simulated",
        "timings": {"compile": 6.61, "mle": 0.05, "map": 0.04, "laplace": 0.21, "nuts": 125.2, "report": 1.9},
    }


def _make_gap(
    mode: Mapping[str, Any], other: Mapping[str, Any], normal: Mapping[str, Any], nuts: Mapping[str, Any]
):
    whole = mode["value"] - nuts["mean"]
    return {
        "map_minus_mean": whole,
        "in_sd": whole / nuts["sd"],
        "jacobian": mode["value"] - other["value"],
        "curvature": other["value"] - normal["mean"],
        "non_gaussian": normal["mean"] - nuts["mean"],
    }


def _make_model() -> dict[str, Any]:
    return {
        "name": "simulated",
        "path": "stan_models/simulated.stan",
        "sha256": "1" * 64,
        "source": SOURCE,
        "instrumented": True,
        "obstacles": [],
        "parameters": [
            {"name": "mu", "type": "real", "line": 8},
            {"name": "tau", "type": "real<lower=0>", "line": 9},
            {"name": "theta_raw", "type": "vector[J]", "line": 10},
        ],
        "outcomes": [
            {
                "name": "y",
                "replicate": "y_rep",
                "source": "y_rep",
                "reason": "",
                "type": "vector[J]",
                "integer": False,
                "distributions": ["normal"],
                "conditional": False,
                "first_row": 0,
                "row_step": 1,
            }
        ],
        "terms": [
            _make_term(14, "mu ~ normal(0, 5)", "prior", "certain", "parameters given constants", ["mu"]),
            _make_term(15, "tau ~ cauchy(0, 5)", "prior", "certain", "parameters given constants", ["tau"]),
            _make_term(
                16, "theta_raw ~ std_normal()", "latent", "inferred", "multiplied by a scale", ["theta_raw"]
            ),
            _make_term(
                17, "y ~ normal(mu + tau * theta_raw, sigma)", "likelihood", "certain", "observed data", []
            ),
        ],
    }


def _make_term(
    line: int, statement: str, role: str, confidence: str, reason: str, parameters: list[str]
) -> dict[str, Any]:
    return {
        "line": line,
        "statement": statement,
        "role": role,
        "confidence": confidence,
        "reason": reason,
        "parameters": parameters,
    }


def _make_data(schools: int) -> dict[str, Any]:
    def variable(name: str, type_: str, size: str, origin: str, first: str) -> dict[str, str]:
        return {"name": name, "type": type_, "size": size, "from": origin, "first": first, "remark": ""}

    return {
        "path": "data/simulated.csv",
        "sha256": "2" * 64,
        "rows": schools,
        "columns": ["school", "y", "sigma"],
        "binding": {"J": "the length of `y`", "y": "column `y`", "sigma": "column `sigma`"},
        "variables": [
            variable("J", "int", "", "the length of `y`", str(schools)),
            variable("y", "vector[J]", str(schools), "column `y`", "28, 8, -3, ..."),
            variable("sigma", "vector[J]", str(schools), "column `sigma`", "15, 10, 16, ..."),
        ],
    }


def _make_diagnosis() -> dict[str, Any]:
    def check(
        code: str, title: str, status: str, message: str, measured: Any, threshold: str
    ) -> dict[str, Any]:
        return {
            "code": code,
            "title": title,
            "status": status,
            "message": message,
            "measured": measured,
            "threshold": threshold,
            "reference": "Vehtari et al. (2021), doi:10.1214/20-BA1221",
            "advice": "Raise `--adapt-delta`, or write the model non-centred.",
        }

    return {
        "verdict": "caution",
        "reasons": ["2 of 2,000 draws diverged, so the posterior near `tau` = 0 may be under-explored."],
        "checks": [
            check("WB101", "R-hat", "passed", "The largest R-hat is 1.003 (`tau`).", 1.003, "1.01"),
            check("WB201", "Divergences", "issue", "2 of 2,000 draws diverged.", 2, "0"),
            check("WB401", "MAP gap", "tip", "The mode of `tau` is far below its mean.", 0.77, "1"),
            check("WB301", "Laplace", "n/a", "No importance ratios.", None, "0.7"),
        ],
    }


def _make_power_scaling(nuts: Mapping[str, Any]) -> dict[str, Any]:
    def entry(prior: float, likelihood: float, diagnosis: str) -> dict[str, Any]:
        return {"prior": prior, "likelihood": likelihood, "statements": [prior, 0.0], "diagnosis": diagnosis}

    parameters = {name: entry(0.01, 0.02, "") for name in nuts}
    return {
        "status": "ok",
        "threshold": 0.05,
        "khat_threshold": 0.7,
        "khat": {"prior": 0.2, "likelihood": 0.3},
        "statements": [
            {"statement": "mu ~ normal(0, 5)", "line": 14, "term": 1},
            {"statement": "tau ~ cauchy(0, 5)", "line": 15, "term": 2},
        ],
        "parameters": parameters | {"tau": entry(0.18, 0.02, "strong prior / weak likelihood")},
    }


def _make_predictive() -> dict[str, Any]:
    return {
        "status": "ok",
        "outcomes": [
            {
                "name": "y",
                "kind": "continuous",
                "source": "y_rep",
                "statistics": [
                    {"name": "mean", "observed": 8.5, "p_value": 0.41},
                    {"name": "max", "observed": 28.0, "p_value": 0.004},
                ],
                "coverage": [
                    {"level": 0.5, "observed": 0.52, "lower": 0.4, "upper": 0.6},
                    {"level": 0.9, "observed": 0.7, "lower": 0.85, "upper": 0.95},
                ],
                "scores": {},
            }
        ],
    }


def _make_loo(schools: int) -> dict[str, Any]:
    rows = [
        {"row": row + 1, "label": f"school {row + 1}", "khat": 0.75 - 0.05 * row, "elpd": -3.4 - row}
        for row in range(min(schools, 12))
    ]
    return {
        "status": "ok",
        "elpd": -30.7,
        "se": 1.4,
        "p_loo": 0.9,
        "observations": schools,
        "khat_max": 0.75,
        "khat_limit": 0.7,
        "bad": 1,
        "rows": rows,
    }
