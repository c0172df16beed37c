"""The tables of a fit in a terminal: the posterior, then the modes and Laplace's approximation beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workbench.methods import RESULTS
from workbench.report.document import Block, Cell, Column, Paragraph, TableBlock
from workbench.report.fit.missing import describe_missing_modes
from workbench.report.fit.selection import Fold, choose_rows, find_farthest, find_notable
from workbench.report.numbers import MISSING, format_count, join_with_and, pluralise
from workbench.results.quantities import owner
from workbench.results.store import SUMMARY
from workbench.results.view import DrawsEstimate, Estimate, ExactEstimate, Gap, PointEstimate, Results
from workbench.thresholds import STEP_STANDARD_ERRORS

E = TypeVar("E", PointEstimate, DrawsEstimate, ExactEstimate)

MOST_ROWS = 30
"""Rows up to which large arrays of parameters are shown whole; all of them are in `summary.csv`."""

MOST_MODE_ROWS = 12
"""The same of the table of modes, which stands second."""

_MOST_NAMED = 4
"""Parameters that a legend names; of more, it gives the number."""

_MOST_DECIMALS = 8
"""Numbers that would need as many decimals are shown in scientific notation."""

_POINTS = ("mle", "map", "map_unconstrained")
"""Methods that give a point."""

_APPROXIMATIONS = ("laplace", "pathfinder")
"""Methods that approximate the posterior."""

_DRAWS = ("nuts", *_APPROXIMATIONS)
"""Methods that give draws, those first that say most about the posterior."""


def build_posterior_blocks(results: Results) -> tuple[Block, ...]:
    """Return the table of the posterior, by NUTS or the best method there is."""
    source = choose_posterior(results)
    if not results.estimates(source):
        return ()
    names = [name for name in results.quantities if name in results.estimates(source)]
    chosen = choose_rows(results, names, MOST_ROWS, find_notable)
    folds = [row for row in chosen if isinstance(row, Fold)]
    table = _tabulate(results, chosen, _list_posterior_columns(results, source))
    return (
        TableBlock(
            key="posterior",
            caption=_describe_source(results, source),
            columns=table.columns,
            rows=table.rows,
            note=_explain_folds(folds[0]) if folds else "",
            full_table=SUMMARY,
        ),
    )


def build_mode_blocks(results: Results) -> tuple[Block, ...]:
    """Return in a sentence which modes do not exist, and the table of those that do, with their gaps."""
    sentence = describe_missing_modes(results)
    source = choose_posterior(results)
    known = [key for key in (*_POINTS, *_APPROXIMATIONS) if key != source and results.estimates(key)]
    names = [name for name in results.quantities if any(name in results.estimates(key) for key in known)]
    chosen = choose_rows(results, names, MOST_MODE_ROWS, find_farthest)
    table = _tabulate(results, chosen, _list_mode_columns(results, source))
    blocks: list[Block] = [Paragraph(sentence)] if sentence else []
    if known:
        caption = " and ".join(
            (
                *(("modes",) if any(key in known for key in _POINTS) else ()),
                *(RESULTS[key].phrase for key in _APPROXIMATIONS if key in known),
            )
        )
        blocks.append(TableBlock("modes", caption, table.columns, table.rows, full_table=SUMMARY))
    return tuple(blocks)


def choose_posterior(results: Results) -> str:
    """Return the method that stands for the posterior: NUTS, unless `auto` accepted a cheaper one."""
    accepted = [step.method for step in results.ladder if step.accepted and step.method in _DRAWS]
    candidates = (*accepted[-1:], *_DRAWS)
    return next((method for method in candidates if results.estimates(method)), "nuts")


def _describe_source(results: Results, source: str) -> str:
    nuts = results.nuts
    if source != "nuts" or nuts.chains is None or nuts.draws is None:
        return f"posterior by {RESULTS[source].phrase}"
    return f"posterior by NUTS, {pluralise(nuts.chains, 'chain')} of {format_count(nuts.draws)} draws"


def _explain_folds(example: Fold) -> str:
    return (
        f"{example.title}: smallest … largest of all elements, the largest R-hat and the smallest ESS, then "
        f"the elements that say most; `workbench show RUN {owner(example.names[0])}` lists all"
    )


@dataclass(frozen=True)
class _Row:
    """A parameter's estimates by every method; empty ones where a method has none."""

    label: str
    mle: PointEstimate
    map: PointEstimate
    map_unconstrained: PointEstimate
    laplace: DrawsEstimate
    pathfinder: DrawsEstimate
    nuts: DrawsEstimate
    exact: ExactEstimate
    posterior: DrawsEstimate
    gap: Gap

    @property
    def scale(self) -> float | None:
        """The standard deviation that decides how many decimals are shown."""
        sds = (self.nuts.sd, self.laplace.sd, self.pathfinder.sd)
        return next((sd for sd in sds if sd), None) or self.mle.se

    def show(self, value: float | None) -> str:
        """Return a value of this parameter with the decimals that it deserves.

        The standard error of the MLE says nothing about another estimate: one far below it is not shown as 0.
        """
        text = _round(value, self.scale)
        is_hidden = bool(value) and not text.strip("-0.") and self.scale == self.mle.se
        return f"{value:.2g}" if is_hidden else text

    @property
    def mean(self) -> float | None:
        """The posterior mean, corrected by importance weights where there are any."""
        posterior = self.posterior
        return posterior.mean if posterior.corrected_mean is None else posterior.corrected_mean

    @property
    def sd(self) -> float | None:
        """The posterior standard deviation, corrected by importance weights where there are any."""
        return self.posterior.sd if self.posterior.corrected_sd is None else self.posterior.corrected_sd

    def show_interval(self) -> str:
        """Return the interval of the posterior."""
        lower, upper = self.posterior.lower, self.posterior.upper
        return MISSING if lower is None or upper is None else f"{self.show(lower)} to {self.show(upper)}"


