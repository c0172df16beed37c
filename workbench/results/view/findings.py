"""Measures and checks of a run, as `run.json` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from workbench.results.view.estimates import Status


class LooRow(Struct, frozen=True):
    """A row of the data that weighs much: its number from 1, name, k-hat and elpd [nats].

    Where a log density is no row of the table, `label` says what it is: a value of an outcome, which `row`
    numbers, or an entry of the log likelihood.
    """

    row: int
    label: str = ""
    khat: float | None = None
    elpd: float | None = None


class LooResult(Struct, frozen=True, kw_only=True):
    """Leave-one-out cross-validation; `bad` counts the rows whose k-hat is above `khat_limit`.

    Of very many rows only `sampled` were examined, chosen at random: `khat_max`, `bad` and `rows` are of
    those, `sampling_se` is the standard error of `elpd` as an estimate of the sum over all rows, and `wide`
    counts, of all rows, those whose log likelihood varies so much that leaving them out may fail. `se`
    remains that of the sum as an estimate for new data. `remark` says what is left out at a time, where that
    is no row of the table.
    """

    status: Status = "ok"
    reason: str = ""
    elpd: float | None = None
    se: float | None = None
    p_loo: float | None = None
    observations: int | None = None
    khat_max: float | None = None
    khat_limit: float | None = None
    bad: int | None = None
    rows: tuple[LooRow, ...] = ()
    sampled: int | None = None
    sampling_se: float | None = None
    wide: int | None = None
    remark: str = ""

    @property
    def examined(self) -> int | None:
        """The rows whose k-hat is known: all, or those of the sample."""
        return self.observations if self.sampled is None else self.sampled

    @property
    def is_ok(self) -> bool:
        """Whether it could be computed."""
        return self.status == "ok"

    def is_influential(self, row: LooRow) -> bool:
        """Return whether the k-hat of a row is above the limit, or not finite."""
        return row.khat is None or (self.khat_limit is not None and row.khat > self.khat_limit)


class StatisticCheck(Struct, frozen=True):
    """A test statistic of the observed data among those of replicated data."""

    name: str = ""
    observed: float | None = None
    p_value: float | None = None
    replicated: float | None = None
    lower: float | None = None
    upper: float | None = None


class PitUniformity(Struct, frozen=True):
    """Whether probability integral transforms are uniform; `source` is `loo` or `posterior`."""

    source: str = ""
    uniform_p: float | None = None


class IntervalCoverage(Struct, frozen=True):
    """How often intervals of a level hold the left-out value, with the band that chance gives."""

    level: float | None = None
    observed: float | None = None
    inside: int | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None


class ReliabilityBin(Struct, frozen=True):
    """Predicted probability and observed share of one bin, with the band that calibration allows."""

    predicted: float | None = None
    observed: float | None = None
    count: int | None = None
    lower: float | None = None
    upper: float | None = None


class CalibrationScores(Struct, frozen=True):
    """Scores of the predicted probabilities of a binary outcome."""

    source: str = ""
    brier: float | None = None
    log_loss: float | None = None
    calibration_error: float | None = None
    base_rate: float | None = None
    reliability: tuple[ReliabilityBin, ...] = ()
    spiegelhalter_z: float | None = None


class Dispersion(Struct, frozen=True):
    """Spread of observed counts relative to replicated ones, and the share of replicates above it.

    `loo_ratio` and `loo_p_value` are those of counts predicted from all others; `unreliable` counts rows with
    a k-hat above its limit.
    """

    ratio: float | None = None
    p_value: float | None = None
    loo_ratio: float | None = None
    loo_p_value: float | None = None
    unreliable: int | None = None


class SerialDependence(Struct, frozen=True):
    """Autocorrelation of residuals along an order of the rows.

    `neighbours` is that at lag 1, `average` the mean over all `lags`; `p_value` is against positive
    correlation; `design_effect` is the variance of a mean relative to that of independent rows.
    """

    along: str = ""
    observations: int | None = None
    neighbours: float | None = None
    average: float | None = None
    lags: int | None = None
    p_value: float | None = None
    design_effect: float | None = None


class ClusterDependence(Struct, frozen=True):
    """Intraclass correlation of residuals within the levels of a column that the program does not use.

    `p_value` is that of the one-way analysis of variance; `design_effect` as for `SerialDependence`.
    """

    column: str = ""
    levels: int | None = None
    observations: int | None = None
    correlation: float | None = None
    p_value: float | None = None
    design_effect: float | None = None


class OutcomeCheck(Struct, frozen=True, kw_only=True):
    """Replicated data compared with one observed outcome."""

    name: str = ""
    replicate: str = ""
    kind: str = ""
    source: str = ""
    conditional: bool = False
    observations: int | None = None
    left_out: int | None = None
    statistics: tuple[StatisticCheck, ...] = ()
    pit: PitUniformity = PitUniformity()
    coverage: tuple[IntervalCoverage, ...] = ()
    scores: CalibrationScores | None = None
    dispersion: Dispersion | None = None
    serial: tuple[SerialDependence, ...] = ()
    clusters: tuple[ClusterDependence, ...] = ()


class UncheckedOutcome(Struct, frozen=True):
    """An outcome that has no replicates, and why; `too_costly` where there could have been some."""

    name: str = ""
    reason: str = ""
    too_costly: bool = False


class PredictiveResult(Struct, frozen=True, kw_only=True):
    """Posterior predictive checks of every outcome."""

    status: Status = "ok"
    reason: str = ""
    outcomes: tuple[OutcomeCheck, ...] = ()
    left_out: tuple[UncheckedOutcome, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether some outcome could be checked."""
        return self.status == "ok"


