"""What `--scheduler` may name, and the executor that it stands for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workbench.errors import ClusterError, RequestError
from workbench.execution.executor import Executor
from workbench.execution.local import LocalExecutor

CLUSTERS = {
    "LocalCluster": "distributed",
    "SSHCluster": "distributed",
    "HTCondorCluster": "dask_jobqueue",
    "LSFCluster": "dask_jobqueue",
    "MoabCluster": "dask_jobqueue",
    "OARCluster": "dask_jobqueue",
    "PBSCluster": "dask_jobqueue",
    "SGECluster": "dask_jobqueue",
    "SLURMCluster": "dask_jobqueue",
}
"""The clusters that a file may name, and the package of each."""

_KEYS = {"cluster": str, "workers": int, "options": dict, "tls": dict}
"""What a file of a cluster may state, and the type of each value."""

_TLS_KEYS = ("tls_ca_file", "tls_client_cert", "tls_client_key")
"""What `[tls]` may state: the certificates of a client, by the names of Dask's own settings."""

_ADDRESS = re.compile(r"(?:tcp|tls)://[^\s/]+:\d+")
"""The address of a scheduler."""

_EXPECTED = "local, local:N, tcp://HOST:PORT, tls://HOST:PORT or a file such as cluster.toml"
"""What `--scheduler` accepts."""


@dataclass(frozen=True)
class Cluster:
    """A cluster to start for the time of the work.

    Attributes
    ----------
    kind
        The name of its class in Dask.
    workers
        How many workers to ask for; `None` leaves it to the options.
    options
        Arguments of the class, under its own names.
    tls
        Certificates, under the names of Dask's settings.
    """

    kind: str
    workers: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    tls: Mapping[str, str] = field(default_factory=dict)


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
        _require(CLUSTERS[cluster.kind], text)
        return Scheduler(text, cluster=cluster)
    raise RequestError(f"--scheduler was expected to be {_EXPECTED}, found `{text}`.")


def read_cluster(path: Path) -> Cluster:
    """Return the cluster that a file describes.

    Raises
    ------
    RequestError
        The file cannot be read, or states something else than a cluster.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as reason:
        raise RequestError(f"`{path}` cannot be read: {reason.strerror}.") from reason
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise RequestError(f"`{path}` is not TOML: {reason}.") from reason
    for name, value in values.items():
        if name not in _KEYS:
            raise RequestError(f"`{path}` states `{name}`; a cluster has {', '.join(_KEYS)}.")
        if not isinstance(value, _KEYS[name]) or isinstance(value, bool):
            raise RequestError(f"`{name}` in `{path}` is not {_describe_type(_KEYS[name])}.")
    kind, workers, tls = values.get("cluster"), values.get("workers"), values.get("tls", {})
    if kind not in CLUSTERS:
        found = "no `cluster`" if kind is None else f"`{kind}`"
        raise RequestError(
            f"`cluster` in `{path}` was expected to be one of {', '.join(CLUSTERS)}, found {found}."
        )
    if workers is not None and workers < 1:
        raise RequestError(f"`workers` in `{path}` was expected to be 1 or more, found {workers}.")
    for name, value in tls.items():
        if name not in _TLS_KEYS or not isinstance(value, str):
            raise RequestError(
                f"`[tls]` in `{path}` was expected to hold paths, named {', '.join(_TLS_KEYS)}."
            )
    return Cluster(kind, workers, values.get("options", {}), tls)


@contextmanager
def open_executor(scheduler: Scheduler, cores: int) -> Iterator[Executor]:
    """Give the executor that `--scheduler` names; a cluster that was started for it ends afterwards.

    Parameters
    ----------
    scheduler
        What was named.
    cores
        Processes at a time on this machine where it names no number.

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
        with dask.connect(scheduler.address) as executor:
            yield executor
    else:
        cluster = scheduler.cluster
        with dask.start(
            cluster.kind, cluster.workers, cluster.options, cluster.tls, scheduler.text
        ) as executor:
            yield executor


@contextmanager
def as_executor(value: object, cores: int) -> Iterator[Executor]:
    """Give the executor that a value stands for: text as for `--scheduler`, or a `distributed.Client`.

    Raises
    ------
    RequestError
        It is none of these.
    ClusterError
        As in `open_executor`.
    """
    if value is None or isinstance(value, str):
        with open_executor(parse_scheduler(value or "local"), cores) as executor:
            yield executor
    elif hasattr(value, "map") and hasattr(value, "scheduler_info") and hasattr(value, "submit"):
        from workbench.execution import dask

        yield dask.DaskExecutor(value)
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
        install = "pip install 'workbench[dask]'" if name == "distributed" else f"pip install {name}"
        raise ClusterError(
            f"--scheduler {text} needs the package {name}, which is not installed.", hint=install
        )


def _describe_type(kind: type) -> str:
    return {str: "text", int: "a whole number", dict: "a table"}[kind]
