"""A fit as a page in the terminal: the estimates, what is missing and why, the verdict and its findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from workbench.methods import RESULTS
from workbench.report.document import (
    Cell,
    Column,
    Document,
    Items,
    Section,
    TableBlock,
    Verdict,
    VerdictReason,
)
from workbench.report.fit.notes import (
    describe_pointwise,
    describe_scale,
    list_own_densities,
    list_replaced_priors,
)
from workbench.report.fit.selection import Fold, choose_rows
from workbench.report.fit.verdict import build_verdict
from workbench.report.numbers import MISSING, join_with_and, pluralise
from workbench.results import Fit
from workbench.results.sampling_command import suggest_sampling
from workbench.results.store import REPORT, SUMMARY
from workbench.results.view import (
    DiagnosisResult,
    DrawsEstimate,
    Estimate,
    Gap,
    PointEstimate,
    Results,
)
from workbench.results.view.estimates import ExactResult
from workbench.thresholds import STEP_STANDARD_ERRORS

E = TypeVar("E", PointEstimate, DrawsEstimate)

MOST_ROWS = 40
"""Rows beyond which the elements of arrays share a row; all of them are in `summary.csv`."""

_EXPLAIN_FOLDS = (
    "`[1..n]`: all elements of an array, with the range of their means in place of an interval, the largest "
    f"gap, the largest R-hat and the smallest ESS; each of them is in {SUMMARY} and the report"
)
"""What is said of rows with several quantities."""

_MOST_NAMED = 4
"""Parameters that a legend names; of more, it gives the number."""

_MOST_DECIMALS = 8
"""Numbers that would need as many decimals are shown in scientific notation."""

_HEADINGS = {"n/a": "does not apply", "skipped": "skipped", "passed": "passed"}
"""What stands before the codes of checks that found nothing."""


def build_fit_page(fit: Fit) -> Document:
    """Return the page that `workbench fit` prints; where the run is comes last, by `describe_place`."""
    results = fit.results
    rows = f" ({pluralise(results.data.rows, 'row')})" if results.data.rows else ""
    scale = describe_scale(results)
    thinned = describe_pointwise(results)
    notes = (*list_replaced_priors(results), *list_own_densities(results), *([thinned] if thinned else []))
    remarks = tuple((Cell(head), Cell(text)) for head, text in _collect_remarks(results))
    table = TableBlock("remarks", "", (Column("method"), Column("", "prose")), remarks, is_prose=True)
    return Document(
        title=results.model.name,
        subtitle=f"on {PurePath(results.data.path).name}{rows}{f'; {scale}' if scale else ''}",
        sections=(
            *((Section("notes", "", (Items(notes),)),) if notes else ()),
            *((Section("estimates", "", (_tabulate(results),)),) if results.quantities else ()),
            *((Section("remarks", "", (table,)),) if remarks else ()),
        ),
        verdict=_describe_verdict(results),
    )


def describe_place(fit: Fit, *, has_report: bool = True) -> str:
    """Return where the report of a fit is, or the fit if it has none."""
    if fit.folder is None:
        return ""
    return f"report: {fit.folder / REPORT}" if has_report else f"run: {fit.folder}"


def build_diagnosis_page(fit: Fit) -> Document:
    """Return the page that `workbench check` prints: each finding in full, other checks by code."""
    checks = () if fit.results.diagnosis is None else fit.results.diagnosis.checks
    rows = tuple(
        (Cell(heading), Cell(", ".join(check.code for check in checks if check.status == status)))
        for status, heading in _HEADINGS.items()
        if any(check.status == status for check in checks)
    )
    table = TableBlock("checks", "", (Column("result"), Column("", "prose")), rows, is_prose=True)
    scale = describe_scale(fit.results)
    return Document(
        title=fit.results.model.name,
        subtitle="; ".join(filter(None, ("" if fit.folder is None else f"in {fit.folder}", scale))),
        sections=(Section("checks", "", (table,)),) if rows else (),
        verdict=_describe_verdict(fit.results, with_titles=True),
        byline=_describe_skipped(fit.results),
    )


def _describe_skipped(results: Results) -> str:
    """Return which command makes a run that all checks apply to; empty where NUTS was run."""
    if results.nuts.status != "skipped":
        return ""
    return f"most checks need draws by NUTS: {suggest_sampling(results)} makes them"


def _describe_verdict(results: Results, *, with_titles: bool = False) -> Verdict:
    """Return the verdict in the words of the report, with each finding and what to do about it."""
    verdict, diagnosis = build_verdict(results), results.diagnosis
    if diagnosis is None:
        return verdict
    passed = pluralise(sum(check.status == "passed" for check in diagnosis.checks), "check")
    findings = tuple(_list_findings(results, diagnosis, with_titles=with_titles))
    return Verdict(verdict.tone, f"{verdict.sentence} {passed} passed.", findings)


def _list_findings(
    results: Results, diagnosis: DiagnosisResult, *, with_titles: bool
) -> Iterator[VerdictReason]:
    """Yield the issues, then the tips; first a reason that no check gives, such as a missing posterior.

    Why NUTS failed stands in the remarks; where nothing was estimated, there is no more to say.
    """
    messages = {check.message for check in diagnosis.checks}
    for reason in diagnosis.reasons:
        if reason not in messages:
            is_remark = bool(results.nuts.reason) and reason.endswith(f": {results.nuts.reason}")
            yield VerdictReason(f"{reason.partition(':')[0]}." if is_remark and not with_titles else reason)
    if not results.quantities:
        return
    for status in ("issue", "tip"):
        for check in diagnosis.checks:
            if check.status == status:
                title = f" {check.title}" if with_titles else ""
                yield VerdictReason(check.message, f"{status} {check.code}{title}", advice=check.advice)


def _collect_remarks(results: Results) -> Iterator[tuple[str, str]]:
    """Yield which methods have no results, and what else happened on the way."""
    failures: dict[tuple[str, str], list[str]] = {}
    for kind in RESULTS.values():
        result = results.method(kind.key)
        if result.status not in ("ok", "skipped"):
            failures.setdefault((result.status, result.reason), []).append(kind.phrase)
    for (status, reason), phrases in failures.items():
        yield f"{join_with_and(phrases)} {status}", reason
    for kind in RESULTS.values():
        result = results.method(kind.key)
        if not isinstance(result, ExactResult) and result.remark:
            yield kind.phrase, result.remark
    for remark in filter(None, (_name_sampler(results), results.nuts.init_remark)):
        yield RESULTS["nuts"].phrase, remark
    for step in results.ladder:
        state = "accepted" if step.accepted else "not accepted"
        yield f"{RESULTS[step.method].phrase} {state} ({step.seconds or 0:.1f} s)", step.why
    if results.ladder_words:
        yield "auto", results.ladder_words
    for attempt in results.attempts:
        yield f"attempt {attempt.number}", attempt.words


def _name_sampler(results: Results) -> str:
    """Return whose sampler ran; empty for Stan's own."""
    name = results.nuts.sampler
    return f"the chains are of {name}, not of Stan's own sampler." if name else ""


