"""Which cells of a data variable an outcome names: `segment(y, at, n)` is `y` from `at` on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.program.rewrite.observations import indexable
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

_OPEN = "@"  # no character of Stan: with a number, the place of an index that is still open
_FLAT = {"to_vector", "to_row_vector", "to_array_1d"}


@dataclass(frozen=True)
class Cells:
    """A data variable and one index for each of its dimensions, some of them open.

    Attributes
    ----------
    name
        The variable.
    indices
        Stan texts, in which `@0`, `@1` ... stand for the indices of the outcome as it is written.
    is_whole
        Whether every cell of the variable is meant.
    """

    name: str
    indices: tuple[str, ...]
    is_whole: bool = True

    @property
    def rank(self) -> int:
        """How many indices are open: the dimensions of the outcome as it is written."""
        return sum(f"{_OPEN}{number}" in "".join(self.indices) for number in range(3))

    def at(self, *elements: str) -> str:
        """Return the indices of one cell in brackets; nothing for a single number."""
        filled = [_filled(index, elements) for index in self.indices]
        return f"[{', '.join(filled)}]" if filled else ""


def _filled(index: str, elements: Sequence[str]) -> str:
    for number, element in enumerate(elements):
        index = index.replace(f"{_OPEN}{number}", element)
    return index


def cells_of(outcome: n.Expr) -> Cells | None:
    """Return the cells that an expression names; `None` where it is more than a choice of cells."""
    inner = t.bare(outcome)
    if isinstance(inner, n.Variable):
        return Cells(inner.name, tuple(f"{_OPEN}{number}" for number in range(_rank(inner.type))))
    if isinstance(inner, n.Indexed):
        return _indexed(inner)
    if isinstance(inner, n.Unary) and inner.is_postfix and inner.type.base != "matrix":
        return cells_of(inner.operand)
    return _called(inner) if isinstance(inner, n.Call) and not inner.is_user_defined else None


def _rank(kind: n.Type) -> int:
    return kind.depth + {"vector": 1, "row_vector": 1, "matrix": 2}.get(kind.base, 0)


def _indexed(node: n.Indexed) -> Cells | None:
    held = cells_of(node.base)
    if held is None:
        return None
    chosen: list[str] = []
    opened = 0
    for index in node.indices:
        chosen.append(_picked(index, f"{_OPEN}{opened}"))
        opened += not _is_single(index)
    rest = range(opened, opened + held.rank - len(node.indices))
    found = _at(held, [*chosen, *(f"{_OPEN}{number}" for number in rest)])
    is_all = all(index.lower is None and index.upper is None for index in node.indices)
    return replace(found, is_whole=found.is_whole and is_all)


def _at(held: Cells, texts: Sequence[str]) -> Cells:
    """Return the cells with each of the open indices replaced."""
    marked = tuple(_filled(index, [f"\0{number}\0" for number in range(held.rank)]) for index in held.indices)
    for number, text in enumerate(texts):
        marked = tuple(index.replace(f"\0{number}\0", text) for index in marked)
    return Cells(held.name, marked, held.is_whole)


def _is_single(index: n.Slice) -> bool:
    return index.is_single and index.lower is not None and not index.lower.type.is_container


def _picked(index: n.Slice, element: str) -> str:
    if index.is_single and index.lower is not None:
        text = to_text(index.lower)
        return text if _is_single(index) else f"{indexable(index.lower)}[{element}]"
    return element if index.lower is None else _after(to_text(index.lower), element)


def _after(start: str, element: str) -> str:
    return element if start == "1" else f"{start} + {element} - 1"


def _called(node: n.Call) -> Cells | None:
    held = cells_of(node.arguments[0]) if node.arguments else None
    if held is None:
        return None
    if node.name in _FLAT:
        return _flattened(node, held)
    rule = _PARTS.get(node.name)
    if rule is None:
        return None
    return replace(_at(held, rule([to_text(item) for item in node.arguments])), is_whole=False)


def _flattened(node: n.Call, held: Cells) -> Cells | None:
    """Return the cells of a container written as one row: matrices by column, arrays by row."""
    if held.rank == 1:
        return held
    if held.rank != 2:
        return None
    whole = to_text(node.arguments[0])
    if t.bare(node.arguments[0]).type.base == "matrix":
        rows = f"rows({whole})"
        return _at(held, [f"(@0 - 1) % {rows} + 1", f"(@0 - 1) %/% {rows} + 1"])
    length = f"dims({whole})[2]"
    return _at(held, [f"(@0 - 1) %/% {length} + 1", f"(@0 - 1) % {length} + 1"])


_PARTS: Mapping[str, Callable[[list[str]], list[str]]] = {
    "head": lambda _: ["@0"],
    "segment": lambda texts: [_after(f"({texts[1]})", "@0")],
    "tail": lambda texts: [f"size({texts[0]}) - ({texts[1]}) + @0"],
    "col": lambda texts: ["@0", texts[1]],
    "row": lambda texts: [texts[1], "@0"],
}
