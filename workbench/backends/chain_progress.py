"""What chains have written so far, read while they run: step sizes and divergences."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from workbench.progress import Stage

_ITERATION = re.compile(r"(?:Chain \[(\d+)\] )?Iteration:\s+(\d+) / \d+.*\((\w+)\)")
_CHAIN = re.compile(r"_(\d+)$")
_SHOWN = 8


@dataclass
class _Tail:
    """One growing output file: how far it was read, and what it said."""

    read: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    divergences: int = 0
    step_size: str = ""


def follow_chains(stage: Stage, folder: Path) -> Callable[[str, int], None]:
    """Return a listener that adds up the iterations of all chains and says how each is doing.

    Parameters
    ----------
    stage
        Where to report.
    folder
        Where the chains write their output, a file for each.
    """
    done: dict[int, int] = {}
    tails: dict[int, _Tail] = {}
    lock = Lock()  # each chain is heard in a thread of its own

    def hear(line: str, index: int) -> None:
        match = _ITERATION.match(line)
        if match:
            with lock:
                done[int(match[1] or index)] = int(match[2])
                stage.update(float(sum(done.values())), f"{match[3].lower()}{_doing(folder, tails)}")

    return hear


def _doing(folder: Path, tails: dict[int, _Tail]) -> str:
    """Return step size and divergences of each chain, in words; nothing before any has ended its warm-up."""
    for path in folder.glob("*.csv"):
        chain = _CHAIN.search(path.stem)
        if chain:
            _advance(path, tails.setdefault(int(chain[1]), _Tail()))
    known = [tails[chain] for chain in sorted(tails) if tails[chain].step_size]
    if not known or len(known) > _SHOWN:
        total = sum(tail.divergences for tail in known)
        return f", {total} divergent" if known else ""
    sizes = " ".join(f"{float(tail.step_size):.2g}" for tail in known)
    return f", step {sizes}, divergent {' '.join(str(tail.divergences) for tail in known)}"


def _advance(path: Path, tail: _Tail) -> None:
    """Read what a file has gained, up to its last whole line."""
    try:
        with path.open("rb") as stream:
            stream.seek(tail.read)
            gained = stream.read()
    except OSError:  # it may not be there yet
        return
    whole = gained.rpartition(b"\n")[0]
    tail.read += len(whole) + 1 if whole else 0
    for line in whole.decode(errors="replace").splitlines():
        if line.startswith("# Step size = "):
            tail.step_size = line.removeprefix("# Step size = ")
        elif line.startswith("lp__"):
            tail.columns = {name: position for position, name in enumerate(line.split(","))}
        elif line and not line.startswith("#") and "divergent__" in tail.columns:
            cells = line.split(",", tail.columns["divergent__"] + 1)
            tail.divergences += cells[tail.columns["divergent__"]] not in ("0", "0.0")
