"""What the checks of a run were about, and what nobody checked."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.results.view import CheckResult, Results

SUBJECTS = {
    "WB0": "whether the posterior is proper",
    "WB1": "the chains",
    "WB2": "the chains",
    "WB3": "the approximations",
    "WB4": "the point estimates",
    "WB5": "the predictions",
    "WB501": "the instrumented program",
    "WB503": "single rows",
    "WB6": "the priors",
    "WB7": "the data",
    "WB703": "single rows",
}
"""What a check is about, by the longest beginning of its code."""

GAPS = {
    "WB401": "the distance of the mode from the posterior mean",
    "WB5": "the predictions",
    "WB501": "the equality of the instrumented program with the original",
    "WB503": "the influence of single rows",
    "WB6": "the sensitivity to the priors",
    "WB703": "the influence of single rows",
}
"""What is left unchecked where a check was skipped; others ask only about a method that was not run."""

_MADE = ("passed", "issue", "tip")
"""Statuses of checks that were made."""

_ABOUT_INPUT = ("WB0", "WB501", "WB604", "WB605", "WB7")
"""Codes of checks that look at the program and its data, not at results."""


def list_checked(checks: Iterable[CheckResult]) -> tuple[str, ...]:
    """Return what was checked, in the order of the checks."""
    return _list_phrases(SUBJECTS, (check.code for check in checks if check.status in _MADE))


def list_unchecked(results: Results, checks: Iterable[CheckResult]) -> tuple[str, ...]:
    """Return what skipped checks would have looked at, as far as it matters for the results there are."""
    made = list_checked(checks := tuple(checks))
    phrases = _list_phrases(GAPS, (check.code for check in list_gaps(results, checks)))
    return tuple(f"some of {phrase}" if phrase in made else phrase for phrase in phrases)


def list_gaps(results: Results, checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Return the skipped checks that leave something unchecked."""
    return [
        check
        for check in checks
        if check.status == "skipped"
        and _find_phrase(GAPS, check.code)
        and (check.code != "WB401" or results.map.is_ok)
    ]


def is_about_results(check: CheckResult) -> bool:
    """Return whether a check was made, and says something about what was estimated."""
    return check.status in _MADE and not check.code.startswith(_ABOUT_INPUT)


def _list_phrases(phrases: dict[str, str], codes: Iterable[str]) -> tuple[str, ...]:
    found = (_find_phrase(phrases, code) for code in codes)
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


def _find_phrase(phrases: dict[str, str], code: str) -> str:
    """Return the phrase for the longest beginning of a code; empty where there is none.

    >>> _find_phrase(SUBJECTS, "WB501"), _find_phrase(SUBJECTS, "WB502"), _find_phrase(GAPS, "WB101")
    ('the instrumented program', 'the predictions', '')
    """
    beginnings = [beginning for beginning in phrases if code.startswith(beginning)]
    return phrases[max(beginnings, key=len)] if beginnings else ""
