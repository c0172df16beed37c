"""The command that samples what a run without chains lacks."""

from __future__ import annotations

import shlex

from workbench.results.view import Results

_FIT = ["workbench", "fit"]
"""How the command of a run begins; a fit in Python has another."""

_DROPPED = ("--method", "--methods", "--output", "-o")
"""Options with a value that the suggested command has not: the method is another, and so is the folder."""


def suggest_sampling(results: Results) -> str:
    """Return the command that makes the run of some results with NUTS, in backticks.

    It keeps the options of the run, but for its methods and its folder.

    >>> suggest_sampling(Results(command="workbench fit a.stan a.csv --method=map --seed 3 -o run"))
    '`workbench fit a.stan a.csv --seed 3 --method nuts`'
    >>> suggest_sampling(Results(command="workbench.fit(...)"))
    '`workbench.fit(..., method="nuts")`'
    """
    words = _split(results.command)
    if words[:2] != _FIT:
        return '`workbench.fit(..., method="nuts")`'
    kept: list[str] = []
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word in _DROPPED:
            is_value = True
        elif not word.startswith(tuple(f"{option}=" for option in _DROPPED if option.startswith("--"))):
            kept.append(word)
    return f"`{shlex.join([*kept, '--method', 'nuts'])}`"


def advise_draws(results: Results) -> str:
    """Return how to make a run with draws: by NUTS, unless NUTS failed when the run was made.

    >>> advise_draws(Results(command="workbench fit a.stan a.csv --method map"))
    '`workbench fit a.stan a.csv --method nuts` makes a run with draws'
    >>> from workbench.results.view import NutsResult
    >>> advise_draws(Results(command="workbench fit a.stan a.csv", nuts=NutsResult(status="failed")))
    'mend what made NUTS fail, and fit again: `workbench fit a.stan a.csv`'
    """
    if results.nuts.status == "failed":
        command = results.command if _split(results.command)[:2] == _FIT else "workbench.fit(...)"
        return f"mend what made NUTS fail, and fit again: `{command}`"
    return f"{suggest_sampling(results)} makes a run with draws"


def explain_no_chains(results: Results) -> str:
    """Return why a run has no chains, as the end of a sentence.

    >>> explain_no_chains(Results())
    'NUTS was skipped: it is not in `run.json`.'
    """
    status = results.nuts.status
    verb = {"skipped": "was skipped", "not available": "is not available"}.get(status, status)
    return f"NUTS {verb}: {results.nuts.reason}"


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # quotes that are not closed
        return []
