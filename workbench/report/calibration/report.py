"""The report of a calibration as a document; everything in it comes from its record and its table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from workbench.calibration.folder import FITS, TABLE, Calibration
from workbench.calibration.judge import POINT_METHODS
from workbench.calibration.record import CalibrationRecord, MethodCalibration, QuantityCalibration
from workbench.calibration.uniformity import compute_band, count_below, make_points
from workbench.report import figures
from workbench.report.calibration.rows import build_rows_sections, list_rows, list_rows_reasons
from workbench.report.calibration.tables import (
    tabulate_checks,
    tabulate_failures,
    tabulate_methods,
    tabulate_quantities,
)
from workbench.report.document import (
    Block,
    Code,
    Document,
    Facts,
    Figure,
    Figures,
    Items,
    Paragraph,
    Section,
    Tone,
    Verdict,
    VerdictReason,
)
from workbench.report.numbers import MISSING, format_number, format_seconds, join_with_and, pluralise

_MOST_DRAWN = 6
"""Quantities of each method whose ranks are drawn: those farthest from uniform first."""

_MOST_REASONS = 6
"""Quantities that the verdict explains for each method; the table has all."""

_RANDOM = (
    "Each truth is placed among draws of the fit to its data: if truths and draws come from the same "
    "distribution, "
    "places are uniform, and the line stays within the band at all points with a probability of 95% "
    "(Säilynoja, "
    "Bürkner and Vehtari, 2022). A line like an arch: truths are lower than the fits say; like a bowl: "
    "higher. "
    "Above the band on the left and below it on the right: intervals are too narrow; the other way round: "
    "too wide. At both ends the line says little: whether 95% intervals hold too few truths is seen in the "
    "table rather than here."
)
"""How to read the pictures."""


def build_calibration_report(calibration: Calibration) -> Document:
    """Return the report of a calibration."""
    record = calibration.record
    most = max(list_rows(record), default=None)
    title = "Each method" if most is None else f"Each method with {most:,} rows"
    created = record.created.replace("T", " at ").replace("+00:00", " UTC")
    return Document(
        title=record.model,
        subtitle=describe_question(record),
        byline=f"Written {created} by workbench {record.workbench}",
        verdict=build_verdict(record),
        sections=(
            *build_rows_sections(record),
            Section("methods", title, (tabulate_methods(record),)),
            *_list_pictures(calibration),
            *(
                Section(
                    f"quantities-{item.method}",
                    f"Quantities by {item.label}",
                    (tabulate_quantities(item, record.level),),
                )
                for item in record.methods
                if item.quantities
            ),
            *_list_checks(record),
            *_list_failures(record),
            _explain(record),
            _build_provenance(calibration),
        ),
        kicker="Report of a calibration",
    )


def describe_question(record: CalibrationRecord) -> str:
    """Return what was simulated and fitted, in a line."""
    data = PurePath(record.data).name
    where = f"from the prior, for the rows of {data}"
    if record.by_rows:
        rows = join_with_and([f"{count:,}" for count in list_rows(record)])
        where = (
            f"{'by ' + record.simulator if record.simulator else 'from the prior'}, of {rows} rows of {data}"
        )
        return f"fitted to {pluralise(record.simulations, 'data set')} simulated {where}"
    if record.kind == "posterior":
        where = f"from the posterior of {data}, fitted together with the data"
    elif record.simulator:
        where = f"by {record.simulator}, for the rows of {data}"
    return f"fitted to {pluralise(record.simulations, 'data set')} simulated {where}"


def choose_tone(record: CalibrationRecord) -> Tone:
    """Return how bad it is: the worst of what a method's judgement is."""
    judgements = {item.judgement for item in record.methods}
    if "not calibrated" in judgements:
        return Tone.FAIL
    is_right = judgements == {"calibrated"} and not any(item.is_off for item in record.by_rows)
    return Tone.OK if is_right else Tone.CAUTION


def build_verdict(record: CalibrationRecord) -> Verdict:
    """Return the answer, with a reason and advice for each method."""
    reasons = []
    for item in record.methods:
        off = sorted((one for one in item.quantities if one.is_off), key=lambda one: one.p_value or 0.0)
        consequences = [one.sentence for one in off[:_MOST_REASONS]]
        if len(off) > _MOST_REASONS:
            consequences.append(f"{len(off) - _MOST_REASONS} more quantities are in the table.")
        reasons.append(
            VerdictReason(
                item.sentence,
                advice=" ".join(item.advice),
                anchor=f"quantities-{item.method}" if item.quantities else "",
                consequences=tuple(consequences),
            )
        )
    reasons = [*list_rows_reasons(record), *reasons]
    reasons += [VerdictReason(note) for note in record.notes]
    return Verdict(choose_tone(record), record.sentence, tuple(reasons))


def _list_pictures(calibration: Calibration) -> Iterator[Section]:
    """Yield a section of pictures for each method that has ranks."""
    drawn = [item for item in calibration.record.methods if item.method not in POINT_METHODS and item.fits]
    if not drawn:
        return
    frame = calibration.frame
    for item in drawn:
        own = frame[frame["method"] == item.method]
        pictures = []
        for one in choose_drawn(item):
            place = own.loc[own["quantity"] == one.quantity, "place"].to_numpy(dtype=float)
            place = place[np.isfinite(place)]
            if len(place) > 1:
                pictures.append(_draw(item, one, place))
        if pictures:
            blocks = (Figures(f"ranks-{item.method}", tuple(pictures), _RANDOM, size="medium"),)
            yield Section(f"ranks-{item.method}", f"Where truths lie among the draws of {item.label}", blocks)