@dataclass(frozen=True)
class _Row:
    """A parameter's estimates by every method; empty ones where a method has none."""

    label: str
    mle: PointEstimate
    map: PointEstimate
    map_unconstrained: PointEstimate
    laplace: DrawsEstimate
    pathfinder: DrawsEstimate
    nuts: DrawsEstimate
    posterior: DrawsEstimate
    gap: Gap

    @property
    def scale(self) -> float | None:
        """The standard deviation that decides how many decimals are shown."""
        sds = (self.nuts.sd, self.laplace.sd, self.pathfinder.sd)
        return next((sd for sd in sds if sd), None) or self.mle.se

    def show(self, value: float | None) -> str:
        """Return a value of this parameter with the decimals that it deserves.

        The standard error of the MLE says nothing about another estimate: one far below it is not shown as 0.
        """
        text = _round(value, self.scale)
        is_hidden = bool(value) and not text.strip("-0.") and self.scale == self.mle.se
        return f"{value:.2g}" if is_hidden else text

    def show_interval(self) -> str:
        """Return the interval of the posterior."""
        lower, upper = self.posterior.lower, self.posterior.upper
        return MISSING if lower is None else f"{self.show(lower)} to {self.show(upper)}"


@dataclass(frozen=True)
class _Entry:
    """A column with what it shows of a quantity, and of several; it is left out without estimates."""

    column: Column
    method: str
    show: Callable[[_Row], str]
    show_all: Callable[[Sequence[_Row]], str] = lambda _: ""


