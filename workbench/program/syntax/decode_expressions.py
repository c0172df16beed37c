"""Expressions of stanc's tree, one rule for each constructor."""

from __future__ import annotations

from collections.abc import Callable

from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_leaves import (
    decode_function_kind,
    decode_name,
    decode_operator,
    decode_type,
    explain_unknown,
    is_data,
)
from workbench.program.syntax.sexp import Sexp, as_atom, as_fields, as_list, as_variant

Rule = Callable[[list[Sexp], n.Type, bool], n.Expr]
"""Decodes the arguments of a constructor, given the expression's type and whether it is data."""


def decode_expression(sexp: Sexp) -> n.Expr:
    """Return an expression."""
    fields = as_fields(sexp)
    type_, data = _decode_meta(fields["emeta"])
    constructor, arguments = as_variant(fields["expr"])
    rule = _EXPRESSIONS.get(constructor)
    if rule is None:
        raise explain_unknown("an expression", constructor)
    return rule(arguments, type_, data)


def decode_expressions(sexp: Sexp) -> tuple[n.Expr, ...]:
    """Return a list of expressions."""
    return tuple(decode_expression(item) for item in as_list(sexp))


def decode_optional(sexp: Sexp) -> n.Expr | None:
    """Return an expression that may be absent."""
    return decode_expression(as_list(sexp)[0]) if sexp else None


def decode_left_side(sexp: Sexp) -> n.Expr | n.Pack:
    """Return the left side of an assignment."""
    constructor, arguments = as_variant(sexp)
    if constructor == "LTuplePack":
        items = as_list(as_fields(arguments[0])["lvals"])
        return n.Pack(tuple(decode_left_side(item) for item in items))
    if constructor == "LValue":
        return _decode_lvalue(arguments[0])
    raise explain_unknown("the left side of an assignment", sexp)


def _decode_lvalue(sexp: Sexp) -> n.Expr:
    """Return the variable that is assigned to, or the elements or the member of it."""
    fields = as_fields(sexp)
    type_, data = _decode_meta(fields["lmeta"])
    constructor, arguments = as_variant(fields["lval"])
    if constructor == "LVariable":
        return n.Variable(decode_name(arguments[0]), type=type_, is_data=data)
    if constructor == "LIndexed":
        indices = _decode_indices(arguments[1])
        return n.Indexed(_decode_lvalue(arguments[0]), indices, type=type_, is_data=data)
    if constructor == "LTupleProjection":
        position = int(as_atom(arguments[-1]))
        return n.Projection(_decode_lvalue(arguments[0]), position, type=type_, is_data=data)
    raise explain_unknown("the left side of an assignment", constructor)


def _decode_meta(sexp: Sexp) -> tuple[n.Type, bool]:
    """Return the type of an expression, and whether it is data."""
    meta = as_fields(sexp)
    return decode_type(meta["type_"]), is_data(meta["ad_level"])


def _decode_indices(sexp: Sexp) -> tuple[n.SliceIndex, ...]:
    return tuple(_decode_index(item) for item in as_list(sexp))


def _decode_index(sexp: Sexp) -> n.SliceIndex:
    constructor, arguments = as_variant(sexp)
    ends = [decode_expression(item) for item in arguments]
    if constructor == "All":
        return n.SliceIndex()
    if constructor == "Single":
        return n.SliceIndex(ends[0], is_single=True)
    if constructor == "Upfrom":
        return n.SliceIndex(ends[0])
    if constructor == "Downfrom":
        return n.SliceIndex(upper=ends[0])
    if constructor == "Between":
        return n.SliceIndex(ends[0], ends[1])
    raise explain_unknown("an index", sexp)


def _decode_numeral(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    return n.Numeral(as_atom(arguments[0]), type=type_, is_data=data)


def _decode_imaginary(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    return n.Numeral(f"{as_atom(arguments[0])}i", type=type_, is_data=data)


def _decode_variable(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    return n.Variable(decode_name(arguments[0]), type=type_, is_data=data)


def _decode_target(_arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    return n.Target(type=type_, is_data=data)


def _decode_prefix(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    operator, operand = decode_operator(arguments[0]), decode_expression(arguments[1])
    return n.Unary(operator, operand, type=type_, is_data=data)


def _decode_postfix(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    operator, operand = decode_operator(arguments[1]), decode_expression(arguments[0])
    return n.Unary(operator, operand, is_postfix=True, type=type_, is_data=data)


def _decode_binary(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    left, right = decode_expression(arguments[0]), decode_expression(arguments[2])
    return n.Binary(left, decode_operator(arguments[1]), right, type=type_, is_data=data)


def _decode_ternary(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    condition, yes, no = (decode_expression(item) for item in arguments)
    return n.Ternary(condition, yes, no, type=type_, is_data=data)


def _decode_call(is_conditional: bool) -> Rule:
    def decode(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
        is_user_defined, kind = decode_function_kind(arguments[0])
        name, given = decode_name(arguments[1]), decode_expressions(arguments[2])
        return n.Call(name, given, kind, is_user_defined, is_conditional, type=type_, is_data=data)

    return decode


def _decode_elements(bracket: str) -> Rule:
    def decode(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
        return n.Elements(bracket, decode_expressions(arguments[0]), type=type_, is_data=data)

    return decode


def _decode_paren(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    return n.Paren(decode_expression(arguments[0]), type=type_, is_data=data)


def _decode_indexed(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    indices = _decode_indices(arguments[1])
    return n.Indexed(decode_expression(arguments[0]), indices, type=type_, is_data=data)


def _decode_projection(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    position = int(as_atom(arguments[-1]))
    return n.Projection(decode_expression(arguments[0]), position, type=type_, is_data=data)


def _decode_promotion(arguments: list[Sexp], type_: n.Type, data: bool) -> n.Expr:
    return n.Promotion(decode_expression(arguments[0]), type=type_, is_data=data)


_EXPRESSIONS: dict[str, Rule] = {
    "IntNumeral": _decode_numeral,
    "RealNumeral": _decode_numeral,
    "ImagNumeral": _decode_imaginary,
    "Variable": _decode_variable,
    "GetTarget": _decode_target,
    "PrefixOp": _decode_prefix,
    "PostfixOp": _decode_postfix,
    "BinOp": _decode_binary,
    "TernaryIf": _decode_ternary,
    "FunApp": _decode_call(is_conditional=False),
    "CondDistApp": _decode_call(is_conditional=True),
    "ArrayExpr": _decode_elements("{"),
    "RowVectorExpr": _decode_elements("["),
    "TupleExpr": _decode_elements("("),
    "Paren": _decode_paren,
    "Indexed": _decode_indexed,
    "TupleProjection": _decode_projection,
    "Promotion": _decode_promotion,
}
"""The rule of each of stanc's constructors of expressions."""
