"""The estimates: the posterior of every quantity, then modes and approximations beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.methods import RESULTS
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Disclosure,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.fit import selection
from workbench.report.fit.missing import describe_missing_modes, explain_missing
from workbench.report.fit.selection import Fold, choose_rows
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_count,
    format_interval,
    format_number,
    format_percentage,
    format_seconds,
    pluralise,
)
from workbench.results.quantities import owner
from workbench.results.view import AutoStep, DrawsEstimate, ExactEstimate, PointEstimate, Results
from workbench.thresholds import LARGE_SHIFT_LIMIT, RHAT_LIMIT


def build_section(results: Results) -> Section:
    """Return the table of the posterior, and the one of modes and approximations; large arrays are folded."""
    is_empty = not results.quantities  # then the verdict says why
    missing_posterior = None if is_empty else explain_missing(results, "nuts")
    posterior = [name for name in results.quantities if name in results.estimates("nuts")]
    others = [name for name in results.quantities if any(name in results.estimates(key) for key in _OTHERS)]
    blocks: tuple[Block, ...] = (
        *((Notice(missing_posterior, Tone.CAUTION),) if missing_posterior else ()),
        *_build_method_choice(results),
        *_describe_exact(results),
        *_build_tables(results, posterior, _POSTERIOR),
        *((Notice(text),) if (text := describe_missing_modes(results)) else ()),
        *_build_tables(results, others, _MODES),
    )
    return Section("estimates", "Estimates", blocks or (Paragraph("There are no estimates."),))


def build_summary_table(results: Results, most_rows: int) -> TableBlock:
    """Return a table of the main columns; of large arrays, only the elements that say most."""
    names = selection.choose_representatives(results, most_rows)
    quantities = [_collect(results, name) for name in names]
    filled = _choose_columns(quantities, (*_POSTERIOR.columns, *_MODES.columns))
    columns = [column for column in filled if column.is_main] or filled
    left = len(results.quantities) - len(names)
    return TableBlock(
        key="summary-table",
        caption=_write_caption(results, len(results.quantities)),
        columns=_build_headings(results, columns),
        rows=_build_rows(quantities, columns),
        note=f"{pluralise(left, 'more quantity')} in `summary()`." if left else "",
    )


def _build_method_choice(results: Results) -> tuple[Block, ...]:
    """Return the methods that `--method auto` tried, and why it accepted or rejected each."""
    if not results.ladder:
        return ()
    columns = (Column("Method"), Column("Outcome"), Column("Why", "prose"), Column("Time", "number"))
    rows = tuple(_build_step(step) for step in results.ladder)
    note = f"{results.ladder_words[:1].upper()}{results.ladder_words[1:]}"
    return (TableBlock("ladder", "Methods tried, cheapest first", columns, rows, note, is_prose=True),)


def _build_step(step: AutoStep) -> tuple[Cell, ...]:
    return (
        Cell(RESULTS[step.method].title if step.method in RESULTS else step.method or MISSING),
        Cell("accepted", Tone.OK) if step.accepted else Cell("rejected"),
        Cell(step.why or MISSING),
        Cell(format_seconds(step.seconds)),
    )


def _describe_exact(results: Results) -> tuple[Block, ...]:
    """Say that the posterior is known in closed form, where it is."""
    if not results.estimates("exact"):
        return ()
    evidence = results.exact.log_evidence
    ending = (
        f" The log evidence is {format_number(evidence, 2)} nats, all constants included."
        if evidence is not None
        else ""
    )
    text = (
        "The model is conjugate: its posterior is known in closed form, and is shown beside the estimates of "
        f"the other methods.{ending}"
    )
    return (Paragraph(text),)


def _build_tables(results: Results, names: Sequence[str], kind: _TableKind) -> Iterator[Block]:
    """Yield the table of some quantities, and a listing of all elements of each array that it folds."""
    rows = choose_rows(results, names, _MOST_ROWS, kind.find_extremes)
    quantities = [_collect(results, name) for name in names]
    columns = _choose_columns(quantities, kind.columns)
    if not columns:
        return
    by_name = dict(zip(names, quantities, strict=True))
    note = kind.write_note(results)
    folds = [row for row in rows if isinstance(row, Fold)]
    yield TableBlock(
        key=kind.key,
        caption=kind.write_caption(results, len(names)),
        columns=_build_headings(results, columns),
        rows=tuple(_build_row(row, by_name, columns) for row in rows),
        note=f"{_EXPLAIN_FOLDS} {note}" if folds else note,
        is_interactive=True,
    )
    for fold in folds:
        yield _list_elements(results, fold, by_name, columns, kind)


_MOST_ROWS = 60
"""Rows up to which large arrays of parameters are shown whole."""

_MOST_LISTED = 5000
"""The most elements of an array that the report lists: more make a page slow."""

_EXPLAIN_FOLDS = (
    "Elements of an array share a row: the range of their values, the largest R-hat, the smallest effective "
    "sample size and the largest gap; the elements that say most follow it, and all are listed below."
)
"""What is said of rows of arrays."""


def _build_row(
    row: str | Fold, by_name: Mapping[str, _Quantity], columns: Sequence[_EstimateColumn]
) -> tuple[Cell, ...]:
    if isinstance(row, str):
        return (Cell(by_name[row].label), *(column.fill(by_name[row]) for column in columns))
    elements = [by_name[name] for name in row.names]
    return (Cell(row.title), *(column.fill_all(elements) for column in columns))


def _list_elements(
    results: Results,
    fold: Fold,
    by_name: Mapping[str, _Quantity],
    columns: Sequence[_EstimateColumn],
    kind: _TableKind,
) -> Block:
    """Return all elements of an array, hidden until a reader opens them."""
    variable = owner(fold.names[0])
    count = pluralise(len(fold.names), "element")
    if len(fold.names) > _MOST_LISTED:
        return Paragraph(f"`{variable}` has {count}; all of them are in `summary.csv`.")
    table = TableBlock(
        key=f"{kind.key}-{variable}",
        caption=f"The {count} of `{variable}`",
        columns=_build_headings(results, columns),
        rows=_build_rows([by_name[name] for name in fold.names], columns),
        is_listing=True,
    )
    return Disclosure(f"All {count} of `{variable}`", (table,), f"{kind.key}-{variable}-all")


def _choose_columns(
    quantities: Sequence[_Quantity], columns: Sequence[_EstimateColumn]
) -> list[_EstimateColumn]:
    """Return the columns in which some quantity has a number."""
    return [
        column for column in columns if any(column.fill(quantity).text != MISSING for quantity in quantities)
    ]


def _build_headings(results: Results, columns: Sequence[_EstimateColumn]) -> tuple[Column, ...]:
    level = format_percentage(results.interval.level)
    headings = (column.heading for column in columns)
    return (
        Column("Quantity", "name"),
        *(replace(heading, title=heading.title.format(level=level)) for heading in headings),
    )


def _build_rows(
    quantities: Sequence[_Quantity], columns: Sequence[_EstimateColumn]
) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (Cell(quantity.label), *(column.fill(quantity) for column in columns)) for quantity in quantities
    )


def _write_posterior_note(_: Results) -> str:
    return (
        "Numbers have three significant digits of the posterior standard deviation. R-hat and effective "
        "sample size (ESS): Vehtari et al. (2021), doi:10.1214/20-BA1221."
    )


def _write_mode_note(results: Results) -> str:
    mode = selection.choose_mode(results)
    notes = []
    if results.estimates("mle"):
        notes.append("SE: Wald standard error, from the curvature of the log likelihood.")
    if mode is not None:
        notes.append(f"Gap/SD: the {selection.name_mode(mode)} minus the posterior mean, in posterior SDs.")
    return " ".join(notes)


def _write_caption(results: Results, count: int) -> str:
    level = format_percentage(results.interval.level)
    return f"Posterior of {pluralise(count, 'quantity')}, with central {level} intervals"


def _write_mode_caption(_: Results, count: int) -> str:
    return f"Modes and approximations of {pluralise(count, 'quantity')}"


@dataclass(frozen=True)
class _Quantity:
    """A quantity and its estimates by every method; those of a method without any are empty.

    Attributes
    ----------
    gap
        The compared mode minus the posterior mean [posterior SD].
    needed_draws
        The smallest acceptable effective sample size.
    """

    label: str
    posterior: DrawsEstimate
    exact: ExactEstimate
    mle: PointEstimate
    map: PointEstimate
    map_unconstrained: PointEstimate
    laplace: DrawsEstimate
    pathfinder: DrawsEstimate
    gap: float | None
    needed_draws: float

    @property
    def decimals(self) -> int | None:
        """The decimals of its numbers: three digits of the posterior SD, or of the next best scale."""
        scales = (self.posterior.sd, self.laplace.sd, self.mle.se)
        return next((decimals for scale in scales if (decimals := choose_decimals(scale)) is not None), None)


def _collect(results: Results, name: str) -> _Quantity:
    return _Quantity(
        label=results.label(name),
        posterior=results.posterior(name),
        exact=results.exact.estimates.get(name, ExactEstimate()),
        mle=results.mle.estimates.get(name, PointEstimate()),
        map=results.map.estimates.get(name, PointEstimate()),
        map_unconstrained=results.map_unconstrained.estimates.get(name, PointEstimate()),
        laplace=results.laplace.estimates.get(name, DrawsEstimate()),
        pathfinder=results.pathfinder.estimates.get(name, DrawsEstimate()),
        gap=selection.measure_gap(results, name),
        needed_draws=selection.count_needed_draws(results),
    )


@dataclass(frozen=True)
class _EstimateColumn:
    """A column of the table: its heading, how to fill it, and whether the short table has it.

    Attributes
    ----------
    fill_all
        Fills it for the elements of an array.
    """

    heading: Column
    fill: Callable[[_Quantity], Cell]
    fill_all: Callable[[Sequence[_Quantity]], Cell] = lambda _: Cell("")
    is_main: bool = False


def _number(
    title: str,
    group: str,
    read: Callable[[_Quantity], float | None],
    help_text: str = "",
    *,
    is_main: bool = False,
) -> _EstimateColumn:
    """Return a column of numbers."""
    return _EstimateColumn(
        Column(title, "number", group, help_text),
        lambda quantity: Cell(format_number(read(quantity), quantity.decimals)),
        lambda quantities: Cell(_format_range(quantities, read)),
        is_main,
    )


def _format_range(quantities: Sequence[_Quantity], read: Callable[[_Quantity], float | None]) -> str:
    """Return the smallest and the largest of some numbers; a dash where there are none."""
    known = {number: quantity for quantity in quantities if (number := read(quantity)) is not None}
    if not known:
        return MISSING
    ends = [format_number(end, known[end].decimals) for end in (min(known), max(known))]
    return ends[0] if ends[0] == ends[1] else " … ".join(ends)


def _find_extreme(
    fill: Callable[[_Quantity], Cell], measure: Callable[[_Quantity], float | None]
) -> Callable[[Sequence[_Quantity]], Cell]:
    """Return what fills a cell for several quantities: that of the one that measures most."""

    def fill_all(quantities: Sequence[_Quantity]) -> Cell:
        known = [quantity for quantity in quantities if measure(quantity) is not None]
        return fill(max(known, key=lambda quantity: measure(quantity) or 0.0)) if known else Cell(MISSING)

    return fill_all


def _fill_interval(quantity: _Quantity) -> Cell:
    posterior = quantity.posterior
    return Cell(format_interval(posterior.lower, posterior.upper, quantity.decimals))


def _fill_profile(quantity: _Quantity) -> Cell:
    mle = quantity.mle
    return Cell(format_interval(mle.profile_lower, mle.profile_upper, quantity.decimals))


def _fill_gap(quantity: _Quantity) -> Cell:
    is_large = quantity.gap is not None and abs(quantity.gap) > LARGE_SHIFT_LIMIT
    return Cell(format_number(quantity.gap, 2), Tone.CAUTION if is_large else None)


def _fill_rhat(quantity: _Quantity) -> Cell:
    rhat = quantity.posterior.rhat
    return Cell(format_number(rhat, 3), Tone.FAIL if rhat is not None and rhat > RHAT_LIMIT else None)


def _fill_ess_bulk(quantity: _Quantity) -> Cell:
    return _fill_ess(quantity.posterior.ess_bulk, quantity.needed_draws)


def _fill_ess_tail(quantity: _Quantity) -> Cell:
    return _fill_ess(quantity.posterior.ess_tail, quantity.needed_draws)


def _negate(number: float | None) -> float | None:
    return None if number is None else -number


def _fill_ess(size: float | None, needed: float) -> Cell:
    return Cell(format_count(size), Tone.FAIL if size is not None and size < needed else None)


_EXACT_HELP = "of the posterior in closed form"
"""What the columns of the exact posterior mean."""

_CORRECTED_HELP = "reweighted by importance"
"""What the corrected columns of the Laplace approximation mean."""

_POSTERIOR_COLUMNS = (
    _number("Mean", "Posterior", lambda quantity: quantity.posterior.mean, is_main=True),
    _number("Median", "Posterior", lambda quantity: quantity.posterior.median),
    _number("SD", "Posterior", lambda quantity: quantity.posterior.sd, is_main=True),
    _EstimateColumn(Column("{level} interval", "number", "Posterior"), _fill_interval, is_main=True),
    _EstimateColumn(
        Column("R‑hat", "number", "Convergence"),
        _fill_rhat,
        _find_extreme(_fill_rhat, lambda quantity: quantity.posterior.rhat),
        is_main=True,
    ),
    _EstimateColumn(
        Column("ESS bulk", "number", "Convergence"),
        _fill_ess_bulk,
        _find_extreme(_fill_ess_bulk, lambda quantity: _negate(quantity.posterior.ess_bulk)),
        is_main=True,
    ),
    _EstimateColumn(
        Column("ESS tail", "number", "Convergence"),
        _fill_ess_tail,
        _find_extreme(_fill_ess_tail, lambda quantity: _negate(quantity.posterior.ess_tail)),
    ),
    _number("Mean", "Exact", lambda quantity: quantity.exact.mean, _EXACT_HELP),
    _number("SD", "Exact", lambda quantity: quantity.exact.sd, _EXACT_HELP),
)
"""The columns of the posterior, from left to right."""

_MODE_COLUMNS = (
    _number("Estimate", "Maximum likelihood", lambda quantity: quantity.mle.value),
    _number("SE", "Maximum likelihood", lambda quantity: quantity.mle.se, "Wald standard error"),
    _EstimateColumn(
        Column("{level} profile", "number", "Maximum likelihood", "interval from the profile likelihood"),
        _fill_profile,
    ),
    _number("MAP", "Modes", lambda quantity: quantity.map.value, "joint mode on the constrained scale"),
    _number(
        "Unc.",
        "Modes",
        lambda quantity: quantity.map_unconstrained.value,
        "joint mode on the unconstrained scale",
    ),
    _EstimateColumn(
        Column("Gap/SD", "number", "Modes", "mode minus posterior mean, in posterior SDs"),
        _fill_gap,
        _find_extreme(_fill_gap, lambda quantity: None if quantity.gap is None else abs(quantity.gap)),
        is_main=True,
    ),
    _number("Mean", "Laplace", lambda quantity: quantity.laplace.mean),
    _number("SD", "Laplace", lambda quantity: quantity.laplace.sd),
    _number("Mean, corrected", "Laplace", lambda quantity: quantity.laplace.corrected_mean, _CORRECTED_HELP),
    _number("SD, corrected", "Laplace", lambda quantity: quantity.laplace.corrected_sd, _CORRECTED_HELP),
    _number("Mean", "Pathfinder", lambda quantity: quantity.pathfinder.mean),
    _number("SD", "Pathfinder", lambda quantity: quantity.pathfinder.sd),
)
"""The columns of modes and approximations."""

_OTHERS = ("mle", "map", "map_unconstrained", "laplace", "pathfinder")
"""The methods of the second table."""


@dataclass(frozen=True)
class _TableKind:
    """One of the two tables: its address, columns, texts, and which elements of folded arrays it shows."""

    key: str
    columns: tuple[_EstimateColumn, ...]
    write_caption: Callable[[Results, int], str]
    write_note: Callable[[Results], str]
    find_extremes: Callable[[Results, Sequence[str]], list[str]]


_POSTERIOR = _TableKind(
    "estimates-table", _POSTERIOR_COLUMNS, _write_caption, _write_posterior_note, selection.find_notable
)
"""The posterior."""

_MODES = _TableKind(
    "modes-table", _MODE_COLUMNS, _write_mode_caption, _write_mode_note, selection.find_farthest
)
"""Modes and approximations, with the gap between mode and posterior mean."""
