"""Which elements of a data variable an outcome refers to: `segment(y, at, n)` is `y` from `at` on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.program.rewrite.observations import format_indexable
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

_OPEN = "@"
"""With a number, the place of an index that is still open; not a character of Stan."""

_FLATTENING = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
"""Functions that return all elements in one dimension."""


@dataclass(frozen=True)
class OutcomeElements:
    """A data variable and one index for each of its dimensions, some of them open.

    Attributes
    ----------
    name
        The variable.
    indices
        Texts of Stan in which `@0`, `@1` ... stand for the indices of the outcome as written.
    is_whole
        Whether the outcome refers to every element of the variable.
    """

    name: str
    indices: tuple[str, ...]
    is_whole: bool = True

    @property
    def rank(self) -> int:
        """How many indices are open: the number of dimensions of the outcome as written."""
        return sum(f"{_OPEN}{number}" in "".join(self.indices) for number in range(3))

    def format_index(self, *positions: str) -> str:
        """Return the indices of one element in brackets; nothing for a single number.

        >>> OutcomeElements("y", ("k", "@0")).format_index("n")
        '[k, n]'
        """
        filled = self.format_indices(*positions)
        return f"[{', '.join(filled)}]" if filled else ""

    def format_indices(self, *positions: str) -> list[str]:
        """Return the indices of one element."""
        return [_fill(index, positions) for index in self.indices]


def _fill(index: str, positions: Sequence[str]) -> str:
    for number, position in enumerate(positions):
        index = index.replace(f"{_OPEN}{number}", position)
    return index


def find_elements(outcome: n.Expr) -> OutcomeElements | None:
    """Return the elements that an outcome refers to; `None` if it is more than a selection of elements."""
    inner = t.unwrap(outcome)
    if isinstance(inner, n.Variable):
        indices = tuple(f"{_OPEN}{number}" for number in range(count_dimensions(inner.type)))
        return OutcomeElements(inner.name, indices)
    if isinstance(inner, n.Indexed):
        return _find_in_indexed(inner)
    if isinstance(inner, n.Unary) and inner.is_postfix and inner.type.base != "matrix":
        return find_elements(inner.operand)
    return _find_in_call(inner) if isinstance(inner, n.Call) and not inner.is_user_defined else None


def count_dimensions(type_: n.Type) -> int:
    """Return how many indices it takes to reach a number in a value of a type."""
    return type_.depth + {"vector": 1, "row_vector": 1, "matrix": 2}.get(type_.base, 0)


def _find_in_indexed(node: n.Indexed) -> OutcomeElements | None:
    base = find_elements(node.base)
    if base is None:
        return None
    texts: list[str] = []
    opened = 0
    for index in node.indices:
        texts.append(_format_position(index, f"{_OPEN}{opened}"))
        opened += not _is_single(index)
    rest = range(opened, opened + base.rank - len(node.indices))
    elements = _select(base, [*texts, *(f"{_OPEN}{number}" for number in rest)])
    is_all = all(index.lower is None and index.upper is None for index in node.indices)
    return replace(elements, is_whole=elements.is_whole and is_all)


def _select(base: OutcomeElements, texts: Sequence[str]) -> OutcomeElements:
    """Return the elements with each open index replaced."""
    marked = tuple(_fill(index, [f"\0{number}\0" for number in range(base.rank)]) for index in base.indices)
    for number, text in enumerate(texts):
        marked = tuple(index.replace(f"\0{number}\0", text) for index in marked)
    return OutcomeElements(base.name, marked, base.is_whole)


def _is_single(index: n.SliceIndex) -> bool:
    return index.is_single and index.lower is not None and not index.lower.type.is_container


def _format_position(index: n.SliceIndex, position: str) -> str:
    """Return the index in the variable of the element at a position of the outcome."""
    if index.is_single and index.lower is not None:
        text = to_text(index.lower)
        return text if _is_single(index) else f"{format_indexable(index.lower)}[{position}]"
    return position if index.lower is None else _shift(to_text(index.lower), position)


def _shift(start: str, position: str) -> str:
    return position if start == "1" else f"{start} + {position} - 1"


def _find_in_call(node: n.Call) -> OutcomeElements | None:
    base = find_elements(node.arguments[0]) if node.arguments else None
    if base is None:
        return None
    if node.name in _FLATTENING:
        return _flatten(node, base)
    rule = _SELECTING.get(node.name)
    if rule is None:
        return None
    return replace(_select(base, rule([to_text(item) for item in node.arguments])), is_whole=False)


def _flatten(node: n.Call, base: OutcomeElements) -> OutcomeElements | None:
    """Return the elements of a container in one dimension: matrices by column, arrays by row."""
    if base.rank == 1:
        return base
    if base.rank != 2:
        return None
    container = to_text(node.arguments[0])
    if t.unwrap(node.arguments[0]).type.base == "matrix":
        rows = f"rows({container})"
        return _select(base, [f"(@0 - 1) % {rows} + 1", f"(@0 - 1) %/% {rows} + 1"])
    length = f"dims({container})[2]"
    return _select(base, [f"(@0 - 1) %/% {length} + 1", f"(@0 - 1) % {length} + 1"])


_SELECTING: Mapping[str, Callable[[list[str]], list[str]]] = {
    "head": lambda _: ["@0"],
    "segment": lambda texts: [_shift(f"({texts[1]})", "@0")],
    "tail": lambda texts: [f"size({texts[0]}) - ({texts[1]}) + @0"],
    "col": lambda texts: ["@0", texts[1]],
    "row": lambda texts: [texts[1], "@0"],
}
"""Functions that select elements: the indices in their first argument, given the texts of all arguments."""
