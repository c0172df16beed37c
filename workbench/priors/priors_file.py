"""A TOML file of priors: values of hyperparameters, and whole priors in another form.

[prior]                      # what --prior sets
"beta.mu" = [0.0, 1.0, 2.0]
tau_prior_scale = 2.5

[prior-form]                 # what --prior-form writes
beta = "student_t(3, 0, 2.5)"
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workbench.card import parse_toml
from workbench.errors import PriorError, RequestError
from workbench.priors.carried import CarriedPosterior, check_carried

_VALUES, _FORMS, _POSTERIOR = "prior", "prior-form", "posterior"
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
    posterior
        A normal in place of all priors; `None` where the file states none.
    """

    values: Mapping[str, float | Sequence[float]] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    posterior: CarriedPosterior | None = None


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
        if name not in (_VALUES, _FORMS, _POSTERIOR):
            raise PriorError(
                f"`{path}` was expected to have the tables [{_VALUES}], [{_FORMS}] and [{_POSTERIOR}], found "
                f"`{name}`.",
                hint=f'write `[{_VALUES}]`, then a line such as `"beta.sigma" = 2.5`',
            )
    values = {name: _read_value(path, name, value) for name, value in _list_entries(path, content, _VALUES)}
    forms = {name: _read_form(path, name, value) for name, value in _list_entries(path, content, _FORMS)}
    posterior = _read_posterior(path, content) if _POSTERIOR in content else None
    if posterior is not None and forms:
        raise PriorError(
            f"`{path}` has [{_FORMS}] beside [{_POSTERIOR}], which stands in place of all priors."
        )
    return StatedPriors(values, forms, posterior)


def _read_posterior(path: Path, content: Mapping[str, Any]) -> CarriedPosterior:
    """Return a normal distribution.

    Raises
    ------
    PriorError
        It is none.
    """
    entries = dict(_list_entries(path, content, _POSTERIOR))
    names, mean, covariance = (entries.pop(key, None) for key in ("parameters", "mean", "covariance"))
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    rows: list[Any] = covariance if isinstance(covariance, list) else [None]
    if entries or not is_list or not all(map(_is_numbers, [mean, *rows])):
        problem = "it was expected to have `parameters`, `mean` and `covariance`, lists of texts and numbers"
        problem += f"; `{next(iter(entries))}` is none of them" if entries else ""
    else:
        problem = check_carried(names or [], mean or [], rows)
    if problem:
        raise PriorError(f"[{_POSTERIOR}] in `{path}`: {problem}.")
    return CarriedPosterior(tuple(names or ()), np.array(mean, dtype=float), np.array(rows, dtype=float))


def _is_numbers(value: object) -> bool:
    """Return whether a value is a list of numbers that doubles can hold."""
    if not isinstance(value, list):
        return False
    return all(
        isinstance(number, (int, float)) and not isinstance(number, bool) and abs(number) < sys.float_info.max
        for number in value
    )


def format_posterior(posterior: CarriedPosterior, comments: Sequence[str] = ()) -> str:
    """Return a file that states a normal in place of all priors.

    Parameters
    ----------
    posterior
        The normal.
    comments
        Lines for people, at the beginning.
    """
    names = ", ".join(f'"{name}"' for name in posterior.names)
    rows = ",\n".join(f"  [{', '.join(map(repr, row))}]" for row in posterior.covariance.tolist())
    lines = [
        *(f"# {''.join(letter if letter.isprintable() else '?' for letter in line)}" for line in comments),
        f"[{_POSTERIOR}]",
        f"parameters = [{names}]",
        f"mean = [{', '.join(map(repr, posterior.mean.tolist()))}]",
        f"covariance = [\n{rows},\n]",
    ]
    return "\n".join(lines) + "\n"


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
