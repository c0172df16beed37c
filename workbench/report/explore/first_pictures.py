"""The quantities that the page of draws shows first, as pictures for readers without scripts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.report import figures
from workbench.report.document import Figure, Figures
from workbench.report.explore.scales import list_scales
from workbench.report.numbers import format_number
from workbench.results.packing import Floats
from workbench.results.quantities import split_element
from workbench.results.view import Results

_MOST_CANDIDATES = 100
"""The most quantities among which the first pair is looked for. Ours."""


def choose_pair(
    results: Results, draws: Mapping[str, Floats], divergent: NDArray[np.bool_]
) -> tuple[str, str]:
    """Return the names of the two quantities shown first.

    They are those in which divergent draws differ most from the others, on the logarithm of scales; else the
    first two.

    Parameters
    ----------
    results
        The results of the run.
    draws
        The draws of each quantity `(chain, draw)`, in the order of the page; at least one.
    divergent
        Which draws diverged `(chain, draw)`.
    """
    candidates = dict(itertools.islice(draws.items(), _MOST_CANDIDATES))
    names = list(candidates)
    if divergent.any() and not divergent.all():
        names.sort(key=lambda name: -_measure_separation(_place(results, name, draws[name]), divergent))
    return names[0], names[min(1, len(names) - 1)]


def draw_first_pictures(
    results: Results, draws: Mapping[str, Floats], divergent: NDArray[np.bool_]
) -> Figures | None:
    """Return trace and ranks of a quantity and its pair plot with another; `None` where none can be drawn."""
    if not draws:
        return None
    pictures = tuple(_draw(results, draws, divergent))
    explanation = (
        "The chains of a trace should overlap, without drift; in a rank plot, about 95% of each line lies in "
        "the grey band if the chains agree. Ticks and crosses mark divergent draws."
    )
    return Figures("first-pictures", pictures, explanation, "medium") if pictures else None


def _draw(results: Results, draws: Mapping[str, Floats], divergent: NDArray[np.bool_]) -> Iterator[Figure]:
    across, up = choose_pair(results, draws, divergent)
    if _is_drawable(draws[across]):
        label, rhat = results.label(across), format_number(results.posterior(across).rhat, 3)
        yield Figure(
            figures.draw_trace(draws[across], divergent.astype(float)),
            f"Trace of {label}.",
            f"`{label}`: trace",
        )
        alt = f"Ranks of {label} by chain; R-hat {rhat}."
        yield Figure(figures.draw_ranks(draws[across]), alt, f"`{label}`: ranks by chain, R-hat {rhat}")
    if across != up and _is_drawable(draws[across]) and _is_drawable(draws[up]):
        x, y = (_place(results, name, draws[name]) for name in (across, up))
        named = [_name(results, name, draws[name]) for name in (up, across)]
        caption = f"{named[0]} (vertical) against {named[1]} (horizontal)"
        alt = f"{int(divergent.sum())} of {divergent.size} draws are divergent; {caption.replace('`', '')}."
        yield Figure(figures.draw_pair(x, y, divergent.astype(float)), alt, caption)


def _is_drawable(draws: Floats) -> bool:
    return bool(np.isfinite(draws).all() and np.ptp(draws) > 0)


def _is_logarithmic(results: Results, name: str, draws: Floats) -> bool:
    return split_element(name)[0] in list_scales(results) and bool((draws > 0).all())


def _place(results: Results, name: str, draws: Floats) -> NDArray[Any]:
    """Return draws as they are plotted: of a scale, their logarithms."""
    return np.log(draws) if _is_logarithmic(results, name, draws) else draws


def _name(results: Results, name: str, draws: Floats) -> str:
    label = f"`{results.label(name)}`"
    return f"the logarithm of {label}" if _is_logarithmic(results, name, draws) else label


def _measure_separation(draws: Floats, marked: NDArray[np.bool_]) -> float:
    """Return the distance between the means of marked and other draws [SD]; 0 where it is unknown."""
    if not _is_drawable(draws):
        return 0.0
    return float(abs(draws[marked].mean() - draws[~marked].mean()) / draws.std())
