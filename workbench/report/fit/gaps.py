"""Where the estimates differ: every method on one axis, and the gap between mode and mean explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from workbench.diagnostics.prior_density import find_prior_density
from workbench.library.conjugate.marginal import get_distribution
from workbench.methods import RESULTS
from workbench.report import figures
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
)
from workbench.report.figures import EstimateLine, KnownDensity, Marker, Role
from workbench.report.fit import selection
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_interval,
    format_number,
    join_with_and,
    pluralise,
)
from workbench.results.quantities import draws_of
from workbench.results.view import DrawsEstimate, Estimate, Gap, PointEstimate, Results
from workbench.thresholds import STEP_STANDARD_ERRORS

if TYPE_CHECKING:
    import xarray as xr

MAX_PICTURES = 12
"""The most quantities drawn."""

MAX_ROWS = 20
"""The most rows of each table."""


def build_section(results: Results, tree: xr.DataTree) -> Section:
    """Return the largest gap in words, a drawing of each quantity, and the tables of gaps and intervals."""
    blocks: tuple[Block, ...] = (
        _describe_largest_gap(results),
        _draw_marginals(results, tree),
        *_build_decomposition(results),
        *_build_interval_differences(results),
    )
    return Section("gaps", "Where the estimates differ", blocks)


def _describe_largest_gap(results: Results) -> Block:
    ranked, mode = selection.rank_by_gap(results), selection.choose_mode(results)
    if not ranked or mode is None:
        return Notice("The gap between mode and posterior mean is not known: it needs a mode and draws.")
    name = ranked[0]
    posterior = results.posterior(name)
    decimals = choose_decimals(posterior.sd)
    size = abs(selection.measure_gap(results, name) or 0.0)
    value = mode.estimates.get(name, PointEstimate()).value
    return Paragraph(
        f"The largest gap between the {selection.name_mode(mode)} and the posterior mean is "
        f"{format_number(size, 2)} posterior standard deviations{_describe_error(posterior, size)}, for "
        f"`{results.label(name)}`: the mode is {format_number(value, decimals)}, "
        f"the mean {format_number(posterior.mean, decimals)}. A mode is the highest point of a density and "
        "depends on the scale of that density; a mean averages over the whole posterior. Where the two "
        "differ much, the mode alone is a poor summary."
    )


def _describe_error(posterior: DrawsEstimate, size: float) -> str:
    """Return the Monte Carlo error of a gap in posterior SDs, and whether the gap is within it."""
    if not posterior.mcse_mean or not posterior.sd:
        return ""
    error = posterior.mcse_mean / posterior.sd
    within = ", so it is within Monte Carlo error" if size <= STEP_STANDARD_ERRORS * error else ""
    return f" (Monte Carlo error {format_number(error, 2)}{within})"


def _draw_marginals(results: Results, tree: xr.DataTree) -> Block:
    names = selection.choose_for_marginals(results, MAX_PICTURES)
    pictures = tuple(figure for name in names if (figure := _draw_marginal(results, tree, name)))
    if not pictures:
        return Notice("There are no posterior draws to plot.")
    total = len(results.nuts.estimates)
    count = (
        f" Shown: {pluralise(len(pictures), 'quantity')} of {total}, with the largest gaps of each variable."
        if len(pictures) < total
        else ""
    )
    return Figures("marginals", pictures, f"{_EXPLANATION}{count}")


_EXPLANATION = (
    "Above: the densities of the posterior (filled), of its Laplace approximation (dashed) and of the prior, "
    "where its statement gives one. Below, on the same axis: the estimate of each method with its interval. "
    "An arrow at the edge is a value outside the axis."
)
"""How to read the drawings."""


def _draw_marginal(results: Results, tree: xr.DataTree, name: str) -> Figure | None:
    draws = draws_of(tree, "posterior", name)
    if draws is None or draws.max() == draws.min():
        return None
    known = [density for density in (_find_prior(results, name), _find_exact(results, name)) if density]
    drawing = figures.draw_marginal(
        draws, draws_of(tree, "laplace", name), _collect_lines(results, name), known
    )
    unit = results.unit(name)
    caption = f"`{results.label(name)}`" + (f" [{unit}]" if unit else "")
    return Figure(drawing, _describe_estimates(results, name), caption)


def _find_prior(results: Results, name: str) -> KnownDensity | None:
    density = find_prior_density(results, name)
    return KnownDensity("prior", density.family, density.mass) if density else None


def _find_exact(results: Results, name: str) -> KnownDensity | None:
    """Return the exact posterior, where the model is conjugate and the record names its distribution."""
    estimate = results.exact.estimates.get(name)
    family = get_distribution(estimate.distribution) if estimate else None
    if estimate is None or family is None:
        return None
    try:
        return KnownDensity("exact", family(**estimate.parameters), role="exact")
    except (TypeError, ValueError):  # these are not the parameters of that distribution
        return None


_STYLES: Mapping[str, tuple[Marker, Role]] = {
    "mle": ("diamond", "ink"),
    "map": ("filled", "ink"),
    "map_unconstrained": ("open", "ink"),
    "laplace": ("bar", "normal"),
    "pathfinder": ("bar", "ink"),
    "nuts": ("bar", "posterior"),
}
"""The marker of each method's estimate, and the curve that it belongs to."""


