"""Tasks for tests: each leaves a file of numbers that its seed decides."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from workbench import files, process
from workbench.errors import ChainFailed, StoreError
from workbench.execution import Shared, Task, Workplace, name_function
from workbench.provenance import hash_texts


def draw(
    place: Workplace, scale: float, seed: int, seconds: float = 0.0, counter: str = ""
) -> dict[str, Any]:
    """Leave draws in the folder; note that this was done in a file beside."""
    time.sleep(seconds)
    values = np.random.default_rng(seed).normal(scale=scale, size=100)
    if counter:
        with Path(counter).open("a", encoding="utf-8") as stream:
            stream.write(f"{seed}\n")
    with files.open_replacement(place.folder / name_piece(seed)) as stream:
        np.save(stream, values)
    return {"mean": float(values.mean()), "pid": os.getpid(), "folder": str(place.folder)}


def refuse(place: Workplace, seed: int) -> None:
    """Fail as Stan does."""
    del place
    raise ChainFailed(f"sampling stopped: seed {seed} is refused.", console="all of it", hint="another seed")


def die(place: Workplace, log: str) -> None:
    """Kill the process that runs this."""
    del place
    with Path(log).open("a", encoding="utf-8") as stream:
        stream.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def fill(place: Workplace, full: str) -> None:
    """Fail as on a full disk, on the worker that comes first."""
    from distributed import get_worker

    address, path = get_worker().address, Path(full)
    if not path.exists():
        path.write_text(address, encoding="utf-8")
    if path.read_text(encoding="utf-8") == address:
        raise StoreError("the disk is full.")
    (place.folder / "there").touch()


def wait_for_process(place: Workplace, started: str) -> None:
    """Wait for a process that would take minutes, as for a chain; keep its end as a result."""
    Path(started).touch()
    with suppress(ChainFailed):
        done = process.run(["sleep", SLEEP])
        raise ChainFailed(f"it ended with {done.returncode}.")
    (place.folder / "ended").touch()


SLEEP = "345.6"
"""How long that process waits [s]: by this number it is found."""


def write(place: Workplace, size: int) -> str:
    """Write a file into the scratch folder, and leave one in the folder; return the scratch folder."""
    with files.explained(place.scratch):
        (place.scratch / "large").write_bytes(bytes(size))
    files.replace_file(place.folder / "written", "done")
    return str(place.scratch)


def tell_cores(place: Workplace, seconds: float = 0.0) -> int:
    """Return how many processes it may have."""
    time.sleep(seconds)
    return place.cores


def break_(place: Workplace) -> None:
    """Fail as only a mistake of ours does."""
    del place
    raise ZeroDivisionError("a mistake")


def nothing(place: Workplace) -> None:
    """Do nothing."""
    del place


def name_piece(seed: int) -> str:
    """Return the name of the file that `draw` leaves."""
    return f"{make_key(seed)}.npy"


def make_key(seed: int) -> str:
    """Return the key of a task."""
    return hash_texts("draw", str(seed))


SCALE = Shared("the scale 2", 2.0)
"""A value that all tasks share."""


def make_tasks(count: int, seconds: float = 0.0, counter: Path | None = None) -> list[Task]:
    """Return tasks that draw."""
    noted = "" if counter is None else str(counter)
    return [
        Task(make_key(seed), name_function(draw), (seed, seconds, noted), (SCALE,), (name_piece(seed),))
        for seed in range(count)
    ]


def read_all(folder: Path, count: int) -> np.ndarray:
    """Return what all tasks have left, and compare it with what their seeds give."""
    found = np.stack([np.load(folder / name_piece(seed)) for seed in range(count)])
    expected = np.stack([np.random.default_rng(seed).normal(scale=2.0, size=100) for seed in range(count)])
    np.testing.assert_array_equal(found, expected)
    return found