def _tabulate(results: Results) -> TableBlock:
    chosen = choose_rows(results, MOST_ROWS)
    posterior = _choose_posterior(results)
    entries = [entry for entry in _list_columns(results, posterior) if _has_estimates(results, entry.method)]
    is_folded = any(isinstance(row, Fold) for row in chosen)
    return TableBlock(
        key="estimates",
        caption="",
        columns=(Column("parameter", "name"), *(entry.column for entry in entries)),
        rows=tuple(_build_row(results, row, posterior, entries) for row in chosen),
        note=_EXPLAIN_FOLDS if is_folded else "",
        full_table=SUMMARY,
    )


def _build_row(
    results: Results, row: str | Fold, posterior: str, entries: Sequence[_Entry]
) -> tuple[Cell, ...]:
    """Return the cells of a quantity, or of several in one row."""
    if isinstance(row, str):
        numbers = _collect_row(results, row, posterior)
        return (Cell(numbers.label), *(Cell(entry.show(numbers)) for entry in entries))
    elements = [_collect_row(results, name, posterior) for name in row.names]
    return (Cell(row.title), *(Cell(entry.show_all(elements)) for entry in entries))


def _list_columns(results: Results, posterior: str) -> list[_Entry]:
    """Return the columns; those that are dropped first on a narrow page say so."""
    level = f"{results.interval.level * 100:g}%"
    has_map = bool(results.estimates("map"))
    source = "" if posterior == "nuts" else f"with SD and interval by {RESULTS[posterior].phrase}"
    gap = (
        f"from the posterior mean to the {'mode' if has_map else 'mode°'}, in posterior SDs"
        f"{_describe_gap_errors(results, has_map=has_map)}"
    )
    unconstrained = "on the unconstrained scale"

    def distance(gap: Gap) -> float:
        return abs(_read_gap(gap, has_map=has_map) or 0.0)

    def number(title: str, drop_order: int = 0, meaning: str = "") -> Column:
        return Column(title, "number", help=meaning, drop_order=drop_order)

    return [
        _Entry(number("MLE", 5), "mle", lambda row: row.show(row.mle.value)),
        _Entry(number("SE", 4), "mle", lambda row: row.show(row.mle.se)),
        _Entry(number("MAP"), "map", lambda row: row.show(row.map.value)),
        _Entry(
            number("mode°", 3, unconstrained),
            "map_unconstrained",
            lambda row: row.show(row.map_unconstrained.value),
        ),
        _Entry(number("Laplace", 2), "laplace", lambda row: row.show(row.laplace.mean)),
        _Entry(number("Pathfinder", 1), "pathfinder", lambda row: row.show(row.pathfinder.mean)),
        _Entry(number("mean", 0, source), posterior, lambda row: row.show(_correct_mean(row.posterior))),
        _Entry(number("SD"), posterior, lambda row: row.show(_correct_sd(row.posterior))),
        _Entry(number(f"{level} interval"), posterior, _Row.show_interval, _show_range_of_means),
        _Entry(
            number("gap/SD", 0, gap),
            "gaps",
            lambda row: _show_gap(row.gap, has_map=has_map),
            lambda rows: _show_gap(max((row.gap for row in rows), key=distance), has_map=has_map),
        ),
        _Entry(
            number("R-hat"),
            "nuts",
            lambda row: _show_fixed(row.nuts.rhat, 3),
            lambda rows: _show_fixed(max(_collect_known(row.nuts.rhat for row in rows), default=None), 3),
        ),
        _Entry(
            number("ESS", 6),
            "nuts",
            lambda row: _show_fixed(row.nuts.ess_bulk, 0),
            lambda rows: _show_fixed(min(_collect_known(row.nuts.ess_bulk for row in rows), default=None), 0),
        ),
    ]


