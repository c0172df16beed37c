"""The progress of chains while they run: iterations, rate, time left and divergences of each."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from workbench.progress import Stage, describe_seconds

_ITERATION = re.compile(r"(?:Chain \[(\d+)\] )?Iteration:\s+(\d+) / (\d+).*\((\w+)\)")
"""Stan's report on the console: chain (if several share a process), iteration, how many there will be, warmup
or sampling."""

_CHAIN = re.compile(r"_(\d+)$")
"""The number of a chain at the end of its file's name."""

_STEP_SIZE = "# Step size = "
"""The comment with which Stan ends the warm-up in a chain's file."""

_SHOWN = 8
"""The most chains that are shown one by one; of more, rates and divergences are added up."""

_RECENT = 6
"""Reports of a chain from which its present rate follows: a tenth of its iterations."""


@dataclass
class _OutputTail:
    """One chain's growing file: how many bytes have been read, and what they held."""

    bytes_read: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    divergences: int = 0
    step_size: str = ""


@dataclass
class ChainReport:
    """How far a chain is.

    Attributes
    ----------
    total
        Iterations that there will be, warm-up included.
    done
        Iterations so far.
    divergences
        Divergent transitions after the warm-up so far.
    step_size
        The step size that the warm-up ended with; `None` before.
    recent
        The last reports: when [s], and how many iterations were done.
    """

    total: int
    done: int = 0
    divergences: int = 0
    step_size: float | None = None
    recent: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def add(self, done: int, now: float) -> None:
        """Take a report: iterations so far, and the time [s]."""
        self.done = done
        self.recent.append((now, done))

    @property
    def rate(self) -> float | None:
        """Iterations per second of late; `None` before a second report."""
        if len(self.recent) < 2:
            return None
        (first, before), (last, after) = self.recent[0], self.recent[-1]
        return (after - before) / (last - first) if last > first and after > before else None

    @property
    def seconds_left(self) -> float | None:
        """Time that the other iterations take at this rate [s]."""
        return None if self.rate is None else (self.total - self.done) / self.rate


def follow_chains(
    stage: Stage, folder: Path, clock: Callable[[], float] = time.monotonic
) -> Callable[[str, int], None]:
    """Return a function that takes console lines, and reports the progress of all chains together.

    Parameters
    ----------
    stage
        Where to report.
    folder
        The folder of the chains' output files.
    clock
        Tells the time [s].
    """
    chains: dict[int, ChainReport] = {}
    tails: dict[int, _OutputTail] = {}
    lock = Lock()  # cmdstanpy reads each chain in a thread of its own

    def on_line(line: str, index: int) -> None:
        match = _ITERATION.match(line)
        if match:
            with lock:
                chain = chains.setdefault(int(match[1] or index + 1), ChainReport(int(match[3])))
                chain.add(int(match[2]), clock())
                _read_outputs(folder, tails, chains)
                done = float(sum(report.done for report in chains.values()))
                stage.update(done, f"{match[4].lower()}{describe_chains(chains)}")

    return on_line


def _read_outputs(folder: Path, tails: dict[int, _OutputTail], chains: dict[int, ChainReport]) -> None:
    """Read each chain's step size and divergences from its file."""
    for path in folder.glob("*.csv"):
        named = _CHAIN.search(path.stem)
        number = int(named[1]) if named else 0
        if number not in chains:
            continue
        tail = tails.setdefault(number, _OutputTail())
        _read_new_lines(path, tail)
        chains[number].divergences = tail.divergences
        chains[number].step_size = float(tail.step_size) if tail.step_size else None


def describe_chains(chains: dict[int, ChainReport]) -> str:
    r"""Return how far chains are: the longest time left, then a line for each chain.

    >>> describe_chains({1: ChainReport(2000, 200), 2: ChainReport(2000, 1100, 3, 0.25)})
    '\nchain 1: 200 of 2000\nchain 2: 1100 of 2000, step 0.25, 3 divergent'
    """
    left = [seconds for chain in chains.values() if (seconds := chain.seconds_left) is not None]
    longest = f", {describe_seconds(max(left))} left" if left and max(left) > 0 else ""
    if len(chains) > _SHOWN:
        return f"{longest}{_add_up(tuple(chains.values()))}"
    lines = [f"\nchain {number}: {_describe_chain(chains[number])}" for number in sorted(chains)]
    return longest + "".join(lines)


def _add_up(chains: Sequence[ChainReport]) -> str:
    rate = sum(chain.rate or 0.0 for chain in chains if chain.done < chain.total)
    divergences = sum(chain.divergences for chain in chains)
    return f"{f', {rate:.3g} iterations/s' if rate else ''}, {divergences} divergent"


def _describe_chain(chain: ChainReport) -> str:
    parts = [f"{chain.done} of {chain.total}"]
    if chain.done < chain.total and chain.rate is not None and chain.seconds_left is not None:
        parts += [f"{chain.rate:.3g} iterations/s", f"{describe_seconds(chain.seconds_left)} left"]
    if chain.step_size is not None:
        parts += [f"step {chain.step_size:.2g}", f"{chain.divergences} divergent"]
    return ", ".join(parts)


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
