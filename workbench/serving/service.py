"""One request: in turn, in time, by the version that its key chooses; answered, or refused in words."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from workbench import tables
from workbench.errors import (
    BindingError,
    ChainFailed,
    RequestError,
    RunTimedOut,
    WorkbenchError,
    WorkerLost,
    neutralise,
)
from workbench.serving.answers import predict_plainly, predict_rows, score_rows
from workbench.serving.bodies import (
    BadRequest,
    RowsRequest,
    read_invocation,
    read_request,
    read_scored,
    write_key,
)
from workbench.serving.metrics import ServiceMetrics, describe_failure
from workbench.serving.options import ServingOptions
from workbench.serving.versions import ServedVersion, ServedVersions

Log = Callable[..., None]
"""Writes a line of the log: an event, a level, and values by name."""

_READERS = {"predict": read_request, "score": read_scored, "invocations": read_invocation}
"""What reads the body of a request, by its route."""

_MOST_SHADOWED = 100
"""Requests that wait for the second version that answers unheard; further ones are left out. Ours."""

_AGAIN = 1
"""After how long a client that was refused may ask again [s]. Ours: a request takes milliseconds."""

_GRACE = 2.0
"""How much longer than allowed a request may take until it is given up, whatever holds it [s]. Ours."""

_SETTLING = 0.1
"""How long a request waits until those whose clients have left make room for it in a full queue [s]. Ours."""

_LEFT = 499
"""The status, in logs and metrics alone, of a request whose client did not wait for the answer; nginx's."""


@dataclass(frozen=True)
class ServiceReply:
    """What a request is answered with.

    Attributes
    ----------
    status
        The status of HTTP.
    body
        JSON.
    version
        The version that answered; empty where none did.
    again
        After how many seconds a client may ask again; `None` if that is of no use.
    reason
        Why it was refused, in a word; empty where it was not.
    """

    status: int
    body: bytes
    version: str = ""
    again: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Asked:
    """A request as it came.

    Attributes
    ----------
    route
        What is asked for: `predict`, `score` or `invocations`.
    content_type
        What the body is.
    body
        The body.
    key
        What chooses the version, where a client gave it.
    query
        The query string.
    arrived
        When its last byte came, by `time.monotonic` [s].
    """

    route: str
    content_type: str
    body: bytes
    key: str = ""
    query: str = ""
    arrived: float = field(default_factory=time.monotonic)


