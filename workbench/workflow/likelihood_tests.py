"""Tests of nested models: a run with parameters set to constants, or two runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from workbench.diagnostics.common_scale import explain_other_outcome
from workbench.errors import RequestError
from workbench.likelihood.bootstrap import use_data_scale
from workbench.likelihood.mode import find_mode
from workbench.likelihood.nested import NestedTest, compute_tests
from workbench.likelihood.nesting import Side, compare_nested
from workbench.likelihood.null import parse_nulls
from workbench.likelihood.obstacles import explain_no_likelihood
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
    for one in fits:
        reason = explain_no_likelihood(one.fit)
        if reason:
            raise RequestError(f"`{one.name}` has no likelihood-ratio test: {reason}.")
    constraints = parse_nulls(nulls, large.fit)
    if len(fits) > 1 and (other := explain_other_outcome({one.name: one.fit for one in fits})):
        raise RequestError(f"the runs cannot be tested against each other: {other}")
    with ExitStack() as stack:
        sides = []
        for one in fits:
            run = stack.enter_context(open_likelihood(one.fit, settings, jobs=jobs, progress=progress))
            with progress.stage("Finding the estimate"):
                context = use_data_scale(one.fit, run.fitted)
                sides.append(Side(one.name, one.fit, find_mode(one.fit, context, "mle")))
        with progress.stage("Testing the null"):
            if len(sides) == 1:
                return compute_tests(large.fit, sides[0].mode, constraints)
            return compare_nested(sides[0], sides[1], constraints)
