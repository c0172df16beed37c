"""Posteriors side by side, and how far they are apart in posterior standard deviations.

A run without NUTS is represented by its Laplace approximation or by Pathfinder, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase

import numpy as np
from msgspec.structs import replace
from xarray import DataTree

from workbench.estimation.sampling.stored_draws import choose_source, describe_source, select_draws
from workbench.report import figures
from workbench.report.document import Block, Cell, Column, Figure, Figures, Notice, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, choose_decimals, format_number, pluralise
from workbench.results import Fit
from workbench.results.quantities import draws_of
from workbench.results.sampling_command import advise_draws, suggest_sampling
from workbench.results.stored import PlainGroup, build_tree
from workbench.results.view import DrawsEstimate, Results
from workbench.thresholds import SHIFT_LIMIT

MAX_ROWS = 300
"""Quantities in the table; of more, those that differ most."""

MAX_PICTURES = 6
"""Quantities whose densities are drawn."""


_UNLIKE = (
    "The runs have different outcomes, and their programs or columns differ: quantities of the same name "
    "need not mean the same, so no differences are given."
)
"""Why posteriors are set side by side, and not compared."""


_OTHER_MEANINGS = " Programs or columns differ, so that equal names need not mean the same quantity."
"""What is said of differences between runs of different programs or columns."""


def build_section(fits: Mapping[str, Fit], *, are_unlike: bool = False, warning: str = "") -> Section:
    """Return the densities of the quantities that differ most, and a table of all.

    Parameters
    ----------
    fits
        The runs by short names.
    are_unlike
        Whether quantities of the same name need not be the same: then no differences are given.
    warning
        That these numbers are not to be relied on; empty where they can be.
    """
    results = {name: fit.results for name, fit in fits.items()}
    ranked = rank_by_difference(list(results.values()))
    remarks = (
        *((Notice(warning, Tone.FAIL),) if warning else ()),
        *(Notice(text) for text in _describe_sources(results)),
    )
    if not ranked:
        notice = Notice("The runs have no quantity in common whose posterior is known.")
        return Section("estimates", "Estimates", (notice, *remarks))
    if are_unlike:
        table = _build_table(results, ranked, has_differences=False)
        return Section("estimates", "Estimates", (Notice(_UNLIKE, Tone.CAUTION), *remarks, table))
    blocks: tuple[Block, ...] = (*remarks, *_draw_densities(fits, ranked), _build_table(results, ranked))
    return Section("estimates", "Estimates", blocks)


def share_quantities(results: Mapping[str, Results]) -> bool:
    """Return whether equal names mean the same quantity: one program with the same columns."""
    meanings = [(run.model.source or run.model.sha256, run.data.binding) for run in results.values()]
    return all(meaning == meanings[0] for meaning in meanings)


def describe(results: Mapping[str, Results]) -> str:
    """Return a sentence on the largest difference; empty where the runs have nothing in common."""
    runs = list(results.values())
    ranked = rank_by_difference(runs)
    if not ranked:
        return ""
    largest = _measure_largest_difference(runs, ranked[0])
    label = runs[0].label(ranked[0])
    if largest < SHIFT_LIMIT:
        return (
            "The posteriors agree: no posterior mean differs from that of the first run by more than "
            f"{format_number(largest, 2)} posterior SDs (`{label}`)."
        )
    count = sum(_measure_largest_difference(runs, name) >= SHIFT_LIMIT for name in ranked)
    return (
        f"The posterior means of {pluralise(count, 'quantity')} differ from those of the first run by "
        f"{SHIFT_LIMIT} posterior SDs or more; the largest difference is {format_number(largest, 2)}, for "
        f"`{label}`.{'' if share_quantities(results) else _OTHER_MEANINGS}"
    )


def measure_difference(first: Results, other: Results, name: str) -> float | None:
    """Return how far a posterior mean lies above that of the first run [its posterior SD].

    `name` is that of the first run; the quantity may have another name in the other run.
    """
    counterpart = find_counterpart(first, other, name)
    if counterpart is None:
        return None
    reference, mean = _find_posterior(first, name), _find_posterior(other, counterpart).mean
    if reference.mean is None or mean is None or not reference.sd:
        return None
    return (mean - reference.mean) / reference.sd


def find_counterpart(first: Results, other: Results, name: str) -> str | None:
    """Return the name in another run of a quantity of the first; `None` where it has none.

    With other columns `beta[1]` is the coefficient of another predictor: quantities with labels, such as
    `beta[age]`, are compared by these.
    """
    own, theirs = first.label(name), other.label(name)
    if own in (theirs, name):
        return name
    return other.names_by_label.get(own, name if theirs == name else None)


def rank_by_difference(runs: Sequence[Results]) -> list[str]:
    """Return the quantities that the first run shares with another, the largest difference first."""
    first, *others = runs
    shared = [
        name
        for name in first.estimates(choose_source(first) or "nuts")
        if any(measure_difference(first, other, name) is not None for other in others)
    ]
    return sorted(shared, key=lambda name: -_measure_largest_difference(runs, name))


def _find_posterior(run: Results, name: str) -> DrawsEstimate:
    """Return the posterior of a quantity by the method that stands for it, corrected where possible."""
    source = choose_source(run)
    estimate = run.estimates(source).get(name) if source else None
    if not isinstance(estimate, DrawsEstimate):
        return DrawsEstimate()
    if estimate.corrected_mean is None or source == "nuts":
        return estimate
    return replace(estimate, mean=estimate.corrected_mean, sd=estimate.corrected_sd)


def _describe_sources(results: Mapping[str, Results]) -> Iterator[str]:
    """Yield for each run without NUTS what stands for its posterior, or that nothing does."""
    for name, run in results.items():
        if remark := describe_source(run):
            is_told = run.nuts.status == "failed" or suggest_sampling(run) in remark
            loo = f" Leave-one-out needs draws by NUTS: {suggest_sampling(run)} makes them."
            yield f"`{name}`: {remark}{'' if is_told else loo}"
        elif not choose_source(run):
            yield f"`{name}` has no draws to compare: {advise_draws(run)}."


def _collect_draws(fit: Fit) -> DataTree:
    """Return the draws that stand for the posterior as a tree with the group `posterior`."""
    if choose_source(fit.results) in ("", "nuts"):
        return fit.tree
    return build_tree({"posterior": PlainGroup(select_draws(fit).draws)})


def _measure_largest_difference(runs: Sequence[Results], name: str) -> float:
    differences = (measure_difference(runs[0], other, name) for other in runs[1:])
    return max((abs(difference) for difference in differences if difference is not None), default=0.0)


def _draw_densities(fits: Mapping[str, Fit], ranked: Sequence[str]) -> Iterator[Block]:
    trees = {name: _collect_draws(fit) for name, fit in fits.items()}
    first = next(iter(fits.values())).results
    drawn = tuple(
        figure
        for name in ranked[:MAX_PICTURES]
        if (figure := _draw_density(trees, _list_names(fits, name), first.label(name)))
    )
    if drawn:
        letters = ", ".join(
            f"{letter}: `{name}`" for letter, name in zip(ascii_uppercase, fits, strict=False)
        )
        yield Figures("densities", drawn, f"Posterior densities by run. {letters}.")


def _list_names(fits: Mapping[str, Fit], name: str) -> list[str | None]:
    """Return the name of a quantity of the first run in each run."""
    runs = [fit.results for fit in fits.values()]
    return [find_counterpart(runs[0], run, name) for run in runs]


def _draw_density(trees: Mapping[str, DataTree], names: Sequence[str | None], label: str) -> Figure | None:
    draws_by_letter = [
        (letter, draws)
        for letter, tree, name in zip(ascii_uppercase, trees.values(), names, strict=False)
        if name is not None
        if (draws := draws_of(tree, "posterior", name)) is not None and np.ptp(draws) > 0
    ]
    if not draws_by_letter:
        return None
    means = "; ".join(
        f"{letter} mean {format_number(float(draws.mean()))}" for letter, draws in draws_by_letter
    )
    return Figure(figures.draw_densities(draws_by_letter), f"{label}: {means}.", f"`{label}`")


def _build_table(
    results: Mapping[str, Results], ranked: Sequence[str], *, has_differences: bool = True
) -> TableBlock:
    columns = [Column("Quantity", "name")]
    for name in results:
        columns += [Column("Mean", "number", f"`{name}`"), Column("SD", "number", f"`{name}`")]
    more = f"The first {MAX_ROWS} are shown." if len(ranked) > MAX_ROWS else ""
    note, order = more, ""
    runs = list(results.values())
    rows = [_build_row(runs, name) for name in ranked[:MAX_ROWS]]
    if has_differences:
        columns += [Column(f"`{name}`", "number", "Difference in SD") for name in list(results)[1:]]
        text = "Difference in SD: from the mean of the first run, in its posterior standard deviations."
        note, order = f"{text} {more}".rstrip(), ", the most different first"
    return TableBlock(
        key="estimates-table",
        caption=f"Posteriors of {pluralise(len(ranked), 'quantity')}{order}",
        columns=tuple(columns),
        rows=tuple(row[: len(columns)] for row in rows),
        note=note,
        is_interactive=True,
    )


def _build_row(runs: Sequence[Results], name: str) -> tuple[Cell, ...]:
    names = [find_counterpart(runs[0], run, name) for run in runs]
    posteriors = [
        DrawsEstimate() if own is None else _find_posterior(run, own)
        for run, own in zip(runs, names, strict=True)
    ]
    decimals = choose_decimals(posteriors[0].sd)
    numbers = [
        Cell(format_number(number, decimals))
        for posterior in posteriors
        for number in (posterior.mean, posterior.sd)
    ]
    differences = [_fill_difference(measure_difference(runs[0], other, name)) for other in runs[1:]]
    return (Cell(runs[0].label(name)), *numbers, *differences)


def _fill_difference(difference: float | None) -> Cell:
    if difference is None:
        return Cell(MISSING)
    return Cell(format_number(difference, 2), Tone.CAUTION if abs(difference) >= SHIFT_LIMIT else None)
