"""The names that an expression may have, and what each of them is."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.prediction.expressions import (
    Node,
    Operation,
    QuantityExpression,
    QuantityName,
    is_reduction,
    iterate_nodes,
)
from workbench.prediction.predictions import Predictions
from workbench.results.quantities import element_name, split_element

_MOST_SHOWN = 12
"""How many names an error lists."""


@dataclass(frozen=True)
class KnownNames:
    """The names that an expression may have.

    Attributes
    ----------
    parameters
        Parameters, transformed parameters and generated quantities that do not belong to rows: the shape of
        each.
    outcomes
        The replicates, such as ``y_rep``, and generated quantities that belong to rows.
    expected
        The replicates whose expectation is known.
    columns
        Columns of numbers in the new table.
    names_by_label
        Stan's name of each element that has a name for people: ``beta[mom_iq]`` is ``beta[2]``.
    """

    parameters: Mapping[str, tuple[int, ...]]
    outcomes: tuple[str, ...]
    expected: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    names_by_label: Mapping[str, str] = field(default_factory=dict)

    def is_by_row(self, name: str) -> bool:
        """Return whether a name has a value for each row."""
        return name in self.outcomes or name in self.columns

    def find_element(self, reference: QuantityName) -> tuple[int, ...]:
        """Return the index, counted from 0, of an element of a parameter."""
        name = self.names_by_label.get(str(reference), str(reference))
        return split_element(name)[1]


def list_names(
    predictions: Predictions,
    names_by_label: Mapping[str, str] | None = None,
    columns: tuple[str, ...] = (),
    by_row: tuple[str, ...] = (),
) -> KnownNames:
    """Return the names of predictions.

    Parameters
    ----------
    predictions
        Predictions of some rows.
    names_by_label
        Stan's name of each element that has a label.
    columns
        Columns of numbers in the new table.
    by_row
        The generated quantities of the author that have an element for each row.
    """
    both = {**predictions.parameters, **predictions.generated}
    outcomes = {outcome.quantity: outcome for outcome in predictions.outcomes}
    return KnownNames(
        {name: values.shape[1:] for name, values in both.items() if name not in (*by_row, *outcomes)},
        (*outcomes, *(name for name in by_row if name in both and name not in outcomes)),
        tuple(name for name, outcome in outcomes.items() if outcome.expectation is not None),
        columns,
        names_by_label or {},
    )


def check_names(expression: QuantityExpression, names: KnownNames) -> None:
    """Refuse an expression whose names are not known, or are not what they are used as.

    Raises
    ------
    RequestError
        The message names the place.
    """
    for node in iterate_nodes(expression.root):
        if isinstance(node, QuantityName):
            _check_reference(expression, node, names)
        elif isinstance(node, Operation) and node.function == "E":
            _check_expectation(expression, node, names)
        elif isinstance(node, Operation) and is_reduction(node) and not has_rows(node.arguments[0], names):
            what = f"takes `{node.function}` over rows of something that has none"
            hint = "`mean(y_rep)` goes over rows; draws are summarised in any case, and max(a, b) takes two"
            raise expression.refuse(what, node.place, hint)


def check_spelling(
    expressions: Iterable[QuantityExpression], names: Sequence[str], words: Collection[str]
) -> None:
    """Refuse a name that cannot be known, before anything is computed.

    Parameters
    ----------
    expressions
        What is asked for.
    names
        Names that an error suggests.
    words
        Further words that may be names, such as those of a program.

    Raises
    ------
    RequestError
        The message names the place.
    """
    for expression in expressions:
        for node in iterate_nodes(expression.root):
            if isinstance(node, QuantityName) and node.name not in (*names, *words):
                raise expression.refuse(
                    f"has an unknown name, `{node.name}`", node.place, _suggest_from(node.name, names)
                )


def has_rows(node: Node, names: KnownNames) -> bool:
    """Return whether a node has a value for each row."""
    if isinstance(node, QuantityName):
        return not node.key and names.is_by_row(node.name)
    if isinstance(node, Operation) and not is_reduction(node):
        return any(has_rows(argument, names) for argument in node.arguments)
    return False


def reads_replicates(node: Node, names: KnownNames) -> bool:
    """Return whether a node has values that are drawn given the parameters."""
    if isinstance(node, QuantityName):
        return node.name in names.outcomes
    if isinstance(node, Operation) and node.function != "E":
        return any(reads_replicates(argument, names) for argument in node.arguments)
    return False


def _check_reference(expression: QuantityExpression, reference: QuantityName, names: KnownNames) -> None:
    name = reference.name
    if name in names.columns and name in (*names.parameters, *names.outcomes):
        hint = "rename the column"
        what = f"has `{name}`, which is a quantity of the fit and a column of the new table"
        raise expression.refuse(what, reference.place, hint)
    if name in names.parameters:
        _check_element(expression, reference, names)
    elif name in names.columns:
        if reference.key:
            what = f"has `{reference}`, but `{name}` is a column of the new table"
            raise expression.refuse(what, reference.place, f"write `{name}`, which has a value in each row")
    elif name not in names.outcomes:
        raise expression.refuse(f"has an unknown name, `{name}`", reference.place, _suggest(name, names))


def _check_element(expression: QuantityExpression, reference: QuantityName, names: KnownNames) -> None:
    """Refuse an array without an index, and an index outside of it."""
    name, shape = reference.name, names.parameters[reference.name]
    if not reference.key and not shape:
        return
    index = names.find_element(reference)
    if len(index) == len(shape) and all(0 <= place < size for place, size in zip(index, shape, strict=True)):
        return
    known = _list_elements(name, names)
    if not shape:
        what = f"has `{reference}`, but `{name}` is a single number"
    elif not reference.key:
        what = f"has `{name}`, which is an array, without an element"
    else:
        what = f"has `{reference}`, which `{name}` does not have"
    raise expression.refuse(what, reference.place, f"there is {known}")


def _list_elements(name: str, names: KnownNames) -> str:
    """Return the elements of a parameter in words, with labels where they have some."""
    shape = names.parameters[name]
    labels = [label for label, known in names.names_by_label.items() if split_element(known)[0] == name]
    if not shape:
        return f"`{name}`"
    first, last = element_name(name, (0,) * len(shape)), element_name(name, tuple(n - 1 for n in shape))
    numbered = f"`{first}`" if first == last else f"`{first}` to `{last}`"
    return f"{numbered}, or {_quote(labels)}" if labels else numbered


def _check_expectation(expression: QuantityExpression, call: Operation, names: KnownNames) -> None:
    reference = call.arguments[0]
    assert isinstance(reference, QuantityName)  # noqa: S101 - the grammar takes nothing else
    if reference.name in names.expected:
        return
    if reference.name in names.outcomes:
        what = f"has `E({reference})`, but no expectation of `{reference.name}` is known"
        raise expression.refuse(what, call.place, f"`{reference.name}` itself has a mean over draws")
    listed = _quote([f"E({name})" for name in names.expected])
    what = f"takes the expectation of `{reference}`, which is not the replicate of an outcome"
    raise expression.refuse(what, call.place, f"there is {listed}")


def _suggest(name: str, names: KnownNames) -> str:
    return _suggest_from(name, [*names.outcomes, *names.parameters, *names.columns])


def _suggest_from(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean `{close[0]}`?" if close else f"there is {_quote(list(names))}"


def _quote(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_MOST_SHOWN])
    rest = len(names) - _MOST_SHOWN
    return (f"{shown} and {rest} more" if rest > 0 else shown) or "nothing"
