"""The bundled data as arrays, read without the product's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"

Array = NDArray[np.floating[Any]]


class Kidiq(NamedTuple):
    """Predictors `(N, K)` and outcome `(N,)`, in points and years."""

    X: Array
    y: Array


class EightSchools(NamedTuple):
    """Estimated effects and standard errors `(J,)`, in points."""

    y: Array
    sigma: Array


class Mendel(NamedTuple):
    """Individuals with the dominant form and individuals examined `(J,)`."""

    y: Array
    n: Array


def kidiq() -> Kidiq:
    """Return the children's test scores and their mothers' characteristics."""
    table = pd.read_csv(DATA / "kidiq.csv")
    return Kidiq(table[["mom_hs", "mom_iq", "mom_age"]].to_numpy(float), table["kid_score"].to_numpy(float))


def eight_schools() -> EightSchools:
    """Return the coaching effects."""
    table = pd.read_csv(DATA / "eight_schools.csv")
    return EightSchools(table["y"].to_numpy(float), table["sigma"].to_numpy(float))


def mendel() -> Mendel:
    """Return the second generation of Mendel's crosses."""
    table = pd.read_csv(DATA / "mendel_peas.csv")
    return Mendel(table["y"].to_numpy(float), table["n"].to_numpy(float))