@dataclass(frozen=True)
class _Entry:
    """A column with what it shows of a quantity, and of several; it is left out without estimates."""

    column: Column
    method: str
    show: Callable[[_Row], str]
    show_all: Callable[[Sequence[_Row]], str] = lambda _: ""


@dataclass(frozen=True)
class _Cells:
    """The columns and the rows of a table."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def _tabulate(results: Results, chosen: Sequence[str | Fold], entries: Sequence[_Entry]) -> _Cells:
    filled = [entry for entry in entries if _has_estimates(results, entry.method)]
    columns = (Column("parameter", "name"), *(entry.column for entry in filled))
    return _Cells(columns, tuple(_build_row(results, row, filled) for row in chosen))


def _build_row(results: Results, row: str | Fold, entries: Sequence[_Entry]) -> tuple[Cell, ...]:
    """Return the cells of a quantity, or of several in one row."""
    if isinstance(row, str):
        numbers = _collect_row(results, row)
        return (Cell(numbers.label), *(Cell(entry.show(numbers)) for entry in entries))
    elements = [_collect_row(results, name) for name in row.names]
    return (Cell(row.title), *(Cell(entry.show_all(elements)) for entry in entries))


def _number(title: str, drop_order: int = 0, meaning: str = "") -> Column:
    return Column(title, "number", help=meaning, drop_order=drop_order)


def _list_posterior_columns(results: Results, source: str) -> list[_Entry]:
    """Return the columns of the posterior; those that are dropped first on a narrow page say so."""
    level = f"{results.interval.level * 100:g}%"
    return [
        _Entry(
            _number("mean"), source, lambda row: row.show(row.mean), lambda rows: _show_range(rows, "mean")
        ),
        _Entry(_number("SD"), source, lambda row: row.show(row.sd), lambda rows: _show_range(rows, "sd")),
        _Entry(_number(f"{level} interval"), source, _Row.show_interval),
        _Entry(_number("exact", 1, "the mean in closed form"), "exact", lambda row: row.show(row.exact.mean)),
        _Entry(
            _number("R-hat"),
            "nuts",
            lambda row: _show_fixed(row.nuts.rhat, 3),
            lambda rows: _show_fixed(max(_collect_known(row.nuts.rhat for row in rows), default=None), 3),
        ),
        _Entry(
            _number("ESS", 2),
            "nuts",
            lambda row: _show_fixed(row.nuts.ess_bulk, 0),
            lambda rows: _show_fixed(min(_collect_known(row.nuts.ess_bulk for row in rows), default=None), 0),
        ),
    ]


def _list_mode_columns(results: Results, source: str) -> list[_Entry]:
    """Return the columns of modes and approximations; those that are dropped first say so."""
    has_map = bool(results.estimates("map"))
    approximations = {
        "laplace": _Entry(_number("Laplace", 2), "laplace", lambda row: row.show(row.laplace.mean)),
        "pathfinder": _Entry(
            _number("Pathfinder", 1), "pathfinder", lambda row: row.show(row.pathfinder.mean)
        ),
    }
    gap = (
        f"from the posterior mean to the {'MAP' if has_map else 'mode°'}, in posterior SDs"
        f"{_describe_gap_errors(results, has_map=has_map)}"
    )

    def distance(gap: Gap) -> float:
        return abs(_read_gap(gap, has_map=has_map) or 0.0)

    return [
        _Entry(_number("MLE", 4), "mle", lambda row: row.show(row.mle.value)),
        _Entry(_number("SE", 3), "mle", lambda row: row.show(row.mle.se)),
        _Entry(_number("MAP"), "map", lambda row: row.show(row.map.value)),
        _Entry(
            _number("mode°", 0, "on the unconstrained scale"),
            "map_unconstrained",
            lambda row: row.show(row.map_unconstrained.value),
        ),
        *(approximations[method] for method in _APPROXIMATIONS if method != source),
        _Entry(
            _number("gap/SD", 0, gap),
            "gaps",
            lambda row: _show_gap(row.gap, has_map=has_map),
            lambda rows: _show_gap(max((row.gap for row in rows), key=distance), has_map=has_map),
        ),
    ]


def _has_estimates(results: Results, method: str) -> bool:
    return bool(results.gaps if method == "gaps" else results.estimates(method))


def _show_range(rows: Sequence[_Row], attribute: str) -> str:
    """Return the smallest and the largest of a number of several quantities."""
    known = {value: row for row in rows if (value := getattr(row, attribute)) is not None}
    if not known:
        return MISSING
    ends = [known[value].show(value) for value in (min(known), max(known))]
    return ends[0] if ends[0] == ends[1] else " … ".join(ends)


def _collect_known(numbers: Iterable[float | None]) -> list[float]:
    return [number for number in numbers if number is not None]


def _collect_row(results: Results, name: str) -> _Row:
    draws = {method: _find(results.estimates(method), name, DrawsEstimate()) for method in _DRAWS}
    return _Row(
        results.label(name),
        _find(results.estimates("mle"), name, PointEstimate()),
        _find(results.estimates("map"), name, PointEstimate()),
        _find(results.estimates("map_unconstrained"), name, PointEstimate()),
        **draws,
        exact=_find(results.estimates("exact"), name, ExactEstimate()),
        posterior=draws[choose_posterior(results)],
        gap=results.gap(name),
    )


def _find(estimates: Mapping[str, Estimate], name: str, empty: E) -> E:
    """Return the estimate of a parameter, or an empty one of the same kind."""
    estimate = estimates.get(name)
    return estimate if isinstance(estimate, type(empty)) else empty


def _describe_gap_errors(results: Results, *, has_map: bool) -> str:
    """Return the largest Monte Carlo error of the gaps that are shown, and which gaps are within theirs."""
    chosen = choose_rows(results, results.gaps, MOST_MODE_ROWS, find_farthest)
    shown = [row for row in chosen if isinstance(row, str)]
    gaps = {name: _read_gap(results.gap(name), has_map=has_map) for name in shown}
    errors = {
        name: estimate.mcse_mean / estimate.sd
        for name in gaps
        if (estimate := results.posterior(name)).mcse_mean and estimate.sd
    }
    if not errors:
        return ""
    within = [
        f"`{results.label(name)}`"
        for name, error in errors.items()
        if (gap := gaps[name]) is not None and abs(gap) <= STEP_STANDARD_ERRORS * error
    ]
    listed = join_with_and(within) if len(within) <= _MOST_NAMED else pluralise(len(within), "parameter")
    words = f", Monte Carlo error up to {max(errors.values()):.2f}"
    return f"{words}; within Monte Carlo error for {listed}" if within else words


def _read_gap(gap: Gap, *, has_map: bool) -> float | None:
    return gap.in_sd if has_map else gap.unconstrained_in_sd


def _show_gap(gap: Gap, *, has_map: bool) -> str:
    value = _read_gap(gap, has_map=has_map)
    return MISSING if value is None else f"{value:+.2f}"


def _show_fixed(value: float | None, decimals: int) -> str:
    return MISSING if value is None else f"{value:.{decimals}f}"


def _round(value: float | None, scale: float | None) -> str:
    """Return a value with as many decimals as show two digits of its posterior standard deviation.

    >>> _round(3.14159, 0.27), _round(1234.5, 120.0), _round(None, 1.0), _round(-0.001, 0.1)
    ('3.14', '1234', '–', '0.00')
    """
    if value is None:
        return MISSING
    if not scale:
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(scale)))
    if decimals >= _MOST_DECIMALS:
        return f"{value:.3g}"
    text = f"{value:.{decimals}f}"
    return text if text.strip("-0.") else text.removeprefix("-")
