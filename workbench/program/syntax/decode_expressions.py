"""One rule for each expression that stanc's tree may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_leaves import kind_of, name_of, operator_of
from workbench.program.syntax.sexp import Sexp, items, word

if TYPE_CHECKING:
    from workbench.program.syntax.decode import Reader

Rule = Callable[["Reader", list[Sexp], n.Type, bool], n.Expr]


def _numeral(_reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Numeral(word(rest[0]), type=kind, is_data=data)


def _imaginary(_reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Numeral(f"{word(rest[0])}i", type=kind, is_data=data)


def _variable(_reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Variable(name_of(rest[0]), type=kind, is_data=data)


def _target(_reader: Reader, _rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Target(type=kind, is_data=data)


def _prefix(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Unary(operator_of(rest[0]), reader.expression(rest[1]), type=kind, is_data=data)


def _postfix(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Unary(operator_of(rest[1]), reader.expression(rest[0]), True, type=kind, is_data=data)


def _binary(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    left, right = reader.expression(rest[0]), reader.expression(rest[2])
    return n.Binary(left, operator_of(rest[1]), right, type=kind, is_data=data)


def _ternary(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    condition, yes, no = (reader.expression(item) for item in rest)
    return n.Ternary(condition, yes, no, type=kind, is_data=data)


def _call(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    is_user_defined, function_kind = kind_of(rest[0])
    arguments = reader.expressions(rest[2])
    return n.Call(name_of(rest[1]), arguments, function_kind, is_user_defined, type=kind, is_data=data)


def _conditional(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    is_user_defined, function_kind = kind_of(rest[0])
    arguments = reader.expressions(rest[2])
    return n.Call(name_of(rest[1]), arguments, function_kind, is_user_defined, True, type=kind, is_data=data)


def _elements(bracket: str) -> Rule:
    def read(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
        return n.Elements(bracket, reader.expressions(rest[0]), type=kind, is_data=data)

    return read


def _paren(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Paren(reader.expression(rest[0]), type=kind, is_data=data)


def _indexed(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    indices = tuple(reader.index(item) for item in items(rest[1]))
    return n.Indexed(reader.expression(rest[0]), indices, type=kind, is_data=data)


def _projection(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Projection(reader.expression(rest[0]), int(word(rest[-1])), type=kind, is_data=data)


def _promotion(reader: Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Promotion(reader.expression(rest[0]), type=kind, is_data=data)


EXPRESSIONS: dict[str, Rule] = {
    "IntNumeral": _numeral,
    "RealNumeral": _numeral,
    "ImagNumeral": _imaginary,
    "Variable": _variable,
    "GetTarget": _target,
    "PrefixOp": _prefix,
    "PostfixOp": _postfix,
    "BinOp": _binary,
    "TernaryIf": _ternary,
    "FunApp": _call,
    "CondDistApp": _conditional,
    "ArrayExpr": _elements("{"),
    "RowVectorExpr": _elements("["),
    "TupleExpr": _elements("("),
    "Paren": _paren,
    "Indexed": _indexed,
    "TupleProjection": _projection,
    "Promotion": _promotion,
}
