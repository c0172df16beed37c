"""Compilers at work: several side by side, and what is said of one that fails."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench import process
from workbench.errors import BuildFailed
from workbench.toolchain import cache
from workbench.toolchain.provision import Toolchain

# What a compiler takes for one piece of the driver [bytes].
_MEMORY_PER_PIECE = 5 << 29


def run_compilers(
    toolchain: Toolchain,
    what: str,
    commands: Sequence[process.Command],
    on_count: Callable[[float], None] | None = None,
) -> None:
    """Run compilers side by side; the first that fails becomes our error.

    Where one was killed, most likely because several need too much memory, what is left runs one by one.
    """
    succeeded: list[process.Command] = []

    def note(result: process.CompletedProcess) -> None:
        if result.returncode == 0:
            succeeded.append(result.command)
            if on_count is not None:
                on_count(len(succeeded))

    jobs = min(_jobs(), len(commands))
    done = process.run_many(commands, jobs=jobs, on_done=note)
    if jobs > 1 and any(_was_killed(result) for result in done):
        waiting = [command for command in commands if command not in succeeded]
        done = process.run_many(waiting, on_done=note)
    for result in done:
        if result.returncode != 0:
            raise _failure(toolchain.cache, what, result)


def _jobs() -> int:
    """Return how many compilers fit this machine's processors and memory at once."""
    import psutil

    memory = psutil.virtual_memory().available // _MEMORY_PER_PIECE
    return max(1, min(os.cpu_count() or 1, memory))


def _failure(folder: Path, what: str, result: process.CompletedProcess) -> BuildFailed:
    slug = re.sub(r"\W+", "-", what)
    log = folder / "logs" / f"{slug}-{int(time.time())}.log"
    with cache.explain_write_errors(folder):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{result.command}\n\n{result.output}\n")
    program = Path(result.command.argv[0]).name
    if "No space left on device" in result.output:
        message = f"{program} ran out of disk space while it compiled {what}; its words are in {log}."
        hint = "`workbench toolchain prune` frees space; WORKBENCH_CACHE moves the cache to another disk"
    elif _was_killed(result):
        message = f"{program} was killed while it compiled {what}, most likely for want of memory; see {log}."
        hint = "close other programs: a compiler needs up to 3 GB here"
    else:
        first = next((line for line in result.output.splitlines() if "error:" in line), "it gave no reason")
        message = f"{program} failed to compile {what}: {first.strip()} (all of its words are in {log})."
        hint = None
    return BuildFailed(message, command=str(result.command), log=log, hint=hint)


def _was_killed(result: process.CompletedProcess) -> bool:
    return result.returncode < 0 or "Killed signal" in result.output or "signal 9" in result.output
