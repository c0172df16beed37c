"""What the page of draws holds: numbers and draws for its script, sentences and a table for people."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunIncomplete
from workbench.late_imports import LateModule
from workbench.report.document import Figures, TableBlock, Verdict
from workbench.report.explore.choice import MOST_DRAWS, Choice, choose_draws, name_variables
from workbench.report.explore.first_pictures import choose_pair, draw_first_pictures
from workbench.report.explore.scales import list_scales
from workbench.report.fit.data import describe_data
from workbench.report.fit.estimates import build_summary_table
from workbench.report.fit.verdict import build_verdict
from workbench.report.numbers import format_count, join_with_and, pluralise
from workbench.results import Fit
from workbench.results.packing import Floats, PackedDraws, pack
from workbench.results.quantities import SAMPLE_DIMS, sampler_statistic, split_element
from workbench.results.view import DrawsEstimate, Results
from workbench.thresholds import RHAT_LIMIT

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

MOST_BYTES = 10_000_000
"""The most that a page of draws takes [bytes]."""

_MOST_ROWS = 400
"""The most rows of the table that is shown where scripts are switched off. Ours."""

_RANK_BINS = 20
"""Bins of the pooled ranks, as in the report."""

_BAND = (0.025, 0.975)
"""Quantiles of a count in one bin if all chains have the same distribution."""

_DESCRIPTION = 400
"""What the numbers of a quantity may take as JSON, without its names [bytes]."""

_MARGIN = 2_000 + MOST_DRAWS
"""What the description of the run may take: a bit for each draw, the numbers of some [bytes]."""

_NUMBERS = ("mean", "median", "sd", "lower", "upper", "rhat", "ess_bulk", "ess_tail")
"""The numbers of `run.json` that the page has of each quantity."""


@dataclass(frozen=True)
class DrawsPage:
    """The page of draws.

    Attributes
    ----------
    title, subtitle, byline
        What it is about, and what it was made with.
    verdict
        Whether the results can be relied on, as the report says.
    table
        The estimates, for where scripts are switched off.
    pictures
        The quantities that are shown first, for where scripts are switched off; `None` if none can be drawn.
    contents
        What is in the page, what is not, and how exact it is, in sentences.
    numbers
        The description of the run and of each quantity, for the script.
    draws
        A line of 16-bit numbers in base64 for each quantity.
    """

    title: str
    subtitle: str
    byline: str
    verdict: Verdict | None
    table: TableBlock
    pictures: Figures | None = None
    contents: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    draws: tuple[str, ...] = ()


def begin_draws_page(fit: Fit) -> DrawsPage:
    """Return the page of the draws of a fit, before draws are in it.

    Raises
    ------
    RunIncomplete
        The fit has no draws by NUTS.
    """
    results = fit.results
    if not results.nuts.is_ok or "posterior" not in fit.tree.children:
        reason = results.nuts.reason or "NUTS was not run."
        raise RunIncomplete(f"the run has no posterior draws: {reason}", hint="fit it with NUTS")
    return DrawsPage(
        title=results.model.name,
        subtitle=describe_data(results),
        byline=f"Draws of the run of {results.created[:10] or 'unknown date'}, workbench {results.workbench}",
        verdict=build_verdict(results),
        table=build_summary_table(results, _MOST_ROWS),
        pictures=draw_first_pictures(results, _collect_draws(fit), _read_divergent(fit)),
    )


def add_draws(page: DrawsPage, fit: Fit, budget: int) -> DrawsPage:
    """Return a page with as many draws as fit in it.

    Parameters
    ----------
    page
        The page before.
    fit
        The fit.
    budget
        How much may be added to the page [bytes].
    """
    results, draws = fit.results, _collect_draws(fit)
    sizes = {name: _measure_description(results, name) for name in draws}
    divergent = _read_divergent(fit)
    choice = choose_draws(sizes, divergent, budget - _MARGIN)
    packed = [pack(_keep(draws[name], choice)) for name in choice.names]
    numbers = {
        **_describe_run(results, choice, divergent),
        **_describe_quantities(results, choice.names, packed),
        "pair": _find_pair(results, draws, divergent, choice),
    }
    return replace(
        page,
        contents=tuple(_describe_contents(results, choice, packed)),
        numbers=numbers,
        draws=tuple(quantity.to_text() for quantity in packed),
    )


def _read_divergent(fit: Fit) -> NDArray[np.bool_]:
    """Return which draws diverged `(chain, draw)`; none where it was not recorded."""
    diverging = sampler_statistic(fit.tree, "diverging")
    sizes = fit.tree["posterior"].sizes
    return np.zeros((sizes["chain"], sizes["draw"]), bool) if diverging is None else diverging.astype(bool)


def _keep(values: Floats, choice: Choice) -> Floats:
    """Return the draws that are kept, chain after chain, and then the further ones."""
    further = values[choice.extra_chains, choice.extra_draws]
    return np.concatenate([values[:, choice.positions].ravel(), further])


def _collect_draws(fit: Fit) -> dict[str, Floats]:
    """Return the draws `(chain, draw)` of each quantity, those of parameters first."""
    posterior = _read_posterior(fit)
    names = fit.results.declared_first(fit.results.nuts.estimates)
    found = {name: _find(posterior, name) for name in names}
    return {name: draws for name, draws in found.items() if draws is not None}


def _find_pair(
    results: Results, draws: Mapping[str, Floats], divergent: NDArray[np.bool_], choice: Choice
) -> list[int]:
    """Return the positions of the two quantities shown first; the first two where one was left out."""
    places = {name: position for position, name in enumerate(choice.names)}
    pair = choose_pair(results, draws, divergent) if draws else ()
    if pair and all(name in places for name in pair):
        return [places[name] for name in pair]
    return [0, min(1, max(0, len(places) - 1))]


def _read_posterior(fit: Fit) -> dict[str, Floats]:
    """Return the draws `(chain, draw, ...)` of each variable."""
    return {
        str(name): array.transpose(*SAMPLE_DIMS, ...).to_numpy()
        for name, array in fit.tree["posterior"].data_vars.items()
    }


def _find(posterior: Mapping[str, Floats], name: str) -> Floats | None:
    """Return the draws of a quantity `(chain, draw)`, finite or not; `None` where there are none."""
    variable, index = split_element(name)
    values = posterior.get(variable)
    if values is None or len(index) != values.ndim - 2:
        return None
    if not all(0 <= i < size for i, size in zip(index, values.shape[2:], strict=True)):
        return None
    place: tuple[Any, ...] = (slice(None), slice(None), *index)
    return np.asarray(values[place], dtype=np.float64)


def _measure_description(results: Results, name: str) -> int:
    """Return the most that a quantity's description takes as JSON, whatever its characters [bytes]."""
    texts = (name, results.label(name), results.unit(name))
    return _DESCRIPTION + sum(12 * len(text) for text in texts)


