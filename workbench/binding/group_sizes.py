"""Which sizes count groups: `J` where `array[N] int<lower=1, upper=J> school` numbers the group of a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench.program import Declaration, Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t


@dataclass(frozen=True)
class Grouping:
    """A size that counts groups.

    Attributes
    ----------
    size
        Its name.
    variables
        The integer arrays that hold the numbers of its groups.
    is_size
        Whether anything is declared with that size; otherwise it is only the largest number there may be.
    """

    size: str
    variables: tuple[str, ...]
    is_size: bool


def grouping(program: Program) -> Mapping[str, Grouping]:
    """Return the sizes that count groups, by declared bounds first, then by what is indexed by what."""
    scalars = {one.name for one in program.data if one.is_integer and not one.sizes}
    sized = {name for one in _every(program) for size in one.sizes for name in size.names}
    found: dict[str, list[str]] = {}
    for one in program.data:
        size = _upper(one)
        if size in scalars:
            found.setdefault(size, []).append(one.name)
    taken = {name for names in found.values() for name in names}
    arrays = {one.name for one in program.data if one.is_integer and one.sizes and _may_index(one)} - taken
    for size, name in _indexed(program, scalars, arrays):
        if size not in {text for held in program.data if held.name == name for text in _size_texts(held)}:
            found.setdefault(size, [])
            if name not in found[size]:
                found[size].append(name)
    return {size: Grouping(size, tuple(names), size in sized) for size, names in found.items()}


def _every(program: Program) -> tuple[Declaration, ...]:
    return (
        *program.data,
        *program.transformed_data,
        *program.parameters,
        *program.transformed_parameters,
        *program.generated_quantities,
    )


def _size_texts(declaration: Declaration) -> tuple[str, ...]:
    return tuple(size.text for size in declaration.sizes)


def _may_index(declaration: Declaration) -> bool:
    """Whether codes from 1 are within the declared bounds."""
    return declaration.upper is None and (declaration.lower is None or declaration.lower.literal == 1)


def _upper(declaration: Declaration) -> str:
    """Return the name that bounds an array of group numbers above; empty where it holds no such numbers."""
    starts_at_one = declaration.lower is None or declaration.lower.literal == 1
    is_array = declaration.is_integer and bool(declaration.sizes)
    if not (is_array and starts_at_one and declaration.upper is not None):
        return ""
    bound = t.bare(declaration.upper.node)
    return bound.name if isinstance(bound, n.Variable) else ""


def _indexed(program: Program, scalars: set[str], arrays: set[str]) -> Iterator[tuple[str, str]]:
    """Yield sizes with the data array that indexes something declared with them: `theta[school[n]]`."""
    sizes = {one.name: _size_texts(one) for one in _every(program)}
    for node in t.walk(tuple(body for _, body in program.tree.blocks)):
        if not isinstance(node, n.Indexed) or not isinstance(node.base, n.Variable):
            continue
        for size, index in zip(sizes.get(node.base.name, ()), node.indices, strict=False):
            name = _array(index) if index.is_single else ""
            if size in scalars and name in arrays:
                yield size, name


def _array(index: n.Slice) -> str:
    inner = t.bare(index.lower) if index.lower is not None else None
    if isinstance(inner, n.Indexed):
        inner = inner.base
    return inner.name if isinstance(inner, n.Variable) else ""
