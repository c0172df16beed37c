"""What a service is told to do, and its limits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from workbench.errors import RequestError

DRAWS = 1_000
"""Draws that a service predicts from by default. Ours: the mean of an outcome is then known within 3 % of its
standard deviation, and an answer takes milliseconds."""


READY = "ready"
"""What a process of a service says once it answers."""

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable of the environment that names a folder in which the processes of a service count: Prometheus's
package asks for it when it is imported."""

CONNECTIONS = "connections"
"""The file there with the number of connections of each process."""

BACKLOG = 1024
"""Connections that wait to be accepted. Ours."""


class Failure(msgspec.Struct):
    """Why a process of a service cannot serve, as it says it.

    Attributes
    ----------
    message, hint, exit_code
        Those of the error.
    """

    message: str
    hint: str | None
    exit_code: int


class ServingLimits(msgspec.Struct, frozen=True):
    """What a request may take. The numbers are ours, for requests of a few rows.

    Attributes
    ----------
    body
        The longest body [bytes].
    rows
        The most rows of a request.
    seconds
        How long a request may take, from its last byte to its answer [s].
    waiting
        The most requests that one process answers or has waiting; further ones are refused.
    connections
        The most connections of one process.
    reading
        How long a client may take to send a request [s].
    """

    body: int = 1 << 20
    rows: int = 1_000
    seconds: float = 10.0
    waiting: int = 32
    connections: int = 512
    reading: float = 10.0


class Canary(msgspec.Struct, frozen=True):
    """A second version that answers a share of the requests.

    Attributes
    ----------
    alias
        What it is called: an alias, or the number of a version.
    share
        The share of keys that it answers, between 0 and 1.
    """

    alias: str
    share: float


class ServingOptions(msgspec.Struct, frozen=True):
    """What a service is told to do.

    Attributes
    ----------
    source
        A version such as `radon@champion`, or the path of a run directory.
    registry
        The folder of the registry; empty where a run directory is served.
    required_keys
        The file of keys with which the registry must be signed; empty where it need not be.
    draws
        The most draws to predict from.
    method
        What is predicted from: as in `workbench.workflow.predict_rows.PredictOptions`.
    new_groups
        What happens to groups that the fit has not seen, where a request does not say.
    canary
        A second version that answers a share of the requests.
    key_column
        The column whose value in the first row is the key of a request; by default a header holds it.
    shadow
        A second version that answers too, unheard: an alias, or the number of a version; empty for none.
    token
        What a client must show; empty where none must.
    limits
        What a request may take.
    compiler, stan, native
        Which Stan and compiler are used, as in `workbench.toolchain.ToolchainSettings`.
    look
        How often each process looks whether an alias has moved [s].
    logs_requests
        Whether each request is a line of the log.
    """

    source: str
    registry: str = ""
    required_keys: str = ""
    draws: int = DRAWS
    method: str = ""
    new_groups: Literal["refuse", "draw", "average"] = "refuse"
    canary: Canary | None = None
    key_column: str = ""
    shadow: str = ""
    token: str = ""
    limits: ServingLimits = ServingLimits()
    compiler: str | None = None
    stan: str = "auto"
    native: bool = False
    look: float = 1.0
    logs_requests: bool = False

    def __repr__(self) -> str:
        """Return what is served; the token is nobody's business."""
        return f"ServingOptions({self.source!r}, registry={self.registry!r})"


def name_model(options: ServingOptions) -> str:
    """Return what metrics call the model: its name, or that of the folder of its run.

    >>> name_model(ServingOptions("radon@champion", registry="registry"))
    'radon'
    """
    return options.source.partition("@")[0] if options.registry else Path(options.source).name


def parse_canary(text: str) -> Canary:
    """Return a second version and its share.

    Raises
    ------
    RequestError
        It is not an alias, an equals sign, and a number between 0 and 1.

    >>> parse_canary("challenger=0.1")
    Canary(alias='challenger', share=0.1)
    """
    alias, _, share = text.partition("=")
    try:
        number = float(share)
    except ValueError:
        number = float("nan")
    if not alias or not 0 <= number <= 1:
        message = f"--canary was expected as ALIAS=SHARE with a share between 0 and 1, found `{text}`."
        raise RequestError(message, hint="for example --canary challenger=0.1")
    return Canary(alias, number)
