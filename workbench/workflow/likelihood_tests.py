"""Tests of nested models: a run with parameters set to constants, or two runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from workbench.diagnostics.common_scale import explain_other_outcome
from workbench.errors import RequestError
from workbench.estimation.context import FitContext
from workbench.likelihood.bootstrap import use_data_scale
from workbench.likelihood.mode import Mode, find_mode
from workbench.likelihood.nested import NestedTest, compute_tests
from workbench.likelihood.nesting import Side, compare_at_bound, compare_nested, find_stopped
from workbench.likelihood.null import NullConstraint, parse_nulls
from workbench.likelihood.obstacles import explain_no_maximum, explain_other_target
from workbench.likelihood.row_scores import differentiate
from workbench.likelihood.stationary import find_stationary_direction, refuse_estimate
from workbench.progress import SILENT, Progress
from workbench.results import Fit
from workbench.toolchain import ToolchainSettings
from workbench.workflow.run_context import open_likelihood


@dataclass(frozen=True)
class NamedFit:
    """A run, and what it is called.

    Attributes
    ----------
    name
        Its name.
    fit
        The run.
    """

    name: str
    fit: Fit


def run_tests(
    fits: Sequence[NamedFit],
    nulls: Sequence[str],
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> NestedTest:
    """Return the tests of parameters set to constants.

    Parameters
    ----------
    fits
        One run; or a smaller one and the larger one whose null it is.
    nulls
        What the null states of parameters of the last run, such as `beta[2]=0`.
    settings
        Which Stan and compiler to use.
    jobs
        Programs compiled at a time.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        A run has no maximised likelihood or no regular maximum, or the null is not one that can be tested:
        the message says why.
    """
    large = fits[-1]
    constraints: tuple[NullConstraint, ...] | None = None
    for one in fits:
        reason = explain_no_maximum(one.fit)
        if reason and len(fits) > 1 and one is large and _ends_somewhere(one.fit):
            constraints = parse_nulls(nulls, one.fit, one.fit.results.mle.stopped_at)
        elif reason:
            raise RequestError(_refuse(one, reason))
    is_stopped = constraints is not None
    constraints = constraints or parse_nulls(nulls, large.fit)
    _check_same_outcome(fits)
    with ExitStack() as stack:
        sides = []
        for one in fits:
            run = stack.enter_context(open_likelihood(one.fit, settings, jobs=jobs, progress=progress))
            with progress.stage("Finding the estimate"):
                context = use_data_scale(one.fit, run.fitted)
                mode = (find_stopped if is_stopped and one is large else _find_regular_mode)(one.fit, context)
                if mode is None:
                    raise RequestError(_refuse(large, explain_no_maximum(large.fit)))
                sides.append(Side(one.name, one.fit, mode))
        with progress.stage("Testing the null"):
            return _test(sides, constraints, is_stopped=is_stopped)


def _test(sides: Sequence[Side], constraints: Sequence[NullConstraint], *, is_stopped: bool) -> NestedTest:
    large = sides[-1]
    if len(sides) == 1:
        return compute_tests(large.fit, large.mode, constraints)
    if not is_stopped:
        return compare_nested(sides[0], large, constraints)
    found = compare_at_bound(sides[0], large, constraints)
    if found is None:
        raise RequestError(_refuse(NamedFit(large.name, large.fit), explain_no_maximum(large.fit)))
    return found


def _check_same_outcome(fits: Sequence[NamedFit]) -> None:
    """Refuse runs of different outcomes or rows.

    Raises
    ------
    RequestError
        The message has the numbers of rows where these differ.
    """
    other = explain_other_outcome({one.name: one.fit for one in fits})
    if other:
        rows = {one.name: one.fit.results.data.rows for one in fits}
        counts = " and ".join(f"`{name}` has {count:,} rows" for name, count in rows.items() if count)
        counts = f": {counts}." if len(set(rows.values())) > 1 and counts else "."
        raise RequestError(f"the runs cannot be tested against each other: {other.rstrip('.')}{counts}")


def _ends_somewhere(fit: Fit) -> bool:
    """Return whether the likelihood was maximised, and its search ended beside no regular maximum."""
    return bool(fit.results.mle.stopped_at) and not explain_other_target(fit)


def _refuse(one: NamedFit, reason: str) -> str:
    return f"`{one.name}` has no likelihood-ratio test: {reason}."


def _find_regular_mode(fit: Fit, context: FitContext) -> Mode:
    """Return the MLE of a run.

    Raises
    ------
    MethodError
        It is no maximum, or a parameter has no scores there.
    """
    mode = find_mode(fit, context, "mle")
    stationary = find_stationary_direction(mode, differentiate(mode))
    if stationary is not None and stationary.has_minima:
        refuse_estimate(stationary)
    return mode
