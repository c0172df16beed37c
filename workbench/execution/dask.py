"""Tasks on the workers of a Dask scheduler.

A worker leaves the pieces of a task in their folder if it shares that with us; otherwise they come back as
bytes, from the worker to us, and are written here before the outcome is reported. What tasks share is sent
to the workers once. A task whose worker is lost is run by another one; if the scheduler is lost, we wait
until it is there again, and hand in what was not finished.
"""

from __future__ import annotations

import logging
import math
import pickle
import queue
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dask
import distributed
from distributed import Client, Future, KilledWorker, Security
from distributed.client import FutureCancelledError

from workbench import files
from workbench.errors import ClusterError, StoreError, WorkerLost
from workbench.execution.cluster import Cluster
from workbench.execution.dask_worker import MARK, Packed, Reply, SentTask, run_sent
from workbench.execution.executor import is_kept
from workbench.execution.pieces import unpack
from workbench.execution.task import Shared, Task, TaskOutcome
from workbench.execution.versions import read_versions
from workbench.progress import SILENT, Progress

SLOT = "chains"
"""The resource of which each chain takes one: `dask worker --resources chains=4`."""

MOST_LOST = 3
"""How many workers may be lost under a task before it counts as failed, on a cluster that we start. Ours."""

_SECONDS_TO_CONNECT = 15.0
"""How long a scheduler may take to answer [s]. Ours."""

_SECONDS_TO_RETURN = 120.0
"""How long we wait for a lost scheduler, or for a worker [s]. Ours."""

_SECONDS_TO_RESTART = 15.0
"""How long a task waits for a worker with as many slots as it wants, if there was one [s]. Ours."""

_SECONDS_UNSAID = 2.0
"""How long we wait for workers before we say so [s]. Ours."""

_BETWEEN_LOOKS = 1.0
"""How often we ask whether scheduler and workers are there, while nothing finishes [s]. Ours."""

_SECONDS_TO_SEE = 30.0
"""How long it may take until a file that a worker wrote is seen here, on a network file system [s]. Ours."""

_AHEAD = 2
"""Tasks that are handed in for each slot: while one runs, the next is on its way. Ours."""

_MOST_SENT = 8
"""How many shared values stay with the workers for a next task. Ours."""

_LOST = "the scheduler was lost."
"""What is said when it does not come back."""

_KEPT = "finished work is kept; run the same command again to continue"
"""What is said when work stops before its end."""


class DaskExecutor:
    """Runs tasks on the workers of a scheduler.

    Parameters
    ----------
    client
        A client that is connected to it.
    progress
        Where to say that we wait for workers.
    pool
        The cluster, if it was started by us.
    """

    def __init__(self, client: Client, progress: Progress = SILENT, pool: Pool | None = None) -> None:
        self.client = client
        self._sent = _Sent(client)
        self._slots = _Slots(client, progress, pool or Pool())

    def map(self, tasks: Iterable[Task], folder: Path) -> Iterator[TaskOutcome]:
        """Run tasks on workers; yield what comes of each as it finishes."""
        run = _Run(self.client, self._sent, self._slots, folder)
        try:
            yield from run.iterate(iter(tasks))
        finally:
            run.cancel()


