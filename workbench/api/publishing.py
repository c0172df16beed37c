"""Versions published in MLflow from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench import results
from workbench.api.arguments import explain_options, show_progress
from workbench.api.registry import Registry, find_run

if TYPE_CHECKING:
    from workbench.workflow.publish_version import PublishedVersion


@explain_options
def publish(
    version: str | Path | results.Fit,
    mlflow: str,
    *,
    name: str = "",
    alias: str = "",
    experiment: str = "",
    registry: str | Path | Registry = "registry",
    progress: bool = True,
) -> PublishedVersion:
    """Publish a version, or a fit, as a version of a model in MLflow, which predicts there.

    The same run is published once: again, only its alias moves. Fit, run directory and registry stay as they
    are.

    Parameters
    ----------
    version
        A version of a registry, such as `"radon@champion"`; a fit that has a run directory, or the folder.
    mlflow
        The MLflow server: `"http://HOST:PORT"`, `"databricks"`, or a database such as
        `"sqlite:///mlflow.db"`.
    name
        The name of the model in MLflow; by default that of the version.
    alias
        An alias in MLflow that points to the version from now on.
    experiment
        The experiment in MLflow; by default the name of the model.
    registry
        The registry, or its folder.
    progress
        Whether progress is shown in terminals and notebooks.

    Returns
    -------
    The `name` and `version` there, the `link` where it is shown, whether it `is_new`, the `alias` that was
    moved, if any, and the `source`: the version of the registry, or the folder.

    Raises
    ------
    RequestError, StoreError
        There is no such version or run, it cannot predict rows of a table, or MLflow refuses a name.
    TrackingError
        The server, or the package that reaches it, cannot be used.

    Examples
    --------
    >>> workbench.publish("radon@3", "http://127.0.0.1:5000", alias="champion")  # doctest: +SKIP
    """
    from workbench.workflow.publish_version import PublishOptions, publish_version

    opened = registry if isinstance(registry, Registry) else Registry(registry)
    source = find_run(version) if isinstance(version, results.Fit) else version
    options = PublishOptions(mlflow, name, alias, experiment)
    return publish_version(source, options, opened, show_progress(progress))
