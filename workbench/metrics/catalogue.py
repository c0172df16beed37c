"""Every metric, once: its name, kind, unit, labels and meaning.

Names follow Prometheus: base units at the end, `_total` for counters, times as seconds since 1970
(https://prometheus.io/docs/practices/naming/). No label has a value for each row, draw, request or parameter.

`model` is the name of a model in the registry; of a fit outside one, that of its program, and of a run that
is scored, that of its folder. `version` is its number, and empty outside a registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]
AcrossWorkers = Literal["livesum", "mostrecent", "sum"]

LATENCIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets of a request's time [s]. Ours: close together around 15 ms."""


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name
        Its name; a counter's ends in `_total`.
    kind
        What it is for Prometheus.
    help
        What it says, in a sentence.
    labels
        The names of its labels.
    unit
        The unit of its values; empty for counts, and for 0 and 1.
    across_workers
        What a gauge of a service makes of its workers' values: the sum of those that are alive or of all that
        were, or the one that was set last.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    across_workers: AcrossWorkers = "livesum"


def _count(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "counter", text, labels)


def _gauge(name: str, text: str, *labels: str, unit: str = "") -> Metric:
    return Metric(name, "gauge", text, labels, unit)


# --- A service --------------------------------------------------------------------------------------------

REQUESTS = _count(
    "workbench_requests_total",
    "Answered requests, by the status of HTTP.",
    "model", "version", "route", "status",
)  # fmt: skip
ROWS = _count("workbench_rows_total", "Rows in answered requests.", "model", "version", "route")
REJECTED = _count(
    "workbench_rejected_requests_total",
    "Requests that were turned away before they were computed, by reason.",
    "model", "reason",
)  # fmt: skip
SHADOW_REQUESTS = _count(
    "workbench_shadow_requests_total",
    "Requests that a version in the shadow computed beside the one that answered.",
    "model", "version", "outcome",
)  # fmt: skip
RESTARTS = _count("workbench_worker_restarts_total", "Workers that were started again.", "model")
REQUEST_SECONDS = Metric(
    "workbench_request_seconds",
    "histogram",
    "Time from the arrival of a request to its answer.",
    ("model", "route"),
    "seconds",
)
VERSION_IN_USE = _gauge(
    "workbench_version_in_use", "Workers that answer with this version.", "model", "alias", "version"
)
IN_FLIGHT = _gauge("workbench_requests_in_flight", "Requests that are being answered.", "model")
LOG_SCORE_MEAN = Metric(
    "workbench_log_score_mean",
    "gauge",
    "Mean log predictive density of rows; `source` says of which: each row of the fit left out (fit), "
    "rows that were scored (score), or those sent to a service (service).",
    ("model", "version", "source"),
    "nats",
    "mostrecent",
)
SCORED_ROWS = _count(
    "workbench_scored_rows_total", "Rows sent to a service with their outcome.", "model", "version"
)
LOG_SCORE_ACCUMULATED = Metric(
    "workbench_log_score_accumulated",
    "gauge",
    "Sum of the log predictive densities of these rows.",
    ("model", "version", "source"),
    "nats",
    "sum",
)
SHADOW_DISTANCE = Metric(
    "workbench_shadow_distance",
    "histogram",
    "Distance between the means of a version in the shadow and of the one that answered, in standard "
    "deviations of the latter's prediction.",
    ("model", "version"),
)
VERSION_CHANGES = _count(
    "workbench_version_changes_total",
    "Versions that a worker was to answer with from then on, by outcome: opened, failed.",
    "model", "outcome",
)  # fmt: skip
"""What a service tells of itself; the average log score fits and scores tell too."""

# --- Jobs: fit, refit, score, monitor ---------------------------------------------------------------------

JOB_SUCCESS = _gauge(
    "workbench_job_success", "Whether the last run of a command ended with exit code 0.", "command", "model"
)
JOB_EXIT_CODE = _gauge("workbench_job_exit_code", "Exit code of its last run.", "command", "model")
JOB_SECONDS = _gauge(
    "workbench_job_duration_seconds",
    "Wall time of its last run.",
    "command", "model", unit="seconds",
)  # fmt: skip
JOB_LAST_RUN = _gauge(
    "workbench_job_last_run_timestamp_seconds",
    "When its last run ended.",
    "command", "model", unit="seconds",
)  # fmt: skip
JOB_LAST_SUCCESS = _gauge(
    "workbench_job_last_success_timestamp_seconds",
    "When its last run with exit code 0 ended; missing before the first.",
    "command", "model", unit="seconds",
)  # fmt: skip

