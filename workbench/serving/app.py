"""The routes of the service, and who may ask for them."""

from __future__ import annotations

import asyncio
import hmac
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from workbench.errors import neutralise
from workbench.provenance import read_workbench_version
from workbench.serving.answers import describe_version
from workbench.serving.columns import describe_columns
from workbench.serving.docs_page import build_docs_page
from workbench.serving.metrics import write_metrics
from workbench.serving.service import Asked, Service, ServiceReply
from workbench.serving.versions import ServedVersion

KEY_HEADER = "X-Workbench-Key"
"""The header by which a client says which requests belong together."""

_OPEN = ("/health", "/ready", "/ping")
"""What anybody may ask: it says nothing but that the service is there."""

_READ_AWAY = 8
"""How many times longer than allowed a body may be, to be read to its end before it is refused. Ours."""

_ROWS: dict[str, Any] = {
    "type": "object",
    "required": ["rows"],
    "additionalProperties": False,
    "properties": {
        "rows": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
            },
        },
        "new_groups": {"enum": ["refuse", "draw", "average"]},
        "quantities": {"type": "array", "items": {"type": "string"}},
    },
}
"""What `/predict` takes."""

_SCORED = {**_ROWS, "properties": {name: _ROWS["properties"][name] for name in ("rows", "new_groups")}}
"""What `/score` takes."""

_INVOCATION = {
    "type": "object",
    "properties": {
        "dataframe_split": {"type": "object", "properties": {"columns": {}, "data": {}, "index": {}}},
        "dataframe_records": {"type": "array", "items": {"type": "object"}},
        "params": {"type": "object", "properties": {"new_groups": {"type": "string"}}},
    },
}
"""What `/invocations` takes."""

_NEW_GROUPS = {
    "name": "new_groups",
    "in": "query",
    "description": "For CSV alone: what happens to groups that the fit has not seen.",
    "schema": {"enum": ["refuse", "draw", "average"]},
}
_QUANTITY = {
    "name": "quantity",
    "in": "query",
    "description": "For CSV alone: an expression that is wanted besides; it may be given several times.",
    "schema": {"type": "array", "items": {"type": "string"}},
}
"""What the query string may hold."""


def create_app(service: Service) -> FastAPI:
    """Return the service as an application of HTTP."""
    app = FastAPI(
        title=f"workbench serve: {service.versions.main.origin.model}",
        version=read_workbench_version(),
        description="Predictions of new rows from the posterior of a fit; scores of rows with an outcome. "
        "/version says which columns a row has.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(_Guard, service=service)
    app.exception_handler(AnyHTTPException)(_explain)
    _add_answers(app, service)
    _add_states(app, service)
    return app


def _add_answers(app: FastAPI, service: Service) -> None:
    """Add the routes that answer by a fit."""

    @app.post("/predict", summary="Predict rows", openapi_extra=_describe_body(_ROWS, _QUANTITY))
    async def predict(request: Request) -> Response:
        """Return mean, interval, expectation with its interval and parts of the variance, for each row."""
        return await _answer(service, "predict", request)

    @app.post("/score", summary="Score rows whose outcome is known", openapi_extra=_describe_body(_SCORED))
    async def score(request: Request) -> Response:
        """Return the log score of each row, and how far out its outcome lies."""
        return await _answer(service, "score", request)

    @app.post(
        "/invocations", summary="Predict rows, in MLflow's words", openapi_extra=_describe_body(_INVOCATION)
    )
    async def invocations(request: Request) -> Response:
        """Return the rows of `workbench predict` under `predictions`."""
        return await _answer(service, "invocations", request)


def _add_states(app: FastAPI, service: Service) -> None:
    """Add the routes that say how the service is."""

    @app.head("/health", include_in_schema=False)
    @app.get("/health", summary="Whether the process is alive")
    async def health() -> Response:
        """Return `ok`."""
        return _write({"status": "ok"})

    @app.head("/ready", include_in_schema=False)
    @app.get("/ready", summary="Whether it answers requests")
    async def ready() -> Response:
        """Return which version answers."""
        return _write({"status": "ready"})

    @app.head("/ping", include_in_schema=False)
    @app.get("/ping", summary="MLflow's word for /health")
    async def ping() -> Response:
        """Return an empty line."""
        return Response("\n", media_type="application/json")

    @app.get("/version", summary="Which versions answer")
    async def version() -> Response:
        """Return each version: its number, the hash of its run, its draws, the columns that its rows have."""
        versions = service.versions
        canary, shadow = service.options.canary, service.options.shadow
        found: dict[str, Any] = {"workbench": read_workbench_version(), **_describe(versions.main)}
        if canary is not None:
            found["canary"] = {
                **_describe_second(versions.canary, versions.main, canary.alias),
                "share": canary.share,
                "key": service.options.key_column or f"header {KEY_HEADER}",
            }
        if shadow:
            found["shadow"] = _describe_second(versions.shadow, versions.main, shadow)
        return _write(found)

    @app.get("/metrics", summary="Metrics of all processes, for Prometheus")
    async def metrics(request: Request) -> Response:
        """Return counters and histograms in the format that the client accepts."""
        accept = request.headers.get("accept", "")
        body, content_type = await asyncio.to_thread(write_metrics, accept)
        return Response(body, headers={"content-type": content_type})

    @app.get("/docs", summary="This page")
    async def docs() -> Response:
        """Return what each route takes and gives, as a page that loads nothing from elsewhere."""
        return Response(build_docs_page(app.openapi()), media_type="text/html")


def _describe_body(schema: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}, "text/csv": {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}, "parameters": [_NEW_GROUPS, *more]}