def name_folder(folder: Path) -> str:
    """Return a name that is in a file of the folder, by which a worker sees that it is the same folder.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    path = folder / MARK
    if path.is_file() and re.fullmatch(
        "[0-9a-f]{32}", name := path.read_text(encoding="ascii", errors="replace")
    ):
        return name
    name = secrets.token_hex(16)
    files.replace_file(path, name)
    return name


@dataclass(frozen=True)
class Pool:
    """The workers of a cluster that we started.

    Attributes
    ----------
    patience
        How long the first of them may take to come, or all of them to come back [s].
    ask
        Asks the cluster for as many as there should be, however many there are.
    """

    patience: float = _SECONDS_TO_RETURN
    ask: Callable[[], None] = lambda: None


@dataclass
class _HandedIn:
    """A task that was handed in: how often before, how often a worker failed it, and which slots it takes."""

    task: Task
    future: Future
    number: int
    stumbles: int
    slots: int
    unfit_since: float | None = None


class _Run:
    """One call of `map`."""

    def __init__(self, client: Client, sent: _Sent, slots: _Slots, folder: Path) -> None:
        self.client = client
        self.sent = sent
        self.slots = slots
        self.folder = folder
        self.folder_name = name_folder(folder)
        self.topic = f"workbench-{secrets.token_hex(8)}"
        self.running: dict[str, _HandedIn] = {}
        self.finished: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()

    def iterate(self, waiting: Iterator[Task]) -> Iterator[TaskOutcome]:
        """Hand in tasks as there is room, and yield outcomes."""
        task = next(waiting, None)
        while self.running or task is not None:
            if task is not None and is_kept(task, self.folder):
                yield TaskOutcome(task.key, was_kept=True)
                task = next(waiting, None)
            elif task is not None and len(self.running) < _AHEAD * max(1, self.slots.count()):
                self._submit(task)
                task = next(waiting, None)
            else:
                yield from self._take()

    def cancel(self) -> None:
        """Take back what nobody waits for any more."""
        if self.running:
            with suppress(Exception):  # the scheduler may be gone
                self.client.cancel([attempt.future for attempt in self.running.values()], force=True)

    def _submit(self, task: Task, number: int = 0, stumbles: int = 0, avoided: str = "") -> None:
        """Hand in a task, for the time given by `number` already; not to a worker where it found no room."""
        if not self.slots.count():  # what they can do is not known
            self.slots.wait_for_workers()
        others = [address for address in self.slots.list_addresses() if address != avoided]
        slots = self.slots.fit(task.cores)
        stripped = replace(task, shared=(), cores=max(slots, 1))
        call = SentTask(stripped, self.folder, self.folder_name, read_versions(), self.topic, number)
        future = self.client.submit(
            run_sent,
            call,
            *(self.sent.send(value, self.slots) for value in task.shared),
            key=f"{self.topic}-{task.key[:24]}-{number}",
            resources={SLOT: slots} if slots else None,
            workers=others if avoided and others else None,
            allow_other_workers=bool(avoided and others),
            pure=False,
        )
        self.running[task.key] = _HandedIn(task, future, number, stumbles, slots)
        future.add_done_callback(lambda _: self.finished.put((task.key, number)))

    def _take(self) -> Iterator[TaskOutcome]:
        """Wait a moment for a task to finish; yield its outcome, or hand it in again."""
        try:
            key, number = self.finished.get(timeout=_BETWEEN_LOOKS)
        except queue.Empty:
            self.slots.wait_for_workers()
            self._move_unfit()
            return
        attempt = self.running.get(key)
        if attempt is None or attempt.number != number:
            return
        is_answered = attempt.future.status in ("finished", "error")
        reply = self._fetch(attempt) if is_answered else None
        del self.running[key]
        stumbles, avoided = attempt.stumbles + 1, "" if reply is None else reply.outcome.worker
        is_full = reply is not None and isinstance(reply.outcome.failure, StoreError)
        if is_full and stumbles < MOST_LOST:
            self._submit(attempt.task, number + 1, stumbles, avoided)  # elsewhere there may be room
        elif reply is not None:
            yield self._keep(attempt.task, reply)
        elif is_kept(attempt.task, self.folder):
            yield TaskOutcome(key, was_kept=True)
        else:  # lost with the scheduler, or with what it shares
            self.slots.wait_for_workers()
            self._submit(attempt.task, number + 1, stumbles)

    def _move_unfit(self) -> None:
        """Hand in again, for fewer slots, what waits for a worker with more of them than any has by now."""
        for attempt in list(self.running.values()):
            if self.slots.can_run(attempt.slots):
                attempt.unfit_since = None
                continue
            attempt.unfit_since = attempt.unfit_since or time.monotonic()
            if time.monotonic() - attempt.unfit_since > _SECONDS_TO_RESTART:
                attempt.future.cancel()
                self._submit(attempt.task, attempt.number + 1, attempt.stumbles)

    def _fetch(self, attempt: _HandedIn) -> Reply | None:
        """Return what a worker replied; `None` if the reply was lost.

        Raises
        ------
        ClusterError
            The worker cannot run our code.
        """
        try:
            if attempt.future.status == "finished":
                reply: Reply = self.client.gather(attempt.future, direct=True)
                return reply
            reason = attempt.future.exception()
        except (FutureCancelledError, TimeoutError, OSError):  # the worker was lost before it could be asked
            return None
        if isinstance(reason, KilledWorker):
            return self._judge_loss(attempt, reason)
        if isinstance(reason, ModuleNotFoundError):
            hint = "install the same workbench there"
            raise ClusterError(f"a worker lacks the package `{reason.name}`.", hint=hint)
        raise reason

    def _judge_loss(self, attempt: _HandedIn, reason: KilledWorker) -> Reply | None:
        """Return the failure of a task whose workers were lost; `None` if it only waited on some of them."""
        lost = reason.allowed_failures + 1
        if self._count_starts(attempt) < lost and attempt.stumbles < MOST_LOST:
            return None
        message = f"{lost} workers were lost while they ran it, the last at {reason.last_worker.address}."
        failure = WorkerLost(message, hint="it may need more memory than they have")
        return Reply(TaskOutcome(attempt.task.key, failure=failure))

    def _count_starts(self, attempt: _HandedIn) -> int:
        """Return how often workers began to run a task since it was handed in."""
        started = [attempt.task.key, attempt.number]
        return sum(list(event) == started for _, event in self.client.get_events(self.topic))

    def _keep(self, task: Task, reply: Reply) -> TaskOutcome:
        """Return the outcome once its pieces are in their folder."""
        failure = reply.outcome.failure
        if isinstance(failure, ClusterError):
            raise failure
        if failure is not None:
            return reply.outcome
        if reply.content is not None:
            unpack(reply.content, self.folder, task.pieces)
        deadline = time.monotonic() + _SECONDS_TO_SEE
        while task.pieces and not is_kept(task, self.folder):
            if time.monotonic() > deadline:
                message = (
                    f"{reply.outcome.worker} wrote its results into `{self.folder}`, but they are not there."
                )
                raise StoreError(message, hint=_KEPT)
            time.sleep(0.1)
        return reply.outcome


class _Sent:
    """The shared values that the workers have."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._futures: dict[str, Future] = {}

    def send(self, value: Shared, slots: _Slots) -> Future:
        """Return a shared value on the workers; it is sent when a first task needs it, or if it was lost."""
        known = self._futures.pop(value.key, None)
        if known is None or known.status != "finished":
            content = pickle.dumps(value.pack(value.value), protocol=pickle.HIGHEST_PROTOCOL)
            known = self._scatter(Packed(value.key, value.unpack, content), slots)
        self._futures[value.key] = known  # the last one is the one used last
        while len(self._futures) > _MOST_SENT:
            del self._futures[next(iter(self._futures))]
        return known

    def _scatter(self, packed: Packed, slots: _Slots) -> Future:
        """Send a value to all workers, from here to them; if one is lost meanwhile, once more.

        Raises
        ------
        ClusterError
            There are no workers to send it to.
        """
        for _ in range(MOST_LOST):
            slots.wait_for_workers()
            try:
                return self._client.scatter(packed, broadcast=True, direct=True, hash=False)
            except Exception:  # the scheduler's own errors, among others, where a worker is lost meanwhile
                if self._client.status == "closed":
                    raise ClusterError(_LOST, hint=_KEPT) from None
                time.sleep(_BETWEEN_LOOKS)
        raise ClusterError("values that all tasks need could not be sent to the workers.", hint=_KEPT)


