"""Measurements of a small study, made by hand."""

from collections.abc import Sequence
from typing import Any

from workbench.results.view import Sensitivity
from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.view import (
    BaseVerdict,
    DataSource,
    FitCounts,
    PlanResult,
    PointResult,
    ScalingResult,
    StageStatus,
    StudiedModel,
    StudyMeasurements,
    TippingPoint,
    TippingSide,
)

CALM = ScalingResult(parameters={"mu": Sensitivity(prior=0.01)}, how={"prior": "weights"})
"""Power-scaling that finds nothing."""


def make_point(
    number: int, how: Any = None, values: dict[str, float] | None = None, **fields: Any
) -> PointResult:
    """Return a point: the base, or one that sets `mu.sigma` to its number."""
    if values is None:
        values = {"mu.sigma": float(number)} if number else {}
    label = ", ".join(f"{name} = {value:g}" for name, value in values.items()) or "as fitted"
    origin: Any = how or ("weights" if number else "base")
    return PointResult(
        number=number, name="", label=label, values=values, how=origin,
        **{"forms": {}, "reason": "", **fields},
    )  # fmt: skip


def make_outcome(
    number: int, mean: float | None, name: str = "mu", method: str = "nuts", **fields: Any
) -> OutcomeRow:
    """Return the outcome of a method for one quantity at a point."""
    return OutcomeRow(point=number, method=method, parameter=name, label=name, mean=mean, **fields)


def make_tip(name: str, nearest: Any = None, **sides: TippingSide) -> TippingPoint:
    """Return the search for where `mean(mu)<5` tips along a hyperparameter; by default it does not."""
    none = TippingSide(status="none", reason="it does not change.", searched=0.5)
    below, above = sides.get("below", none), sides.get("above", TippingSide(status="none", searched=8.0))
    return TippingPoint(
        decision="mean(mu)<5", hyperparameter=name, base=2.0, holds=True, nearest=nearest,
        below=below, above=above,
    )  # fmt: skip


def make_measurements(points: Sequence[PointResult], **fields: Any) -> StudyMeasurements:
    """Return the measurements of a study without decisions, by NUTS alone."""
    hows = [point.how for point in points]
    counts = {how: hows.count(how) for how in ("base", "refit", "weights", "failed", "skipped")}
    full = 1 + counts["refit"] + fields.pop("further_refits", 0)
    known: dict[str, Any] = {
        "base": BaseVerdict(verdict="ok"),
        "plan": PlanResult(methods=("nuts",)),
        "power_scaling": CALM,
        "prior_alone": StageStatus(status="skipped"),
        "fits": FitCounts(**counts, full=full, points=len(points)),
    }
    return StudyMeasurements(
        schema=1, workbench="", created="", seed=1, model=StudiedModel(name="m", path="m.stan"),
        data=DataSource(path="d.csv"), points=tuple(points), **{**known, **fields},
    )  # fmt: skip
