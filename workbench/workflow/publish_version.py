"""A version of a registry, or a run directory, published in MLflow with a model that predicts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import files
from workbench.errors import RequestError, WorkbenchError
from workbench.prediction.new_rows import require_rules
from workbench.progress import SILENT, Progress
from workbench.registry import ModelRegistry, parse_reference
from workbench.registry.names import check_name
from workbench.registry.runs import hash_run, name_content
from workbench.results import run_directory
from workbench.results.view import Results
from workbench.tracking import MlflowServer, check_address, describe_fit, open_server
from workbench.tracking.logged_fit import DESCRIPTION_TAG, RUN_TAG, USER_TAG

if TYPE_CHECKING:
    import pandas as pd

_MODEL = "model"
"""Where a model is stored with its run."""

_ALIAS = re.compile(r"(?!(?:latest|v\d+)$)[A-Za-z0-9_-]{1,255}", re.IGNORECASE)
"""The aliases that MLflow takes: `latest`, and `v` with a number, are its own."""

_EXAMPLE_ROWS = 2
"""How many rows of the table of a fit are the example of a model's input. Ours."""


@dataclass(frozen=True)
class PublishOptions:
    """Where and as what a version is published.

    Attributes
    ----------
    address
        The MLflow server.
    name
        The name of the model there; by default that of the version.
    alias
        The alias there that points to it from now on; none by default.
    experiment
        The experiment there; by default the name of the model.
    """

    address: str
    name: str = ""
    alias: str = ""
    experiment: str = ""


@dataclass(frozen=True)
class PublishedVersion:
    """A version in MLflow.

    Attributes
    ----------
    name, version
        The model and the version there.
    link
        Where it is shown.
    is_new
        Whether it was published now, and not before.
    alias
        The alias that was moved to it; empty where none was.
    source
        The version of the registry that it is, or the run directory.
    """

    name: str
    version: str
    link: str
    is_new: bool
    alias: str = ""
    source: str = ""


@dataclass(frozen=True)
class _Source:
    """A run directory to be published: its files, and what a registry says of it."""

    run: Path
    results: Results
    hashes: dict[str, str]
    name: str
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What it is called in MLflow's list of runs."""
        return self.tags.get("workbench.version", str(self.run))


def publish_version(
    source: str | Path, options: PublishOptions, registry: ModelRegistry, progress: Progress = SILENT
) -> PublishedVersion:
    """Publish a version of a registry, or a run directory, as a version of a model in MLflow.

    The same run is published once: again, only its alias moves. Nothing of the registry or the run changes.

    Parameters
    ----------
    source
        A version such as `NAME@3`, or a run directory.
    options
        Where to, and as what.
    registry
        Where versions are.
    progress
        Where to report.

    Raises
    ------
    RequestError, StoreError
        There is no such version or run, it cannot predict rows of a table, or MLflow refuses a name.
    TrackingError
        The server, or the package that reaches it, cannot be used.
    """
    check_address(options.address)
    if options.alias and not _ALIAS.fullmatch(options.alias):
        message = f"an alias of MLflow was expected, found `{options.alias}`."
        hint = "letters, digits, `_` and `-`; `latest`, and `v` with a number, are MLflow's own"
        raise RequestError(message, hint=hint)
    with progress.stage("Reading the run"):
        found = _find_source(source, options.name, registry)
        require_rules(found.results)
    with progress.stage("Publishing") as stage, open_server(options.address) as server:
        run = found.tags[RUN_TAG]
        version = server.find_version(found.name, run)
        is_new = version is None
        if version is None:
            version = _add(server, found, options, registry.author, lambda text: stage.update(0.0, text))
        is_moved = bool(options.alias) and server.move_alias(found.name, options.alias, version)
        link = server.link_version(found.name, version)
    alias = options.alias if is_moved else ""
    return PublishedVersion(found.name, version, link, is_new, alias, found.title)


def _find_source(source: str | Path, name: str, registry: ModelRegistry) -> _Source:
    """Return what is to be published, checked."""
    if name:
        check_name(name)
    if isinstance(source, Path) or Path(source).is_dir():
        folder = Path(source)
        results = run_directory.read(folder, run_directory.PREDICTED_FROM).results
        if not name:
            hint = "give --name NAME, or a version of the registry such as NAME@champion"
            raise RequestError(f"`{folder}` was expected to have a name in MLflow.", hint=hint)
        return _make_source(folder, results, hash_run(folder), name, {})
    version, folder = registry.open_run(str(source))
    model = registry.read_state().find_model(parse_reference(str(source)).name)
    tags = {
        "workbench.version": version.reference,
        "workbench.author": version.author,
        "workbench.added": version.time,
        "workbench.note": version.added.note,
        "workbench.approved_by": ", ".join(author for author, _ in version.approvals),
        "workbench.owner": model.owner,
        "workbench.purpose": model.purpose,
        "workbench.limits": model.limits,
    }
    results = run_directory.read_without_draws(folder).results
    return _make_source(folder, results, dict(version.added.files), name or model.name, tags)


def _make_source(
    run: Path, results: Results, hashes: dict[str, str], name: str, tags: dict[str, str]
) -> _Source:
    stated = {key: text for key, text in tags.items() if text}
    return _Source(run, results, hashes, name, {RUN_TAG: name_content(hashes), **stated})


def _add(
    server: MlflowServer,
    source: _Source,
    options: PublishOptions,
    who: str,
    on_step: Callable[[str], None],
) -> str:
    """Log a run with its model, and return the version; a run that is not whole is marked as failed."""
    from workbench.tracking.saved_model import save_model  # only here: it imports what is published

    logged = describe_fit(source.results, source.tags)
    experiment = server.find_experiment(options.experiment or source.name)
    begun = {RUN_TAG: source.tags[RUN_TAG], USER_TAG: who}
    run = server.start_run(experiment, source.title, begun)
    with server.closing(run), files.make_scratch() as scratch:
        on_step("parameters and metrics")
        server.log(run, logged)
        server.log_report(run, source.run)
        on_step("the model")
        example = _make_example(source.results)
        model = save_model(source.run, source.hashes, source.results, example, scratch)
        server.log_folder(run, model, _MODEL)
        server.end_run(run, "FINISHED")
        tags = {key: text for key, text in logged.tags.items() if key != DESCRIPTION_TAG}
        return server.add_version(source.name, run, _MODEL, tags, logged.tags[DESCRIPTION_TAG])


def _make_example(results: Results) -> pd.DataFrame | None:
    """Return rows of the table of a fit without outcomes; `None` where it is not as it was, or elsewhere."""
    from workbench.tracking.saved_model import choose_example
    from workbench.workflow.study_base import read_unchanged_table

    try:
        table = read_unchanged_table(results)
    except (WorkbenchError, OSError):
        return None
    frame = choose_example(table.cells.slice(0, _EXAMPLE_ROWS).to_pandas(), results)
    return frame if len(frame) and len(frame.columns) else None
