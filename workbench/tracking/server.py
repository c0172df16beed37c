"""An MLflow server: what is asked of it, and its errors as sentences."""

from __future__ import annotations

import logging
import os
import re
import time
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.errors import RequestError, TrackingError, WorkbenchError
from workbench.provenance import format_install
from workbench.results import store
from workbench.tracking.logged_fit import RUN_TAG, LoggedFit

_ADDRESS = re.compile(
    r"https?://[^\s/?#]+\S*|databricks(?:-uc)?(?:://\S+)?|(?!https?:)[a-z][a-z0-9+.-]*://\S+"
)
"""Where MLflow can be. It takes any other text for a folder, which it would make."""

_DATABASE = re.compile(r"(?:sqlite|postgresql|mysql|mssql)\b")
"""The databases that the whole of MLflow writes to without a server, but not mlflow-skinny."""

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
"""Settings of MLflow while it is used, where the user has no others: it reads them from the environment."""

_FIRST_CONTACT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""Settings while it is found out whether a server answers: MLflow's own take four minutes. Ours."""

_MOST_AT_ONCE = 100
"""The most parameters or tags that a request to MLflow can hold."""

_MOST_METRICS = 800
"""The most metrics of a request: it can hold a thousand entries of all kinds."""

_LONGEST_REASON = 300
"""The most characters of a message of MLflow that are shown. Ours."""