class _Slots:
    """How much the workers can do at a time."""

    def __init__(self, client: Client, progress: Progress, pool: Pool) -> None:
        self._client = client
        self._progress = progress
        self._pool = pool
        self._looked = 0.0
        self._workers: list[Mapping[str, Any]] = []

    @property
    def has_resources(self) -> bool:
        """Whether every worker says how many chains it runs at a time."""
        return bool(self._workers) and all(SLOT in worker["resources"] for worker in self._workers)

    def list_addresses(self) -> list[str]:
        """Return the addresses of the workers."""
        self._look()
        return [worker["address"] for worker in self._workers]

    def count(self) -> int:
        """Return how many tasks of one chain can run at a time."""
        self._look()
        if self.has_resources:
            slots = (min(worker["resources"][SLOT], worker["nthreads"]) for worker in self._workers)
            return int(sum(slots))
        return sum(worker["nthreads"] for worker in self._workers)

    def fit(self, cores: int) -> int:
        """Return how many slots a task takes; 0 where workers have threads only, of which it takes one."""
        self._look()
        if not self.has_resources:
            return 0
        return max(1, min(cores, int(max(worker["resources"][SLOT] for worker in self._workers))))

    def can_run(self, slots: int) -> bool:
        """Return whether a worker has so many slots, free or not."""
        self._look()
        return not slots or any(worker["resources"].get(SLOT, 0) >= slots for worker in self._workers)

    def wait_for_workers(self) -> None:
        """Wait until the scheduler and a worker are there.

        Raises
        ------
        ClusterError
            They do not come back.
        """
        started, stage = time.monotonic(), None
        with ExitStack() as stack:
            while True:
                self._looked = 0.0
                self._look()
                if self._workers:
                    return
                is_there = self._client.status == "running"
                if self._client.status == "closed":
                    raise ClusterError(_LOST, hint=_KEPT)
                waited = time.monotonic() - started
                if waited > self._pool.patience:
                    what = "a worker" if is_there else "the scheduler"
                    raise ClusterError(f"{what} was expected within {self._pool.patience:.0f} s.", hint=_KEPT)
                if stage is None and waited > _SECONDS_UNSAID:
                    stage = stack.enter_context(self._progress.stage("Waiting for workers"))
                if stage is not None:
                    stage.update(0, "" if is_there else "the scheduler does not answer")
                self._pool.ask()
                time.sleep(0.2)

    def _look(self) -> None:
        if time.monotonic() - self._looked < _BETWEEN_LOOKS:
            return
        self._looked = time.monotonic()
        self._workers = []
        if self._client.status == "running":
            with suppress(OSError, TimeoutError):
                known = self._client.scheduler_info(n_workers=-1)["workers"]
                self._workers = [{"address": address, **worker} for address, worker in known.items()]


