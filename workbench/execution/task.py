"""A piece of work that can run anywhere: what it is, where it runs, and what comes of it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from workbench.errors import WorkbenchError


@dataclass(frozen=True)
class Workplace:
    """Where a task runs.

    Attributes
    ----------
    folder
        Where it leaves what it finished, under names that begin with its key.
    scratch
        A folder for files that nobody needs afterwards.
    cores
        Processes that it may have at a time; they change no number.
    """

    folder: Path
    scratch: Path
    cores: int = 1


@dataclass(frozen=True)
class Shared:
    """A large value that many tasks need; another machine receives it once.

    Attributes
    ----------
    key
        A hash of everything that it holds.
    value
        The value on this machine.
    pack
        Returns what is sent to other machines: it can be pickled.
    unpack
        The name of a function that makes the value of what was sent: `(place, packed) -> value`. It is called
        once by each worker.
    """

    key: str
    value: Any = field(repr=False, compare=False)
    pack: Callable[[Any], Any] = field(default=lambda value: value, repr=False, compare=False)
    unpack: str = ""


@dataclass(frozen=True)
class Task:
    """A piece of work: a function and its arguments.

    The function is called as `function(place, *shared, *arguments)`. It leaves its results as files in
    `place.folder`, each written whole or not at all, and returns a small record or nothing.

    Attributes
    ----------
    key
        A hash of everything that decides its numbers: program, data, priors, seed, settings and versions.
    function
        Its name, `module:function`.
    arguments
        Small values that can be pickled.
    shared
        Large values.
    pieces
        Names of the files or folders that it leaves. If all of them are there, it is not run again.
    cores
        How many processes it can use at a time: the chains of a fit.
    """

    key: str
    function: str
    arguments: tuple[Any, ...] = ()
    shared: tuple[Shared, ...] = field(default=(), repr=False)
    pieces: tuple[str, ...] = ()
    cores: int = 1


@dataclass(frozen=True)
class TaskOutcome:
    """What came of a task; its pieces are in their folder by then.

    Attributes
    ----------
    key
        That of the task.
    record
        What its function returned.
    failure
        Why it has no result.
    seconds
        How long it ran [s].
    worker
        The address of the worker that ran it; empty for this machine.
    was_kept
        Whether an earlier run had finished it.
    """

    key: str
    record: Any = None
    failure: WorkbenchError | None = None
    seconds: float = 0.0
    worker: str = ""
    was_kept: bool = False


def name_function(function: Callable[..., Any]) -> str:
    """Return the name by which another process finds a function.

    Raises
    ------
    ValueError
        It cannot be found by a name: it was made inside another function.

    >>> from workbench.provenance import hash_text
    >>> name_function(hash_text)
    'workbench.provenance:hash_text'
    """
    name = f"{function.__module__}:{function.__qualname__}"
    if "<" in function.__qualname__ or find_function(name) is not function:
        raise ValueError(f"{name} cannot be found by its name.")
    return name


def find_function(name: str) -> Callable[..., Any]:
    """Return the function of a name that `name_function` returned."""
    module, _, qualified = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    return cast("Callable[..., Any]", found)


def run_task(task: Task, place: Workplace, shared: Mapping[str, Any]) -> TaskOutcome:
    """Run a task and return what came of it; an error of the tree is an outcome.

    Parameters
    ----------
    task, place
        The task, and where it runs.
    shared
        The shared values by their keys.
    """
    started = time.monotonic()
    record, failure = None, None
    try:
        values = (shared[value.key] for value in task.shared)
        record = find_function(task.function)(place, *values, *task.arguments)
    except WorkbenchError as reason:
        failure = reason
    return TaskOutcome(task.key, record, failure, time.monotonic() - started)
