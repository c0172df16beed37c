"""The syntax tree back to Stan: the very tokens its author wrote, and text laid out for a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workbench.program.syntax import nodes as n

_SQUARE = frozenset({"cholesky_factor_corr", "cholesky_factor_cov", "corr_matrix", "cov_matrix"})
_GLUE = "\b"  # on a word's side: no space there


def tokens(node: object) -> list[str]:
    """Return the tokens of a node, or of a whole program."""
    return [word.strip(_GLUE) for word in _Printer().print(node).words]


def tokens_and_spans(tree: n.Tree) -> tuple[list[str], dict[int, tuple[int, int]]]:
    """Return a program's tokens and, for each numbered statement, where its first and last token stand."""
    printer = _Printer().print(tree)
    return [word.strip(_GLUE) for word in printer.words], printer.spans


def to_text(node: object) -> str:
    """Return a node on one line, spaced as stanc's formatter spaces it; a program with its line breaks.

    >>> to_text(n.Call("f", (n.Variable("x"), n.Unary("-", n.Numeral("1")))))
    'f(x, -1)'
    """
    return _laid_out(_Printer().print(node).words)


def sized_text(sized: n.Sized, constraint: n.Constraint) -> str:
    """Return a declared type as its author wrote it: ``vector<lower=0>[J]``."""
    printer = _Printer()
    _sized(printer, sized, constraint)
    return _laid_out(printer.words)


def _laid_out(words: Sequence[str]) -> str:
    text = " ".join(words)
    return text.replace(f"{_GLUE} ", "").replace(f" {_GLUE}", "").replace(_GLUE, "").replace("\n ", "\n")


