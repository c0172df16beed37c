"""Chosen quantities of a fit as a page in the terminal; of a single one also each method and its draws."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbench.errors import RequestError
from workbench.methods import RESULTS
from workbench.report.document import Cell, Code, Column, Document, Section, TableBlock, Tone, Verdict
from workbench.report.fit.verdict import build_short_verdict
from workbench.report.numbers import (
    choose_decimals,
    format_count,
    format_interval,
    format_number,
    format_percentage,
    pluralise,
)
from workbench.results.quantities import Draws, owner
from workbench.results.view import DrawsEstimate, Estimate, PointEstimate, Results

_WIDTH = 60
"""Columns of a density."""

_HEIGHT = 8
"""Lines of a density."""

_INDEXED = re.compile(r"(\w+)\[[\d,\s]*\]")
"""An element of a variable by its numbers, such as `theta[3]` or `Omega[1,2]`."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
"""A character for each eighth of the height of a line."""

_MOST_COMPARED = 2000
"""Names of elements with which one that is not known is compared: each takes 20 microseconds."""

_MOST_LISTED = 8
"""Variables that a hint names. Ours."""

_TAIL = 0.001
"""The share of draws at either end that a density leaves out. Ours: extreme draws would flatten the rest."""


def choose_quantities(results: Results, wanted: Sequence[str]) -> list[str]:
    """Return Stan's names of the quantities that are meant, in the order of the program.

    Parameters
    ----------
    results
        The results of a fit.
    wanted
        Names, `theta[3]`; labels, `theta[Choate]`; variables, `theta`; or patterns, `theta[*]`.

    Raises
    ------
    RequestError
        One of them means nothing; the hint has names like it.
    """
    chosen: set[str] = set()
    for text in wanted:
        found = [name for name in results.quantities if _is_meant(results, name, text)]
        if not found:
            raise RequestError(f"`{text}` is not a quantity of this run.", hint=_suggest(results, text))
        chosen.update(found)
    return [name for name in results.quantities if name in chosen]


def _suggest(results: Results, text: str) -> str:
    """Return how many elements a variable has or, if there is none, which names are like a text.

    Where no name is like it either, the hint says which variables there are.
    """
    indexed = _INDEXED.fullmatch(text)
    elements = [name for name in results.quantities if indexed and owner(name) == indexed[1]]
    if elements:
        return _describe_elements(owner(elements[0]), elements)
    variables = list(dict.fromkeys(map(owner, results.quantities)))
    names = [*results.quantities, *results.labels.values()]
    known = dict.fromkeys([*variables, *names[:_MOST_COMPARED]])
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.4)
    listed = ", ".join(f"`{name}`" for name in (near or variables[:_MOST_LISTED]))
    return f"did you mean {listed}?" if near else f"its variables are {listed}"


def _describe_elements(variable: str, elements: Sequence[str]) -> str:
    if elements[0] == variable:
        return f"`{variable}` is a single number"
    if len(elements) == 1:
        return f"`{variable}` has 1 element, `{elements[0]}`"
    return f"`{variable}` has {len(elements)} elements, `{elements[0]}` to `{elements[-1]}`"


def find_drawn(results: Results, wanted: Sequence[str]) -> str | None:
    """Return Stan's name of the quantity whose density the page shows; `None` where it shows none.

    Raises
    ------
    RequestError
        As for `choose_quantities`.
    """
    names = choose_quantities(results, wanted)
    return names[0] if len(names) == 1 and results.nuts.is_ok else None


def build_quantity_page(results: Results, wanted: Sequence[str], draws: Draws | None) -> Document:
    """Return the page of chosen quantities: a table, and of a single one every method and its density.

    Parameters
    ----------
    results
        The results of a fit.
    wanted
        As for `choose_quantities`.
    draws
        Posterior draws `(chain, draw)` of what `find_drawn` returns, if there are any.

    Raises
    ------
    RequestError
        One of them is not a quantity of the fit.
    """
    names = choose_quantities(results, wanted)
    sections = [Section("quantities", "", (_tabulate(results, names),))] if results.nuts.is_ok else []
    if len(names) == 1 or not results.nuts.is_ok:
        sections += [
            Section(name, f"{results.label(name)} by method", (_compare(results, name),)) for name in names
        ]
    if draws is not None:
        text = draw_density(draws, results.posterior(names[0]))
        sections.append(Section("density", "posterior draws", (Code("density", text, "console"),)))
    return Document(
        title=results.model.name,
        subtitle=pluralise(len(names), "quantity"),
        sections=tuple(sections),
        verdict=_shorten_verdict(results),
    )


def build_quantity_table(results: Results, names: Sequence[str]) -> Document:
    """Return one table of quantities: their posterior or, without one, each method that has them."""
    if results.nuts.is_ok:
        table = _tabulate(results, names)
    else:
        tables = [(name, _compare(results, name)) for name in names]
        columns = (Column("quantity", "name"), *_list_columns(results))
        rows = [(Cell(results.label(name)), *row) for name, one in tables for row in one.rows]
        table = TableBlock("quantities-table", "", columns, tuple(rows))
    return Document(title=results.model.name, sections=(Section("quantities", "", (table,)),))


