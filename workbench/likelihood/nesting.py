"""Whether the model of one run is that of another with parameters set to constants, proved by likelihoods.

At the same parameters both programs must give each observation the same log likelihood, all constants
counted: at the smaller run's estimate, and at points around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.backends.base import Curvature, Floats
from workbench.errors import RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.newton import NewtonResult
from workbench.likelihood.mode import Mode, make_target
from workbench.likelihood.nested import (
    LIKELIHOOD_RATIO,
    SCORE,
    WALD,
    NestedTest,
    NullStatistic,
    approach_bound,
    check_inside,
    compute_tests,
    find_bound,
    list_values,
    list_warnings,
    make_boundary_statistic,
    make_statistic,
    unconstrain,
)
from workbench.likelihood.null import NullConstraint
from workbench.likelihood.row_scores import compute_log_liks
from workbench.provenance import derive_seeds
from workbench.results import Fit
from workbench.results.quantities import owner
from workbench.thresholds import SAME_LIKELIHOOD_LIMIT, SAME_MODE_LOG_DENSITY

_POINTS = 4
"""Points around the estimate at which both likelihoods are compared. Ours."""

_SEED = 6
"""Which of the seeds derived from that of the run is for these points."""

_MOST_LISTED = 4
"""Parameters that a message lists. Ours."""


@dataclass(frozen=True)
class Side:
    """One of two runs.

    Attributes
    ----------
    name
        What it is called.
    fit
        The run.
    mode
        Its MLE.
    """

    name: str
    fit: Fit
    mode: Mode

    @property
    def parameters(self) -> tuple[str, ...]:
        """Stan's names of its parameters."""
        declared = {item.name for item in self.mode.context.request.program.parameters}
        return tuple(name for name in self.mode.curvature.names if owner(name).partition(".")[0] in declared)

    def label(self, name: str) -> str:
        """Return the name for people of a parameter."""
        return self.fit.results.label(name)


def compare_nested(small: Side, large: Side, constraints: Sequence[NullConstraint]) -> NestedTest:
    """Return the tests of a null that turns one run's model into that of another.

    Parameters
    ----------
    small, large
        The runs.
    constraints
        What the null states of parameters of the larger one.

    Raises
    ------
    RequestError
        The smaller model is not the larger one under the null: the message says why.
    """
    for item in constraints:
        check_inside(large.mode, item)
    sources = _match_parameters(small, large, constraints)
    extra = len(large.mode.point) - len(small.mode.point)
    if extra != len(constraints):
        raise RequestError(
            f"`{large.name}` has {len(large.mode.point)} free parameters and `{small.name}` "
            f"{len(small.mode.point)}, but "
            f"the null sets {len(constraints)}: it does not turn one model into the other."
        )
    bounded = [item for item in constraints if find_bound(large.mode, item)]
    if len(bounded) > 1:
        listed = ", ".join(f"`{item.words}`" for item in bounded)
        raise RequestError(
            f"{listed} are on bounds: with several parameters there, the distribution of the likelihood "
            "ratio depends on "
            "their covariances, and is not known here.",
            hint="test one of them at a time",
        )
    points = _list_points(small)
    small_values = compute_log_liks(small.mode, points)
    bound = bounded[0] if bounded else None
    start = _prove(small, large, sources, constraints, bound, points, small_values)
    words = (_describe_proof(small, large, constraints, small_values),)
    return _test(small, large, constraints, bound, start, float(small_values[0].sum()), words)


def _test(
    small: Side,
    large: Side,
    constraints: Sequence[NullConstraint],
    bound: NullConstraint | None,
    start: Floats,
    small_log_lik: float,
    words: tuple[str, ...],
) -> NestedTest:
    large_log_lik = float(compute_log_liks(large.mode, large.mode.point[None])[0].sum())
    gain = large_log_lik - small_log_lik
    if gain < -SAME_MODE_LOG_DENSITY:
        raise RequestError(
            f"the log likelihood of `{small.name}` is {-gain:.3g} nats higher than that of "
            f"`{large.name}`, which contains "
            f"it: the MLE of `{large.name}` is only a local maximum.",
            hint="fit it again with more --starts",
        )
    statistic = max(0.0, 2 * gain)
    if bound is None:
        found = compute_tests(large.fit, large.mode, constraints, start)
        higher = found.restricted_log_lik - found.log_lik - (small_log_lik - large_log_lik)
        if higher > SAME_MODE_LOG_DENSITY:
            raise RequestError(
                f"under the null the likelihood of `{large.name}` reaches {higher:.3g} nats more than the "
                "MLE of "
                f"`{small.name}`, which is only a local maximum.",
                hint="fit it again with more --starts",
            )
        ratio = make_statistic(LIKELIHOOD_RATIO, statistic, len(constraints))
        return replace(
            found,
            tests=(ratio, *found.tests[1:]),
            log_lik=large_log_lik,
            restricted_log_lik=small_log_lik,
            words=(*words, *found.words),
        )
    ratio = make_boundary_statistic(statistic, len(constraints))
    reason = f"`{bound.words}` is on its bound, where score and Wald statistics are not chi-squared."
    others = (NullStatistic(test, None, len(constraints), None, "", reason) for test in (SCORE, WALD))
    return NestedTest(
        large.fit.results.model.name,
        tuple(constraints),
        (ratio, *others),
        large_log_lik,
        small_log_lik,
        list_values(small.fit, small.mode, small.mode.curvature),
        (
            *words,
            f"`{bound.label}` cannot lie beyond {bound.value:g}: under the null its estimate is on the "
            "bound in half of all "
            "samples, and the p-value is that of a mixture (Self and Liang, 1987).",
        ),
        tuple(list_warnings(large.fit, large.mode, (ratio,))),
    )


