"""What an MLflow server holds and predicts, as JSON: run by the Python that has MLflow."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations


def read_runs(experiment):
    client = mlflow.MlflowClient()
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return [
        {
            "status": run.info.status,
            "name": run.info.run_name,
            "parameters": run.data.params,
            "metrics": run.data.metrics,
            "tags": run.data.tags,
            "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
            "report": download_artifacts(run_id=run.info.run_id, artifact_path="report.html")
            if run.info.status == "FINISHED"
            else None,
        }
        for run in found
    ]


def predict(name, rows, folder):
    client = mlflow.MlflowClient()
    model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    version = client.get_model_version_by_alias(name, "champion")
    place = Path(download_artifacts(f"models:/{name}@champion", dst_path=folder))
    frame = pd.read_csv(rows)
    answer = invocations(
        json.dumps({"dataframe_split": json.loads(frame.to_json(orient="split", index=False))}),
        "application/json",
        model,
        model.metadata.get_input_schema(),
    )
    refused = ""
    try:
        model.predict(frame.assign(region="nowhere"))
    except MlflowException as reason:
        refused = f"{reason.error_code} {reason.message}"
    return {
        "version": version.version,
        "versions": len(client.search_model_versions(f"name='{name}'")),
        "tags": version.tags,
        "aliases": client.get_registered_model(name).aliases,
        "inputs": {one.name: one.required for one in model.metadata.get_input_schema().inputs},
        "outputs": model.metadata.get_output_schema().input_names(),
        "requirements": (place / "requirements.txt").read_text().split(),
        "files": sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()),
        "folder": str(place),
        "example": model.input_example.to_dict("list"),
        "of_example": len(model.predict(model.input_example)),
        "predictions": model.predict(frame).to_dict("list"),
        "by_map": model.predict(frame, params={"method": "map"}).to_dict("list"),
        "served": json.loads(answer.response)["predictions"],
        "refused": refused,
    }


def refuse_damaged(folder):
    """Return what is said of a model whose draws were changed."""
    path = Path(folder) / "artifacts" / "run" / "fit.nc"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    try:
        mlflow.pyfunc.load_model(folder)
    except Exception as reason:
        return str(reason)
    return ""


QUESTIONS: dict[str, Callable[..., Any]] = {"runs": read_runs, "predict": predict, "damaged": refuse_damaged}

if __name__ == "__main__":
    try:
        print(json.dumps(QUESTIONS[sys.argv[1]](*sys.argv[2:])))  # noqa: T201
    except MlflowException as reason:
        sys.exit(str(reason))
