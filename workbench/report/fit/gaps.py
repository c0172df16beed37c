"""Where the estimates differ: pictures on one axis, and the gap between mode and mean explained."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr
from scipy import stats

from workbench.diagnostics.prior_density import find_prior_density
from workbench.report import figures, reading
from workbench.report.document import Block, Cell, Column, Figure, Figures, Notice, Paragraph, Section, Table
from workbench.report.figures import EstimateLine, KnownDensity, Marker, Role
from workbench.report.fit import selection
from workbench.report.numbers import decimals_for, format_number, plural
from workbench.report.reading import METHOD_TITLES, Record

MAX_PICTURES = 12
MAX_ROWS = 20
_STEPS = {"jacobian": "Jacobian", "curvature": "Transform", "non_gaussian": "Beyond normal"}


def section(record: Record, tree: xr.DataTree) -> Section:
    """Return the sentences, the pictures and the decomposition of the largest gaps."""
    blocks: tuple[Block, ...] = (
        *_words(record),
        *_pictures(record, tree),
        *_decomposition(record),
        *_missed(record),
    )
    return Section("gaps", "Where the estimates differ", blocks or (Notice("There is nothing to compare."),))


def _words(record: Record) -> tuple[Block, ...]:
    ranked, mode = selection.by_gap(record), selection.compared_mode(record)
    if not ranked or mode is None:
        return (Notice("Without both a mode and posterior draws there is no gap between them."),)
    name = ranked[0]
    nuts = reading.estimates(record, "nuts").get(name)
    decimals = decimals_for(reading.number(nuts, "sd"))
    value = reading.number(reading.estimates(record, mode.method).get(name), "value")
    gap = format_number(abs(selection.gap(record, name) or 0.0), 2)
    text = (
        f"The largest gap between the {mode.words} and the posterior mean is {gap} posterior standard "
        f"deviations, for `{reading.label(record, name)}`: the mode is {format_number(value, decimals)}, "
        f"the mean {format_number(reading.number(nuts, 'mean'), decimals)}. A mode is the highest point of "
        "a density and moves with the scale it is looked for on; a mean weighs all of the posterior. "
        "Where the two differ much, the mode alone is a poor summary."
    )
    return (Paragraph(text),)


def _pictures(record: Record, tree: xr.DataTree) -> tuple[Block, ...]:
    chosen = selection.for_marginals(record, MAX_PICTURES)
    drawn = [figure for name in chosen if (figure := _picture(record, tree, name))]
    if not drawn:
        return (Notice("There are no posterior draws to picture."),)
    return (Figures("marginals", tuple(drawn), _HOW_TO_READ + _left_out(record, len(drawn))),)


_HOW_TO_READ = (
    "Above: the density of the posterior (filled), of its Laplace approximation (dashed) and of the prior, "
    "where its statement gives it. Below, on the same axis: each method's point with its interval. An arrow "
    "at the edge stands for a value beyond it."
)


def _left_out(record: Record, drawn: int) -> str:
    total = len(reading.estimates(record, "nuts"))
    if drawn == total:
        return ""
    return f" Drawn are {plural(drawn, 'quantity')} of {total}, those with the largest gaps."


def _picture(record: Record, tree: xr.DataTree, name: str) -> Figure | None:
    draws = reading.values(tree, "posterior", name)
    if draws is None or draws.max() == draws.min():
        return None
    known = [one for one in (_prior(record, name), _exact(record, name)) if one]
    drawing = figures.draw_marginal(draws, reading.values(tree, "laplace", name), _lines(record, name), known)
    unit = reading.unit(record, name)
    caption = f"`{reading.label(record, name)}`" + (f" [{unit}]" if unit else "")
    return Figure(drawing, _finding(record, name), caption)


def _prior(record: Record, name: str) -> KnownDensity | None:
    found = find_prior_density(record, name)
    return KnownDensity("prior", found.family, found.mass) if found else None


def _exact(record: Record, name: str) -> KnownDensity | None:
    """Return the exact posterior, where the model is conjugate and the run says which it is."""
    found = (reading.part(record, "exact").get("estimates") or {}).get(name) or {}
    family = getattr(stats, str(found.get("distribution")), None)
    if family is None or not isinstance(found.get("parameters"), Mapping):
        return None
    try:
        return KnownDensity("exact", family(**found["parameters"]), role="exact")
    except TypeError:  # not the parameters of that distribution
        return None


_LINES: tuple[tuple[str, str, Marker, str, Role], ...] = (
    ("mle", "MLE", "diamond", "value", "ink"),
    ("map", "MAP", "filled", "value", "ink"),
    ("map_unconstrained", "MAP, unc.", "open", "value", "ink"),
    ("laplace", "Laplace", "bar", "mean", "normal"),
    ("pathfinder", "Pathfinder", "bar", "mean", "ink"),
    ("nuts", "Posterior", "bar", "mean", "posterior"),
)
"""Part of the record, label, mark, the entry that is the point, and the curve it belongs to."""


def _lines(record: Record, name: str) -> list[EstimateLine]:
    """Return one line for each method that has an estimate of the quantity."""
    return [
        EstimateLine(label, form, reading.number(numbers, entry), *_ends(numbers), role=role)
        for method, label, form, entry, role in _LINES
        if (numbers := reading.estimates(record, method).get(name))
    ]


def _ends(numbers: Record | None) -> tuple[float | None, float | None]:
    return reading.number(numbers, "lower"), reading.number(numbers, "upper")


def _finding(record: Record, name: str) -> str:
    """Return what the picture shows, for a reader who cannot see it."""
    nuts = reading.estimates(record, "nuts").get(name)
    decimals = decimals_for(reading.number(nuts, "sd"))
    ends = " to ".join(format_number(end, decimals) for end in _ends(nuts))
    mean = format_number(reading.number(nuts, "mean"), decimals)
    words = [f"{reading.label(record, name)}: posterior mean {mean}, interval {ends}"]
    for title, key, entry in (
        ("MLE", "mle", "value"),
        ("MAP", "map", "value"),
        ("Laplace mean", "laplace", "mean"),
    ):
        value = reading.number(reading.estimates(record, key).get(name), entry)
        if value is not None:
            words.append(f"{title} {format_number(value, decimals)}")
    return "; ".join(words) + "."


def _decomposition(record: Record) -> tuple[Block, ...]:
    explained = [name for name in selection.by_gap(record) if set(_STEPS) <= set(reading.gaps(record, name))][
        :MAX_ROWS
    ]
    if not explained:
        return ()
    columns = (
        Column("Quantity", "name"),
        Column("MAP − mean", "number"),
        Column("in SD", "number"),
        Column(_STEPS["jacobian"], "number", "of which"),
        Column(_STEPS["curvature"], "number", "of which"),
        Column(_STEPS["non_gaussian"], "number", "of which"),
    )
    table = Table(
        key="gap-table",
        caption="The gap between MAP and posterior mean, in three steps that add up to it",
        columns=columns,
        rows=tuple(_row(record, name) for name in explained),
        note=(
            "Jacobian: from the mode on the constrained scale to the mode on the unconstrained one. "
            "Transform: from there to the mean of the normal approximation, bent by the transform back. "
            "Beyond normal: from there to the posterior mean, the part that no normal approximation can "
            "see."
        ),
        is_interactive=True,
    )
    return (table,)


def _row(record: Record, name: str) -> tuple[Cell, ...]:
    gap = reading.gaps(record, name)
    decimals = decimals_for(reading.number(reading.estimates(record, "nuts").get(name), "sd"))
    return (
        Cell(reading.label(record, name)),
        Cell(format_number(gap.get("map_minus_mean"), decimals)),
        Cell(format_number(gap.get("in_sd"), 2)),
        *(Cell(format_number(gap.get(step), decimals)) for step in _STEPS),
    )


def _missed(record: Record) -> tuple[Block, ...]:
    """Return how far the ends of each method's interval are from those of the posterior."""
    known = {name: found for name in reading.part(record, "gaps") if (found := _ends_missed(record, name))}
    if not known:
        return ()
    methods = list(dict.fromkeys(method for found in known.values() for method in found))
    ranked = sorted(known, key=lambda name: -max(abs(one) for ends in known[name].values() for one in ends))
    columns = [Column("Quantity", "name")]
    for method in methods:
        title = METHOD_TITLES.get(method, method)
        columns += [Column("Lower", "number", title), Column("Upper", "number", title)]
    table = Table(
        key="missed-table",
        caption="How far the ends of other intervals lie from those of the posterior, in posterior SDs",
        columns=tuple(columns),
        rows=tuple(
            (
                Cell(reading.label(record, name)),
                *(
                    Cell(format_number(end, 2))
                    for method in methods
                    for end in known[name].get(method, (None, None))
                ),
            )
            for name in ranked[:MAX_ROWS]
        ),
        note="Below 0: the end lies below that of the posterior.",
        is_interactive=True,
    )
    return (table,)


def _ends_missed(record: Record, name: str) -> dict[str, tuple[float, float]]:
    missed = reading.gaps(record, name).get("missed")
    found = {}
    for method, ends in (missed if isinstance(missed, Mapping) else {}).items():
        lower, upper = (reading.number(ends, key) for key in ("lower", "upper"))
        if lower is not None and upper is not None:
            found[str(method)] = (lower, upper)
    return found