@contextmanager
def connect(address: str, progress: Progress = SILENT) -> Iterator[DaskExecutor]:
    """Give an executor at the address of a scheduler.

    Raises
    ------
    ClusterError
        It does not answer.
    """
    host, _, port = address.partition("//")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_CONNECT).close()
    except (OSError, OverflowError) as reason:
        hint = "start one with `dask scheduler`, and workers with `dask worker ADDRESS --resources chains=1`"
        raise _explain_silence(address, reason, hint) from reason
    security = Security() if address.startswith("tls:") else None
    with _open_client(address, address, security) as client:
        yield DaskExecutor(client, progress)


@contextmanager
def start(asked: Cluster, text: str, progress: Progress = SILENT) -> Iterator[DaskExecutor]:
    """Give an executor on a cluster that ends with it.

    Parameters
    ----------
    asked
        The cluster.
    text
        What the user named, for messages.
    progress
        Where to say that we wait for workers.

    Raises
    ------
    ClusterError
        It cannot be started.
    """
    security = Security(require_encryption=True, **asked.tls) if asked.tls else None
    settings = {
        "distributed.scheduler.allowed-failures": MOST_LOST - 1,
        "distributed.worker.profile.enabled": False,  # it remembers every stack for an hour
    }
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        try:
            cluster = stack.enter_context(_make_cluster(asked.kind, asked.options, security))
            if asked.workers is not None:
                cluster.scale(asked.workers)
        except Exception as reason:  # of a package that we know little of
            message = f"the {asked.kind} of `{text}` cannot be started: {type(reason).__name__}: {reason}"
            raise ClusterError(message) from reason
        client = stack.enter_context(_open_client(cluster, text, security))
        yield DaskExecutor(client, progress, _make_pool(cluster, asked))


def _make_pool(cluster: Any, asked: Cluster) -> Pool:
    """Return how its workers are waited for: those of a batch system may stay in its queue for long."""
    patience = math.inf if asked.package == "dask_jobqueue" else _SECONDS_TO_RETURN
    return Pool(patience) if asked.workers is None else Pool(patience, lambda: cluster.scale(asked.workers))


def _make_cluster(kind: str, options: Mapping[str, Any], security: Security | None) -> Any:
    options = dict(options) if security is None else {**options, "security": security}
    if kind == "LocalCluster":
        defaults = {"threads_per_worker": 1, "resources": {SLOT: options.get("threads_per_worker", 1)}}
        return distributed.LocalCluster(**{**defaults, "dashboard_address": "127.0.0.1:0", **options})
    if kind == "SSHCluster":
        logging.getLogger("distributed.deploy.ssh").setLevel(
            logging.WARNING
        )  # it repeats all that they print
        return distributed.SSHCluster(**options)
    import dask_jobqueue

    return getattr(dask_jobqueue, kind)(**options)


class _Client(Client):  # type: ignore[misc]  # Dask has no types
    """A client that is closed at once where it does not reach a scheduler.

    Dask leaves that to the collector of garbage, which may come while another client starts and holds the
    lock of event loops, and then waits for it without end.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            with suppress(Exception):
                self.close()
            raise


def _make_client(address: Any, security: Security | None) -> Client:
    """Return a client; a second one is tried where Dask's event loop has not started within its 10 s."""
    for _ in range(2):
        with suppress(AssertionError):  # all that Dask says of it
            return _Client(address, timeout=_SECONDS_TO_RETURN, security=security, set_as_default=False)
    message = "Dask did not start within 10 s on this machine, twice."
    raise ClusterError(message, hint="the machine may be very busy: try again later")


@contextmanager
def _open_client(address: Any, text: str, security: Security | None) -> Iterator[Client]:
    try:
        client = _make_client(address, security)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as reason:
        raise _explain_silence(text, reason, _TLS if text.startswith("tls:") else _NO_TLS) from reason
    try:
        yield client
    finally:
        client.close()


_TLS = (
    "`distributed.comm.tls` in Dask's settings names the certificates: `ca-file`, `client.cert`, `client.key`"
)
_NO_TLS = "a scheduler that asks for certificates is named by `tls://HOST:PORT`"
"""The hints where something is there that does not answer as a scheduler does."""


def _explain_silence(text: str, reason: Exception, hint: str) -> ClusterError:
    """Return the error for a scheduler that does not answer."""
    why = str(reason).rstrip(".") or "no reason"
    return ClusterError(f"no scheduler of Dask answers at {text}: {why}.", hint=hint)