_WRONG_REQUEST = frozenset({"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "BAD_REQUEST"})
_REFUSED_USER = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED"})
"""MLflow's codes of errors that the caller can correct, and of those about who asks."""

_OTHER_SERVER = re.compile(r"error code (?:404|405|501)\b|valid JSON")
"""What MLflow says where a server answers that does not know its requests."""

_NO_ANSWER = re.compile(r"failed with (?:timeout )?exception(?!.*too many \d+ error responses)")
"""What MLflow says where nothing answers, which is something else than an answer with an error."""


def check_address(address: str) -> str:
    """Return the address of an MLflow server as it is.

    Raises
    ------
    RequestError
        It is none.
    TrackingError
        The package that reaches it is not installed.

    >>> check_address("127.0.0.1:5000")
    Traceback (most recent call last):
    workbench.errors.RequestError: the address of an MLflow server was expected, found `127.0.0.1:5000`.
    hint: such as http://127.0.0.1:5000, sqlite:///mlflow.db or databricks
    """
    if not _ADDRESS.fullmatch(address):
        hint = "such as http://127.0.0.1:5000, sqlite:///mlflow.db or databricks"
        raise RequestError(
            f"the address of an MLflow server was expected, found `{hide_password(address)}`.", hint=hint
        )
    if find_spec("mlflow") is None:
        message = "the package mlflow-skinny (or mlflow) is needed, and is not installed."
        raise TrackingError(message, hint=format_install("mlflow"))
    if _DATABASE.match(address) and find_spec("sqlalchemy") is None:
        message = f"the whole of MLflow is needed to write to a database such as `{hide_password(address)}`."
        raise TrackingError(message, hint="pip install mlflow")
    return address


@contextmanager
def open_server(address: str) -> Iterator[MlflowServer]:
    """Give an MLflow server that answers.

    Raises
    ------
    RequestError, TrackingError
        The address is none, the package is missing, or nothing answers there.
    """
    check_address(address)
    own = frozenset(os.environ)
    with _settings(_SETTINGS, own), _explained(address), _quiet():
        from mlflow import MlflowClient

        is_databricks = address.startswith("databricks")
        client = MlflowClient(address, None if is_databricks else address)
        with _settings(_FIRST_CONTACT, own):
            client.search_experiments(max_results=1)
        yield MlflowServer(client, address)


class MlflowServer:
    """An MLflow server; `open_server` gives one.

    Parameters
    ----------
    client
        `mlflow.MlflowClient`.
    address
        Where it is.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._page = hide_password(address).rstrip("/") if address.startswith("http") else ""

    def find_experiment(self, name: str) -> str:
        """Return the identifier of an experiment, which is made where there is none.

        Raises
        ------
        RequestError
            It was deleted.
        """
        found = self._client.get_experiment_by_name(name)
        if found is None:
            return str(self._client.create_experiment(name))
        if found.lifecycle_stage == "deleted":
            hint = "restore it in MLflow, or name another one with --experiment"
            raise RequestError(f"the experiment `{name}` was deleted in MLflow.", hint=hint)
        return str(found.experiment_id)

    def start_run(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """Return the identifier of a new run."""
        return str(self._client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id)

    def log(self, run: str, fit: LoggedFit) -> None:
        """Log parameters, metrics and tags."""
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        parameters = [Param(key, value) for key, value in fit.parameters.items()]
        metrics = [Metric(key, value, now, 0) for key, value in fit.metrics.items()]
        tags = [RunTag(key, value) for key, value in fit.tags.items()]
        for batch in _batched(parameters, _MOST_AT_ONCE):
            self._client.log_batch(run, params=batch)
        for batch in _batched(metrics, _MOST_METRICS):
            self._client.log_batch(run, metrics=batch)
        for batch in _batched(tags, _MOST_AT_ONCE):
            self._client.log_batch(run, tags=batch)

    def log_report(self, run: str, folder: Path) -> None:
        """Store the report and the table of estimates of a run directory with a run."""
        for name in (store.REPORT, store.SUMMARY):
            if (folder / name).is_file() and not (folder / name).is_symlink():
                self._client.log_artifact(run, str(folder / name))

    def log_folder(self, run: str, path: Path, place: str) -> None:
        """Store the files of a folder with a run."""
        self._client.log_artifacts(run, str(path), place)

    def end_run(self, run: str, status: str) -> None:
        """Say how a run ended: `FINISHED`, `FAILED` or `KILLED`."""
        self._client.set_terminated(run, status)

    @contextmanager
    def closing(self, run: str) -> Iterator[None]:
        """Mark a run as failed, or as ended by somebody, where it is not logged to its end."""
        try:
            yield
        except BaseException as reason:
            with suppress(Exception):
                self.end_run(run, "FAILED" if isinstance(reason, Exception) else "KILLED")
            raise

    def find_version(self, name: str, run_hash: str) -> str | None:
        """Return the version of a model that was made from a run directory; `None` where there is none."""
        found = self._client.search_model_versions(f"name='{name}' and tags.`{RUN_TAG}`='{run_hash}'")
        return min((str(version.version) for version in found), key=int, default=None)

    def add_version(self, name: str, run: str, place: str, tags: Mapping[str, str], description: str) -> str:
        """Register the model that is stored with a run, and return its version."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as reason:
            if reason.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"runs:/{run}/{place}"
        made = self._client.create_model_version(
            name, source, run_id=run, tags=dict(tags), description=description
        )
        return str(made.version)

    def move_alias(self, name: str, alias: str, version: str) -> bool:
        """Let an alias point to a version, and return whether it pointed elsewhere before."""
        aliases = self._client.get_registered_model(name).aliases
        if str(aliases.get(alias, "")) == version:
            return False
        self._client.set_registered_model_alias(name, alias, version)
        return True

    def link_run(self, experiment: str, run: str) -> str:
        """Return where a run is shown."""
        return f"{self._page}/#/experiments/{experiment}/runs/{run}" if self._page else f"runs:/{run}"

    def link_version(self, name: str, version: str) -> str:
        """Return where a version is shown."""
        return (
            f"{self._page}/#/models/{name}/versions/{version}" if self._page else f"models:/{name}/{version}"
        )


def hide_password(text: str) -> str:
    """Return a text without the user names and passwords of its addresses.

    >>> hide_password("https://me:secret@host/api")
    'https://host/api'
    """
    return re.sub(r"://[^/@\s]*@", "://", text)


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turn what goes wrong with MLflow, and with what it stores files with, into one of our errors."""
    try:
        yield
    except (WorkbenchError, MemoryError):
        raise
    except Exception as reason:
        if isinstance(reason, OSError) and reason.filename is not None:  # a file of ours, and not the network
            raise
        raise _explain(reason, hide_password(address)) from reason


def _explain(reason: Exception, address: str) -> WorkbenchError:
    lines = [line.strip() for line in hide_password(str(reason)).splitlines() if line.strip()]
    code = str(getattr(reason, "error_code", ""))
    words = (lines[0] if lines else type(reason).__name__).removeprefix(f"{code}: ").rstrip(".")
    words = f"{words[:_LONGEST_REASON]} [...]" if len(words) > _LONGEST_REASON else words
    if isinstance(reason, ImportError):
        hint = f"pip install {reason.name}" if reason.name else "pip install mlflow"
        return TrackingError(f"MLflow needs a package for `{address}`: {words}.", hint=hint)
    if code in _WRONG_REQUEST:
        return RequestError(f"MLflow at `{address}` refuses this: {words}.")
    if code in _REFUSED_USER or " 401" in words or " 403" in words:
        hint = (
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, say who you are"
        )
        return TrackingError(f"MLflow at `{address}` does not let you do this: {words}.", hint=hint)
    if _OTHER_SERVER.search(words):
        return TrackingError(f"what answers at `{address}` is no MLflow server.", hint="check the address")
    if _NO_ANSWER.search(words):
        hint = "check the address, and that the server runs"
        return TrackingError(f"no MLflow server answers at `{address}`.", hint=hint)
    return TrackingError(f"MLflow at `{address}` failed: {words}.")


@contextmanager
def _settings(settings: Mapping[str, str], own: Collection[str]) -> Iterator[None]:
    """Set what MLflow reads from the environment, except what the user has set, and put it back."""
    before = {name: os.environ.get(name) for name in settings if name not in own}
    os.environ.update({name: settings[name] for name in before})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow from printing what is not an error."""
    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _batched(entries: list[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, size)):
        yield batch