# --- Fits -------------------------------------------------------------------------------------------------

FIT_SECONDS = _gauge(
    "workbench_fit_duration_seconds",
    "Time that the methods of a fit took.",
    "model", "version", unit="seconds",
)  # fmt: skip
FIT_ROWS = _gauge("workbench_fit_rows", "Rows of the fit.", "model", "version")
FIT_DRAWS = _gauge("workbench_fit_draws", "Posterior draws of all chains.", "model", "version")
FIT_RHAT = _gauge("workbench_fit_rhat_max", "Largest R-hat of a quantity.", "model", "version")
FIT_ESS = _gauge(
    "workbench_fit_ess_bulk_min", "Smallest bulk effective sample size of a quantity.", "model", "version"
)
FIT_DIVERGENCES = _gauge("workbench_fit_divergences", "Divergent transitions.", "model", "version")
FIT_VERDICT = _gauge(
    "workbench_fit_verdict",
    "1 for the verdict of all checks, 0 for the others: ok, caution, fail.",
    "model", "version", "verdict",
)  # fmt: skip
FIT_FAILED_METHODS = _gauge(
    "workbench_fit_failed_methods", "Methods that were tried and failed.", "model", "version"
)

# --- Retraining -------------------------------------------------------------------------------------------

REFIT_IS_NEW = _gauge(
    "workbench_refit_is_new", "Whether a version was made; 0 where there was nothing to do.", "model"
)
REFIT_VERSION = _gauge("workbench_refit_version", "Number of the version with these rows.", "model")
REFIT_GATE_PASSED = _gauge(
    "workbench_refit_gate_passed", "Whether the version passed its gate; missing without a gate.",
    "model", "version",
)  # fmt: skip
REFIT_IS_CHAMPION = _gauge(
    "workbench_refit_is_champion", "Whether the version is the champion.", "model", "version"
)
REFIT_SEGMENTS = _gauge(
    "workbench_refit_segments",
    "Groups of a table, by what came of them: fitted, unchanged, refused by the gate, failed.",
    "model", "outcome",
)  # fmt: skip
"""What a job tells beside the fit of its rows."""

# --- Rows with outcomes, scored ---------------------------------------------------------------------------

SCORE_ROWS = _gauge("workbench_score_rows", "Rows that were scored.", "model", "version")
SCORE_LOG_SCORE = _gauge(
    "workbench_score_log_score_mean",
    "Mean log predictive density of the rows, by method.",
    "model", "version", "outcome", "method", unit="nats",
)  # fmt: skip
SCORE_CALIBRATION = _gauge(
    "workbench_score_calibration_error",
    "Expected calibration error of predicted probabilities.",
    "model", "version", "outcome", "method",
)  # fmt: skip
SCORE_COVERAGE_GAP = _gauge(
    "workbench_score_coverage_gap",
    "Share of outcomes inside predictive intervals, less the level of these.",
    "model", "version", "outcome", "method", "level",
)  # fmt: skip

# --- Monitoring -------------------------------------------------------------------------------------------

MONITOR_LOG_DETECTOR = _gauge(
    "workbench_monitor_log_detector",
    "Log of the detector over log of its threshold: an alarm is raised at 1.",
    "model", "version", "family",
)  # fmt: skip
MONITOR_ALARM = _gauge("workbench_monitor_alarm", "Whether an alarm is raised.", "model", "version", "family")
MONITOR_STATISTIC = _gauge(
    "workbench_monitor_statistic",
    "Log of the detector of a leading statistic over log of the threshold.",
    "model", "version", "statistic",
)  # fmt: skip
MONITOR_BATCHES = _count(
    "workbench_monitor_batches_total", "Batches that were monitored.", "model", "version"
)
MONITOR_ROWS = _count("workbench_monitor_rows_total", "Rows that were monitored.", "model", "version")
MONITOR_LAST_BATCH = _gauge(
    "workbench_monitor_last_batch_timestamp_seconds",
    "When the last batch was monitored.",
    "model", "version", unit="seconds",
)  # fmt: skip

METRICS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""Every metric, in the order above."""

BY_NAME: Final = {metric.name: metric for metric in METRICS}
"""Every metric by its name."""
