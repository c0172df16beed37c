"""Progress of a stage of a study in words: how much is done, and how long the rest may take."""

from __future__ import annotations

import time


def describe_progress(started: float, done: int, total: int, what: str = "points") -> str:
    """Describe the progress of work whose pieces take about equally long.

    Parameters
    ----------
    started
        `time.monotonic()` when it began.
    done, total, what
        Pieces that are done, all pieces, and what they are called.

    >>> describe_progress(time.monotonic() - 60, 5, 10)
    '5 of 10 points, about 1 min left'
    """
    spent = time.monotonic() - started
    rest = f", about {format_duration(spent / done * (total - done))} left" if 0 < done < total else ""
    return f"{done} of {total} {what}{rest}"


def describe_sweep_progress(done: int, total: int, refits: list[float]) -> str:
    """Describe the progress of a sweep; each of the remaining points may need a refit or not.

    Parameters
    ----------
    done, total
        Points that are done, and all points.
    refits
        The time that each refit so far took [s].

    >>> describe_sweep_progress(6, 10, [30.0, 30.0])
    '6 of 10 points, 2 refits so far, at most about 2 min left'
    """
    refitted = f"{len(refits)} refit{'' if len(refits) == 1 else 's'} so far"
    if done == total or not refits:
        return f"{done} of {total} points, {refitted}"
    most = sum(refits) / len(refits) * (total - done)
    return f"{done} of {total} points, {refitted}, at most about {format_duration(most)} left"


def format_duration(seconds: float) -> str:
    """Return a duration, rounded to its unit.

    >>> format_duration(12.4), format_duration(61), format_duration(7300)
    ('12 s', '1 min', '2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.0f} h"