def find_stopped(fit: Fit, context: FitContext) -> Mode | None:
    """Return where the search of a run without a regular MLE ended, as two runs are compared by it.

    It has values and a point, and neither curvature nor directions; `None` if the end is not known.
    """
    parameters = {item.name for item in context.request.program.parameters}
    values = {
        name: float(value)
        for name, value in fit.results.mle.stopped_at.items()
        if owner(name).partition(".")[0] in parameters and value is not None
    }
    if not values:
        return None
    target = make_target(context, "mle")
    row = np.array([list(values.values())])
    point = np.asarray(target.backend.unconstrain_values(target.job, tuple(values), row)[0])
    if not np.isfinite(point).all():
        return None
    flat = np.zeros((len(point), len(point)))
    around = Curvature(
        np.nan, point * 0, flat, (), point, tuple(values), row[0], np.zeros((len(values), len(point)))
    )
    return Mode(
        context, "mle", target, around, NewtonResult(point, point * 0, np.nan, flat, point * 0, False)
    )


def compare_at_bound(small: Side, large: Side, constraints: Sequence[NullConstraint]) -> NestedTest | None:
    """Return the test where the larger run's likelihood is highest on the bound that the null states.

    The statistic is 0 then. `None` where something else keeps it from a maximum: more than the parameter of
    the null, or a likelihood that is higher elsewhere.

    Parameters
    ----------
    small, large
        The runs; the larger one where its search ended.
    constraints
        What the null states of the larger one.

    Raises
    ------
    RequestError
        The smaller model is not the larger one under the null.
    """
    if len(constraints) != 1 or not find_bound(large.mode, constraints[0]):
        return None
    bound = constraints[0]
    sources = _match_parameters(small, large, constraints)
    points = _list_points(small)
    small_values = compute_log_liks(small.mode, points)
    _prove(small, large, sources, constraints, bound, points, small_values)
    here = float(small_values[0].sum())
    estimate = _read_small_values(small, points[:1])[0]
    given = {
        name: bound.value if name == bound.name else estimate[sources[name]] for name in large.parameters
    }
    near = [point for point in approach_bound(large.mode, given, bound) if np.isfinite(point).all()]
    heights = [float(compute_log_liks(large.mode, point[None])[0].sum()) for point in near]
    end = float(compute_log_liks(large.mode, large.mode.point[None])[0].sum())
    if abs(end - here) > SAME_MODE_LOG_DENSITY or max(heights) > here + SAME_MODE_LOG_DENSITY:
        return None
    reason = f"`{bound.words}` is on its bound, where score and Wald statistics are not chi-squared."
    others = (NullStatistic(test, None, 1, None, "", reason) for test in (SCORE, WALD))
    return NestedTest(
        large.fit.results.model.name,
        tuple(constraints),
        (make_boundary_statistic(0.0, 1), *others),
        here,
        here,
        list_values(small.fit, small.mode, small.mode.curvature),
        (
            _describe_proof(small, large, constraints, small_values),
            f"the likelihood of `{large.name}` is highest with `{bound.label}` on its bound, "
            f"{bound.value:g}, and no higher than without it.",
        ),
    )


def _describe_proof(small: Side, large: Side, constraints: Sequence[NullConstraint], values: Floats) -> str:
    return (
        f"`{small.name}` is `{large.name}` with {', '.join(item.words for item in constraints)}: at "
        f"{len(values)} sets of parameters both give all {values.shape[1]:,} observations the same log "
        "likelihood."
    )


