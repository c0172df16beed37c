"""The files of `workbench export-dashboards`: rules and a configuration for Prometheus, and a board."""

from __future__ import annotations

from pathlib import Path

from workbench import files
from workbench.errors import StoreError
from workbench.metrics.board import format_board

_FOLDER = Path(__file__).with_name("dashboards")
"""Where the files lie that are written as they are."""

BOARD = "workbench-board.json"
"""The board for Grafana."""


def collect_files() -> dict[str, str]:
    """Return the content of each file by its name."""
    plain = {path.name: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.yml"))}
    return {**plain, BOARD: format_board()}


def write_dashboards(folder: Path, *, is_replacing: bool = False) -> tuple[Path, ...]:
    """Write the files into a folder, all of them or none; other files there stay.

    Parameters
    ----------
    folder
        Where they go; it is made where it is missing.
    is_replacing
        Whether files there that differ, such as rules that somebody has changed, are replaced.

    Returns
    -------
    The files.

    Raises
    ------
    StoreError
        Nothing can be written there, or a file would be lost.
    """
    contents = collect_files()
    files.check_open_folder(folder, sum(map(len, contents.values())))
    for name, content in contents.items():
        files.check_file_place(folder / name, allows_streams=False)
        if not is_replacing:
            _refuse_changed(folder / name, content)
    with files.replace_files(folder) as aside:
        for name, content in contents.items():
            (aside / name).write_text(content, encoding="utf-8")
    return tuple(folder / name for name in contents)


def _refuse_changed(path: Path, content: str) -> None:
    """Refuse to replace a file that holds something else."""
    with files.explained(path):
        if path.exists() and path.read_bytes() != content.encode():
            message = f"`{path}` is there already, and holds something else: nothing was written."
            raise StoreError(message, hint="choose another folder, or replace it with --replace")