def _describe(served: ServedVersion) -> dict[str, Any]:
    opened = datetime.fromtimestamp(served.opened_at, UTC).isoformat(timespec="seconds")
    return {**describe_version(served), "opened": opened, **describe_columns(served.opened)}


def _describe_second(served: ServedVersion | None, main: ServedVersion, alias: str) -> dict[str, Any]:
    """Return a second version, or that its alias is awaited."""
    return {"awaited": f"{main.origin.model}@{alias}"} if served is None else _describe(served)


class _Guard:
    """Lets a request in only with the token, where one is asked for."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._expected = service.options.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if self._expected and scope["type"] == "http" and scope["path"] not in _OPEN:
            shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            scheme, _, token = shown.partition(b" ")
            if not (hmac.compare_digest(token.strip(), self._expected) and scheme.lower() == b"bearer"):
                self._service.metrics.count_rejected("token")
                response = _write({"error": "a bearer token was expected."}, 401)
                response.headers["www-authenticate"] = "Bearer"
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _explain(_request: Request, reason: Exception) -> Response:
    """Return an error of a route, such as one that does not exist, as JSON."""
    assert isinstance(reason, (HTTPException, AnyHTTPException))  # noqa: S101 - what it is registered for
    response = _write({"error": f"{str(reason.detail).lower()}."}, reason.status_code)
    response.headers.update(reason.headers or {})
    return response


async def _answer(service: Service, route: str, request: Request) -> Response:
    limits = service.options.limits
    content_type = request.headers.get("content-type", "")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        message = f"the body is compressed (`{encoding[:20]}`), which is not read here."
        return _refuse(service, route, 415, neutralise(message))
    try:
        body = await asyncio.wait_for(_read_body(request, limits.body), limits.reading)
    except TimeoutError:
        return _refuse(service, route, 408, "the body did not come in time.")
    if body is None:
        return _refuse(service, route, 413, f"the body is longer than {limits.body:,} bytes.")
    asked = Asked(route, content_type, body, request.headers.get(KEY_HEADER, ""), request.url.query)
    left = asyncio.ensure_future(_wait_until_left(request))
    try:
        return _send(await service.answer(asked, left))
    finally:
        left.cancel()


async def _wait_until_left(request: Request) -> None:
    """Wait until the client of a request whose body was read has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _read_body(request: Request, most: int) -> bytes | None:
    """Return the body of a request; `None` where it is too long, of which not everything is read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > _READ_AWAY * most:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= most:
            parts.append(part)
        elif size > _READ_AWAY * most:
            return None
        else:  # a client hears an answer once it has sent everything
            parts.clear()
    return b"".join(parts) if size <= most else None


def _refuse(service: Service, route: str, status: int, message: str) -> Response:
    reply = ServiceReply(status, msgspec.json.encode({"error": message}), reason="body")
    service.count(Asked(route, "", b""), reply)
    response = _send(reply)
    response.headers["connection"] = "close"
    return response


def _send(reply: ServiceReply) -> Response:
    response = Response(reply.body, reply.status, media_type="application/json")
    if reply.version:
        response.headers["x-workbench-version"] = reply.version
    if reply.again is not None:
        response.headers["retry-after"] = str(reply.again)
    return response


def _write(values: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(values), status, media_type="application/json")
