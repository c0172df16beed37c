"""The address of a server, and what goes wrong there, in sentences."""

import os
import sys
import types

import pytest

from tests.tracking.fake_mlflow import MlflowException
from workbench.errors import RequestError, TrackingError
from workbench.tracking import check_address, open_server
from workbench.tracking.server import hide_password

URI = "http://me:secret@127.0.0.1:5000"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:5000",
        "https://mlflow.example.org/team",
        "databricks",
        "databricks://profile",
        "databricks-uc",
        "sqlite:///mlflow.db",
        "file:///srv/mlruns",
    ],
)
def test_addresses(mlflow, monkeypatch, address):
    monkeypatch.setitem(sys.modules, "sqlalchemy", types.SimpleNamespace(__spec__=object()))
    assert check_address(address) == address


@pytest.mark.parametrize(
    "address", ["", "mlruns", "localhost:5000", "http:/x", "http://", "https:///x", "/srv/mlruns", "http:x"]
)
def test_what_mlflow_would_take_for_a_folder_is_refused(mlflow, address):
    with pytest.raises(RequestError, match="the address of an MLflow server was expected, found"):
        check_address(address)


def test_a_database_needs_the_whole_of_mlflow(mlflow, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(TrackingError, match="the whole of MLflow is needed") as missing:
        check_address("sqlite:///mlflow.db")
    assert missing.value.hint == "pip install mlflow"


def test_a_missing_package_is_told_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrackingError) as missing:
        check_address("http://127.0.0.1:5000")
    assert missing.value.hint == "pip install 'stan-workbench[mlflow]'"
    assert missing.value.exit_code == 3


REFUSED = "HTTPConnectionPool(host='127.0.0.1', port=5000): Max retries exceeded"
FAILURES = (
    (MlflowException(f"API request to {URI}/api failed with exception {REFUSED}"), TrackingError,
     "no MLflow server answers at `http://127.0.0.1:5000`."),
    (MlflowException(f"API request to {URI}/api failed with timeout exception read."), TrackingError,
     "no MLflow server answers at `http://127.0.0.1:5000`."),
    (MlflowException(f"API request to {URI} failed with exception {REFUSED} (too many 500 error responses)"),
     TrackingError, "MLflow at `http://127.0.0.1:5000` failed: API"),
    (MlflowException("API request to endpoint /api failed with error code 404 != 200. Body: '<html>'"),
     TrackingError, "what answers at `http://127.0.0.1:5000` is no MLflow server."),
    (MlflowException("API request to endpoint /api failed with error code 401 != 200.", "UNAUTHENTICATED"),
     TrackingError, "does not let you do this"),
    (MlflowException("You shall not pass.", "PERMISSION_DENIED"), TrackingError, "does not let you do this"),
    (MlflowException("Names are short.\nUsage:\nmore", "INVALID_PARAMETER_VALUE"), RequestError,
     "refuses this: Names are short."),
    (MlflowException("x" * 1000), TrackingError, "xxx [...]."),
    (ModuleNotFoundError("No module named 'boto3'", name="boto3"), TrackingError, "No module named 'boto3'"),
    (RuntimeError(""), TrackingError, "failed: RuntimeError."),
)  # fmt: skip
"""Errors, with what they become."""


@pytest.mark.parametrize(("failure", "kind", "words"), FAILURES, ids=lambda each: str(each)[:40])
def test_failures_are_sentences_without_passwords(mlflow, failure, kind, words):
    mlflow.failures["search_experiments"] = failure
    with pytest.raises(kind) as told, open_server(URI):
        pytest.fail("it does not answer")
    assert type(told.value) is kind
    assert words in told.value.message
    assert "secret" not in f"{told.value.message}{told.value.hint}"
    assert "\n" not in told.value.message


def test_a_file_of_ours_that_fails_is_no_failure_of_mlflow(mlflow):
    with pytest.raises(FileNotFoundError), open_server("http://127.0.0.1:5000"):
        open("/no/such/file")  # noqa: PTH123, SIM115


def test_settings_are_put_back_and_those_of_the_user_stay(mlflow, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "9")
    before = dict(os.environ)
    with open_server("http://127.0.0.1:5000"):
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "9"
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
        assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ, "that of the first contact alone"
    assert dict(os.environ) == before


def test_user_names_and_passwords_are_hidden():
    assert hide_password(f"see {URI}/x") == "see http://127.0.0.1:5000/x"


def test_databricks_chooses_its_registry_itself(mlflow):
    with open_server("databricks") as server:
        assert server.link_version("radon", "3") == "models:/radon/3"
    assert mlflow.addresses == [("databricks", None)]
