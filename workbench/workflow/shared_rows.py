"""Which requests have the rows of their likelihood shared out among the threads of each chain."""

from __future__ import annotations

from dataclasses import replace

from workbench.estimation.standardize.copies import copy_dependents
from workbench.program import Obstacle, keep_rows, share_rows, uses_threads
from workbench.request import FitRequest
from workbench.thresholds import FEWEST_SHARED_ROWS
from workbench.toolchain import Toolchain

THREADS = "threads"
"""The feature that obstacles to sharing out rows name."""


def share_request_rows(request: FitRequest, tools: Toolchain) -> FitRequest:
    """Return a request whose program shares out its rows among threads, where that was requested and helps.

    The request itself is returned for one thread, for programs that share out work by themselves, and where
    that is decided already; otherwise the reason is among the program's obstacles.
    """
    program = request.program
    is_decided = program.is_shared or any(item.feature == THREADS for item in program.obstacles)
    if request.threads == 1 or is_decided or uses_threads(program.tree):
        return request
    rows = request.data.rows
    if program.instrumented is None:
        reason = "the program cannot be instrumented."
    elif rows is None:
        reason = "the data do not say how many rows there are."
    elif rows < FEWEST_SHARED_ROWS:
        reason = f"that helps from {FEWEST_SHARED_ROWS:,} rows, and there are {rows:,}."
    else:
        return copy_dependents(replace(request, program=share_rows(program, tools.stanc)))
    return note_obstacle(request, reason)


def keep_request_rows(request: FitRequest, tools: Toolchain, reason: str) -> FitRequest:
    """Return a request whose program has its rows in one sum, with the reason."""
    program = keep_rows(request.program, tools.stanc)
    return note_obstacle(copy_dependents(replace(request, program=program)), reason)


def note_obstacle(request: FitRequest, reason: str) -> FitRequest:
    """Return a request that says why its rows are not shared out among threads."""
    obstacle = Obstacle(THREADS, f"rows are not shared out among threads: {reason}")
    program = replace(request.program, obstacles=(*request.program.obstacles, obstacle))
    return replace(request, program=program)


def list_thread_tips(request: FitRequest) -> tuple[str, ...]:
    """Return why `--threads` does not do what it could."""
    return tuple(
        f"`--threads {request.threads}` changes nothing: {item.message}"
        for item in request.program.obstacles
        if item.feature == THREADS
    )
