"""The estimates table: every quantity by every method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.methods import RESULTS
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.fit import selection
from workbench.report.fit.missing import explain_missing
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
from workbench.results.view import AutoStep, DrawsEstimate, ExactEstimate, PointEstimate, Results
from workbench.thresholds import LARGE_SHIFT_LIMIT, RHAT_LIMIT


def build_section(results: Results) -> Section:
    """Return the table of estimates, and a notice for each method that has none."""
    notices = tuple(Notice(text, Tone.CAUTION) for key in RESULTS if (text := explain_missing(results, key)))
    blocks: tuple[Block, ...] = (
        (_build_table(results),) if results.quantities else (Paragraph("There are no estimates."),)
    )
    return Section(
        "estimates",
        "Estimates",
        (*notices, *_build_method_choice(results), *_describe_exact(results), *blocks),
    )


def build_summary_table(results: Results, most_rows: int) -> TableBlock:
    """Return a table of the main columns; of large arrays, only the elements that say most."""
    names = selection.choose_representatives(results, most_rows)
    quantities = [_collect(results, name) for name in names]
    filled = _choose_columns(quantities)
    columns = [column for column in filled if column.is_main] or filled
    left = len(results.quantities) - len(names)
    return TableBlock(
        key="summary-table",
        caption=_write_caption(results),
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
    ending = f" The log evidence is {format_number(evidence, 2)} nats." if evidence is not None else ""
    text = (
        "The model is conjugate: its posterior is known in closed form, and is shown beside the estimates of "
        f"the other methods.{ending}"
    )
    return (Paragraph(text),)


def _build_table(results: Results) -> TableBlock:
    quantities = [_collect(results, name) for name in results.quantities]
    columns = _choose_columns(quantities)
    return TableBlock(
        key="estimates-table",
        caption=_write_caption(results),
        columns=_build_headings(results, columns),
        rows=_build_rows(quantities, columns),
        note=_write_note(results),
        is_interactive=True,
    )


def _choose_columns(quantities: Sequence[_Quantity]) -> list[_EstimateColumn]:
    """Return the columns in which some quantity has a number."""
    return [
        column for column in _COLUMNS if any(column.fill(quantity).text != MISSING for quantity in quantities)
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


def _write_note(results: Results) -> str:
    mode = selection.choose_mode(results)
    gap = (
        f"Gap/SD: the {selection.name_mode(mode)} minus the posterior mean, in posterior standard "
        "deviations. "
        if mode
        else ""
    )
    return (
        "Numbers have three significant digits of the posterior standard deviation. SE: Wald standard error, "
        f"from the curvature of the log likelihood. {gap}R-hat and effective sample size (ESS): Vehtari et "
        "al. (2021), doi:10.1214/20-BA1221."
    )


def _write_caption(results: Results) -> str:
    count, level = len(results.quantities), format_percentage(results.interval.level)
    return f"Estimates of {pluralise(count, 'quantity')} by method, with central {level} intervals"


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
    """A column of the table: its heading, how to fill it, and whether the short table has it."""

    heading: Column
    fill: Callable[[_Quantity], Cell]
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
        is_main,
    )


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


def _fill_ess(size: float | None, needed: float) -> Cell:
    return Cell(format_count(size), Tone.FAIL if size is not None and size < needed else None)


_EXACT_HELP = "of the posterior in closed form"
"""What the columns of the exact posterior mean."""

_CORRECTED_HELP = "reweighted by importance"
"""What the corrected columns of the Laplace approximation mean."""

_COLUMNS = (
    _number("Mean", "Posterior", lambda quantity: quantity.posterior.mean, is_main=True),
    _number("Median", "Posterior", lambda quantity: quantity.posterior.median),
    _number("SD", "Posterior", lambda quantity: quantity.posterior.sd, is_main=True),
    _EstimateColumn(Column("{level} interval", "number", "Posterior"), _fill_interval, is_main=True),
    _EstimateColumn(Column("R‑hat", "number", "Convergence"), _fill_rhat, is_main=True),
    _EstimateColumn(Column("ESS bulk", "number", "Convergence"), _fill_ess_bulk, is_main=True),
    _EstimateColumn(Column("ESS tail", "number", "Convergence"), _fill_ess_tail),
    _number("Mean", "Exact", lambda quantity: quantity.exact.mean, _EXACT_HELP),
    _number("SD", "Exact", lambda quantity: quantity.exact.sd, _EXACT_HELP),
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
        is_main=True,
    ),
    _number("Mean", "Laplace", lambda quantity: quantity.laplace.mean),
    _number("SD", "Laplace", lambda quantity: quantity.laplace.sd),
    _number("Mean, corrected", "Laplace", lambda quantity: quantity.laplace.corrected_mean, _CORRECTED_HELP),
    _number("SD, corrected", "Laplace", lambda quantity: quantity.laplace.corrected_sd, _CORRECTED_HELP),
    _number("Mean", "Pathfinder", lambda quantity: quantity.pathfinder.mean),
    _number("SD", "Pathfinder", lambda quantity: quantity.pathfinder.sd),
)
"""The columns of the table, from left to right."""
