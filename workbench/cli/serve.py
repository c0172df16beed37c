"""`workbench serve`: predictions over HTTP."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workbench.serving.options import Canary

from workbench.cli import completion, console, options
from workbench.cli.open_registry import FOLDER, Folder
from workbench.errors import RequestError
from workbench.process import count_usable_cores
from workbench.progress import write_log_line

_TOKEN = "WORKBENCH_SERVE_TOKEN"  # noqa: S105 - the name of a variable
"""The variable of the environment that holds the token."""

_MOST_WORKERS = 256
"""More than anybody needs. Ours."""

_LONGEST_TOKEN = 4096
"""More than anybody needs. Ours."""


@console.guarded
def command(
    source: Annotated[
        Path,
        typer.Argument(
            help="A version in the registry: NAME@champion, or NAME alone for it. Or a run directory.",
            metavar="NAME[@ALIAS]",
            autocompletion=completion.complete_runs_and_versions,
        ),
    ],
    host: Annotated[str, typer.Option(help="The address to listen on.", metavar="ADDRESS")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="The port to listen on; 0 is any free one.", min=0, max=65535, metavar="N")
    ] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that answer; by default the cores.", min=1, max=_MOST_WORKERS, metavar="N"
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws",
            help="Predict from so many draws at most, evenly chosen from those of the fit.",
            min=100,
            metavar="N",
        ),
    ] = 1000,
    method: Annotated[
        options.PredictedFrom | None,
        typer.Option("--method", help="What to predict from, as for `predict`: by default NUTS."),
    ] = None,
    new_groups: options.NewGroups = "refuse",
    canary: Annotated[
        str | None,
        typer.Option(
            help="Let another version answer a share of the keys: challenger=0.1.", metavar="ALIAS=SHARE"
        ),
    ] = None,
    canary_key: Annotated[
        str,
        typer.Option(
            help="The column whose value in the first row is the key of a request; by default the header "
            "X-Workbench-Key is, and without it the body.",
            metavar="COLUMN",
        ),
    ] = "",
    shadow: Annotated[
        str, typer.Option(help="Let another version answer too, unheard: it is measured.", metavar="ALIAS")
    ] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(
            help=f"Clients must show the token in this file, or in {_TOKEN}: `Authorization: Bearer TOKEN`.",
            metavar="FILE",
        ),
    ] = None,
    most_rows: Annotated[int, typer.Option(help="The most rows of a request.", min=1, metavar="N")] = 1000,
    most_bytes: Annotated[int, typer.Option(help="The longest body, in bytes.", min=1, metavar="N")] = 1
    << 20,
    most_waiting: Annotated[
        int,
        typer.Option(
            help="Requests that one process answers or lets wait; others get 503.", min=1, metavar="N"
        ),
    ] = 32,
    timeout: Annotated[
        float, typer.Option(help="How long a request may take, in seconds.", min=0.1, metavar="SECONDS")
    ] = 10.0,
    reading: Annotated[
        float,
        typer.Option(
            help="How long a client may take to send a request, in seconds.", min=0.1, metavar="SECONDS"
        ),
    ] = 10.0,
    log_requests: Annotated[bool, typer.Option("--log-requests", help="Log each request.")] = False,
    folder: Folder = FOLDER,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Answer requests of HTTP: rows in, predictions out, by the version that an alias points to.

    POST to /predict, /score, or MLflow's /invocations; /docs says what they take, /metrics is for Prometheus.
    When the alias moves, the new version is opened and takes over; no request is lost. The log is JSON on
    stderr. SIGTERM ends the service once all requests are answered.
    """
    from workbench.serving.options import ServingLimits, ServingOptions, parse_canary
    from workbench.serving.supervisor import require_packages, serve

    require_packages()
    is_version = not source.exists() and source.parent == Path()
    second = None if canary is None else parse_canary(canary)
    if not is_version and (second is not None or shadow):
        message = f"`{source}` is a run directory, and --canary and --shadow name versions of a registry."
        raise RequestError(message, hint="`workbench registry add NAME RUN` adds it to one")
    _check_source(source, is_version=is_version)
    _check_second(str(source), second, canary_key, shadow)
    token = _read_token(token_file)
    if not token and not _is_loopback(host):
        message = f"{host} can be reached from elsewhere, and no token is asked for (--token-file)."
        write_log_line("no token", "warning", host=host, message=message)
    limits = ServingLimits(
        body=most_bytes, rows=most_rows, seconds=timeout, waiting=most_waiting, reading=reading
    )
    keys = os.environ.get("WORKBENCH_REGISTRY_KEYS")
    serving = ServingOptions(
        source=str(source) if is_version else str(source.absolute()),
        registry=str(folder.absolute()) if is_version else "",
        required_keys=str(Path(keys).absolute()) if keys else "",
        draws=draws,
        method=method or "",
        new_groups=new_groups,
        canary=second,
        key_column=canary_key,
        shadow=shadow,
        token=token,
        limits=limits,
        compiler=compiler,
        stan=toolchain,
        native=native,
        logs_requests=log_requests,
    )
    serve(serving, host, port, workers or count_usable_cores())


def _check_source(source: Path, *, is_version: bool) -> None:
    """Refuse what cannot be served, before any process is started.

    Raises
    ------
    WorkbenchError
        There is no such version or run.
    """
    if is_version:
        from workbench.registry.names import parse_reference

        parse_reference(str(source))
        return
    from workbench.results import run_directory

    run_directory.require_run(source)


def _check_second(source: str, canary: Canary | None, canary_key: str, shadow: str) -> None:
    """Refuse a second version that is the first one, or is not spelt as one.

    Raises
    ------
    RequestError
        The message names the option.
    """
    from workbench.registry.names import CHAMPION, parse_reference

    if canary_key and canary is None:
        message = "--canary-key says which requests go to another version, and --canary names none."
        raise RequestError(message, hint="for example --canary challenger=0.1")
    for option, other in (("--canary", canary.alias if canary else ""), ("--shadow", shadow)):
        if not other:
            continue
        main = parse_reference(source)
        parse_reference(f"{main.name}@{other}")
        if other == (main.which or CHAMPION):
            raise RequestError(
                f"{option} was expected to name another version than `{other}`, which is served."
            )


def _read_token(file: Path | None) -> str:
    """Return the token that clients must show; empty where none must.

    Raises
    ------
    RequestError
        The file cannot be read, or holds no token.
    """
    if file is None:
        text, where = os.environ.get(_TOKEN, ""), f"`{_TOKEN}`"
        if not text:
            return ""
    else:
        where = f"`{file}`"
        try:
            text = file.read_text(encoding="ascii")[: _LONGEST_TOKEN + 1]
        except OSError as reason:
            raise RequestError(f"the token in {where} cannot be read: {reason.strerror}.") from reason
        except UnicodeError:
            text = ""  # not ASCII, as is said below
    token = text.strip()
    if (
        not token
        or len(token) > _LONGEST_TOKEN
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        message = (
            f"a token was expected in {where}: one line of ASCII letters, digits and signs, without spaces."
        )
        raise RequestError(message, hint="for example: openssl rand -hex 32 > token")
    return token


def _is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
