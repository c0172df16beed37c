"""Batches that a model draws itself have uniform transforms, given the batches before, whatever the model.

The parameters behind a stream are one draw of the fit's own posterior, so that the posterior given the fit's
rows is what is known of them; the batches of a stream are then drawn from the likelihood.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import tables
from workbench.monitoring.outcomes import transform_outcomes
from workbench.prediction.chunk import (
    OpenPredictor,
    RowChunk,
    list_outcomes,
    place_parameters,
    take_chunk,
)
from workbench.prediction.outcomes import build_outcome
from workbench.results import run_directory
from workbench.workflow.predict_rows import bind_table, open_predictor

pytestmark = [pytest.mark.truth, pytest.mark.usefixtures("tools")]

_STREAMS, _BATCHES, _ROWS = 30, 3, 30

_SMALLEST = 2e-5
"""The p-value below which a test fails: some two hundred are computed."""

MODELS = (
    "linear",
    "logistic",
    "poisson",
    "negative_binomial",
    "robust",
    "beta_regression",
    "ordinal",
    "varying_intercepts",
    "varying_slopes",
    "gamma_poisson",
)
"""Normal, yes/no, counts, heavy tails, shares, ordered levels, groups, slopes of groups, a conjugate one."""


def _draw_batch(
    opened: OpenPredictor, rows: pd.DataFrame, draw: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return rows with the outcome that one draw of the posterior makes of them."""
    (outcome,) = opened.fit.results.model.outcomes
    (column,) = opened.fit.results.data.rules["variables"][outcome.name]
    new = bind_table(opened, tables.from_frame(rows.drop(columns=column).reset_index(drop=True)))
    chunk = RowChunk(opened, *take_chunk(opened.predictor, new, range(len(rows))), range(len(rows)))
    ((replicate, axis),) = list_outcomes(chunk)
    chunk = replace(chunk, parameters=place_parameters(chunk, "refuse"))
    drawn = chunk.run([replicate.name], replicating=True, number=int(rng.integers(2**31)))
    values = build_outcome(opened.predictor.program, replicate, drawn, axis).draws[draw]
    batch: pd.DataFrame = rows.assign(**{column: values.astype(int) if replicate.is_integer else values})
    return batch


@pytest.mark.parametrize("name", MODELS)
def test_transforms_of_batches_of_a_model_itself_are_uniform(name: str, tmp_path: Path) -> None:
    (path,) = STAN_MODELS.glob(f"*/{name}.stan")
    frame = pd.read_csv(DATA / f"{tomllib.loads(path.with_suffix('.toml').read_text())['data']}.csv")
    workbench.fit(path, frame, output=tmp_path / "run", method="nuts", report=False)
    fit = run_directory.read(tmp_path / "run")
    rng = np.random.default_rng(22)
    found = []
    names: tuple[str, ...] = ()
    with open_predictor(fit) as opened:
        for _ in range(_STREAMS):
            draw = int(rng.integers(opened.parameters.count))
            log_weights = np.zeros(opened.parameters.count)
            for _ in range(_BATCHES):
                rows = frame.iloc[rng.integers(len(frame), size=_ROWS)]
                batch = _draw_batch(opened, rows, draw, rng)
                new = bind_table(opened, tables.from_frame(batch.reset_index(drop=True)))
                result = transform_outcomes(opened, new, log_weights, int(rng.integers(2**31)))
                log_weights += result.log_likelihood
                found.append(result.transforms.values)
                names = result.transforms.names
    values = np.array(found)
    assert "log score" in names
    assert len(names) > 3
    p_values = {key: float(kstest(values[:, k], "uniform").pvalue) for k, key in enumerate(names)}
    assert min(p_values.values()) > _SMALLEST, p_values
