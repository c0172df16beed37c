"""Convergence: whether the chains tell one story, and how freely they move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from workbench.report import figures, reading
from workbench.report.document import Block, Figure, Figures, Notice, Paragraph, Section, Tone
from workbench.report.fit import attempts, selection
from workbench.report.numbers import format_number, plural
from workbench.report.reading import Draws, Record

MAX_QUANTITIES = 4


def section(record: Record, tree: xr.DataTree) -> Section:
    """Return the summary in a sentence, rank plots, traces, energy, and where divergences sit."""
    missing = reading.explanation(record, "nuts")
    blocks: tuple[Block, ...]
    if missing:
        blocks = (Notice(missing, Tone.CAUTION), *attempts.blocks(record))
        return Section("convergence", "Convergence", blocks)
    blocks = (
        *_summary(record),
        *attempts.blocks(record),
        *_chains(record, tree),
        *_energy(record, tree),
        *_divergences(record, tree),
    )
    return Section("convergence", "Convergence", blocks)


_EXTREMES = (
    ("rhat", max, "The largest R-hat", 3),
    ("ess_bulk", min, "The smallest bulk effective sample size", 0),
    ("ess_tail", min, "The smallest tail effective sample size", 0),
)
"""Statistic, which of its values to name, in which words, and with how many decimals."""

_EVENTS = {"divergences": "diverged", "max_treedepth_hits": "reached the largest treedepth"}


def _summary(record: Record) -> tuple[Block, ...]:
    nuts = reading.part(record, "nuts")
    size = f"{plural(nuts.get('chains', 0), 'chain')} of {plural(nuts.get('draws', 0), 'draw')} each."
    return (Paragraph(" ".join([size, *_extremes(record), *_events(nuts)])),)


def _extremes(record: Record) -> Iterator[str]:
    found = reading.estimates(record, "nuts")
    for key, choose, words, decimals in _EXTREMES:
        known = {name: value for name in found if (value := reading.number(found[name], key)) is not None}
        if known:
            name = choose(known, key=known.__getitem__)
            yield f"{words} is {format_number(known[name], decimals)} (`{reading.label(record, name)}`)."


def _events(nuts: Record) -> Iterator[str]:
    for key, words in _EVENTS.items():
        count = reading.number(nuts, key)
        if count is not None:
            yield f"{plural(int(count), 'draw') if count else 'No draw'} {words}."


def _chains(record: Record, tree: xr.DataTree) -> tuple[Block, ...]:
    divergent = reading.statistic(tree, "diverging")
    drawn: list[Figure] = []
    for name in selection.for_convergence(record, MAX_QUANTITIES):
        draws = reading.values(tree, "posterior", name)
        if draws is not None and draws.ndim == 2 and draws.max() > draws.min():
            drawn += _pair_of(record, name, draws, divergent)
    if not drawn:
        return (Notice("There are no draws to picture."),)
    help_text = (
        "The quantities with the worst convergence. Traces show the path of each chain: they should "
        "overlap and show no drift; ticks at the foot mark divergent draws. Ranks show how often each "
        "chain visits each part of the pooled draws: lines should stay mostly in the grey band, where "
        "chance keeps 95% of them."
    )
    return (Figures("chains", tuple(drawn), help_text, "medium"),)


def _pair_of(record: Record, name: str, draws: Draws, divergent: Draws | None) -> list[Figure]:
    label = reading.label(record, name)
    rhat = format_number(reading.number(reading.estimates(record, "nuts").get(name), "rhat"), 3)
    means = ", ".join(format_number(float(mean)) for mean in draws.mean(axis=1))
    return [
        Figure(
            figures.draw_trace(draws, divergent),
            f"Trace of {label}: chain means {means}.",
            f"`{label}`: trace",
        ),
        Figure(figures.draw_ranks(draws), f"Ranks of {label} by chain; R-hat {rhat}.", f"`{label}`: ranks"),
    ]


def _energy(record: Record, tree: xr.DataTree) -> tuple[Block, ...]:
    energies = reading.statistic(tree, "energy")
    if energies is None or energies.ndim != 2 or np.ptp(energies) == 0:
        return ()
    values = [float(one) for one in reading.part(record, "nuts").get("ebfmi") or () if one is not None]
    finding = f"E-BFMI by chain: {', '.join(format_number(value, 2) for value in values)}." if values else ""
    help_text = (
        "Filled: the energy of the draws. Dashed: its changes from draw to draw. A dashed curve much "
        "narrower than "
        "the filled one means that the sampler explores the tails slowly. " + finding
    )
    figure = Figure(figures.draw_energy(energies), f"Energy and its changes. {finding}".strip(), "Energy")
    return (Figures("energy", (figure,), help_text.strip(), "medium"),)


def _divergences(record: Record, tree: xr.DataTree) -> tuple[Block, ...]:
    divergent = reading.statistic(tree, "diverging")
    if divergent is None or not divergent.any() or divergent.all():
        return ()
    candidates = {
        name: draws
        for name in selection.for_marginals(record, MAX_QUANTITIES * 2)
        if (draws := reading.values(tree, "posterior", name)) is not None and np.ptp(draws) > 0
    }
    if len(candidates) < 2:
        return ()
    first, second = sorted(candidates, key=lambda name: -_separation(candidates[name], divergent))[:2]
    labels = reading.label(record, first), reading.label(record, second)
    drawing = figures.draw_pair(candidates[first], candidates[second], divergent)
    count = int(divergent.sum())
    alt = f"{plural(count, 'divergent draw')} among {divergent.size}, by {labels[0]} and {labels[1]}."
    help_text = "Crosses: divergent draws, on the two quantities where they differ most from the others."
    return (
        Figures(
            "divergences",
            (Figure(drawing, alt, f"`{labels[1]}` (up) against `{labels[0]}` (across)"),),
            help_text,
            "medium",
        ),
    )


def _separation(draws: Draws, divergent: Draws) -> float:
    """Return how far divergent draws are from the others, in standard deviations."""
    marked = divergent.astype(bool)
    return float(abs(draws[marked].mean() - draws[~marked].mean()) / draws.std())
