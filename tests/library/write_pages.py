"""`make docs`: the page of each bundled model, and its picture where there is none yet.

Usage: python -m tests.library.write_pages [FOLDER OF RUNS]

A picture comes from a run of the model's name in the folder of runs; where there is none, the model is
fitted. Delete an SVG to have it drawn again.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from workbench import library
from workbench.library import markdown
from workbench.library.catalogue import BundledModel, find_home
from workbench.methods import Nuts
from workbench.report.figures.drawing import PAPER_PALETTE, paint, to_plain_svg
from workbench.report.figures.overview import OverviewRow, draw_overview
from workbench.results import Fit, run_directory
from workbench.results.quantities import draws_of, owner
from workbench.results.view import Results
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions

_MOST_QUANTITIES = 8
"""Quantities in a picture."""

_MOST_ELEMENTS = 4
"""Elements of a variable in a picture."""


def main() -> None:
    """Write every page, the list, and the pictures that are missing."""
    runs = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    for model in library.list_models():
        model.program.with_suffix(".md").write_text(markdown.render_page(model), encoding="utf-8")
        picture = model.program.with_suffix(".svg")
        if not picture.is_file():
            picture.write_text(_draw(_find_run(model, runs / model.name)), encoding="utf-8")
            print(picture)  # noqa: T201
    (find_home() / "stan_models" / "README.md").write_text(
        markdown.render_index(library.list_models()), encoding="utf-8"
    )


def _find_run(model: BundledModel, folder: Path) -> Fit:
    if folder.is_dir():
        return run_directory.read(folder)
    return fit_workflow.fit_files(
        model.program, model.table, FitOptions(methods=(Nuts(),), output=folder, jobs=2)
    )


def _draw(fit: Fit) -> str:
    """Draw the quantities that `_choose_quantities` returns."""
    results = fit.results
    rows = [
        OverviewRow(results.label(name), draws)
        for name in _choose_quantities(results)
        if (draws := draws_of(fit.tree, "posterior", name)) is not None
    ]
    with paint(draw_overview(rows), PAPER_PALETTE) as figure:
        figure.set_facecolor("white")
        return to_plain_svg(figure).strip() + "\n"


def _choose_quantities(results: Results) -> list[str]:
    """Return a few elements of each variable with a unit in the card; small variables first if many."""
    by_variable = [
        [name for name in results.estimates("nuts") if owner(name) == variable]
        for variable in results.model.units
        if variable in results.declared
    ]
    if sum(len(names[:_MOST_ELEMENTS]) for names in by_variable) > _MOST_QUANTITIES:
        by_variable.sort(key=len)
    return [name for names in by_variable for name in names[:_MOST_ELEMENTS]][:_MOST_QUANTITIES]


if __name__ == "__main__":
    main()
