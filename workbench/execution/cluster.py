"""A cluster to start for the time of the work, as a file describes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import RequestError

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

_TLS_KEYS = (
    "tls_ca_file",
    *(f"tls_{role}_{kind}" for role in ("client", "scheduler", "worker") for kind in ("cert", "key")),
)
"""What `[tls]` may state: the certificates of each side, as `distributed.Security` names them."""


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

    @property
    def package(self) -> str:
        """The package of its class."""
        return CLUSTERS[self.kind]


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


def _describe_type(kind: type) -> str:
    return {str: "text", int: "a whole number", dict: "a table"}[kind]