class Service:
    """Answers requests, one at a time: further ones wait, and those that are too many are refused."""

    def __init__(self, options: ServingOptions, model: str, log: Log) -> None:
        self.options = options
        self.metrics = ServiceMetrics(model)
        self.log = log
        self.versions = ServedVersions(options, self._change, self._fail, self._wait, self._crash)
        self._waiting = 0
        self._answering = ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._shadows: deque[tuple[RowsRequest, list[dict[str, Any]]]] = deque()
        self._has_shadows = threading.Semaphore(0)
        self._is_over = False
        self._shadow_thread = threading.Thread(target=self._answer_unheard, daemon=True, name="shadow")

    def open(self) -> None:
        """Open the versions.

        Raises
        ------
        WorkbenchError
            One of them cannot be opened.
        """
        self.versions.open()
        for version in self.versions.all:
            _warm_up(version)
        if self.options.shadow:
            self._shadow_thread.start()

    def close(self) -> None:
        """Finish what is being answered, and end all processes."""
        self._is_over = True
        self._has_shadows.release()
        if self._shadow_thread.is_alive():
            self._shadow_thread.join()
        self._answering.shutdown(wait=True)
        self.versions.close()

    async def answer(self, asked: Asked, left: asyncio.Future[Any]) -> ServiceReply:
        """Return the reply to a request, whatever it holds.

        Parameters
        ----------
        asked
            The request.
        left
            Done as soon as the client has left: a request that waits then leaves the queue.
        """
        if self._is_full():
            await asyncio.wait({left}, timeout=_SETTLING)
        if self._is_full() and not left.done():
            reply = _refuse(503, "too many requests wait.", reason="queue", again=_AGAIN)
        else:
            reply = await self._wait_for(asked, left)
        self.count(asked, reply)
        return reply

    def _is_full(self) -> bool:
        return self._waiting >= self.options.limits.waiting

    def count(self, asked: Asked, reply: ServiceReply) -> None:
        """Count a reply, and log it where that is wanted."""
        seconds = time.monotonic() - asked.arrived
        self.metrics.count_request(reply.version, asked.route, reply.status, seconds)
        if reply.reason:
            self.metrics.count_rejected(reply.reason)
        if self.options.logs_requests:
            values = {"status": reply.status, "version": reply.version, "ms": round(1000 * seconds, 2)}
            self.log("request", route=asked.route, **values)

    async def _wait_for(self, asked: Asked, left: asyncio.Future[Any]) -> ServiceReply:
        if left.done():
            return _refuse(_LEFT, "the client left.", reason="left")
        seconds = self.options.limits.seconds
        self._waiting += 1
        self.metrics.add_in_flight(1)
        reply = asyncio.get_running_loop().run_in_executor(self._answering, self._answer, asked)
        try:
            await asyncio.wait({reply, left}, timeout=seconds + _GRACE, return_when=asyncio.FIRST_COMPLETED)
            if reply.done():
                return reply.result()
            reply.cancel()
            if left.done():
                return _refuse(_LEFT, "the client left.", reason="left")
            return _refuse(504, f"the request took longer than the {seconds:g} s allowed.", reason="time")
        finally:
            self._waiting -= 1
            self.metrics.add_in_flight(-1)

    def _answer(self, asked: Asked) -> ServiceReply:
        """Return the reply to a request, in the thread that answers."""
        seconds = self.options.limits.seconds
        deadline = asked.arrived + seconds
        if time.monotonic() > deadline:
            return _refuse(
                503,
                f"the request waited longer than the {seconds:g} s allowed.",
                reason="queue",
                again=_AGAIN,
            )
        label = ""
        try:
            request = _READERS[asked.route](
                asked.content_type,
                asked.body,
                self.options.limits,
                self.options.new_groups,
                self.versions.main.folder,
                asked.query,
            )
            served = self.versions.choose(self._find_key(asked, request))
            label = served.origin.label
            served.stan.deadline = deadline
            values = self._compute(asked.route, served, request)
            self.metrics.count_rows(label, asked.route, request.table.rows)
            return ServiceReply(200, msgspec.json.encode(values), label)
        except Exception as reason:
            return self._explain(reason, label)

    def _find_key(self, asked: Asked, request: RowsRequest) -> str | bytes:
        """Return what chooses the version: a cell, a header, or else the body itself."""
        column = self.options.key_column
        if not column or self.options.canary is None:
            return asked.key or asked.body
        if not request.table.has_column(column):
            raise BindingError(f"`request` has no column `{column}`, whose value chooses the version.")
        return write_key(request.first.get(column))

    def _compute(self, route: str, served: ServedVersion, request: RowsRequest) -> Any:
        if route == "score":
            scored = score_rows(served, request)
            self.metrics.add_scores(served.origin.label, scored.rows, scored.log_score)
            return scored.answer
        if route == "invocations":
            predictions = predict_plainly(served, request)
            self._shadow(served, request, predictions)
            return {"predictions": predictions}
        answer = predict_rows(served, request)
        self._shadow(served, request, answer["predictions"])
        return answer

    def _explain(self, reason: Exception, label: str) -> ServiceReply:
        """Return the reply to a request that cannot be answered."""
        if isinstance(reason, BadRequest):
            return _refuse(reason.status, reason.message, reason.hint, reason="body", label=label)
        if isinstance(reason, WorkerLost):
            return _refuse(503, reason.message, reason="crash", again=_AGAIN, label=label)
        if isinstance(reason, RunTimedOut):
            message = f"the request took longer than the {self.options.limits.seconds:g} s allowed."
            return _refuse(504, message, "send fewer rows", reason="time", label=label)
        if isinstance(reason, (RequestError, ChainFailed)):
            return _refuse(422, reason.message, reason.hint, reason="rows", label=label)
        if isinstance(reason, (WorkbenchError, MemoryError, OSError)):
            message = (
                reason.message if isinstance(reason, WorkbenchError) else "the service lacks memory or space."
            )
            self.log("request failed", "error", cause=type(reason).__name__, message=str(reason))
            return _refuse(503, message, reason="resources", again=_AGAIN, label=label)
        text = "".join(traceback.format_exception(reason))
        self.log("request failed", "error", cause=type(reason).__name__, traceback=text)
        return _refuse(500, "the service failed; its log says why.", reason="error", label=label)

    # --- versions -----------------------------------------------------------------------------------------

    def _change(self, served: ServedVersion | None, before: ServedVersion | None) -> None:
        self.metrics.show_version(served, before)
        if before is not None:
            self._answering.submit(before.close)  # after everything that waits
        if served is None:
            assert before is not None  # noqa: S101 - one of them is there
            self.log("version stopped", version=before.origin.reference, alias=before.origin.alias)
            return
        self.log(
            "version",
            version=served.origin.reference,
            alias=served.origin.alias,
            run=served.origin.run,
            before=None if before is None else before.origin.reference,
            draws=served.draws,
            is_independent=served.opened.is_independent,
        )

    def _wait(self, reference: str) -> None:
        self.log("version awaited", version=reference)

    def _fail(self, reference: str, reason: WorkbenchError) -> None:
        self.metrics.count_failed_version()
        self.log("version failed", "error", version=reference, **describe_failure(reason))

    def _crash(self) -> None:
        self.metrics.count_restart()
        self.log("crash", "error", process="Stan")

    # --- the second version, unheard ----------------------------------------------------------------------

    def _shadow(self, served: ServedVersion, request: RowsRequest, predictions: list[dict[str, Any]]) -> None:
        """Let the second version answer too, later."""
        shadow = self.versions.shadow
        if shadow is None or served is not self.versions.main:
            return
        if len(self._shadows) >= _MOST_SHADOWED:
            self.metrics.count_shadowed(shadow.origin.label, "left out")
            return
        self._shadows.append((request, predictions))
        self._has_shadows.release()

    def _answer_unheard(self) -> None:
        """Answer by the second version whenever nothing else is to be done."""
        while self._has_shadows.acquire() and not self._is_over:
            while self._waiting and not self._is_over:
                time.sleep(0.005)
            request, expected = self._shadows.popleft()
            shadow = self.versions.shadow
            if shadow is None:
                continue
            try:
                shadow.stan.deadline = time.monotonic() + self.options.limits.seconds
                found = predict_plainly(shadow, request)
                for distance in list_distances(expected, found):
                    self.metrics.measure_distance(shadow.origin.label, distance)
                self.metrics.count_shadowed(shadow.origin.label, "answered")
            except Exception as reason:  # whatever it is, nobody waits for it
                self.metrics.count_shadowed(shadow.origin.label, "failed")
                self.log(
                    "shadow failed", "warning", version=shadow.origin.reference,
                    cause=type(reason).__name__, message=str(reason),
                )  # fmt: skip


