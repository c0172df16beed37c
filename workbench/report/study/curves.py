"""How quantities move along each hyperparameter: curves, maps for two, and densities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.report import figures
from workbench.report.document import Block, Figure, Figures, Notice, Section
from workbench.report.figures import Ridge, SweepPoint, SweepReferences
from workbench.report.numbers import decimals_for, format_number
from workbench.report.reading import Record
from workbench.report.study.slices import (
    Rows,
    Slice,
    is_full,
    label,
    means_shown,
    most_moved,
    number,
    rows_of,
    slices,
    value_at,
)
from workbench.studies import Study, leading_method
from workbench.studies.outcomes.conclusion import MEANS

MAX_QUANTITIES = 3
_RIDGES = 11
_TITLE = "Along the hyperparameters"


def section(study: Study) -> Section:
    """Return curves for each hyperparameter, maps for each pair of two, and densities."""
    found = slices(study)
    if not found or not study.record["conclusion"]["moves"]:
        words = (
            "No points differ in one hyperparameter alone, so there is no curve to draw; the table of points "
            "and `study.parquet` have them all."
        )
        return Section("curves", _TITLE, (Notice(words),))
    blocks = (
        *(_curves(study, one) for one in found),
        *_maps(study),
        *(_densities(study, one) for one in found),
    )
    return Section("curves", _TITLE, tuple(block for block in blocks if block is not None))


def _curves(study: Study, own: Slice) -> Block | None:
    leading = leading_method(study.record)
    posterior, prior = rows_of(study, leading), rows_of(study, "prior")
    drawn = [
        figure for name in _drawn(study) if (figure := _curve(study, own, name, posterior, prior)) is not None
    ]
    held = f", with {own.held}" if own.held else ""
    reading = (
        f"Across: `{own.name}`{held}; an upright line is the base fit's value, a dotted one a tipping point. "
        f"Up: {MEANS[leading]} and interval; a filled dot is a full fit, an open one {_open(study)}. Band "
        "with dotted edges: the interval of the prior alone. Dashed: the maximum of the likelihood, where "
        "there is one; the bar at the right is its interval."
    )
    return Figures(f"along-{_key(own.name)}", tuple(drawn), reading) if drawn else None


def _curve(study: Study, own: Slice, name: str, posterior: Rows, prior: Rows) -> Figure | None:
    steps = [step for point in own.points if (step := _step(own, point, name, posterior, prior)) is not None]
    if len(steps) < 2:
        return None
    drawing = figures.draw_sweep(steps, _references(study, own, name), is_log=bool(own.axis["is_log"]))
    first, last = steps[0], steps[-1]
    alt = (
        f"{means_shown(study)} of {label(study, name)}: {format_number(first.mean)} at {own.name} = "
        f"{format_number(first.at)}, {format_number(last.mean)} at {format_number(last.at)}."
    )
    return Figure(drawing, alt, f"`{label(study, name)}` along `{own.name}`")


def _step(own: Slice, point: Record, name: str, posterior: Rows, prior: Rows) -> SweepPoint | None:
    row = posterior.get((point["number"], name))
    mean, lower, upper = (number(row, key) for key in ("mean", "lower", "upper"))
    if mean is None:
        return None
    lower, upper = (mean, mean) if lower is None or upper is None else (lower, upper)
    alone = prior.get((point["number"], name))
    ends = number(alone, "lower"), number(alone, "upper")
    interval = (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None
    return SweepPoint(own.at(point), mean, lower, upper, is_full(point), interval)


def _references(study: Study, own: Slice, name: str) -> SweepReferences:
    likelihood = study.record["reference"]["estimates"].get(name, {})
    ends = likelihood.get("lower"), likelihood.get("upper")
    interval = None if ends[0] is None or ends[1] is None else (float(ends[0]), float(ends[1]))
    low, high = own.at(own.points[0]), own.at(own.points[-1])
    base = float(own.axis["base"])
    tips = [
        float(tip[side]["value"])
        for tip in study.record["tipping"]
        for side in ("below", "above")
        if tip["hyperparameter"] == own.name
        and tip[side]["status"] == "found"
        and name in tip.get("about", ())
    ]
    inside = tuple(tip for tip in tips if low <= tip <= high)
    return SweepReferences(base if low <= base <= high else None, likelihood.get("value"), interval, inside)


def _drawn(study: Study) -> list[str]:
    """Return the quantities that are drawn: those that decisions are about, then those that move most."""
    moves = study.record["conclusion"]["moves"]
    about = [name for tip in study.record["tipping"] for name in tip.get("about", ()) if name in moves]
    return list(dict.fromkeys([*about, *most_moved(study, MAX_QUANTITIES)]))[:MAX_QUANTITIES]


def _maps(study: Study) -> Iterator[Block]:
    axes = study.record["plan"]["axes"]
    if len(axes) != 2 or study.record["plan"]["design"] != "grid":
        return
    first, second = axes
    posterior = rows_of(study, leading_method(study.record))
    drawn = [_map(study, first, second, name, posterior) for name in _drawn(study)]
    reading = (
        f"{means_shown(study)} over `{first['name']}` (across) and `{second['name']}` (up): the stronger the "
        f"shade, the larger. A framed cell is a full fit; the others are {_open(study)}."
    )
    yield Figures("maps", tuple(drawn), reading, "medium")


def _map(study: Study, first: Record, second: Record, name: str, posterior: Rows) -> Figure:
    across, up = first["values"], second["values"]
    values = np.full((len(up), len(across)), np.nan)
    full = np.zeros(values.shape, dtype=bool)
    for point in study.record["points"]:
        at, over = value_at(point, first), value_at(point, second)
        if point["forms"] or at not in across or over not in up:
            continue
        cell = (up.index(over), across.index(at))
        mean = number(posterior.get((point["number"], name)), "mean")
        values[cell], full[cell] = (np.nan if mean is None else mean), is_full(point)
    sd = number(posterior.get((0, name)), "sd")
    drawing = figures.draw_heat_map(across, up, values, full, decimals_for(sd))
    ends = f"from {format_number(float(np.nanmin(values)))} to {format_number(float(np.nanmax(values)))}"
    return Figure(drawing, f"{means_shown(study)} of {label(study, name)} {ends}.", f"`{label(study, name)}`")


def _densities(study: Study, own: Slice) -> Block | None:
    kept = study.record["densities"]
    names = [name for name in _drawn(study) if name in kept]
    drawn = [figure for name in names if (figure := _ridges(study, own, name)) is not None]
    reading = f"The posterior density at each value of `{own.name}`, all on one scale."
    return Figures(f"densities-{_key(own.name)}", tuple(drawn), reading) if drawn else None


def _ridges(study: Study, own: Slice, name: str) -> Figure | None:
    kept = study.record["densities"][name]
    curves = {curve["point"]: np.array(curve["density"]) for curve in kept["curves"]}
    points = [point for point in own.points if point["number"] in curves]
    if len(points) < 2:
        return None
    if len(points) > _RIDGES:
        points = [points[round(i * (len(points) - 1) / (_RIDGES - 1))] for i in range(_RIDGES)]
    base = float(own.axis["base"])
    drawn = [
        Ridge(format_number(float(f"{own.at(point):.3g}")), curves[point["number"]], own.at(point) == base)
        for point in points
    ]
    alt = f"Densities of {label(study, name)} at {len(drawn)} values of {own.name}."
    return Figure(figures.draw_ridges(np.array(kept["x"]), drawn), alt, f"`{label(study, name)}`")


def _open(study: Study) -> str:
    """Return what points without a full fit are."""
    return "importance weights" if leading_method(study.record) == "nuts" else "a mode"


def _key(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
