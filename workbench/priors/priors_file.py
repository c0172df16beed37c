"""A TOML file of priors: values of hyperparameters, and whole priors in another form.

[prior]                      # what --prior sets
"beta.mu" = [0.0, 1.0, 2.0]
tau_prior_scale = 2.5

[prior-form]                 # what --prior-form writes
beta = "student_t(3, 0, 2.5)"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.card import parse_toml
from workbench.errors import PriorError, RequestError

_VALUES, _FORMS = "prior", "prior-form"
"""The tables that a file may have."""

_MOST_BYTES = 50_000_000
"""The largest file that is read. Ours: one of priors by hand has hundreds of bytes."""


@dataclass(frozen=True)
class StatedPriors:
    """The priors that a file states.

    Attributes
    ----------
    values
        By hyperparameter: its value, or one for each element.
    forms
        By parameter: a distribution with its arguments, or `flat`.
    """

    values: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)


def read_priors(path: Path | None) -> StatedPriors:
    """Return what a TOML file says of priors; nothing where there is no file.

    Raises
    ------
    RequestError
        There is no such file, or it is not TOML.
    PriorError
        It has another table, a value that is no number, or a form that is no text.
    """
    if path is None:
        return StatedPriors()
    if not path.is_file():
        raise RequestError(
            f"a TOML file of priors was expected at `{path}`, but there is no such file.",
            hint="check the path; a single prior is --prior NAME=VALUE",
        )
    if path.stat().st_size > _MOST_BYTES:
        raise RequestError(f"`{path}` was expected to hold priors, but it has more than 50 MB.")
    content = parse_toml(path.read_bytes(), f"the priors in `{path}`")
    for name in content:
        if name not in (_VALUES, _FORMS):
            raise PriorError(
                f"`{path}` was expected to have the tables [{_VALUES}] and [{_FORMS}], found `{name}`.",
                hint=f'write `[{_VALUES}]`, then a line such as `"beta.sigma" = 2.5`',
            )
    values = {name: _read_value(path, name, value) for name, value in _list_entries(path, content, _VALUES)}
    forms = {name: _read_form(path, name, value) for name, value in _list_entries(path, content, _FORMS)}
    return StatedPriors(values, forms)


def _list_entries(path: Path, content: Mapping[str, Any], table: str) -> list[tuple[str, Any]]:
    entries = content.get(table, {})
    if not isinstance(entries, dict):
        raise PriorError(f"[{table}] in `{path}` was expected to be a table, found `{entries!r:.80}`.")
    return list(entries.items())


def _read_value(path: Path, name: str, value: object) -> float | Sequence[float]:
    """Return the value of a hyperparameter: a number, or a list of numbers.

    Raises
    ------
    PriorError
        It is neither.
    """
    numbers: list[Any] = value if isinstance(value, list) and value else [value]
    if all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
        try:
            converted = tuple(float(number) for number in numbers)
        except OverflowError:
            converted = ()
        if converted:
            return converted if isinstance(value, list) else converted[0]
    hint = ""
    if isinstance(value, dict):
        hint = f'put quotes around a name with a dot: `"{name}.{next(iter(value), "sigma")}" = ...`'
    raise PriorError(
        f"`{name}` in `{path}` was expected to be a number or a list of numbers, found `{value!r:.80}`.",
        hint=hint or None,
    )


def _read_form(path: Path, name: str, form: object) -> str:
    """Return a whole prior.

    Raises
    ------
    PriorError
        It is not a text, or an empty one.
    """
    if isinstance(form, str) and form.strip():
        return form.strip().removeprefix("~").strip()
    raise PriorError(
        f"the prior of `{name}` in `{path}` was expected to be a text, found `{form!r:.80}`.",
        hint=f'write `{name} = "student_t(3, 0, 2.5)"`',
    )
