"""Textfiles of metrics, as the textfile collector of node_exporter reads them: one file for each job.

The collector reads `*.prom` files, refuses timestamps and repeated series, and knows no job that has ended:
each run replaces the whole file of its job. The time of the last success is carried on from the file before.

References
----------
https://github.com/prometheus/node_exporter#textfile-collector
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import files
from workbench.errors import RequestError, StoreError, neutralise
from workbench.files.write import is_stream
from workbench.metrics import catalogue
from workbench.metrics.package import require_package
from workbench.metrics.sample import MetricSample, take

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SUFFIX = ".prom"
"""What the names of files must end in that node_exporter reads."""

_MOST_BYTES = 1_000_000
"""The largest file that is read as metrics of a job. Ours: such a file has a few kilobytes."""


@dataclass(frozen=True)
class Textfile:
    """The textfile of a job.

    Attributes
    ----------
    path
        The file.
    command, model
        The job: a command, and the model that it works on.
    last_success
        When it last succeeded, as the file before says [s since 1970].
    started
        When this run started, by the clock of durations [s].
    """

    path: Path
    command: str
    model: str
    last_success: float | None = None
    started: float = field(default_factory=time.monotonic)

    def write(self, exit_code: int, samples: Iterable[MetricSample] = ()) -> None:
        """Write how a run ended, and what it found; the file before is replaced whole.

        Raises
        ------
        StoreError
            The file cannot be written; the one before is as it was.
        """
        now, which = time.time(), {"command": self.command, "model": self.model}
        is_success = exit_code == 0
        told = [
            *take(catalogue.JOB_SUCCESS, is_success, **which),
            *take(catalogue.JOB_EXIT_CODE, exit_code, **which),
            *take(catalogue.JOB_SECONDS, time.monotonic() - self.started, **which),
            *take(catalogue.JOB_LAST_RUN, now, **which),
            *take(catalogue.JOB_LAST_SUCCESS, now if is_success else self.last_success, **which),
        ]
        files.replace_file(self.path, format_samples([*told, *samples]))


def open_textfile(path: Path, command: str, model: str) -> Textfile:
    """Return the textfile of a job, with what the file before says.

    Parameters
    ----------
    path
        The file.
    command, model
        The job.

    Raises
    ------
    ToolchainMissing
        The package prometheus-client is not installed.
    RequestError
        There is no such folder: nobody would read the file.
    StoreError
        The file cannot be written, is none of workbench's, or is that of another job, whose metrics would be
        lost.
    """
    require_package()
    files.check_file_place(path)
    if not path.absolute().parent.is_dir():
        message = f"the folder `{path.parent}` of the metrics file does not exist."
        raise RequestError(message, hint="make the folder that node_exporter reads, or correct the path")
    model = neutralise(model)
    if is_stream(path) or not path.exists():
        return Textfile(path, command, model)
    return Textfile(path, command, model, _read_last_success(path, command, model))


def format_samples(samples: Iterable[MetricSample]) -> bytes:
    """Return samples in the text format of Prometheus, by metric."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    _register(registry, list(samples))
    return generate_latest(registry)


def _register(registry: CollectorRegistry, samples: list[MetricSample]) -> None:
    """Put samples into a registry."""
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}

    class Samples(Collector):
        def collect(self) -> Iterable[Metric]:
            for metric in catalogue.METRICS:
                found = [sample for sample in samples if sample.metric is metric]
                if found:
                    family = kinds[metric.kind](metric.name, metric.help, labels=metric.labels)
                    for sample in found:
                        values = [neutralise(sample.labels[label]) for label in metric.labels]
                        family.add_metric(values, sample.value)
                    yield family

    registry.register(Samples())


def _read_last_success(path: Path, command: str, model: str) -> float | None:
    """Return when a job last succeeded, as its file says.

    Raises
    ------
    StoreError
        The file is that of another job, or none of workbench's.
    """
    with files.explained(path):
        if path.stat().st_size > _MOST_BYTES:
            raise _refuse(path, "is no file of metrics that workbench wrote")
        text = path.read_text("utf-8", "replace")
    if not text.strip():
        return None
    values = _read_values(path, text)
    jobs = {labels for name, labels in values if name == catalogue.JOB_SUCCESS.name}
    mine = frozenset({("command", command), ("model", model)})
    if not jobs:
        raise _refuse(path, "is no file of metrics that workbench wrote")
    if jobs != {mine}:
        other = dict(next(iter(jobs - {mine})))
        raise _refuse(
            path, f"holds the metrics of `workbench {other.get('command')}` for `{other.get('model')}`"
        )
    return values.get((catalogue.JOB_LAST_SUCCESS.name, mine))


def _read_values(path: Path, text: str) -> dict[tuple[str, frozenset[tuple[str, Any]]], float]:
    """Return each value of a textfile by name and labels.

    Raises
    ------
    StoreError
        It is none, or has metrics that are not ours.
    """
    from prometheus_client.parser import text_string_to_metric_families

    try:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except (ValueError, KeyError, IndexError, TypeError):  # what the parser raises for other texts
        raise _refuse(path, "is no file of metrics that workbench wrote") from None
    if not {sample.name for sample in samples} <= set(catalogue.BY_NAME):
        raise _refuse(path, "holds metrics that workbench did not write")
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def _refuse(path: Path, what: str) -> StoreError:
    hint = "give each job a file of its own with --metrics; node_exporter reads all that end in .prom"
    return StoreError(f"`{path}` {what}, which would be lost.", hint=hint)
