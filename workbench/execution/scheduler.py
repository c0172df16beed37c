"""What `--scheduler` may name, and the executor that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from workbench.errors import ClusterError, RequestError
from workbench.execution.cluster import Cluster, read_cluster
from workbench.execution.executor import Executor
from workbench.execution.local import LocalExecutor
from workbench.progress import SILENT, Progress
from workbench.provenance import format_install

_ADDRESS = re.compile(r"(?:tcp|tls)://[^\s/]+:\d+")
"""The address of a scheduler."""

_EXPECTED = "local, local:N, tcp://HOST:PORT, tls://HOST:PORT or a file such as cluster.toml"
"""What `--scheduler` accepts."""


@dataclass(frozen=True)
class Scheduler:
    """Where work is to run: on this machine, at the address of a scheduler, or on a cluster to start.

    Attributes
    ----------
    text
        As the user gave it.
    cores
        Processes at a time on this machine; `None` for the usual number.
    address
        The address of a scheduler that runs already.
    cluster
        The cluster to start.
    """

    text: str
    cores: int | None = None
    address: str = ""
    cluster: Cluster | None = None

    @property
    def is_local(self) -> bool:
        """Whether the work runs on this machine without a scheduler."""
        return not self.address and self.cluster is None


def parse_scheduler(text: str) -> Scheduler:
    """Return what `--scheduler` names.

    Raises
    ------
    RequestError
        It is none of what is accepted, or a file states what a cluster does not have.
    ClusterError
        It needs a package that is not installed.

    >>> parse_scheduler("local:4").cores
    4
    """
    if text == "local":
        return Scheduler(text)
    if found := re.fullmatch(r"local:([1-9]\d{0,4})", text):
        return Scheduler(text, int(found[1]))
    if _ADDRESS.fullmatch(text):
        _require("distributed", text)
        return Scheduler(text, address=text)
    if text.endswith(".toml"):
        cluster = read_cluster(Path(text))
        _require("distributed", text)
        _require(cluster.package, text)
        return Scheduler(text, cluster=cluster)
    raise RequestError(f"--scheduler was expected to be {_EXPECTED}, found `{text}`.")


@contextmanager
def open_executor(scheduler: Scheduler, cores: int, progress: Progress = SILENT) -> Iterator[Executor]:
    """Give the executor that `--scheduler` names; a cluster that was started for it ends afterwards.

    Parameters
    ----------
    scheduler
        What was named.
    cores
        Processes at a time on this machine where it names no number.
    progress
        Where to say that workers are waited for.

    Raises
    ------
    ClusterError
        The scheduler does not answer, or the cluster cannot be started.
    """
    if scheduler.is_local:
        yield LocalExecutor(scheduler.cores or cores)
        return
    from workbench.execution import dask  # only here: importing it takes half a second

    if scheduler.cluster is None:
        with dask.connect(scheduler.address, progress) as executor:
            yield executor
    else:
        with dask.start(scheduler.cluster, scheduler.text, progress) as executor:
            yield executor


@contextmanager
def as_executor(value: object, cores: int, progress: Progress = SILENT) -> Iterator[Executor]:
    """Give the executor that a value stands for: text as for `--scheduler`, or a `distributed.Client`.

    Raises
    ------
    RequestError
        It is none of these.
    ClusterError
        As in `open_executor`.
    """
    if value is None or isinstance(value, str):
        with open_executor(parse_scheduler(value or "local"), cores, progress) as executor:
            yield executor
    elif hasattr(value, "map") and hasattr(value, "scheduler_info") and hasattr(value, "submit"):
        from workbench.execution import dask

        yield dask.DaskExecutor(value, progress)
    elif hasattr(value, "map"):
        yield value
    else:
        message = (
            f"executor was expected to be text such as 'local:4' or a distributed.Client, found {value!r}."
        )
        raise RequestError(message)


def _require(package: str, text: str) -> None:
    """Refuse what needs a package that is not installed.

    Raises
    ------
    ClusterError
        It is not installed.
    """
    if find_spec(package) is None:
        name = package.replace("_", "-")
        install = format_install("dask") if name == "distributed" else f"pip install {name}"
        raise ClusterError(
            f"--scheduler {text} needs the package {name}, which is not installed.", hint=install
        )
