"""Run compilers in parallel, and explain why one failed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench import process
from workbench.errors import BuildFailed, RunTimedOut
from workbench.toolchain import cache
from workbench.toolchain.provision import Toolchain

_MEMORY_PER_COMPILER = 5 << 29
"""The memory that a compiler needs for one part of the driver [bytes]."""


_ALLOW_TIME = (
    "allow more time with --timeout; "
    "`workbench toolchain install` builds what all programs share, once and without a limit"
)
"""The hint for a compiler that was ended at the time limit."""


def run_compilers(
    toolchain: Toolchain,
    target: str,
    commands: Sequence[process.ProcessCommand],
    on_count: Callable[[float], None] | None = None,
) -> None:
    """Run compilers in parallel; raise an error for the first that fails.

    If one was killed, most likely for lack of memory, the remaining ones run one at a time.

    Parameters
    ----------
    toolchain
        What `provision` returned.
    target
        What is compiled, for messages.
    commands
        The compilers to run.
    on_count
        Receives the number of compilers that have succeeded so far.

    Raises
    ------
    BuildFailed, RunTimedOut
        A compiler fails, or takes longer than the toolchain's time limit.
    """
    succeeded: list[process.ProcessCommand] = []

    def note(result: process.CompletedProcess) -> None:
        if result.returncode == 0:
            succeeded.append(result.command)
            if on_count is not None:
                on_count(len(succeeded))

    jobs = min(_count_parallel_compilers(), len(commands))
    done = process.run_many(commands, jobs=jobs, timeout=toolchain.timeout, on_done=note)
    if jobs > 1 and any(_was_killed(result) for result in done):
        remaining = [command for command in commands if command not in succeeded]
        done = process.run_many(remaining, timeout=toolchain.timeout, on_done=note)
    for result in done:
        if result.timed_out:
            message = f"compiling {target} took longer than the {toolchain.timeout:g} s allowed."
            raise RunTimedOut(message, hint=_ALLOW_TIME)
        if result.returncode != 0:
            raise _make_error(toolchain.cache, target, result)


def _count_parallel_compilers() -> int:
    """Return how many compilers this machine's processors and memory can run at a time."""
    import psutil

    memory = psutil.virtual_memory().available // _MEMORY_PER_COMPILER
    return max(1, min(process.count_usable_cores(), memory))


def _make_error(folder: Path, target: str, result: process.CompletedProcess) -> BuildFailed:
    slug = re.sub(r"\W+", "-", target)
    log = folder / "logs" / f"{slug}-{int(time.time())}.log"
    with cache.explain_write_errors(folder):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{result.command}\n\n{result.output}\n")
    program = Path(result.command.argv[0]).name
    if "No space left on device" in result.output:
        message = f"{program} ran out of disk space while compiling {target}; its messages are in {log}."
        hint = f"{cache.FREE_SPACE}; TMPDIR moves temporary files"
    elif _was_killed(result):
        message = f"{program} was killed while compiling {target}, most likely for lack of memory; see {log}."
        hint = "close other programs: a compiler needs up to 3 GB of memory"
    else:
        lines = [line for line in result.output.splitlines() if line.strip()]
        errors = [line for line in lines if "error:" in line.lower()]
        first = next(iter(errors or lines[-1:]), "no reason was given")
        message = f"{program} failed to compile {target}: {first.strip()} (all of its messages are in {log})."
        hint = None
    return BuildFailed(message, command=str(result.command), log=log, hint=hint)


def _was_killed(result: process.CompletedProcess) -> bool:
    if result.timed_out:
        return False
    return result.returncode < 0 or "Killed signal" in result.output or "signal 9" in result.output
