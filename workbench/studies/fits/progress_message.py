"""How far a stage of a study is, and how long it may still take, in words."""

from __future__ import annotations

import time


def describe_progress(started: float, done: int, total: int, what: str = "points") -> str:
    """Return how far work is whose pieces cost about the same.

    Parameters
    ----------
    started
        `time.monotonic()` when it began.
    done, total, what
        Pieces, and what they are called.

    >>> describe_progress(time.monotonic() - 60, 5, 10)
    '5 of 10 points, about 1 min left'
    """
    spent = time.monotonic() - started
    left = f", about {format_duration(spent / done * (total - done))} left" if 0 < done < total else ""
    return f"{done} of {total} {what}{left}"


def describe_sweep_progress(done: int, total: int, refits: list[float]) -> str:
    """Return how far a sweep is; every point that is left may need a refit, or none.

    Parameters
    ----------
    done, total
        Points.
    refits
        Seconds that each refit so far took.

    >>> describe_sweep_progress(6, 10, [30.0, 30.0])
    '6 of 10 points, 2 refits so far, at most about 2 min left'
    """
    fitted = f"{len(refits)} refit{'' if len(refits) == 1 else 's'} so far"
    if done == total or not refits:
        return f"{done} of {total} points, {fitted}"
    most = sum(refits) / len(refits) * (total - done)
    return f"{done} of {total} points, {fitted}, at most about {format_duration(most)} left"


def format_duration(seconds: float) -> str:
    """Return a rough length of time.

    >>> format_duration(12.4), format_duration(61), format_duration(7300)
    ('12 s', '1 min', '2 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.0f} h"
