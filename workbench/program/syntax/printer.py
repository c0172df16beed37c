"""The syntax tree printed as Stan: as the tokens that its author wrote, or as text for a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workbench.program.syntax import nodes as n

SQUARE = frozenset({"cholesky_factor_corr", "cholesky_factor_cov", "corr_matrix", "cov_matrix"})
"""Types whose square matrices are declared with a single size."""

_GLUE = "\b"
"""At the start or the end of a token: no space on that side."""


def print_tokens(tree: n.Tree) -> tuple[list[str], dict[int, tuple[int, int]]]:
    """Return the tokens of a program and, by statement number, the positions of its first and last token."""
    printer = _Printer().print(tree)
    return [token.strip(_GLUE) for token in printer.tokens], printer.spans


def print_origins(tree: n.Tree) -> list[tuple[str, int]]:
    """Return the tokens of a program, each with the number of the statement that it belongs to.

    A token can hold several of Stan's, where text was inserted; outside of numbered statements the number
    is -1.
    """
    printer = _Printer().print(tree)
    tokens = (token.strip(_GLUE) for token in printer.tokens)
    return list(zip(tokens, printer.origins, strict=True))


def to_text(node: object) -> str:
    """Return a node as Stan, spaced as stanc's formatter spaces it; only inserted text ends a line.

    >>> to_text(n.Call("f", (n.Variable("x"), n.Unary("-", n.Numeral("1")))))
    'f(x, -1)'
    """
    return _join(_Printer().print(node).tokens)


def format_type(sized: n.Sized, constraint: n.Constraint) -> str:
    """Return a declared type as its author wrote it: ``vector<lower=0>[J]``."""
    printer = _Printer()
    _print_declared_type(printer, sized, constraint)
    return _join(printer.tokens)


def _join(tokens: Sequence[str]) -> str:
    text = " ".join(tokens)
    return text.replace(f"{_GLUE} ", "").replace(f" {_GLUE}", "").replace(_GLUE, "").replace("\n ", "\n")


class _Printer:
    """Collects tokens; the rule of each construct prints its parts in order."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.spans: dict[int, tuple[int, int]] = {}
        self.origins: list[int] = []
        self.statement = -1

    def print(self, *items: object) -> _Printer:
        """Print tokens and nodes in order; nothing for `None`."""
        for item in items:
            if isinstance(item, str):
                self.tokens.append(item)
                self.origins.append(self.statement)
            elif isinstance(item, tuple):
                self.print(*item)
            elif item is not None:
                self._print_node(item)
        return self

    def _print_node(self, item: object) -> None:
        first, outer = len(self.tokens), self.statement
        is_numbered = isinstance(item, n.Stmt) and item.id >= 0
        if isinstance(item, n.Stmt) and is_numbered:
            self.statement = item.id
        _RULES[type(item)](self, item)
        if is_numbered:
            self.spans[self.statement] = (first, len(self.tokens) - 1)
            self.statement = outer

    def print_list(self, items: Sequence[object]) -> _Printer:
        """Print items with commas between them."""
        for number, item in enumerate(items):
            self.print(*(["\b,"] if number else []), item)
        return self

    def print_call(self, name: str, arguments: Sequence[object], is_conditional: bool = False) -> _Printer:
        """Print a call; in a conditional one a bar follows the first argument, even if it is the only one."""
        self.print(name, "\b(\b")
        if is_conditional:
            self.print(arguments[0], "|").print_list(arguments[1:])
        else:
            self.print_list(arguments)
        return self.print("\b)")

    def end_statement(self) -> _Printer:
        """Print a semicolon."""
        return self.print("\b;")


def _print_variable(p: _Printer, node: n.Variable) -> None:
    p.print(node.name)


def _print_numeral(p: _Printer, node: n.Numeral) -> None:
    p.print(node.text)


def _print_target(p: _Printer, _node: n.Target) -> None:
    p.print_call("target", ())


def _print_unary(p: _Printer, node: n.Unary) -> None:
    if node.is_postfix:
        p.print(node.operand, f"\b{node.operator}")
    else:
        p.print(f"{node.operator}\b", node.operand)


def _print_binary(p: _Printer, node: n.Binary) -> None:
    p.print(node.left, node.operator, node.right)


def _print_ternary(p: _Printer, node: n.Ternary) -> None:
    p.print(node.condition, "?", node.yes, ":", node.no)


def _print_call(p: _Printer, node: n.Call) -> None:
    p.print_call(node.name, node.arguments, node.is_conditional)


def _print_elements(p: _Printer, node: n.Elements) -> None:
    close = {"{": "}", "[": "]", "(": ")"}[node.bracket]
    p.print(f"{node.bracket}\b").print_list(node.items).print(f"\b{close}")


def _print_paren(p: _Printer, node: n.Paren) -> None:
    p.print("(\b", node.inner, "\b)")


def _print_slice(p: _Printer, node: n.SliceIndex) -> None:
    if node.is_single:
        p.print(node.lower)
    else:
        p.print(node.lower, ":", node.upper)


def _print_indexed(p: _Printer, node: n.Indexed) -> None:
    p.print(node.base, "\b[\b").print_list(node.indices).print("\b]")


def _print_projection(p: _Printer, node: n.Projection) -> None:
    p.print(node.base, f"\b.{node.position}")


def _print_promotion(p: _Printer, node: n.Promotion) -> None:
    p.print(node.inner)


def _print_pack(p: _Printer, node: n.Pack) -> None:
    p.print("(\b").print_list(node.items).print("\b)")


def _print_assignment(p: _Printer, node: n.Assignment) -> None:
    p.print(node.left, node.operator, node.right).end_statement()


