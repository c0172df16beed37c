"""The model that MLflow loads from this very file: it predicts through workbench, from the run beside it.

MLflow copies the file into each published model, and it stays as it is there: it uses only the names that
workbench documents.
"""

import hashlib
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model

import workbench


class PublishedFit(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # untyped
    """A fit that predicts new rows: `mlflow.pyfunc.load_model("models:/NAME@champion").predict(rows)`."""

    def load_context(self, context) -> None:  # type: ignore[no-untyped-def] # MLflow's
        """Read the run, whose files must be those that were published."""
        folder = Path(context.artifacts["run"])
        for name, expected in context.model_config["files"].items():
            with (folder / name).open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != expected:
                raise workbench.WorkbenchError(f"`{folder / name}` is not as it was published.")
        self._fit = workbench.load(folder)

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:  # type: ignore[no-untyped-def]
        """Return a row for each new row and outcome, as `workbench.Fit.predict` does."""
        del context
        chosen = params or {}
        try:
            return self._fit.predict(
                model_input if len(model_input.columns) else None,
                horizon=chosen.get("horizon") or None,
                method=chosen.get("method") or None,
                new_groups=chosen.get("new_groups") or "refuse",
                progress=False,
            )
        except workbench.WorkbenchError as reason:  # the message of any other error stays on the server
            words = f"{reason.message} hint: {reason.hint}" if reason.hint else reason.message
            raise MlflowException.invalid_parameter_value(words) from reason


set_model(PublishedFit())