def _has_estimates(results: Results, method: str) -> bool:
    return bool(results.gaps if method == "gaps" else results.estimates(method))


def _show_range_of_means(rows: Sequence[_Row]) -> str:
    """Return the smallest and the largest posterior mean of several quantities."""
    means = {mean: row for row in rows if (mean := _correct_mean(row.posterior)) is not None}
    if not means:
        return MISSING
    smallest, largest = min(means), max(means)
    return f"{means[smallest].show(smallest)} … {means[largest].show(largest)}"


def _collect_known(numbers: Iterable[float | None]) -> list[float]:
    return [number for number in numbers if number is not None]


def _choose_posterior(results: Results) -> str:
    """Return the method that stands for the posterior: NUTS, unless `auto` accepted a cheaper one."""
    accepted = [step.method for step in results.ladder if step.accepted]
    return accepted[-1] if accepted else "nuts"


def _collect_row(results: Results, name: str, posterior: str) -> _Row:
    draws = {
        method: _find(results.estimates(method), name, DrawsEstimate())
        for method in ("laplace", "pathfinder", "nuts")
    }
    return _Row(
        results.label(name),
        _find(results.estimates("mle"), name, PointEstimate()),
        _find(results.estimates("map"), name, PointEstimate()),
        _find(results.estimates("map_unconstrained"), name, PointEstimate()),
        **draws,
        posterior=draws.get(posterior, DrawsEstimate()),
        gap=results.gap(name),
    )


def _find(estimates: Mapping[str, Estimate], name: str, empty: E) -> E:
    """Return the estimate of a parameter, or an empty one of the same kind."""
    estimate = estimates.get(name)
    return estimate if isinstance(estimate, type(empty)) else empty


def _correct_mean(estimate: DrawsEstimate) -> float | None:
    """Return the mean corrected by importance weights, or the mean itself."""
    return estimate.mean if estimate.corrected_mean is None else estimate.corrected_mean


def _correct_sd(estimate: DrawsEstimate) -> float | None:
    """Return the standard deviation corrected by importance weights, or the standard deviation itself."""
    return estimate.sd if estimate.corrected_sd is None else estimate.corrected_sd


def _describe_gap_errors(results: Results, *, has_map: bool) -> str:
    """Return the largest Monte Carlo error of the gaps that are shown, and which gaps are within theirs."""
    shown = [row for row in choose_rows(results, MOST_ROWS) if isinstance(row, str)]
    gaps = {name: _read_gap(results.gap(name), has_map=has_map) for name in shown}
    errors = {
        name: estimate.mcse_mean / estimate.sd
        for name in gaps
        if (estimate := results.posterior(name)).mcse_mean and estimate.sd
    }
    if not errors:
        return ""
    within = [
        f"`{results.label(name)}`"
        for name, error in errors.items()
        if (gap := gaps[name]) is not None and abs(gap) <= STEP_STANDARD_ERRORS * error
    ]
    listed = join_with_and(within) if len(within) <= _MOST_NAMED else pluralise(len(within), "parameter")
    words = f", Monte Carlo error up to {max(errors.values()):.2f}"
    return f"{words}; within Monte Carlo error for {listed}" if within else words


def _read_gap(gap: Gap, *, has_map: bool) -> float | None:
    return gap.in_sd if has_map else gap.unconstrained_in_sd


def _show_gap(gap: Gap, *, has_map: bool) -> str:
    value = _read_gap(gap, has_map=has_map)
    return MISSING if value is None else f"{value:+.2f}"


def _show_fixed(value: float | None, decimals: int) -> str:
    return MISSING if value is None else f"{value:.{decimals}f}"


def _round(value: float | None, scale: float | None) -> str:
    """Return a value with as many decimals as show two digits of its posterior standard deviation.

    >>> _round(3.14159, 0.27), _round(1234.5, 120.0), _round(None, 1.0), _round(-0.001, 0.1)
    ('3.14', '1234', '–', '0.00')
    """
    if value is None:
        return MISSING
    if not scale:
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(scale)))
    if decimals >= _MOST_DECIMALS:
        return f"{value:.3g}"
    text = f"{value:.{decimals}f}"
    return text if text.strip("-0.") else text.removeprefix("-")
