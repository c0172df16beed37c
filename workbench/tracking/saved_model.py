"""A run directory as a model of MLflow: files that say how to load it, and the run itself."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import StoreError
from workbench.provenance import DISTRIBUTION, read_workbench_version
from workbench.registry.runs import hash_run
from workbench.results.view import Results
from workbench.tracking.columns import PARAMETERS, list_inputs, list_outputs

if TYPE_CHECKING:
    import pandas as pd

_CODE = Path(__file__).with_name("predicting_model.py")
"""The code of each model."""


def save_model(run: Path, hashes: Mapping[str, str], results: Results, example: Any, folder: Path) -> Path:
    """Write a run as a model of MLflow, without a pickle: code, signature, requirements and the run.

    Parameters
    ----------
    run, hashes
        The run directory, and the hash of each of its files.
    results
        Its record.
    example
        A few new rows as a DataFrame; `None` for none.
    folder
        An empty folder.

    Raises
    ------
    StoreError
        The run changed while it was copied.
    """
    import mlflow

    copy, target = folder / "run", folder / "model"
    copy.mkdir()
    for name in hashes:
        shutil.copyfile(run / name, copy / name)
    if hash_run(copy) != dict(hashes):
        raise StoreError(f"`{run}` changed while it was copied.", hint="wait until nothing writes to it")
    mlflow.pyfunc.save_model(
        target,
        python_model=str(_CODE),
        artifacts={"run": str(copy)},
        signature=_build_signature(results),
        input_example=example,
        pip_requirements=[f"{DISTRIBUTION}=={read_workbench_version()}"],
        model_config={"files": dict(hashes)},
    )
    return target


def choose_example(frame: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Return the columns of a table that new rows have."""
    return frame[[column for column in list_inputs(results) if column in frame.columns]]


def _build_signature(results: Results) -> Any:
    """Return the names of inputs and outputs; workbench itself checks what the columns hold.

    Of an input, MLflow would refuse whole numbers where it expects fractions, and codes where it expects
    texts, which workbench takes: so inputs may be of any type. A program without predictors has none.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    inputs = [ColSpec(AnyType(), name, required) for name, required in list_inputs(results).items()]
    outputs = [ColSpec(kind, name) for name, kind in list_outputs().items()]
    parameters = [ParamSpec(name, kind, default) for name, (kind, default) in PARAMETERS.items()]
    return ModelSignature(Schema(inputs) if inputs else None, Schema(outputs), ParamSchema(parameters))
