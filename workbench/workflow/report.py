"""Reports from run directories alone: one redrawn, or several side by side; no toolchain is needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.errors import StoreError
from workbench.provenance import hash_parts
from workbench.report import comparison_report, fit_report, render, write_pictures
from workbench.results import store


def redraw(folder: Path, figures: Path | None = None) -> Path:
    """Draw a run's report anew from its files alone; return the report.

    Parameters
    ----------
    folder
        The run directory.
    figures
        A folder for the report's pictures as files.

    Raises
    ------
    StoreError
        There is no complete run in the folder, or a file cannot be written.
    """
    document = fit_report(store.read(folder))
    store.rewrite_report(folder, render(document))
    if figures is not None:
        write_pictures(document, figures)
    return folder / store.REPORT


def compare(folders: Sequence[Path], output: Path | None = None, figures: Path | None = None) -> Path:
    """Put runs side by side in one HTML file, and return it.

    Parameters
    ----------
    folders
        Run directories; the others are compared with the first.
    output
        The file; `None` for `reports/comparison-<hash>.html`.
    figures
        A folder for the pictures as files.

    Raises
    ------
    WorkbenchError
        A run cannot be read, there are too many, or the file cannot be written.
    """
    fits = dict(zip(short_names(folders), map(store.read, folders), strict=True))
    document = comparison_report(fits)
    digest = hash_parts(*(str(folder.resolve()) for folder in folders))
    target = output or Path("reports") / f"comparison-{digest[:8]}.html"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(document), encoding="utf-8")
    except OSError as reason:
        raise StoreError(f"the comparison could not be written to `{target}`: {reason}.") from reason
    if figures is not None:
        write_pictures(document, figures)
    return target


def short_names(folders: Sequence[Path]) -> list[str]:
    """Return a name for each folder: its own, with as many of its parents as tell it from the others.

    >>> short_names([Path("a/run"), Path("b/run"), Path("c")])
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