class PriorStatement(Struct, frozen=True):
    """A prior statement that was scaled by itself: its text, its line, and its number among the terms."""

    statement: str = ""
    line: int | None = None
    term: int | None = None


class Sensitivity(Struct, frozen=True):
    """How far the posterior of a quantity moves per doubling of a power; `statements` one by one.

    `prior_weight` is the information of the priors about it relative to that of the data, and `prior_rows`
    the number of rows that would hold as much.
    """

    label: str = ""
    prior: float | None = None
    likelihood: float | None = None
    statements: tuple[float | None, ...] = ()
    diagnosis: str = ""
    prior_weight: float | None = None
    prior_rows: float | None = None


class PowerScalingResult(Struct, frozen=True, kw_only=True):
    """Power-scaling sensitivity of parameters and predictions; `khat` by what was scaled."""

    status: Status = "ok"
    reason: str = ""
    alphas: tuple[float, ...] = ()
    threshold: float | None = None
    khat_threshold: float | None = None
    statements: tuple[PriorStatement, ...] = ()
    khat: Mapping[str, float | None] = field(default_factory=dict)
    parameters: Mapping[str, Sensitivity] = field(default_factory=dict)
    predictions: Mapping[str, Sensitivity] = field(default_factory=dict)
    how: Mapping[str, str] = field(default_factory=dict)
    powers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether it could be measured."""
        return self.status == "ok"


class CheckResult(Struct, frozen=True, kw_only=True):
    """A check and what it found; `cause` is the code of the finding from which that follows, if any does."""

    code: str = ""
    title: str = ""
    threshold: str = ""
    reference: str = ""
    meaning: str = ""
    advice: str = ""
    status: Literal["issue", "tip", "passed", "n/a", "skipped"] = "skipped"
    message: str = ""
    measured: float | None = None
    severity: Literal["fail", "caution", "none"] = "none"
    cause: str = ""


class DiagnosisResult(Struct, frozen=True):
    """The verdict on a run, the sentences behind it, every check, and what skipped checks left unchecked."""

    verdict: Literal["ok", "caution", "fail"]
    reasons: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    not_checked: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the verdict and its reasons, not every check."""
        passed = sum(check.status == "passed" for check in self.checks)
        counted = f"{passed} of {len(self.checks)} checks passed."
        return f"<{self.verdict}: {' '.join([counted, *self.reasons])}>"
