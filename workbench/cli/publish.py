"""`workbench publish`: a version in MLflow, with a model that predicts."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.open_registry import FOLDER, Folder, open_registry, show_remarks


@console.guarded
def command(
    version: Annotated[
        str,
        typer.Argument(
            help="A version in the registry: NAME@3, NAME@champion; or a run directory, with --name.",
            metavar="VERSION",
            autocompletion=completion.complete_runs_and_versions,
        ),
    ],
    mlflow: Annotated[
        str,
        typer.Option(
            help="The MLflow server: http://HOST:PORT, databricks, or a database such as sqlite:///mlflow.db.",
            metavar="URI",
        ),
    ],
    name: Annotated[
        str,
        typer.Option(help="The name of the model in MLflow; by default that of the version.", metavar="NAME"),
    ] = "",
    alias: Annotated[
        str, typer.Option(help="Let this alias in MLflow point to the version.", metavar="ALIAS")
    ] = "",
    experiment: options.Experiment = "",
    folder: Folder = FOLDER,
    quiet: options.Quiet = False,
) -> None:
    """Publish a version in MLflow: parameters, metrics, tags, report, and a model that predicts.

    A version that is there already stays as it is; only its alias moves.
    """
    from workbench.workflow.publish_version import PublishOptions, publish_version

    registry = open_registry(folder)
    chosen = PublishOptions(mlflow, name, alias, experiment)
    found = publish_version(version, chosen, registry, console.progress(quiet))
    show_remarks(registry)
    when = "now" if found.is_new else "already"
    alone = "" if found.is_new or found.alias else ", and nothing was done"
    pointed = f"; `{found.alias}` points to it" if found.alias else ""
    place = f"version {found.version} of {found.name} in MLflow"
    console.show_line(f"{found.source} is {when} {place}{alone}{pointed}: {found.link}")
