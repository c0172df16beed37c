"""Convergence: whether the chains agree, and how well they mix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from workbench.report import figures
from workbench.report.document import Block, Figure, Figures, Notice, Paragraph, Section, Tone
from workbench.report.fit import attempts, selection
from workbench.report.fit.missing import explain_missing
from workbench.report.fit.sampler import describe_divergences, find_extremes
from workbench.report.numbers import format_number, pluralise
from workbench.results.quantities import Draws, draws_of, owner, sampler_statistic
from workbench.results.view import Results

if TYPE_CHECKING:
    import xarray as xr

MAX_QUANTITIES = 4
"""The most quantities whose chains are drawn; the divergences look for their pair among twice as many."""

MAX_PAIRS = 2
"""The most pairs of quantities in which divergent draws are marked."""


def build_section(results: Results, tree: xr.DataTree) -> Section:
    """Return a summary in words, traces, rank plots, energy, and the place of divergent draws."""
    missing = explain_missing(results, "nuts")
    blocks: tuple[Block, ...]
    if missing:
        blocks = (Notice(missing, Tone.CAUTION), *attempts.build_blocks(results))
        return Section("convergence", "Convergence", blocks)
    blocks = (
        Paragraph(" ".join(_summarise(results))),
        *attempts.build_blocks(results),
        *_draw_chains(results, tree),
        *_draw_energy(results, tree),
        *_draw_divergences(results, tree),
    )
    return Section("convergence", "Convergence", blocks)


def _summarise(results: Results) -> Iterator[str]:
    nuts = results.nuts
    sampler = f", by {nuts.sampler}" if nuts.sampler else ""
    yield f"{pluralise(nuts.chains or 0, 'chain')} of {pluralise(nuts.draws or 0, 'draw')} each{sampler}."
    extremes = find_extremes(results)
    for extreme, title, decimals in (
        (extremes.rhat, "The largest R-hat", 3),
        (extremes.ess_bulk, "The smallest bulk effective sample size", 0),
        (extremes.ess_tail, "The smallest tail effective sample size", 0),
    ):
        if extreme:
            yield f"{title} is {format_number(extreme.value, decimals)} (`{results.label(extreme.name)}`)."
    if nuts.divergences is not None:
        sentence = describe_divergences(nuts.divergences)
        yield f"{sentence[:1].upper()}{sentence[1:]}."
    if nuts.max_treedepth_hits is not None:
        hits = nuts.max_treedepth_hits
        yield f"{pluralise(hits, 'transition') if hits else 'No transition'} reached the maximum treedepth."


def _draw_chains(results: Results, tree: xr.DataTree) -> tuple[Block, ...]:
    divergent = sampler_statistic(tree, "diverging")
    pictures: list[Figure] = []
    for name in selection.choose_for_convergence(results, MAX_QUANTITIES):
        draws = draws_of(tree, "posterior", name)
        if draws is not None and draws.ndim == 2 and draws.max() > draws.min():
            pictures += _draw_trace_and_ranks(results, name, draws, divergent)
    if not pictures:
        return (Notice("There are no draws to plot."),)
    explanation = (
        "These converged worst, of each variable one first. A trace shows the path of each chain: the chains "
        "should overlap and show no drift; ticks at the foot mark divergent draws. A rank plot shows how "
        "often each chain visits each part of the pooled draws: if the chains agree, about 95% of each line "
        "lies in the grey band."
    )
    return (Figures("chains", tuple(pictures), explanation, "medium"),)


def _draw_trace_and_ranks(
    results: Results, name: str, draws: Draws, divergent: Draws | None
) -> tuple[Figure, Figure]:
    label = results.label(name)
    rhat = format_number(results.posterior(name).rhat, 3)
    means = ", ".join(format_number(float(mean)) for mean in draws.mean(axis=1))
    return (
        Figure(
            figures.draw_trace(draws, divergent),
            f"Trace of {label}: chain means {means}.",
            f"`{label}`: trace",
        ),
        Figure(figures.draw_ranks(draws), f"Ranks of {label} by chain; R-hat {rhat}.", f"`{label}`: ranks"),
    )


def _draw_energy(results: Results, tree: xr.DataTree) -> tuple[Block, ...]:
    energies = sampler_statistic(tree, "energy")
    if energies is None or energies.ndim != 2 or not np.isfinite(energies).all() or np.ptp(energies) == 0:
        return ()
    values = [value for value in results.nuts.ebfmi if value is not None]
    ebfmi = f" E-BFMI by chain: {', '.join(format_number(value, 2) for value in values)}." if values else ""
    explanation = (
        "Filled: the energy of the draws. Dashed: its changes from draw to draw. If the dashed curve is much "
        f"narrower than the filled one, the sampler explores the tails slowly.{ebfmi}"
    )
    figure = Figure(figures.draw_energy(energies), f"Energy and its changes.{ebfmi}", "Energy")
    return (Figures("energy", (figure,), explanation, "medium"),)


def _draw_divergences(results: Results, tree: xr.DataTree) -> tuple[Block, ...]:
    divergent = sampler_statistic(tree, "diverging")
    if divergent is None or not divergent.any() or divergent.all():
        return ()
    candidates = {
        name: draws
        for name in selection.choose_for_marginals(results, MAX_QUANTITIES * 2)
        if (draws := draws_of(tree, "posterior", name)) is not None and np.ptp(draws) > 0
    }
    if len(candidates) < 2:
        return ()
    scales = {name for name in candidates if _is_scale(results, name) and candidates[name].min() > 0}
    distances = {
        name: _measure_separation(np.log(draws) if name in scales else draws, divergent)
        for name, draws in candidates.items()
    }
    first, *others = sorted(candidates, key=lambda name: -distances[name])
    pictures = tuple(
        _draw_pair(results, candidates, scales, (other, first), divergent) for other in others[:MAX_PAIRS]
    )
    explanation = (
        "Crosses mark divergent draws. The quantities are those in which divergent draws differ most from "
        "the others."
    )
    if scales.intersection((first, *others[:MAX_PAIRS])):
        explanation += " Axes of scales, which are positive, are logarithmic."
    return (Figures("divergences", pictures, explanation, "medium"),)


def _draw_pair(
    results: Results,
    candidates: Mapping[str, Draws],
    scales: set[str],
    names: tuple[str, str],
    divergent: Draws,
) -> Figure:
    """Draw one quantity, horizontally, against another."""
    across, up = names
    drawing = figures.draw_pair(
        candidates[across],
        candidates[up],
        divergent,
        is_x_log=across in scales,
        is_y_log=up in scales,
    )
    x, y = results.label(across), results.label(up)
    is_divergent = divergent.astype(bool)
    medians = [
        f"the median of {label} is {format_number(float(np.median(draws[is_divergent])))} in divergent draws "
        f"and {format_number(float(np.median(draws[~is_divergent])))} in the others"
        for label, draws in ((x, candidates[across]), (y, candidates[up]))
    ]
    alt = (
        f"{int(divergent.sum())} of {divergent.size} draws are divergent, plotted by {x} and {y}: "
        f"{'; '.join(medians)}."
    )
    return Figure(drawing, alt, f"`{y}` (vertical) against `{x}` (horizontal)")


def _is_scale(results: Results, name: str) -> bool:
    """Return whether a quantity is declared with a lower bound of 0 and no upper bound."""
    types = {parameter.name: parameter.type for parameter in results.model.parameters}
    return "<lower=0>" in "".join(types.get(owner(name), "").split())


def _measure_separation(draws: Draws, divergent: Draws) -> float:
    """Return the distance between the means of divergent and other draws [SD of all draws]."""
    is_divergent = divergent.astype(bool)
    return float(abs(draws[is_divergent].mean() - draws[~is_divergent].mean()) / draws.std())