def _match_parameters(small: Side, large: Side, constraints: Sequence[NullConstraint]) -> dict[str, str]:
    """Return, for each parameter of the larger run that the null leaves free, that of the smaller one.

    They are matched by their names for people, such as `beta[age]`, which stay where predictors are left out.

    Raises
    ------
    RequestError
        A parameter of one has no counterpart in the other.
    """
    fixed = {item.name for item in constraints}
    by_label = {small.label(name): name for name in small.parameters}
    sources: dict[str, str] = {}
    absent = []
    for name in large.parameters:
        if name in fixed:
            continue
        label = large.label(name)
        unlabelled = name if name in small.parameters and small.label(name) == name else None
        source = by_label.get(label, unlabelled if label == name else None)
        if source is None:
            absent.append(label)
        else:
            sources[name] = source
    if absent:
        raise RequestError(
            f"{_list(absent)} of `{large.name}` {'are' if len(absent) > 1 else 'is'} neither in "
            f"`{small.name}` nor set by "
            "the null: it is not known which value the smaller model gives.",
            hint="set each parameter that the smaller model lacks with --null",
        )
    unused = [small.label(name) for name in small.parameters if name not in sources.values()]
    if unused:
        raise RequestError(
            f"`{large.name}` lacks {_list(unused)}, which `{small.name}` estimates: the model of "
            f"`{small.name}` is not "
            f"part of that of `{large.name}`."
        )
    return sources


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_LISTED])
    return f"{shown} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else shown


def _list_points(small: Side) -> Floats:
    """Return the estimate of the smaller run, and points within a standard error or so, `(P, U)`."""
    rng = np.random.default_rng(derive_seeds(small.mode.context.request.seed, _SEED + 1)[_SEED])
    directions = small.mode.newton.directions
    steps = rng.standard_normal((_POINTS, directions.shape[1])) @ directions.T
    return np.concatenate([small.mode.point[None], small.mode.point + steps])


def _read_small_values(small: Side, points: Floats) -> list[dict[str, float]]:
    run = small.mode.target.backend.compute_quantities(small.mode.job, points)
    return [dict(zip(run.columns, row.tolist(), strict=True)) for row in run.draws[0]]


def _prove(
    small: Side,
    large: Side,
    sources: Mapping[str, str],
    constraints: Sequence[NullConstraint],
    bound: NullConstraint | None,
    points: Floats,
    small_values: Floats,
) -> Floats:
    """Return the smaller run's estimate as a point of the larger one, `(U,)`, once both are proved the same.

    Raises
    ------
    RequestError
        The log likelihoods differ.
    """
    constants = {item.name: item.value for item in constraints}
    start: Floats | None = None
    for values, known in zip(_read_small_values(small, points), small_values, strict=True):
        given = {
            name: constants[name] if name in constants else values[sources[name]] for name in large.parameters
        }
        candidates: Iterator[Floats] = iter([unconstrain(large.mode, given)])
        if bound is not None:
            candidates = approach_bound(large.mode, given, bound)
        gaps = []
        for point in candidates:
            if not np.isfinite(point).all():
                continue
            try:
                found = compute_log_liks(large.mode, point[None])[0]
            except RunError:
                continue
            gaps.append(_measure_gap(found, known))
            start = point if start is None else start
        if not gaps or not min(gaps) <= SAME_LIKELIHOOD_LIMIT:
            _refuse(small, large, constraints, known, gaps)
    if start is None:
        raise RequestError(f"`{large.name}` cannot be evaluated at the estimate of `{small.name}`.")
    return start


def _measure_gap(found: Floats, known: Floats) -> float:
    """Return the relative difference of two sets of log likelihoods, observation by observation."""
    if found.shape != known.shape:
        return np.inf
    largest = np.abs(found - known).max(initial=0.0) / max(1.0, np.abs(known).max(initial=0.0))
    total = abs(found.sum() - known.sum()) / max(1.0, abs(known.sum()))
    return float(max(largest, total)) if np.isfinite(largest) else np.inf


def _refuse(
    small: Side, large: Side, constraints: Sequence[NullConstraint], known: Floats, gaps: Sequence[float]
) -> None:
    """Refuse two runs whose likelihoods differ where they should be the same.

    Raises
    ------
    RequestError
        Always.
    """
    stated = ", ".join(item.words for item in constraints)
    how = (
        f"they differ by {min(gaps):.2g} of their size, or more"
        if gaps and np.isfinite(min(gaps))
        else "they cannot be compared observation by observation"
    )
    raise RequestError(
        f"`{small.name}` is not `{large.name}` with {stated}: at the same parameters both should give "
        "each of "
        f"{len(known):,} observations the same log likelihood, but {how}.",
        hint="both need the same outcome and rows, and a likelihood that the null turns into the other",
    )
