"""`workbench export-dashboards`: alert rules for Prometheus, and a board for Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console


@console.guarded
def command(
    folder: Annotated[Path, typer.Argument(help="The folder that the files go to.", metavar="DIR")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace files there that hold something else.")
    ] = False,
) -> None:
    """Write alert rules and an example configuration for Prometheus, and a board for Grafana.

    They are about the metrics of `workbench serve` and of `--metrics`. Changed files there are kept.
    """
    from workbench.metrics.dashboard_files import write_dashboards

    for path in write_dashboards(folder, is_replacing=replace):
        console.show_path(path)