def choose_drawn(item: MethodCalibration) -> list[QuantityCalibration]:
    """Return the quantities of a method that are drawn: those farthest from uniform."""
    known = [one for one in item.quantities if one.p_value is not None]
    return sorted(known, key=lambda one: one.p_value or 0.0)[:_MOST_DRAWN]


def _draw(item: MethodCalibration, one: QuantityCalibration, place: NDArray[np.float64]) -> Figure:
    points, lower, upper = compute_band(len(place))
    ecdf = count_below(place, make_points(len(place))) / len(place)
    curve = figures.EcdfDifference(points, ecdf, lower, upper)
    drawing = figures.draw_ecdf_difference(curve, x_label="share of draws below the truth")
    farthest = int(np.argmax(np.abs(ecdf - points)))
    verdict = "not uniform" if one.is_off else "uniform as far as can be seen"
    alt = (
        f"ECDF of {len(place)} places of {one.label} among draws of {item.label}, minus uniform: at most "
        f"{format_number(float(ecdf[farthest] - points[farthest]), 3)}, at {points[farthest]:.2f}; {verdict}."
    )
    return Figure(drawing, alt, f"`{one.label}`: {verdict}")


def _list_checks(record: CalibrationRecord) -> Iterator[Section]:
    if any(item.checks for item in record.methods):
        text = (
            "How often checks of the workbench fire where the model is right: a false alarm, where the "
            "method is "
            "calibrated all the same."
        )
        yield Section(
            "checks", "Alarms of the workbench's own checks", (Paragraph(text), tabulate_checks(record))
        )


def _list_failures(record: CalibrationRecord) -> Iterator[Section]:
    if any(item.failures for item in record.methods):
        yield Section("failures", "Why fits failed", (tabulate_failures(record),))


def _explain(record: CalibrationRecord) -> Section:
    truths = (
        "Truths are draws of the posterior of the data; a replicate of the data is drawn with each, and "
        "the fit is "
        "to the data and the replicate together (Säilynoja, Schmitt, Bürkner and Vehtari, 2025, "
        "arXiv:2502.03279)."
        if record.kind == "posterior"
        else "Truths are draws of the prior; a data set is drawn with each, and fitted as `workbench fit` "
        "does (Talts et al., 2018, arXiv:1804.06788; Modrák et al., 2023, doi:10.1214/23-BA1404)."
    )
    drawn_rows = (
        "Rows of the table were drawn with replacement, for each data set its own: covariates are those of "
        "the table, and the groups and their number stay as there. The same truths serve all numbers of "
        "rows, and the rows of fewer are the first of more. Each method is judged with the most rows."
    )
    items = (
        truths,
        *((drawn_rows,) if record.by_rows else ()),
        "A truth is ranked among 99 draws that are spaced evenly, so that they are practically independent. "
        "Laplace needs no draws: parameters with an unconstrained dimension of their own are placed by the "
        "normal's distribution function.",
        "The p-value of a quantity is the exact probability that uniform places depart as far anywhere. "
        "Those of "
        "all quantities of a method are adjusted by Holm's method: a method that is right is called wrong "
        "with a "
        "probability of at most 1%, however its quantities depend on each other.",
        "A test of all ranks sees little of the tails. A method is therefore not called right where its "
        "intervals of the stated probability hold the truth too rarely or too often, by their exact binomial "
        "probability times the number of quantities (1%).",
        "MLE and MAP have no posterior: the coverage of their intervals is compared with its probability. "
        "The truths being spread as the prior has them, that is coverage on average over the prior.",
        "The joint log likelihood of truth and draws shows faults that no parameter shows, such as data "
        "that the fit ignores (Modrák et al., 2023).",
        "Contraction: 1 minus the ratio of the median posterior variance to that of the truths; z: "
        "(mean - truth) / SD (Betancourt, 2018, arXiv:1803.08393; Schad, Betancourt and Vasishth, 2021, "
        "doi:10.1037/met0000275).",
    )
    return Section("method", "How this was computed", (Items(items),))


def _build_provenance(calibration: Calibration) -> Section:
    record = calibration.record
    facts = (
        ("Program", f"`{record.model_path}`"),
        ("Simulated by", f"`{record.simulator_path}`" if record.simulator else record.way or MISSING),
        ("Data", f"`{record.data_path}`"),
        ("Seed", str(record.seed)),
        ("Time", format_seconds(record.seconds) if record.seconds is not None else MISSING),
        ("Every number", f"`{TABLE}`: a row for each simulation, method and quantity; `{FITS}`: each fit"),
        ("workbench", record.workbench),
        ("Created", record.created),
    )
    blocks: tuple[Block, ...] = (Code("command", record.command, "console"),) if record.command else ()
    return Section("reproduce", "How to reproduce this", (*blocks, Facts(facts)))