def _shorten_verdict(results: Results) -> Verdict:
    """Return the verdict on the run; tips, which do not count against it, are for `workbench check`."""
    verdict = build_short_verdict(results)
    if verdict.tone != Tone.OK:
        reasons = tuple(reason for reason in verdict.reasons if not reason.place.startswith("tip"))
        return replace(verdict, reasons=reasons, found="", scope="")
    return Verdict(Tone.OK, "`workbench check` lists what was checked, and its tips.")


def _is_meant(results: Results, name: str, text: str) -> bool:
    if text in (name, results.label(name), owner(name)):
        return True
    pattern = re.compile(".*".join(map(re.escape, text.split("*"))))
    return "*" in text and any(pattern.fullmatch(each) for each in (name, results.label(name)))


def _tabulate(results: Results, names: Sequence[str]) -> TableBlock:
    level = format_percentage(results.interval.level)
    columns = (
        Column("quantity", "name"),
        *(
            Column(title, "number", drop_order=drop)
            for title, drop in (
                ("mean", 0), ("SD", 0), (f"{level} interval", 0), ("median", 3), ("MCSE", 2), ("R-hat", 0),
                ("ESS bulk", 1), ("ESS tail", 1),
            )
        ),
    )  # fmt: skip
    return TableBlock("quantities-table", "", columns, tuple(_build_row(results, name) for name in names))


def _build_row(results: Results, name: str) -> tuple[Cell, ...]:
    estimate = results.posterior(name)
    decimals = choose_decimals(estimate.sd)
    texts = (
        format_number(estimate.mean, decimals),
        format_number(estimate.sd, decimals),
        format_interval(estimate.lower, estimate.upper, decimals),
        format_number(estimate.median, decimals),
        format_number(estimate.mcse_mean),
        format_number(estimate.rhat, 3),
        format_count(estimate.ess_bulk),
        format_count(estimate.ess_tail),
    )
    return (Cell(results.label(name)), *map(Cell, texts))


def _compare(results: Results, name: str) -> TableBlock:
    """Return the estimates of a quantity, a row for each method that has one."""
    known = [(kind.label, results.estimates(key).get(name)) for key, kind in RESULTS.items()]
    scale = results.posterior(name).sd
    rows = tuple(
        (Cell(label), *map(Cell, _describe(estimate, scale)))
        for label, estimate in known
        if estimate is not None
    )
    return TableBlock(f"{name}-methods", "", _list_columns(results), rows)


def _list_columns(results: Results) -> tuple[Column, ...]:
    level = format_percentage(results.interval.level)
    return (
        Column("method"),
        Column("estimate", "number", help="a mean, or the value at an optimum"),
        Column("SD", "number", help="or the standard error of the MLE"),
        Column(f"{level} interval", "number"),
    )


def _describe(estimate: Estimate, scale: float | None) -> tuple[str, str, str]:
    """Return value, spread and interval of an estimate, with the decimals that the scale deserves."""
    if isinstance(estimate, PointEstimate):
        value, spread = estimate.value, estimate.se
    else:
        value, spread = estimate.mean, estimate.sd
    decimals = choose_decimals(scale or spread)
    interval = (
        format_interval(estimate.lower, estimate.upper, decimals)
        if isinstance(estimate, PointEstimate | DrawsEstimate)
        else format_interval(None, None)
    )
    return format_number(value, decimals), format_number(spread, decimals), interval


def draw_density(draws: Draws, estimate: DrawsEstimate) -> str:
    """Return a histogram of draws in block characters, with the interval of the estimate below it."""
    every = np.asarray(draws, dtype=float).ravel()
    values = every[np.isfinite(every)]
    if not values.size:
        return "no draw is a finite number"
    if values.size == every.size and values.min() == values.max():
        return f"all draws are {format_number(float(values[0]))}"
    low, high = np.quantile(values, [_TAIL, 1 - _TAIL])
    if not low < high:  # nearly all draws are equal
        low, high = values.min() - 0.5, values.max() + 0.5
    counts, edges = np.histogram(values, _WIDTH, (low, high))
    levels = np.rint(counts / counts.max() * _HEIGHT * 8).astype(int)
    lines = [
        "".join(_BLOCKS[min(8, max(0, level - 8 * row))] for level in levels)
        for row in reversed(range(_HEIGHT))
    ]
    decimals = choose_decimals(estimate.sd)
    left, right = (format_number(float(end), decimals) for end in (low, high))
    total = format_count(every.size)
    beyond, odd = int(values.size - counts.sum()), int(every.size - values.size)
    notes = (
        f"{format_count(beyond)} of {total} draws lie beyond the ends" if beyond else "",
        f"{format_count(odd)} of {total} draws are not finite" if odd else "",
    )
    axis = f"{left}{right.rjust(_WIDTH - len(left))}"
    return "\n".join(filter(None, (*lines, _mark(estimate, edges), axis, *notes)))


def _mark(estimate: DrawsEstimate, edges: np.ndarray) -> str:
    """Return the line below a histogram: the interval with its ends, and the mean as a dot."""
    if estimate.lower is None or estimate.upper is None or estimate.mean is None:
        return ""
    first, middle, last = (
        int(np.clip(np.searchsorted(edges, end, side="right") - 1, 0, _WIDTH - 1))
        for end in (estimate.lower, estimate.mean, estimate.upper)
    )
    line = [" "] * first + ["─"] * (last - first + 1)
    line[first], line[last], line[middle] = "├", "┤", "●"
    return "".join(line)
