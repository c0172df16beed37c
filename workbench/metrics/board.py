"""A board for Grafana, in its classic JSON model: services, drift, scores, fits and jobs.

References
----------
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_SCHEMA = 39
"""The version of Grafana's classic model: that of Grafana 11, which later versions read."""

_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 24
"""The size of a panel, and the columns of a board, in Grafana's grid."""

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The data source, which is chosen on the board."""

_MODELS = 'model=~"$model"'
"""Which models are shown."""


Queries = tuple[tuple[str, str], ...]
"""Expressions of PromQL, each with the text of its lines."""


@dataclass(frozen=True)
class Panel:
    """A panel: what it shows, in which unit, and lines by their labels.

    Attributes
    ----------
    title, description
        What it is called, and what to look for.
    queries
        Each expression of PromQL, with the text of its lines.
    unit
        A unit of Grafana.
    limit
        Where a line is drawn that should not be crossed.
    """

    title: str
    description: str
    queries: Queries
    unit: str = "short"
    limit: float | None = None


def _plain(metric: str, lines: str, more: str = "") -> Queries:
    """Return a metric as it is."""
    return ((f"{_select(metric, more)}", lines),)


def _rate(metric: str, *by: str, more: str = "") -> str:
    """Return how fast a counter grows, by some of its labels."""
    return f"sum by ({', '.join(by)}) (rate({_select(metric, more)}[$__rate_interval]))"


def _quantile(share: float) -> str:
    buckets = _rate("workbench_request_seconds_bucket", "model", "le", more='route="predict"')
    return f"histogram_quantile({share}, {buckets})"


def _select(metric: str, more: str = "") -> str:
    return f"{metric}{{{', '.join(part for part in (_MODELS, more) if part)}}}"


_VERSION = "{{model}}@{{version}}"
"""The text of a line that belongs to a version."""

ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Service",
        (
            Panel(
                "Requests",
                "Answers by status.",
                ((_rate("workbench_requests_total", "model", "status"), "{{model}} {{status}}"),),
                "reqps",
            ),
            Panel(
                "Errors",
                "Share of requests that end with an error of the service.",
                (
                    (
                        "("
                        + _rate("workbench_requests_total", "model", more='status=~"5.."')
                        + " or 0 * "
                        + _rate("workbench_requests_total", "model")
                        + ") / "
                        + _rate("workbench_requests_total", "model"),
                        "{{model}}",
                    ),
                ),
                "percentunit",
                0.01,
            ),
            Panel(
                "Time of a prediction",
                "Median, and what 1 in 20 requests exceeds.",
                ((_quantile(0.5), "{{model}} median"), (_quantile(0.95), "{{model}} p95")),
                "s",
                0.1,
            ),
            Panel(
                "Rows",
                "Rows in answered requests, by version.",
                ((_rate("workbench_rows_total", "model", "version"), _VERSION),),
                "rowsps",
            ),
            Panel(
                "Versions in use",
                "Workers that answer with each version.",
                (
                    (
                        f"sum by (model, alias, version) ({_select('workbench_version_in_use')})",
                        _VERSION + " ({{alias}})",
                    ),
                ),
            ),
            Panel(
                "Being answered",
                "Requests in flight.",
                ((f"sum by (model) ({_select('workbench_requests_in_flight')})", "{{model}}"),),
            ),
            Panel(
                "Turned away",
                "Requests that were not computed, by reason.",
                ((_rate("workbench_rejected_requests_total", "model", "reason"), "{{model}} {{reason}}"),),
                "reqps",
            ),
            Panel(
                "Shadow",
                "Requests that a version in the shadow computed besides.",
                (
                    (
                        _rate("workbench_shadow_requests_total", "model", "version", "outcome"),
                        _VERSION + " {{outcome}}",
                    ),
                ),
                "reqps",
            ),
            Panel(
                "Distance of the shadow",
                "Between its mean and that of the answer [SD of the prediction]: median, and 1 in 20.",
                tuple(
                    (
                        "histogram_quantile("
                        f"{share}, {_rate('workbench_shadow_distance_bucket', 'model', 'version', 'le')})",
                        f"{_VERSION} {name}",
                    )
                    for share, name in ((0.5, "median"), (0.95, "p95"))
                ),
            ),
            Panel(
                "Versions opened",
                "By each worker, and those that could not be.",
                (
                    (
                        "sum by (model, outcome) "
                        f"(increase({_select('workbench_version_changes_total')}[1h]))",
                        "{{model}} {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "Workers started again",
                "Each is a crash.",
                ((f"increase({_select('workbench_worker_restarts_total')}[1h])", "{{model}}"),),
            ),
        ),
    ),
    (
        "Drift",
        (
            Panel(
                "Detector",
                "Log of the detector over log of its threshold: an alarm is raised at 1.",
                _plain("workbench_monitor_log_detector", _VERSION + " {{family}}"),
                limit=1.0,
            ),
            Panel(
                "Leading statistics",
                "What moves the detector.",
                _plain("workbench_monitor_statistic", _VERSION + " {{statistic}}"),
                limit=1.0,
            ),
            Panel(
                "Alarms",
                "1 while an alarm is raised.",
                _plain("workbench_monitor_alarm", _VERSION + " {{family}}"),
            ),
            Panel(
                "Rows monitored",
                "All rows so far.",
                _plain("workbench_monitor_rows_total", _VERSION),
            ),
            Panel(
                "Batches monitored",
                "All batches so far.",
                _plain("workbench_monitor_batches_total", _VERSION),
            ),
            Panel(
                "Since the last batch",
                "Without batches no drift is found.",
                (
                    (
                        f"time() - workbench_monitor_last_batch_timestamp_seconds{{{_MODELS}}}",
                        _VERSION,
                    ),
                ),
                "s",
            ),
        ),
    ),
    (
        "Scores",
        (
            Panel(
                "Log score",
                "Mean log predictive density [nats]: of rows left out of the fit, scored, served.",
                _plain("workbench_log_score_mean", _VERSION + " {{source}}"),
            ),
            Panel(
                "Log score of served rows",
                "Mean over the last hour [nats], of rows sent with their outcome.",
                (
                    (
                        f"sum by (model, version) (delta({_select('workbench_log_score_accumulated')}[1h]))"
                        " / sum by (model, version) "
                        f"(increase({_select('workbench_scored_rows_total')}[1h]))",
                        _VERSION,
                    ),
                ),
            ),
            Panel(
                "Log score by method",
                "Rows that were scored [nats]: the posterior beside points.",
                _plain("workbench_score_log_score_mean", _VERSION + " {{outcome}} {{method}}"),
            ),
            Panel(
                "Coverage less its level",
                "0 where intervals hold what they say.",
                _plain(
                    "workbench_score_coverage_gap",
                    _VERSION + " {{outcome}} {{level}}",
                    'method!~"map|mle"',
                ),
                "percentunit",
            ),
            Panel(
                "Calibration error",
                "Of predicted probabilities.",
                _plain("workbench_score_calibration_error", _VERSION + " {{outcome}} {{method}}"),
                "percentunit",
                0.1,
            ),
            Panel("Rows scored", "", _plain("workbench_score_rows", _VERSION)),
        ),
    ),
    (
        "Fits and jobs",
        (
            Panel(
                "Exit codes",
                "0 done; 1 refused by a gate, or --strict; others are failures.",
                _plain("workbench_job_exit_code", "{{command}} {{model}}"),
            ),
            Panel(
                "Since the last success",
                "By job.",
                (
                    (
                        f"time() - workbench_job_last_success_timestamp_seconds{{{_MODELS}}}",
                        "{{command}} {{model}}",
                    ),
                ),
                "s",
            ),
            Panel("Time of jobs", "", _plain("workbench_job_duration_seconds", "{{command}} {{model}}"), "s"),
            Panel(
                "Verdicts",
                "1 for the verdict of all checks.",
                _plain("workbench_fit_verdict", _VERSION + " {{verdict}}"),
            ),
            Panel("R-hat", "The largest.", _plain("workbench_fit_rhat_max", _VERSION), limit=1.01),
            Panel("Bulk ESS", "The smallest.", _plain("workbench_fit_ess_bulk_min", _VERSION)),
            Panel("Divergences", "", _plain("workbench_fit_divergences", _VERSION), limit=1.0),
            Panel("Draws", "Of all chains.", _plain("workbench_fit_draws", _VERSION)),
            Panel("Time of fits", "", _plain("workbench_fit_duration_seconds", _VERSION), "s"),
            Panel("Rows of fits", "", _plain("workbench_fit_rows", _VERSION)),
            Panel(
                "Failed methods",
                "",
                _plain("workbench_fit_failed_methods", _VERSION),
                limit=1.0,
            ),
            Panel(
                "Gate",
                "1 where a version passed its gate.",
                _plain("workbench_refit_gate_passed", _VERSION),
            ),
            Panel(
                "Newest version",
                "With the rows of the last job.",
                _plain("workbench_refit_version", "{{model}}"),
            ),
            Panel(
                "Segments",
                "By what came of them.",
                _plain("workbench_refit_segments", "{{model}} {{outcome}}"),
            ),
        ),
    ),
)
"""Every panel, in rows."""


def format_board() -> str:
    """Return the board as JSON, as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "panels": [],
             "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": top}}
        )  # fmt: skip
        top += 1
        across = _COLUMNS // _WIDTH
        for place, panel in enumerate(row):
            x, y = place % across * _WIDTH, top + place // across * _HEIGHT
            panels.append(_build_panel(panel, len(panels) + 1, x, y))
        top += (len(row) + across - 1) // across * _HEIGHT
    board = {
        "id": None,
        "uid": "workbench",
        "title": "Workbench",
        "description": "Services, drift, scores, fits and jobs of workbench.",
        "tags": ["workbench"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": _SCHEMA,
        "version": 1,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timepicker": {},
        "fiscalYearStartMonth": 0,
        "links": [],
        "annotations": {"list": [_build_annotation()]},
        "templating": {"list": _build_variables()},
        "panels": panels,
    }
    return json.dumps(board, indent=1) + "\n"


def _build_panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    lines = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", "spanNulls": True}
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": x, "y": y},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "custom": {**lines, "thresholdsStyle": {"mode": "off" if panel.limit is None else "dashed"}},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {"refId": "AB"[place], "datasource": _SOURCE, "expr": expression, "legendFormat": text}
            for place, (expression, text) in enumerate(panel.queries)
        ],
    }  # fmt: skip


def _build_annotation() -> dict[str, Any]:
    """Return marks where a version was made the champion or an alarm was raised."""
    return {
        "name": "Drift alarms",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": f"workbench_monitor_alarm{{{_MODELS}}} == 1",
        "titleFormat": _VERSION,
        "textFormat": "{{family}}",
    }


def _build_variables() -> list[dict[str, Any]]:
    """Return what is chosen on the board: the data source, and models."""
    query = 'label_values({__name__=~"workbench_.+"}, model)'
    return [
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "hide": 0,
        },
        {
            "name": "model",
            "label": "Model",
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": query, "refId": "model"},
            "definition": query,
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
            "hide": 0,
        },
    ]
