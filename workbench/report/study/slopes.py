"""How fast posterior means and modes move at the base fit, hyperparameter by hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.report.document import Block, Cell, Column, Table
from workbench.report.numbers import MISSING, format_number
from workbench.report.reading import Record
from workbench.report.study.slices import label
from workbench.studies import Study

MAX_ROWS = 200

_NOTE = (
    "Per doubling: what the posterior mean would move if the hyperparameter doubled, in posterior SDs, by "
    "its slope at the base. The slope of a mean is the covariance of the draws with the slope of the log "
    "density, with its Monte Carlo standard error; that of the MAP follows from the curvature there."
)


def table(study: Study, names: Sequence[str]) -> tuple[Block, ...]:
    """Return a table of derivatives, the fastest first; nothing where there are none.

    Parameters
    ----------
    study
        The study.
    names
        The quantities that move.
    """
    found = [
        (name, hyperparameter, part["estimates"][name])
        for hyperparameter, part in study.record["derivatives"].items()
        if part["status"] == "ok"
        for name in names
        if name in part["estimates"]
    ]
    if not found:
        return ()
    ranked = sorted(found, key=lambda one: -abs(one[2].get("per_doubling") or 0.0))
    left = len(ranked) - MAX_ROWS
    return (
        Table(
            key="slopes-table",
            caption="How fast posterior means move at the base fit",
            columns=(
                Column("Quantity", "name"),
                Column("Hyperparameter", "name"),
                Column("Per doubling", "number", help="In posterior SDs of the base fit"),
                Column("Slope of the mean", "number", "Per unit"),
                Column("MCSE", "number", "Per unit"),
                Column("Slope of the MAP", "number", "Per unit"),
            ),
            rows=tuple(_row(study, *one) for one in ranked[:MAX_ROWS]),
            note=_NOTE + (f" {left} more are in study.json." if left > 0 else ""),
            is_interactive=True,
        ),
    )


def _row(study: Study, name: str, hyperparameter: str, one: Record) -> tuple[Cell, ...]:
    return (
        Cell(label(study, name)),
        Cell(hyperparameter),
        Cell(format_number(one.get("per_doubling"), 3)),
        Cell(_three(one["mean"])),
        Cell(_three(one["mcse"])),
        Cell(_three(one["mode"]) if "mode" in one else MISSING),
    )


def _three(value: float) -> str:
    """Return three digits: rounding beyond them is hidden by the Monte Carlo error."""
    return format_number(float(f"{value:.3g}"))