class _Printer:
    """Collects words; each construct says its parts in order."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.spans: dict[int, tuple[int, int]] = {}

    def print(self, *parts: object) -> _Printer:
        for part in parts:
            if isinstance(part, str):
                self.words.append(part)
            elif isinstance(part, tuple):
                self.print(*part)
            elif part is not None:
                first = len(self.words)
                _RULES[type(part)](self, part)
                if isinstance(part, n.Stmt) and part.id >= 0:
                    self.spans[part.id] = (first, len(self.words) - 1)
        return self

    def listed(self, items: Sequence[object]) -> _Printer:
        for number, item in enumerate(items):
            self.print(*(["\b,"] if number else []), item)
        return self

    def called(self, name: str, items: Sequence[object], bar: bool = False) -> _Printer:
        """Print a call; with `bar`, the first argument stands before one (also when it stands alone)."""
        self.print(name, "\b(\b")
        if bar:
            self.print(items[0], "|").listed(items[1:])
        else:
            self.listed(items)
        return self.print("\b)")

    def end(self) -> _Printer:
        return self.print("\b;")


def _variable(p: _Printer, node: n.Variable) -> None:
    p.print(node.name)


def _numeral(p: _Printer, node: n.Numeral) -> None:
    p.print(node.text)


def _target(p: _Printer, _node: n.Target) -> None:
    p.called("target", ())


def _unary(p: _Printer, node: n.Unary) -> None:
    if node.is_postfix:
        p.print(node.operand, f"\b{node.operator}")
    else:
        p.print(f"{node.operator}\b", node.operand)


def _binary(p: _Printer, node: n.Binary) -> None:
    p.print(node.left, node.operator, node.right)


def _ternary(p: _Printer, node: n.Ternary) -> None:
    p.print(node.condition, "?", node.yes, ":", node.no)


def _call(p: _Printer, node: n.Call) -> None:
    p.called(node.name, node.arguments, node.is_conditional)


def _elements(p: _Printer, node: n.Elements) -> None:
    close = {"{": "}", "[": "]", "(": ")"}[node.bracket]
    p.print(f"{node.bracket}\b").listed(node.items).print(f"\b{close}")


def _paren(p: _Printer, node: n.Paren) -> None:
    p.print("(\b", node.inner, "\b)")


def _slice(p: _Printer, node: n.Slice) -> None:
    if node.is_single:
        p.print(node.lower)
    else:
        p.print(node.lower, ":", node.upper)


def _indexed(p: _Printer, node: n.Indexed) -> None:
    p.print(node.base, "\b[\b").listed(node.indices).print("\b]")


def _projection(p: _Printer, node: n.Projection) -> None:
    p.print(node.base, f"\b.{node.position}")


def _promotion(p: _Printer, node: n.Promotion) -> None:
    p.print(node.inner)


def _pack(p: _Printer, node: n.Pack) -> None:
    p.print("(\b").listed(node.items).print("\b)")


def _assignment(p: _Printer, node: n.Assignment) -> None:
    p.print(node.left, node.operator, node.right).end()


def _call_statement(p: _Printer, node: n.CallStatement) -> None:
    p.called(node.name, node.arguments).end()


def _increment(p: _Printer, node: n.Increment) -> None:
    p.print(node.accumulator, "+=", node.value).end()


def _tilde(p: _Printer, node: n.Tilde) -> None:
    p.print(node.outcome, "~").called(node.distribution, node.arguments)
    if node.is_truncated:
        p.print("T", "\b[\b", node.lower, "\b,", node.upper, "\b]")
    p.end()


def _jump(p: _Printer, node: n.Jump) -> None:
    p.print(*([node.word] if node.word else [])).end()


def _return(p: _Printer, node: n.Return) -> None:
    p.print("return", node.value).end()


def _message(p: _Printer, node: n.Message) -> None:
    p.called(node.word, node.parts).end()


def _if(p: _Printer, node: n.If) -> None:
    p.print("if", "(\b", node.condition, "\b)", node.yes)
    if node.no is not None:
        p.print("else", node.no)


def _while(p: _Printer, node: n.While) -> None:
    p.print("while", "(\b", node.condition, "\b)", node.body)


def _for(p: _Printer, node: n.For) -> None:
    p.print("for", "(\b", node.variable, "in", node.lower, ":", node.upper, "\b)", node.body)


def _for_each(p: _Printer, node: n.ForEach) -> None:
    p.print("for", "(\b", node.variable, "in", node.container, "\b)", node.body)


def _profile(p: _Printer, node: n.Profile) -> None:
    p.print("profile", "(\b", node.label, "\b)", "{", node.body, "}")


def _block(p: _Printer, node: n.Block) -> None:
    p.print("{", node.body, "}")


def type_word(sized: n.Sized, constraint: n.Constraint) -> str:
    """Return the word a declaration begins with, array dimensions apart.

    >>> type_word(n.Sized("vector"), n.Constraint("simplex"))
    'simplex'
    """
    if constraint.kind in {"", "bounds", "affine", "tuple"}:
        return sized.base
    return f"sum_to_zero_{sized.base}" if constraint.kind == "sum_to_zero" else constraint.kind


def _sized(p: _Printer, node: n.Sized, constraint: n.Constraint) -> None:
    if node.dims:
        p.print("array", "\b[\b").listed(node.dims).print("\b]")
    if node.base == "tuple":
        inner_constraints = constraint.members or (n.Constraint(),) * len(node.members)
        p.print("tuple", "\b(\b")
        for number, (member, inner) in enumerate(zip(node.members, inner_constraints, strict=True)):
            p.print(*(["\b,"] if number else []))
            _sized(p, member, inner)
        p.print("\b)")
        return
    p.print(type_word(node, constraint))
    if constraint.arguments:
        p.print("\b<\b")
        for number, (name, value) in enumerate(constraint.arguments):
            p.print(*(["\b,"] if number else []), name, "\b=\b", value)
        p.print("\b>")
    if node.sizes:
        is_square = constraint.kind in _SQUARE and len(set(node.sizes)) == 1
        p.print("\b[\b").listed(node.sizes[:1] if is_square else node.sizes).print("\b]")


def _declare(p: _Printer, node: n.Declare) -> None:
    _sized(p, node.sized, node.constraint)
    for number, (name, value) in enumerate(node.variables):
        p.print(*(["\b,"] if number else []), name)
        if value is not None:
            p.print("=", value)
    p.end()


def _type(p: _Printer, node: n.Type) -> None:
    if node.depth:
        p.print("array", "\b[\b", *["\b,\b"] * (node.depth - 1), "\b]")
    p.print(node.base)
    if node.base == "tuple":
        p.print("\b(\b").listed(node.members).print("\b)")


def _argument(p: _Printer, node: n.Argument) -> None:
    p.print(*(["data"] if node.is_data else []), node.type, node.name)


def _function(p: _Printer, node: n.Function) -> None:
    p.print("void" if node.returns is None else node.returns).called(node.name, node.arguments)
    p.print(node.body)


def _raw(p: _Printer, node: n.Raw) -> None:
    p.print(f"{node.text}\n")


def _tree(p: _Printer, node: n.Tree) -> None:
    for name, body in node.blocks:
        p.print(*name.split(), "{")
        for statement in body:
            p.print(statement)
        p.print("}")


_RULES: dict[type, Callable[[_Printer, Any], None]] = {
    n.Variable: _variable,
    n.Numeral: _numeral,
    n.Target: _target,
    n.Unary: _unary,
    n.Binary: _binary,
    n.Ternary: _ternary,
    n.Call: _call,
    n.Elements: _elements,
    n.Paren: _paren,
    n.Slice: _slice,
    n.Indexed: _indexed,
    n.Projection: _projection,
    n.Promotion: _promotion,
    n.Pack: _pack,
    n.Assignment: _assignment,
    n.CallStatement: _call_statement,
    n.Increment: _increment,
    n.Tilde: _tilde,
    n.Jump: _jump,
    n.Return: _return,
    n.Message: _message,
    n.If: _if,
    n.While: _while,
    n.For: _for,
    n.ForEach: _for_each,
    n.Profile: _profile,
    n.Block: _block,
    n.Declare: _declare,
    n.Type: _type,
    n.Argument: _argument,
    n.Function: _function,
    n.Raw: _raw,
    n.Tree: _tree,
}
