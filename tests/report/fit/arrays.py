"""Runs with arrays: any draws and data, in the form of a real run, made without Stan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.results import Fit

Numbers = NDArray[np.float64]
"""An array of numbers."""

CHAINS, DRAWS = 4, 50
"""How many chains there are, and how many draws each has."""


def draw_normal(means: float | Sequence[float] | Numbers, sd: float = 0.2, seed: int = 3) -> Numbers:
    """Return normal draws around means `(chain, draw, n)`."""
    centers = np.asarray(means, dtype=float)
    return centers + sd * np.random.default_rng(seed).normal(size=(CHAINS, DRAWS, *centers.shape))


def make_fit(
    posterior: Mapping[str, Numbers],
    *,
    source: str = "",
    axes: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    terms: Sequence[tuple[str, str]] = (),
    observed: Mapping[str, Numbers] | None = None,
    data: Mapping[str, Numbers] | None = None,
    labels: Mapping[str, Sequence[Any]] | None = None,
    **record: Any,
) -> Fit:
    """Return a run with draws of a posterior.

    Parameters
    ----------
    posterior
        Draws of each declared variable, `(chain, draw)` or `(chain, draw, n)`.
    source, terms
        The program, and its terms as pairs of role and statement.
    axes
        What the axis of a variable of the posterior or the data is called; those of the same
        size are the same where they are not named.
    types
        Declarations of variables of the posterior; `vector` where there is none.
    observed, data
        The outcomes, and the other data.
    labels
        Labels of axes; numbers from 1 where there are none.
    record
        Further entries of the record, or others in place of these.
    """
    named, known = axes or {}, labels or {}
    groups = {"posterior": posterior, "observed_data": observed or {}, "constant_data": data or {}}
    lead = {"posterior": ("chain", "draw")}
    datasets = {}
    for group, arrays in groups.items():
        first = lead.get(group, ())
        variables = {
            name: (
                (
                    *first,
                    *([named.get(name, f"axis_{values.shape[-1]}")] if values.ndim > len(first) else []),
                ),
                values,
            )
            for name, values in arrays.items()
        }
        dataset = xr.Dataset(variables)
        datasets[f"/{group}"] = dataset.assign_coords(
            {str(dim): known.get(str(dim), np.arange(1, size + 1)) for dim, size in dataset.sizes.items()}
        )
    model = {
        "name": "arrays",
        "source": source,
        "parameters": [{"name": name, "type": (types or {}).get(name, "vector")} for name in posterior],
        "terms": [{"role": role, "statement": statement} for role, statement in terms],
    }
    nuts = {"status": "ok", "chains": CHAINS, "draws": DRAWS, "estimates": _summarise(posterior)}
    rows = {"path": "arrays.csv", "rows": 3}
    entries = {"model": model, "data": rows, "interval": {"level": 0.9}, "nuts": nuts}
    return Fit({**entries, **record}, xr.DataTree.from_dict(datasets))


def _summarise(posterior: Mapping[str, Numbers]) -> dict[str, Any]:
    columns: dict[str, Numbers] = {}
    for name, draws in posterior.items():
        elements = np.moveaxis(draws, -1, 0) if draws.ndim == 3 else [draws]
        names = [f"{name}[{place + 1}]" for place in range(len(elements))] if draws.ndim == 3 else [name]
        columns |= dict(zip(names, elements, strict=True))
    return {
        name: {
            "mean": float(draws.mean()),
            "median": float(np.median(draws)),
            "sd": float(draws.std(ddof=1)),
            "lower": float(np.quantile(draws, 0.05)),
            "upper": float(np.quantile(draws, 0.95)),
        }
        for name, draws in columns.items()
    }
