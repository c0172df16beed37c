"""The progress of chains while they run: iterations, step sizes and divergences so far."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from workbench.progress import Stage

_ITERATION = re.compile(r"(?:Chain \[(\d+)\] )?Iteration:\s+(\d+) / \d+.*\((\w+)\)")
"""Stan's report on the console: chain (if several share a process), iteration, warmup or sampling."""

_CHAIN = re.compile(r"_(\d+)$")
"""The number of a chain at the end of its file's name."""

_STEP_SIZE = "# Step size = "
"""The comment with which Stan ends the warm-up in a chain's file."""

_SHOWN = 8
"""The most chains that are shown one by one; of more, the divergences are added up."""


@dataclass
class _OutputTail:
    """One chain's growing file: how many bytes have been read, and what they held."""

    bytes_read: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    divergences: int = 0
    step_size: str = ""


def follow_chains(stage: Stage, folder: Path) -> Callable[[str, int], None]:
    """Return a function that takes console lines, and reports the progress of all chains together.

    Parameters
    ----------
    stage
        Where to report.
    folder
        The folder of the chains' output files.
    """
    done: dict[int, int] = {}
    tails: dict[int, _OutputTail] = {}
    lock = Lock()  # cmdstanpy reads each chain in a thread of its own

    def on_line(line: str, index: int) -> None:
        match = _ITERATION.match(line)
        if match:
            with lock:
                done[int(match[1] or index)] = int(match[2])
                stage.update(
                    float(sum(done.values())), f"{match[3].lower()}{_describe_chains(folder, tails)}"
                )

    return on_line


def _describe_chains(folder: Path, tails: dict[int, _OutputTail]) -> str:
    """Return each chain's step size and divergences as text; empty until a chain has ended its warm-up."""
    for path in folder.glob("*.csv"):
        chain = _CHAIN.search(path.stem)
        if chain:
            _read_new_lines(path, tails.setdefault(int(chain[1]), _OutputTail()))
    adapted = (tails[chain] for chain in sorted(tails) if tails[chain].step_size)
    return describe_adapted([(float(tail.step_size), tail.divergences) for tail in adapted])


def describe_adapted(chains: Sequence[tuple[float, int]]) -> str:
    """Return step size and divergences of the chains that have ended their warm-up as text.

    >>> describe_adapted([]), describe_adapted([(0.25, 0), (0.5, 3)])
    ('', ', step 0.25 0.5, divergent 0 3')
    """
    if not chains or len(chains) > _SHOWN:
        total = sum(divergences for _, divergences in chains)
        return f", {total} divergent" if chains else ""
    sizes = " ".join(f"{step_size:.2g}" for step_size, _ in chains)
    return f", step {sizes}, divergent {' '.join(str(divergences) for _, divergences in chains)}"


def _read_new_lines(path: Path, tail: _OutputTail) -> None:
    """Read what was added to a file, up to its last complete line."""
    try:
        with path.open("rb") as stream:
            stream.seek(tail.bytes_read)
            added = stream.read()
    except OSError:  # the file may not exist yet
        return
    complete = added.rpartition(b"\n")[0]
    tail.bytes_read += len(complete) + 1 if complete else 0
    for line in complete.decode(errors="replace").splitlines():
        if line.startswith(_STEP_SIZE):
            tail.step_size = line.removeprefix(_STEP_SIZE)
        elif line.startswith("lp__"):
            tail.columns = {name: position for position, name in enumerate(line.split(","))}
        elif line and not line.startswith("#") and "divergent__" in tail.columns:
            cells = line.split(",", tail.columns["divergent__"] + 1)
            tail.divergences += cells[tail.columns["divergent__"]] not in ("0", "0.0")
