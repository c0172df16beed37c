"""What a null hypothesis states: parameters that are set to constants."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.errors import RequestError
from workbench.results import Fit
from workbench.results.quantities import owner

_STATEMENT = re.compile(r"\s*(?P<name>[^=<>~]+?)\s*=\s*(?P<value>[^=<>~]+?)\s*")
"""`beta[2] = 0`."""

_MOST_LISTED = 12
"""Parameters that a message lists. Ours."""


@dataclass(frozen=True)
class NullConstraint:
    """A parameter that is set to a constant.

    Attributes
    ----------
    name, label
        Stan's name of the parameter, and its name for people.
    value
        The constant, on the declared scale.
    """

    name: str
    label: str
    value: float

    @property
    def words(self) -> str:
        """The constraint as it is written.

        >>> NullConstraint("beta[2]", "beta[age]", 0.0).words
        'beta[age] = 0'
        """
        return f"{self.label} = {self.value:g}"


def parse_nulls(
    texts: Iterable[str], fit: Fit, known: Iterable[str] | None = None
) -> tuple[NullConstraint, ...]:
    """Return what null hypotheses state; `beta=0` sets every element of `beta`.

    Parameters
    ----------
    texts
        Such as `beta[2]=0` or `beta[age]=0`.
    fit
        The run whose parameters are named.
    known
        Stan's names of its quantities; by default those that its MLE has.

    Raises
    ------
    RequestError
        A text is no such statement, or names no parameter of the run; or one is named twice.
    """
    results = fit.results
    blocks = {item.name: item.block for item in results.model.parameters}
    known = tuple(results.mle.estimates if known is None else known)
    names = [name for name in known if blocks.get(owner(name)) == "parameters"]
    found: dict[str, NullConstraint] = {}
    for text in texts:
        match = _STATEMENT.fullmatch(text)
        value = _read_number(match["value"]) if match is not None else None
        if match is None or value is None:
            raise RequestError(f"--null was expected as PARAMETER=NUMBER, such as beta[2]=0; found `{text}`.")
        written = match["name"].replace(" ", "")
        stan_name = results.names_by_label.get(match["name"], results.names_by_label.get(written, written))
        chosen = [name for name in names if name == stan_name]
        chosen = chosen or [name for name in names if owner(name) == stan_name]
        if not chosen:
            functions = {results.label(name) for name in known} | set(blocks)
            hint = (
                "declared parameters alone are tested: state the null for the one that it follows from, or "
                "declare the quantity as a parameter"
                if "(" in match["name"] or owner(stan_name) in blocks or match["name"] in functions
                else None
            )
            listed = ", ".join(f"`{results.label(name)}`" for name in names[:_MOST_LISTED])
            raise RequestError(
                f"`{match['name']}` is no parameter of {results.model.name}; there are {listed}.",
                hint=hint,
            )
        for name in chosen:
            if name in found:
                raise RequestError(f"`{results.label(name)}` is set twice by --null.")
            found[name] = NullConstraint(name, results.label(name), value)
    if not found:
        raise RequestError("a test needs a null hypothesis.", hint="--null 'beta[2]=0'")
    return tuple(found.values())


def _read_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