def _describe_run(results: Results, choice: Choice, divergent: NDArray[np.bool_]) -> dict[str, Any]:
    kept = divergent[:, choice.positions]
    band = np.asarray(stats.binom.ppf(_BAND, kept.shape[1], 1 / _RANK_BINS))
    bits = np.packbits(kept.ravel(), bitorder="little")
    return {
        "level": results.interval.level,
        "chains": kept.shape[0],
        "length": kept.shape[1],
        "every": choice.every,
        "bins": _RANK_BINS,
        "band": [float(end) for end in band],
        "rhatLimit": RHAT_LIMIT,
        "divergent": base64.b64encode(bits.tobytes()).decode(),
        "extraDraws": choice.extra_draws.tolist(),
    }


def _describe_quantities(
    results: Results, names: Sequence[str], packed: Sequence[PackedDraws]
) -> dict[str, Any]:
    """Return a list for each property, with a value for each quantity."""
    estimates = [results.posterior(name) for name in names]
    from_zero = list_scales(results)
    return {
        "name": list(names),
        "label": [results.label(name) for name in names],
        "unit": [results.unit(name) for name in names],
        "spacing": [quantity.spacing for quantity in packed],
        "offset": [quantity.offset for quantity in packed],
        "step": [quantity.step for quantity in packed],
        "isScale": [split_element(name)[0] in from_zero for name in names],
        **{number: [_finite(estimate, number) for estimate in estimates] for number in _NUMBERS},
    }


def _finite(estimate: DrawsEstimate, number: str) -> float | None:
    value: float | None = getattr(estimate, number)
    return value if value is not None and math.isfinite(value) else None


def _describe_contents(results: Results, choice: Choice, packed: Sequence[PackedDraws]) -> list[str]:
    """Return what is in the page, what was left out, and how exact its draws are."""
    sentences = [_describe_draws(results, choice), _describe_rounding(results, choice, packed)]
    if len(choice.extra_draws):
        count = pluralise(len(choice.extra_draws), "further draw")
        sentences.append(f"{count} that diverged are marked in the pictures, but count in no number.")
    if choice.left_out:
        sentences.append(_describe_left_out(choice))
    return [sentence for sentence in sentences if sentence]


def _describe_draws(results: Results, choice: Choice) -> str:
    nuts = results.nuts
    chains, total = nuts.chains or 1, nuts.total_draws
    counted = pluralise(len(choice.names), "quantity")
    whole = f"{counted}, {pluralise(chains, 'chain')} of {pluralise(nuts.draws or 0, 'draw')}"
    if choice.every == 1:
        return f"{whole}: every draw is here."
    kept = format_count(chains * len(choice.positions))
    return (
        f"{whole}: one draw in {choice.every} is here, {kept} of {format_count(total)}, to limit the size of "
        "the file. Numbers of the whole run are shown beside those of the draws here."
    )


def _describe_rounding(results: Results, choice: Choice, packed: Sequence[PackedDraws]) -> str:
    worst = max(range(len(packed)), key=lambda position: packed[position].error, default=None)
    if worst is None or packed[worst].error == 0:
        return ""
    error = f"{packed[worst].error:.1g}"
    name = results.label(choice.names[worst])
    return f"Draws are rounded to 16 bits: by at most {error} posterior SD (`{name}`)."


def _describe_left_out(choice: Choice) -> str:
    variables = name_variables(choice.left_out)
    listed = [f"{format_count(count)} of `{name}`" for name, count in variables[:8]]
    more = [f"more of {pluralise(len(variables) - 8, 'variable')}"] if len(variables) > 8 else []
    return (
        f"Left out, to limit the size of the file: {pluralise(len(choice.left_out), 'quantity')} "
        f"({join_with_and([*listed, *more])}). `fit.draws(name)` in Python has them."
    )


def to_script_json(value: object) -> str:
    r"""Return a value as JSON that can stand in a `<script>` element: nothing in it can end that.

    >>> to_script_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
