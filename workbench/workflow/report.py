"""Reports from run directories alone: one drawn again, or several side by side; no toolchain is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workbench import files
from workbench.errors import StoreError
from workbench.provenance import hash_texts
from workbench.report.comparison import build_comparison_report
from workbench.report.document import Document
from workbench.report.figure_files import list_drawings, write_figures
from workbench.report.figures import Drawing, to_svg
from workbench.report.figures.painter import Painter
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.results import Fit, run_directory, store
from workbench.workflow.output_file import check_output_file


def redraw_report(folder: Path, figures: Path | None = None) -> Path:
    """Write the report of a run again, from its files alone, and return its path.

    Parameters
    ----------
    folder
        The run directory.
    figures
        A folder for the report's figures as files.

    Raises
    ------
    StoreError
        There is no complete run in the folder, or a file cannot be written.
    """
    run_directory.refuse_registered(folder)
    fit, target = run_directory.read(folder), folder / store.REPORT
    files.check_file_place(target, allows_streams=False)
    return write_report(fit, target, figures)


def draft_report(fit: Fit, painter: Painter) -> Document:
    """Return the report of a fit as a document whose drawings are being painted."""
    document = build_fit_report(fit)
    painter.announce(list_drawings(document))
    return document


def write_report(
    fit: Fit,
    target: Path,
    figures: Path | None = None,
    *,
    draft: Document | None = None,
    draw: Callable[[Drawing], str] = to_svg,
) -> Path:
    """Write the report of a fit as one HTML file, and return its path.

    Parameters
    ----------
    fit
        The fit.
    target
        The file.
    figures
        A folder for the report's figures as files.
    draft
        The report as a document, where there is one already.
    draw
        What paints its drawings.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    check_report_place(target, figures)
    document = build_fit_report(fit) if draft is None else draft
    page = render(document, draw)
    if target.parent == fit.folder and not store.is_in_place(fit):
        message = f"the run in `{fit.folder}` was replaced while its report was drawn."
        raise StoreError(message, hint="draw the report of the new one")
    files.replace_file(target, page)
    if figures is not None:
        write_figures(document, figures)
    return target


def check_report_place(target: Path, figures: Path | None = None) -> None:
    """Refuse places where a report and its figures cannot be written, before anything is drawn.

    Raises
    ------
    StoreError
        One of them is something else, or cannot be written.
    """
    files.check_file_place(target, max(store.LEAST_SPACE, _measure(target)))
    if figures is not None:
        files.check_open_folder(figures, store.LEAST_SPACE)


def _measure(report: Path) -> int:
    """Return the size of a report that will be replaced by one like it [bytes]; 0 if there is none."""
    try:
        return report.lstat().st_size
    except OSError:
        return 0


def write_comparison(
    fits: Mapping[str, Fit], output: Path | None = None, figures: Path | None = None
) -> Path:
    """Write the reports of several fits side by side as one HTML file, and return its path.

    Parameters
    ----------
    fits
        Fits by name; the others are compared with the first.
    output
        The file; `None` for `reports/comparison-<hash>.html`.
    figures
        A folder for the figures as files.

    Raises
    ------
    WorkbenchError
        There are too few or too many fits, or the file cannot be written.
    """
    places = (str(name if fit.folder is None else fit.folder.resolve()) for name, fit in fits.items())
    target = output or Path("reports") / f"comparison-{hash_texts(*places)[:8]}.html"
    check_output_file(target)
    check_report_place(target, figures)
    document = build_comparison_report(fits)
    files.replace_file(target, render(document))
    if figures is not None:
        write_figures(document, figures)
    return target


def read_runs(folders: Sequence[Path]) -> dict[str, Fit]:
    """Return the fits of run directories, each by a name that distinguishes it from the others.

    Raises
    ------
    StoreError
        A run cannot be read.
    """
    return dict(zip(name_runs(folders), map(run_directory.read, folders), strict=True))


def name_runs(folders: Sequence[Path]) -> list[str]:
    """Return a name for each folder: its own, with as many parents as distinguish it from the others.

    >>> name_runs([Path("a/run"), Path("b/run"), Path("c")])
    ['a/run', 'b/run', 'c']
    """
    paths = [folder.resolve() for folder in folders]
    names = []
    for path in paths:
        parts = path.parts
        others = [other.parts for other in paths if other != path]
        count = next(
            (n for n in range(1, len(parts)) if all(other[-n:] != parts[-n:] for other in others)), len(parts)
        )
        names.append("/".join(parts[-count:]))
    return [f"{name} ({place + 1})" if names.count(name) > 1 else name for place, name in enumerate(names)]
