"""The audit page of a model in a registry, written to a file."""

from __future__ import annotations

from pathlib import Path

from workbench import files
from workbench.errors import StoreError
from workbench.journal import EVENTS
from workbench.registry import ModelRegistry
from workbench.registry.names import check_name
from workbench.report.audit import build_audit_report
from workbench.report.html import render
from workbench.workflow.output_file import check_output_file
from workbench.workflow.pages.registry import describe_event


def write_audit_page(registry: ModelRegistry, name: str, output: Path | None = None) -> Path:
    """Write what a registry remembers of a model as one HTML file, and return its path.

    Parameters
    ----------
    registry
        The registry.
    name
        The model.
    output
        The file; `None` for `reports/registry-<name>.html`.

    Raises
    ------
    RequestError, StoreError
        There is no such model, the registry is not as it was written, or the file cannot be written.
    """
    target = output or Path("reports") / f"registry-{check_name(name)}.html"
    events = registry.read_events()
    _refuse_inside(target, registry.folder)
    check_output_file(target, [registry.folder / EVENTS])
    document = build_audit_report(events, check_name(name), str(registry.folder), describe_event)
    files.replace_file(target, render(document))
    return target


def _refuse_inside(target: Path, folder: Path) -> None:
    """Refuse a file in the folder of the registry, whose files are all known.

    Raises
    ------
    StoreError
        It would be there.
    """
    if target.resolve().is_relative_to(folder.resolve()):
        message = f"`{target}` is in the registry `{folder}`, which holds its own files only."
        raise StoreError(message, hint="name a file elsewhere with --output")