def _print_call_statement(p: _Printer, node: n.CallStatement) -> None:
    p.print_call(node.name, node.arguments).end_statement()


def _print_increment(p: _Printer, node: n.Increment) -> None:
    p.print(node.accumulator, "+=", node.value).end_statement()


def _print_tilde(p: _Printer, node: n.Tilde) -> None:
    p.print(node.outcome, "~").print_call(node.distribution, node.arguments)
    if node.is_truncated:
        p.print("T", "\b[\b", node.lower, "\b,", node.upper, "\b]")
    p.end_statement()


def _print_jump(p: _Printer, node: n.Jump) -> None:
    p.print(*([node.keyword] if node.keyword else [])).end_statement()


def _print_return(p: _Printer, node: n.Return) -> None:
    p.print("return", node.value).end_statement()


def _print_message(p: _Printer, node: n.Message) -> None:
    p.print_call(node.keyword, node.items).end_statement()


def _print_if(p: _Printer, node: n.If) -> None:
    p.print("if", "(\b", node.condition, "\b)", node.yes)
    if node.no is not None:
        p.print("else", node.no)


def _print_while(p: _Printer, node: n.While) -> None:
    p.print("while", "(\b", node.condition, "\b)", node.body)


def _print_for(p: _Printer, node: n.For) -> None:
    p.print("for", "(\b", node.variable, "in", node.lower, ":", node.upper, "\b)", node.body)


def _print_for_each(p: _Printer, node: n.ForEach) -> None:
    p.print("for", "(\b", node.variable, "in", node.container, "\b)", node.body)


def _print_profile(p: _Printer, node: n.Profile) -> None:
    p.print("profile", "(\b", node.label, "\b)", "{", node.body, "}")


def _print_block(p: _Printer, node: n.Block) -> None:
    p.print("{", node.body, "}")


def get_type_keyword(sized: n.Sized, constraint: n.Constraint) -> str:
    """Return the keyword of a declared type, without array dimensions.

    >>> get_type_keyword(n.Sized("vector"), n.Constraint("simplex"))
    'simplex'
    """
    if constraint.kind in {"", "bounds", "affine", "tuple"}:
        return sized.base
    if constraint.kind == "sum_to_zero":
        return f"sum_to_zero_{sized.base}"
    return constraint.kind


def _print_declared_type(p: _Printer, node: n.Sized, constraint: n.Constraint) -> None:
    if node.dims:
        p.print("array", "\b[\b").print_list(node.dims).print("\b]")
    if node.base == "tuple":
        inner_constraints = constraint.members or (n.Constraint(),) * len(node.members)
        p.print("tuple", "\b(\b")
        for number, (member, inner) in enumerate(zip(node.members, inner_constraints, strict=True)):
            p.print(*(["\b,"] if number else []))
            _print_declared_type(p, member, inner)
        p.print("\b)")
        return
    p.print(get_type_keyword(node, constraint))
    if constraint.arguments:
        p.print("\b<\b")
        for number, (name, value) in enumerate(constraint.arguments):
            p.print(*(["\b,"] if number else []), name, "\b=\b", value)
        p.print("\b>")
    if node.sizes:
        is_square = constraint.kind in SQUARE and len(set(node.sizes)) == 1
        p.print("\b[\b").print_list(node.sizes[:1] if is_square else node.sizes).print("\b]")


def _print_declare(p: _Printer, node: n.Declare) -> None:
    _print_declared_type(p, node.sized, node.constraint)
    for number, (name, value) in enumerate(node.variables):
        p.print(*(["\b,"] if number else []), name)
        if value is not None:
            p.print("=", value)
    p.end_statement()


def _print_type(p: _Printer, node: n.Type) -> None:
    if node.depth:
        p.print("array", "\b[\b", *["\b,\b"] * (node.depth - 1), "\b]")
    p.print(node.base)
    if node.base == "tuple":
        p.print("\b(\b").print_list(node.members).print("\b)")


def _print_argument(p: _Printer, node: n.Argument) -> None:
    p.print(*(["data"] if node.is_data else []), node.type, node.name)


def _print_function(p: _Printer, node: n.Function) -> None:
    p.print("void" if node.returns is None else node.returns).print_call(node.name, node.arguments)
    p.print(node.body)


def _print_raw(p: _Printer, node: n.Raw) -> None:
    p.print(f"{node.text}\n")


def _print_tree(p: _Printer, node: n.Tree) -> None:
    for name, body in node.blocks:
        p.print(*name.split(), "{", body, "}")


_RULES: dict[type, Callable[[_Printer, Any], None]] = {
    n.Variable: _print_variable,
    n.Numeral: _print_numeral,
    n.Target: _print_target,
    n.Unary: _print_unary,
    n.Binary: _print_binary,
    n.Ternary: _print_ternary,
    n.Call: _print_call,
    n.Elements: _print_elements,
    n.Paren: _print_paren,
    n.SliceIndex: _print_slice,
    n.Indexed: _print_indexed,
    n.Projection: _print_projection,
    n.Promotion: _print_promotion,
    n.Pack: _print_pack,
    n.Assignment: _print_assignment,
    n.CallStatement: _print_call_statement,
    n.Increment: _print_increment,
    n.Tilde: _print_tilde,
    n.Jump: _print_jump,
    n.Return: _print_return,
    n.Message: _print_message,
    n.If: _print_if,
    n.While: _print_while,
    n.For: _print_for,
    n.ForEach: _print_for_each,
    n.Profile: _print_profile,
    n.Block: _print_block,
    n.Declare: _print_declare,
    n.Type: _print_type,
    n.Argument: _print_argument,
    n.Function: _print_function,
    n.Raw: _print_raw,
    n.Tree: _print_tree,
}
"""The rule that prints each kind of node."""