def _collect_lines(results: Results, name: str) -> list[EstimateLine]:
    """Return one line for each method that has an estimate of the quantity."""
    return [
        EstimateLine(
            RESULTS[method].label, marker, _read_point(estimate), estimate.lower, estimate.upper, role
        )
        for method, (marker, role) in _STYLES.items()
        if (estimate := results.estimates(method).get(name))
    ]


def _read_point(estimate: Estimate) -> float | None:
    return estimate.value if isinstance(estimate, PointEstimate) else estimate.mean


def _describe_estimates(results: Results, name: str) -> str:
    """Return what the drawing shows, for a reader who cannot see it."""
    posterior = results.posterior(name)
    decimals = choose_decimals(posterior.sd)
    interval = format_interval(posterior.lower, posterior.upper, decimals)
    mean = format_number(posterior.mean, decimals)
    phrases = [f"{results.label(name)}: posterior mean {mean}, interval {interval}"]
    for title, method in (("MLE", "mle"), ("MAP", "map"), ("Laplace mean", "laplace")):
        estimate = results.estimates(method).get(name)
        point = _read_point(estimate) if estimate else None
        if point is not None:
            phrases.append(f"{title} {format_number(point, decimals)}")
    return "; ".join(phrases) + "."


_STEPS: Mapping[str, str] = {
    "jacobian": "Jacobian",
    "curvature": "Transform",
    "non_gaussian": "Beyond normal",
}
"""The steps from the MAP to the posterior mean, by their fields, with their titles."""

_WITH_ERROR = ("curvature", "non_gaussian")
"""The steps that draws decide."""


def _build_decomposition(results: Results) -> Iterator[Block]:
    names = [
        name
        for name in selection.rank_by_gap(results)
        if all(getattr(results.gap(name), step) is not None for step in _STEPS)
    ]
    if not names:
        return
    yield TableBlock(
        key="gap-table",
        caption="The gap between MAP and posterior mean, as the sum of three steps",
        columns=(
            Column("Quantity", "name"),
            Column("MAP − mean", "number"),
            Column("± MC error", "number"),
            Column("in SD", "number"),
            *_list_step_columns(),
            Column("Within MC error", "text"),
        ),
        rows=tuple(_build_decomposition_row(results, name) for name in names[:MAX_ROWS]),
        note=(
            "Jacobian: from the mode on the constrained scale to the mode on the unconstrained scale. "
            "Transform: from there to the mean of the normal approximation, transformed back to the "
            "constrained scale. Beyond normal: from there to the posterior mean, which a normal "
            "approximation cannot show. MC error: the Monte Carlo standard error of the value before it; 0 "
            "where the value is known without draws. Within MC error: less than "
            f"{STEP_STANDARD_ERRORS:g} of these from zero, so that more draws are needed to tell."
        ),
        is_interactive=True,
    )


def _list_step_columns() -> Iterator[Column]:
    for step, title in _STEPS.items():
        yield Column(title, "number", "Steps")
        if step in _WITH_ERROR:
            yield Column("± MC error", "number", "Steps")


def _build_decomposition_row(results: Results, name: str) -> tuple[Cell, ...]:
    gap, decimals = results.gap(name), choose_decimals(results.posterior(name).sd)
    titles = {"map_minus_mean": "the gap", **{step: _STEPS[step].lower() for step in _WITH_ERROR}}
    unresolved = [title for step, title in titles.items() if gap.is_within_error(step)]
    steps: list[Cell] = []
    for step in _STEPS:
        steps.append(Cell(format_number(getattr(gap, step), decimals)))
        if step in _WITH_ERROR:
            steps.append(Cell(format_number(getattr(gap, f"{step}_error"), decimals)))
    return (
        Cell(results.label(name)),
        Cell(format_number(gap.map_minus_mean, decimals)),
        Cell(format_number(gap.map_minus_mean_error, decimals)),
        Cell(format_number(gap.in_sd, 2)),
        *steps,
        Cell(join_with_and(unresolved) if unresolved else MISSING),
    )


Differences = dict[str, tuple[float, float]]
"""By method: the lower and upper end of its interval minus that of the posterior's [posterior SD]."""


def _build_interval_differences(results: Results) -> Iterator[Block]:
    known = {name: ends for name in results.gaps if (ends := _read_differences(results.gap(name)))}
    if not known:
        return
    methods = list(dict.fromkeys(method for differences in known.values() for method in differences))
    ranked = sorted(known, key=lambda name: -_find_largest(known[name]))
    columns = [Column("Quantity", "name")]
    for method in methods:
        title = RESULTS[method].title if method in RESULTS else method
        columns += [Column("Lower", "number", title), Column("Upper", "number", title)]
    yield TableBlock(
        key="missed-table",
        caption="Ends of the intervals of other methods minus those of the posterior, in posterior SDs",
        columns=tuple(columns),
        rows=tuple(
            (Cell(results.label(name)), *_fill_differences(known[name], methods))
            for name in ranked[:MAX_ROWS]
        ),
        note="Negative: the end lies below that of the posterior.",
        is_interactive=True,
    )


def _fill_differences(differences: Differences, methods: list[str]) -> Iterator[Cell]:
    for method in methods:
        for end in differences.get(method, (None, None)):
            yield Cell(format_number(end, 2))


def _find_largest(differences: Differences) -> float:
    return max(abs(end) for ends in differences.values() for end in ends)


def _read_differences(gap: Gap) -> Differences:
    return {
        method: (ends.lower, ends.upper)
        for method, ends in gap.missed.items()
        if ends.lower is not None and ends.upper is not None
    }
