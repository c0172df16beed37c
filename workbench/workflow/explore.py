"""The page of a run's draws, to be looked at in a browser: from the run directory alone, without Stan."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from workbench import files
from workbench.errors import RequestError, StoreError
from workbench.report.explore.page import MOST_BYTES, add_draws, begin_draws_page
from workbench.report.figures import to_svg
from workbench.report.html import render_draws_page
from workbench.results import Fit, run_directory, store
from workbench.workflow.output_file import check_output_file


def explore_run(folder: Path, output: Path | None = None) -> Path:
    """Write the page of the draws of a run, and return its path.

    Parameters
    ----------
    folder
        The run directory.
    output
        The file; `None` for `explore.html` in the run directory.

    Raises
    ------
    WorkbenchError
        There is no run in the folder, it has no draws, or the file cannot be written.
    """
    _choose_target(folder, output)
    return write_draws_page(run_directory.read(folder), output)


def write_draws_page(fit: Fit, output: Path | None = None) -> Path:
    """Write the page of the draws of a fit, and return its path.

    Parameters
    ----------
    fit
        The fit.
    output
        The file; `None` for `explore.html` in its run directory.

    Raises
    ------
    WorkbenchError
        The fit has no draws, or neither a file is named nor is there a run directory, or the file cannot be
        written.
    """
    target = _choose_target(fit.folder, output)
    page = make_draws_page(fit)
    if target.parent == fit.folder and not store.is_in_place(fit):
        message = f"the run in `{fit.folder}` was replaced while the page of its draws was made."
        raise StoreError(message, hint="make the page of the new one")
    files.replace_file(target, page)
    return target


def make_draws_page(fit: Fit, most_bytes: int = MOST_BYTES) -> str:
    """Return the page of the draws of a fit as HTML, with as many draws as `most_bytes` allow.

    Raises
    ------
    RunIncomplete
        The fit has no draws by NUTS.
    """
    page, draw = begin_draws_page(fit), cache(to_svg)  # painted once, rendered twice
    empty = len(render_draws_page(page, draw).encode(errors="backslashreplace"))
    return render_draws_page(add_draws(page, fit, most_bytes - empty), draw)


def _choose_target(folder: Path | None, output: Path | None) -> Path:
    """Return where the page goes, where it can be written.

    Raises
    ------
    WorkbenchError
        There is no such place, it is something else, or it cannot be written.
    """
    own = None if folder is None else folder / store.EXPLORE
    target = own if output is None else output
    if target is None:
        hint = "name a file, `fit.explore('explore.html')`, or save first: `fit = fit.save('folder')`"
        raise RequestError("the fit has no run directory for the page of its draws.", hint=hint)
    if folder is not None and target == own:
        run_directory.refuse_registered(folder)
        files.check_file_place(target, allows_streams=False)
    else:
        check_output_file(target)
    return target
