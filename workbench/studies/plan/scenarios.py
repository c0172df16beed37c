"""Scenarios: named settings of the priors, from a TOML file.

::

    [sceptical]
    "beta.sigma" = 0.5

    [enthusiastic]
    "beta.mu" = 1
    "beta.sigma" = 0.5

    [heavy]
    prior.beta = "student_t(3, 0, 2.5)"     # another form of the whole statement; "flat" removes it

    [flat]
    "power(prior)" = 0.01
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.card import parse_toml
from workbench.errors import RequestError
from workbench.studies.plan.plan import Point


def read_scenarios(path: Path) -> tuple[Point, ...]:
    """Read the scenarios of a file, in its order.

    Raises
    ------
    RequestError
        The file does not exist or is not TOML, or a value is neither a number nor a prior.
    """
    try:
        content = path.read_bytes()
    except OSError as reason:
        raise RequestError(f"scenarios were expected in `{path}`, which cannot be read.") from reason
    return parse_scenarios(parse_toml(content, f"`{path}`"), str(path))


def parse_scenarios(content: Mapping[str, Any], place: str) -> tuple[Point, ...]:
    """Return the scenarios in the content of a file; `place` names it in messages.

    Raises
    ------
    RequestError
        A value is neither a number nor a prior.
    """
    return tuple(_parse_scenario(name, entries, place) for name, entries in content.items())


def _parse_scenario(name: str, entries: Any, place: str) -> Point:
    if not isinstance(entries, Mapping):
        raise RequestError(f"`{name}` in `{place}` was expected to be a table, [{name}].")
    forms = entries.get("prior", {})
    values = {key: value for key, value in entries.items() if key != "prior"}
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            hint = 'quote names with a dot: "beta.sigma" = 0.5'
            raise RequestError(f"`{key}` of [{name}] in `{place}` was expected to be a number.", hint=hint)
    if not isinstance(forms, Mapping) or not all(isinstance(form, str) for form in forms.values()):
        raise RequestError(
            f'`prior` of [{name}] in `{place}` was expected to be like prior.beta = "cauchy(0, 1)".'
        )
    for key, value in values.items():
        if not math.isfinite(value):
            raise RequestError(f"`{key}` of [{name}] in `{place}` was expected to be finite, found {value}.")
    return Point({key: float(value) for key, value in values.items()}, dict(forms), name)