def list_distances(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[float]:
    """Return how far the means of the same predictions by two versions lie apart [SD of the first].

    >>> first = {"row": 1, "prediction": "y", "mean": 3.0, "sd": 2.0}
    >>> list_distances([first], [{**first, "mean": 4.0}])
    [0.5]
    """
    means = {(row["row"], row["prediction"]): row["mean"] for row in second}
    pairs = [(row, means.get((row["row"], row["prediction"]))) for row in first]
    distances = [abs(mean - row["mean"]) / row["sd"] for row, mean in pairs if mean is not None and row["sd"]]
    return [distance for distance in distances if distance == distance]


def _warm_up(version: ServedVersion) -> None:
    """Let a version predict once: the first request is then as fast as the next. How it ends is no matter."""
    columns = version.opened.fit.results.data.rules.get("variables", {})
    row: Mapping[str, Any] = {name: 1.0 for own in columns.values() for name in own}
    try:
        version.stan.deadline = time.monotonic() + 10
        predict_rows(version, RowsRequest(tables.from_rows("request", [row]), "refuse"))
    except WorkbenchError:
        return


def _refuse(
    status: int,
    message: str,
    hint: str | None = None,
    *,
    reason: str,
    again: int | None = None,
    label: str = "",
) -> ServiceReply:
    """Return a reply that says why there is no answer."""
    body: dict[str, str] = {"error": neutralise(message, "\n")}
    if hint:
        body["hint"] = neutralise(hint.replace("--new-groups draw", '"new_groups": "draw"'), "\n")
    return ServiceReply(status, msgspec.json.encode(body), label, again, reason)
