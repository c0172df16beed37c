"""One exception that stops every method: said once, with its count, and not by each of them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workbench.results.method_result import MethodResult

_MARK = "Exception: "
"""What precedes the message of an exception that Stan prints."""

SAME = "stopped by the same exception."
"""What is said of all methods but the first."""


def share_exceptions(results: Mapping[str, MethodResult]) -> dict[str, MethodResult]:
    """Return results in which an exception that stopped several methods is given in full only once.

    Stan stops at an index out of range, a matrix that is not positive definite, or `reject()`. NUTS says so
    if it was run, else the first method.
    """
    order = sorted(results, key=lambda key: key != "nuts")
    by_exception: dict[str, list[str]] = {}
    for key in order:
        text = _find_exception(results[key])
        if text:
            by_exception.setdefault(text, []).append(key)
    changed = dict(results)
    for text, keys in by_exception.items():
        count = sum(results[key].console.count(f"{_MARK}{text}") for key in keys)
        times = f"{count:,} times with the same exception" if count > 1 else "with an exception"
        first, *others = keys
        changed[first] = replace(results[first], reason=f"Stan stopped {times}: {text}")
        changed |= {key: replace(results[key], reason=SAME) for key in others}
    return changed


def _find_exception(result: MethodResult) -> str:
    """Return the message of the exception that stopped a method; empty where none did, or several."""
    if result.status != "failed" or result.reason.count(_MARK) != 1:
        return ""
    return result.reason.partition(_MARK)[2].strip()
