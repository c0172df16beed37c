"""Which findings follow from which: a reader mends the cause, and its consequences go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from workbench.results.view import CheckResult, Results

_CHAINS = ("WB101", "WB102", "WB103")
"""Codes of the checks that see that chains mix badly, whatever the reason."""

_FROM_DRAWS = (
    *("WB401", "WB502", "WB503", "WB504", "WB505", "WB506", "WB507", "WB508", "WB509"),
    *("WB601", "WB602", "WB603", "WB703"),
)
"""Codes of the checks that look at draws of the posterior: without reliable ones they decide nothing."""

_BROKEN = ("WB001", "WB405", "WB201")
"""Codes of the checks that say why draws do not describe the posterior, beside those of the chains."""

_ABOUT_CHAINS = ("WB0", "WB1", "WB2", "WB405")
"""The beginnings of the codes of what makes draws unreliable."""

_HALF = 0.5
"""Share of transitions at the maximum treedepth from which these explain slow chains. Ours."""


def _is_found(check: CheckResult, _: Results) -> bool:
    return check.status in ("issue", "tip")


def _is_issue(check: CheckResult, _: Results) -> bool:
    return check.status == "issue"


def _fails(check: CheckResult, _: Results) -> bool:
    return check.status == "issue" and check.severity == "fail"


def _truncates_most(check: CheckResult, results: Results) -> bool:
    """Return whether so many trajectories were stopped that the chains move as a random walk does."""
    return check.status == "issue" and (check.measured or 0.0) >= _HALF * (results.nuts.total_draws or 0)


@dataclass(frozen=True)
class Cause:
    """A finding from which others follow.

    Attributes
    ----------
    code
        The code of its check.
    explains
        The beginnings of the codes of what follows from it.
    applies
        Whether it is grave enough to explain them.
    """

    code: str
    explains: tuple[str, ...]
    applies: Callable[[CheckResult, Results], bool]


CAUSES = (
    Cause("WB001", (*_CHAINS, "WB2", "WB3", "WB401", "WB402", "WB403", "WB404", "WB405"), _fails),
    Cause("WB001", ("WB402", "WB404"), _is_issue),
    Cause("WB405", (*_CHAINS, "WB204", "WB301", "WB302", "WB401", "WB404"), _is_issue),
    Cause("WB201", (*_CHAINS, "WB203", "WB204"), _fails),
    Cause("WB202", _CHAINS, _truncates_most),
    Cause("WB101", ("WB102", "WB103", "WB204"), _fails),
    Cause("WB203", ("WB102", "WB103"), _is_issue),
    Cause("WB102", ("WB103",), _is_issue),
    Cause("WB404", ("WB301", "WB302", "WB401"), _is_found),
    Cause("WB703", ("WB503",), _is_found),
    Cause("WB507", ("WB502", "WB504", "WB505"), _is_issue),
    Cause("WB502", ("WB504", "WB505"), _is_issue),
)
"""Every cause, those that lie deepest first: a finding belongs to the first that explains it."""

_REMEDIES = {"WB001": "See WB001 first: no setting of the sampler helps."}
"""The advice on consequences, where it is not just to look at the cause first."""


def attribute(checks: Sequence[CheckResult], results: Results) -> tuple[CheckResult, ...]:
    """Return checks that name the finding from which theirs follows, where there is one.

    Findings from draws of unreliable chains name what makes them so: they are undecided until then.
    """
    causes = _find_causes(checks, results)
    return tuple(_name_cause(check, causes.get(check.code, "")) for check in checks)


def _find_causes(checks: Sequence[CheckResult], results: Results) -> dict[str, str]:
    """Return the deepest cause of each finding that has one, by code."""
    found = {check.code: check for check in checks if check.status in ("issue", "tip")}
    causes: dict[str, str] = {}
    for cause in CAUSES:
        if cause.code in causes or cause.code not in found or not cause.applies(found[cause.code], results):
            continue
        for code in found:
            if code.startswith(cause.explains) and code != cause.code:
                causes.setdefault(code, cause.code)
    unreliable = [code for code in (*_BROKEN, *_CHAINS) if code in found and _fails(found[code], results)]
    for code in found if unreliable else ():
        if code in _FROM_DRAWS:
            causes.setdefault(code, causes.get(unreliable[0], unreliable[0]))
    return {code: causes.get(cause, cause) for code, cause in causes.items()}


def _name_cause(check: CheckResult, cause: str) -> CheckResult:
    if not cause:
        return check
    return msgspec.structs.replace(check, cause=cause, advice=_REMEDIES.get(cause, f"See {cause} first."))


def is_undecided(check: CheckResult) -> bool:
    """Return whether a finding says nothing until its cause is mended, rather than following from it."""
    return check.cause.startswith(_ABOUT_CHAINS) and check.code in _FROM_DRAWS
