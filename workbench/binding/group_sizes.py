"""Which sizes count groups: `J`, where `array[N] int<lower=1, upper=J> school` numbers the group of a row."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from workbench.program import Declaration, Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t


@dataclass(frozen=True)
class GroupSize:
    """A size that counts groups.

    Attributes
    ----------
    size
        Its name.
    variables
        The integer arrays that hold the numbers of its groups.
    is_size
        Whether anything is declared with that size; otherwise it is only an upper bound of those numbers.
    """

    size: str
    variables: tuple[str, ...]
    is_size: bool


_found: dict[int, tuple[weakref.ref[Program], Mapping[str, GroupSize]]] = {}
"""What was found of the programs that are in use: one is often bound to many tables."""


def find_group_sizes(program: Program) -> Mapping[str, GroupSize]:
    """Return the sizes that count groups, by name: of each program they are sought once.

    An array numbers the groups of `J` if it is declared with `upper=J`; an array without such a bound, if it
    is the index of something declared with size `J`.
    """
    known = _found.get(id(program))
    if known is None or known[0]() is not program:
        reference = weakref.ref(program, partial(_forget, id(program)))
        known = _found[id(program)] = reference, _find_group_sizes(program)
    return known[1]


def _forget(number: int, _gone: weakref.ref[Program]) -> None:
    _found.pop(number, None)


def _find_group_sizes(program: Program) -> Mapping[str, GroupSize]:
    scalars = {declared.name for declared in program.data if declared.is_integer and not declared.sizes}
    used_as_size = {
        name for declared in _list_declarations(program) for size in declared.sizes for name in size.names
    }
    variables: dict[str, list[str]] = {}
    for declared in program.data:
        size = _find_upper_name(declared)
        if size in scalars:
            variables.setdefault(size, []).append(declared.name)
    bounded = {name for names in variables.values() for name in names}
    candidates = {
        declared.name
        for declared in program.data
        if declared.is_integer and declared.sizes and _can_be_index(declared)
    } - bounded
    own_sizes = {declared.name: _list_size_texts(declared) for declared in program.data}
    for size, name in _find_indexing(program, scalars, candidates):
        if size not in own_sizes[name]:
            variables.setdefault(size, [])
            if name not in variables[size]:
                variables[size].append(name)
    return {size: GroupSize(size, tuple(names), size in used_as_size) for size, names in variables.items()}


def _list_declarations(program: Program) -> tuple[Declaration, ...]:
    return (
        *program.data,
        *program.transformed_data,
        *program.parameters,
        *program.transformed_parameters,
        *program.generated_quantities,
    )


def _list_size_texts(declaration: Declaration) -> tuple[str, ...]:
    return tuple(size.text for size in declaration.sizes)


def _can_be_index(declaration: Declaration) -> bool:
    """Return whether the declared bounds allow codes that count from 1."""
    return declaration.upper is None and (declaration.lower is None or declaration.lower.literal == 1)


def _find_upper_name(declaration: Declaration) -> str:
    """Return the name that is the upper bound of an array of group numbers; empty for any other variable."""
    starts_at_one = declaration.lower is None or declaration.lower.literal == 1
    is_array = declaration.is_integer and bool(declaration.sizes)
    if not (is_array and starts_at_one and declaration.upper is not None):
        return ""
    bound = t.unwrap(declaration.upper.node)
    return bound.name if isinstance(bound, n.Variable) else ""


def _find_indexing(program: Program, scalars: set[str], arrays: set[str]) -> Iterator[tuple[str, str]]:
    """Yield a size and the data array that indexes something declared with it: `theta[school[n]]`."""
    sizes = {declared.name: _list_size_texts(declared) for declared in _list_declarations(program)}
    for node in t.walk(tuple(body for _, body in program.tree.blocks)):
        if not isinstance(node, n.Indexed) or not isinstance(node.base, n.Variable):
            continue
        for size, index in zip(sizes.get(node.base.name, ()), node.indices, strict=False):
            name = _find_array(index) if index.is_single else ""
            if size in scalars and name in arrays:
                yield size, name


def _find_array(index: n.SliceIndex) -> str:
    """Return the name of the array that an index is, or is an element of; empty where there is none."""
    inner = t.unwrap(index.lower) if index.lower is not None else None
    if isinstance(inner, n.Indexed):
        inner = inner.base
    return inner.name if isinstance(inner, n.Variable) else ""
