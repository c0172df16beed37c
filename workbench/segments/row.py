"""A group in one row: its verdict, the checks that failed, its estimates, or why it has no fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from workbench.errors import WorkbenchError
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.results.view import Results

MOST_ELEMENTS = 20
"""The most elements of a parameter that the index holds; runs hold all. Ours."""

_MOST_QUANTITIES = 100
"""The most quantities that the index holds of a group. Ours."""


class QuantityEstimate(Struct, frozen=True):
    """A quantity: posterior mean, or the mode where there is none; SD or standard error; interval."""

    mean: float | None = None
    sd: float | None = None
    lower: float | None = None
    upper: float | None = None


class SegmentRow(Struct, frozen=True, kw_only=True):
    """A group in one row.

    Attributes
    ----------
    values
        Its value of each column that groups were made by.
    rows
        Its rows.
    key
        A hash of everything that decides its numbers.
    run
        The name of its run in the folder; empty where there is none.
    verdict
        `ok`, `caution` or `fail`; empty where nothing could be checked.
    failed, cautions
        Codes of the checks that failed, and of those with a reservation.
    method
        Where the estimates come from: `nuts`, `laplace`, `map`, `map_unconstrained` or `mle`.
    failure
        Why there are no estimates, in words; empty where there are.
    is_final
        Whether the same command would fail in the same way: then it is not tried again.
    seconds
        How long its methods took [s].
    rhat_max, ess_min, divergences
        Of the chains.
    estimates
        By label.
    unshared
        By label, the estimates before a prior was shared.
    """

    values: tuple[str, ...]
    rows: int
    key: str
    run: str = ""
    verdict: str = ""
    failed: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    method: str = ""
    failure: str = ""
    is_final: bool = False
    seconds: float | None = None
    rhat_max: float | None = None
    ess_min: float | None = None
    divergences: int | None = None
    estimates: Mapping[str, QuantityEstimate] = field(default_factory=dict)
    unshared: Mapping[str, QuantityEstimate] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its values, with commas."""
        return ", ".join(self.values)

    @property
    def status(self) -> str:
        """`failed` where there are no estimates, else `ok`."""
        return "failed" if self.failure else "ok"


def make_row(fit: Fit, values: tuple[str, ...], rows: int, key: str, run: str) -> SegmentRow:
    """Return the row of a group that was fitted; a fit without a posterior that was asked for has failed."""
    results = fit.results
    method, estimates = _choose_method(results)
    failure = ""
    if results.nuts.status == "failed":
        failure = f"there is no posterior: {results.nuts.reason}"
    elif not method:
        failure = f"no method has results: {_list_reasons(results)}"
    diagnosis = results.diagnosis
    checks = () if diagnosis is None else diagnosis.checks
    nuts = results.nuts.estimates.values() if results.nuts.is_ok else ()
    sizes = [size for one in nuts for size in (one.ess_bulk, one.ess_tail) if size is not None]
    return SegmentRow(
        values=values,
        rows=rows,
        key=key,
        run=run,
        verdict="" if diagnosis is None or failure else diagnosis.verdict,
        failed=tuple(check.code for check in checks if check.status == "issue" and check.severity == "fail"),
        cautions=tuple(
            check.code for check in checks if check.status == "issue" and check.severity == "caution"
        ),
        method="" if failure else method,
        failure=failure,
        is_final=bool(failure),
        seconds=sum(seconds or 0.0 for step, seconds in results.timings.items() if step != "compile"),
        rhat_max=max((one.rhat for one in nuts if one.rhat is not None), default=None),
        ess_min=min(sizes, default=None),
        divergences=results.nuts.divergences if results.nuts.is_ok else None,
        estimates={} if failure else estimates,
    )


def make_failure(
    reason: WorkbenchError, values: tuple[str, ...], rows: int, key: str, *, is_final: bool
) -> SegmentRow:
    """Return the row of a group that could not be fitted."""
    return SegmentRow(values=values, rows=rows, key=key, failure=reason.message, is_final=is_final)


def _choose_method(results: Results) -> tuple[str, dict[str, QuantityEstimate]]:
    """Return the method whose estimates stand in the index, and these by label."""
    for method in ("nuts", "laplace", "map", "map_unconstrained", "mle"):
        found = getattr(results, method)
        if not found.is_ok or not found.estimates:
            continue
        estimates = {}
        for name in _choose_names(results, found.estimates):
            one = found.estimates[name]
            mean = getattr(one, "mean", None)
            sd = getattr(one, "sd", None)
            estimates[one.label or name] = QuantityEstimate(
                mean if mean is not None else getattr(one, "value", None),
                sd if sd is not None else getattr(one, "se", None),
                getattr(one, "lower", None),
                getattr(one, "upper", None),
            )
        return method, estimates
    return "", {}


def _choose_names(results: Results, names: Mapping[str, object]) -> Iterator[str]:
    """Yield the quantities that the index holds: parameters, and of all others those that are one number."""
    parameters = {one.name for one in results.model.parameters if one.block == "parameters"}
    kept: Counter[str] = Counter()
    for name in names:
        variable = owner(name)
        is_wanted = variable in parameters or name == variable
        if is_wanted and kept[variable] < MOST_ELEMENTS and kept.total() < _MOST_QUANTITIES:
            kept[variable] += 1
            yield name


def _list_reasons(results: Results) -> str:
    parts = (getattr(results, name) for name in ("nuts", "laplace", "map", "map_unconstrained", "mle"))
    return next((part.reason for part in parts if part.status == "failed" and part.reason), "none was run.")
