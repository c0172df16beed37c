"""Weights of models: against ArviZ, a grid, and closed forms."""

from __future__ import annotations

import warnings
from inspect import signature
from typing import Any, Literal, TypeAlias

import numpy as np
import pytest
import xarray as xr
from arviz_stats import compare
from arviz_stats.utils import ELPDData

from workbench.comparison.selection import may_be_chance
from workbench.comparison.weights import find_weights

Kind: TypeAlias = Literal["stacking", "pseudo-bma"]

UNROUNDED = {"round_to": "none"} if "round_to" in signature(compare).parameters else {}
KIND: dict[str, Any] = {"kind": "loo"} if "kind" in signature(ELPDData).parameters else {}


def make_table(units: int = 200, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    base = rng.normal(-2, 1, units)
    return {
        "near": base + rng.normal(0, 0.3, units),
        "other": base + rng.normal(0, 0.6, units),
        "poor": base - 1 + rng.normal(0, 0.3, units),
    }


def wrap(elpd: np.ndarray) -> ELPDData:
    cells = xr.DataArray(elpd, dims="row")
    return ELPDData(
        **KIND,
        elpd=float(elpd.sum()),
        se=float(np.sqrt(len(elpd)) * elpd.std()),
        p=1.0,
        n_samples=4000,
        n_data_points=len(elpd),
        scale="log",
        warning=False,
        good_k=0.7,
        elpd_i=cells,
        pareto_k=xr.zeros_like(cells),
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ArviZ's, by its use of pandas
@pytest.mark.parametrize(("kind", "method"), [("stacking", "stacking"), ("pseudo-bma", "BB-pseudo-BMA")])
def test_weights_are_those_of_arviz(kind: Kind, method: str) -> None:
    table = make_table()
    theirs = compare({name: wrap(elpd) for name, elpd in table.items()}, method=method, **UNROUNDED)["weight"]
    ours = find_weights(kind, table)
    assert sum(ours.values()) == pytest.approx(1)
    for name, weight in ours.items():
        assert weight == pytest.approx(float(theirs[name]), abs=0.01 if kind == "stacking" else 1e-9)


def test_no_mixture_on_a_fine_grid_predicts_better_than_stacking() -> None:
    table = {name: elpd for name, elpd in make_table(60).items() if name != "poor"}
    weights = find_weights("stacking", table)
    densities = np.exp(np.column_stack(list(table.values())))
    grid = np.linspace(0, 1, 2001)
    scores = [np.log(densities @ (each, 1 - each)).sum() for each in grid]
    assert np.log(densities @ list(weights.values())).sum() >= max(scores) - 60e-6


def test_stacking_of_units_whose_density_underflows_is_that_of_the_same_units_on_another_scale() -> None:
    table = make_table()
    far = find_weights("stacking", {name: elpd - 5_000 for name, elpd in table.items()})
    assert far == pytest.approx(find_weights("stacking", table), abs=1e-6)


@pytest.mark.parametrize("kind", ["stacking", "pseudo-bma"])
def test_models_that_predict_alike_share_their_weight(kind: Kind) -> None:
    table = make_table()
    weights = find_weights(kind, {**table, "twin": table["near"].copy()})
    assert weights["twin"] == pytest.approx(weights["near"])
    assert sum(weights.values()) == pytest.approx(1)


def test_units_that_a_model_lacks_count_for_none() -> None:
    table = make_table()
    gaps = {**table, "near": np.where(np.arange(200) < 20, np.nan, table["near"])}
    cut = {name: elpd[20:] for name, elpd in table.items()}
    assert find_weights("stacking", gaps) == pytest.approx(find_weights("stacking", cut))
    with pytest.raises(ValueError, match="no unit"):
        find_weights("stacking", {"a": np.array([np.nan])})


def test_a_model_that_is_worse_at_every_unit_has_no_weight_in_a_stack() -> None:
    table = make_table()
    weights = find_weights("stacking", {"good": table["near"], "worse": table["near"] - 1})
    assert weights["worse"] < 1e-6


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ArviZ's, by its use of pandas
@pytest.mark.parametrize("seed", range(6))
def test_that_the_best_of_many_may_be_best_by_chance_is_said_where_arviz_says_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = rng.normal(-2, 1, 100)
    runs = {f"m{n}": base + rng.normal(0, 0.3, 100) for n in range(20)}
    if seed % 2:
        runs["clear"] = base + 0.4
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compare({name: wrap(elpd) for name, elpd in runs.items()}, **UNROUNDED)
    is_said = any("due to chance" in str(each.message) for each in caught)
    assert may_be_chance([float(elpd.sum()) for elpd in runs.values()]) == is_said
