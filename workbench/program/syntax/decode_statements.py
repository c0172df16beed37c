"""Statements of stanc's tree, one rule for each constructor, numbered in source order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_declared_types import decode_constraint, decode_sized
from workbench.program.syntax.decode_expressions import (
    decode_expression,
    decode_expressions,
    decode_left_side,
    decode_optional,
)
from workbench.program.syntax.decode_leaves import (
    decode_function_kind,
    decode_name,
    decode_operator,
    decode_type,
    explain_unknown,
    is_data,
)
from workbench.program.syntax.sexp import Sexp, as_atom, as_fields, as_list, as_variant


class StatementDecoder:
    """Decodes the statements of one program, and numbers them."""

    def __init__(self) -> None:
        self.numbers = count()

    def decode_statement(self, sexp: Sexp) -> n.Stmt:
        """Return a statement."""
        number = next(self.numbers)
        constructor, arguments = as_variant(as_fields(sexp)["stmt"])
        rule = STATEMENTS.get(constructor)
        if rule is None:
            raise explain_unknown("a statement", constructor)
        return rule(self, arguments, number)

    def decode_statements(self, sexp: Sexp) -> tuple[n.Stmt, ...]:
        """Return a list of statements."""
        return tuple(self.decode_statement(item) for item in as_list(sexp))


Rule = Callable[[StatementDecoder, list[Sexp], int], n.Stmt]
"""Decodes the arguments of a constructor into the statement with this number."""


def _decode_assignment(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    fields = as_fields(arguments)
    constructor, operator = as_variant(fields["assign_op"])
    sign = f"{decode_operator(operator[0])}=" if constructor == "OperatorAssign" else "="
    left, right = decode_left_side(fields["assign_lhs"]), decode_expression(fields["assign_rhs"])
    return n.Assignment(left, sign, right, id=number)


def _decode_call_statement(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    is_user_defined, kind = decode_function_kind(arguments[0])
    name, given = decode_name(arguments[1]), decode_expressions(arguments[2])
    return n.CallStatement(name, given, kind, is_user_defined, id=number)


def _decode_increment(accumulator: str) -> Rule:
    def decode(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
        return n.Increment(decode_expression(arguments[0]), accumulator, id=number)

    return decode


def _decode_tilde(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    fields = as_fields(arguments)
    is_user_defined, kind = decode_function_kind(fields["kind"])
    outcome, given = decode_expression(fields["arg"]), decode_expressions(fields["args"])
    truncation, limits = as_variant(fields["truncation"])
    bounds = [decode_expression(item) for item in limits]
    lower = bounds[0] if truncation in {"TruncateUpFrom", "TruncateBetween"} else None
    upper = bounds[-1] if truncation in {"TruncateDownFrom", "TruncateBetween"} else None
    name = decode_name(fields["distribution"])
    return n.Tilde(outcome, name, given, kind, is_user_defined, lower, upper, id=number)


def _decode_jump(keyword: str) -> Rule:
    def decode(_decoder: StatementDecoder, _arguments: list[Sexp], number: int) -> n.Stmt:
        return n.Jump(keyword, id=number)

    return decode


def _decode_return(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    return n.Return(decode_expression(arguments[0]) if arguments else None, id=number)


def _decode_message(keyword: str) -> Rule:
    def decode(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
        return n.Message(keyword, tuple(_decode_printable(item) for item in as_list(arguments[0])), id=number)

    return decode


def _decode_printable(sexp: Sexp) -> n.Expr | str:
    constructor, arguments = as_variant(sexp)
    return as_atom(arguments[0]) if constructor == "PString" else decode_expression(arguments[0])


def _decode_if(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    condition, yes = decode_expression(arguments[0]), decoder.decode_statement(arguments[1])
    otherwise = as_list(arguments[2])
    return n.If(condition, yes, decoder.decode_statement(otherwise[0]) if otherwise else None, id=number)


def _decode_while(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    return n.While(decode_expression(arguments[0]), decoder.decode_statement(arguments[1]), id=number)


def _decode_for(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    fields = as_fields(arguments)
    lower, upper = decode_expression(fields["lower_bound"]), decode_expression(fields["upper_bound"])
    variable, body = decode_name(fields["loop_variable"]), decoder.decode_statement(fields["loop_body"])
    return n.For(variable, lower, upper, body, id=number)


def _decode_for_each(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    variable, container = decode_name(arguments[0]), decode_expression(arguments[1])
    return n.ForEach(variable, container, decoder.decode_statement(arguments[2]), id=number)


def _decode_profile(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    return n.Profile(as_atom(arguments[0]), decoder.decode_statements(arguments[1]), id=number)


def _decode_braces(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    return n.Block(decoder.decode_statements(arguments[0]), id=number)


def _decode_declare(_decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    fields = as_fields(arguments)
    sized, constraint = decode_sized(fields["decl_type"]), decode_constraint(fields["transformation"])
    variables = [as_fields(item) for item in as_list(fields["variables"])]
    named = tuple(
        (decode_name(variable["identifier"]), decode_optional(variable["initial_value"]))
        for variable in variables
    )
    return n.Declare(sized, constraint, named, id=number)


def _decode_function(decoder: StatementDecoder, arguments: list[Sexp], number: int) -> n.Stmt:
    fields = as_fields(arguments)
    constructor, returned = as_variant(fields["returntype"])
    returns = decode_type(returned[0]) if constructor == "ReturnType" else None
    formal = tuple(_decode_argument(item) for item in as_list(fields["arguments"]))
    name, body = decode_name(fields["funname"]), decoder.decode_statement(fields["body"])
    return n.Function(name, formal, returns, body, id=number)


def _decode_argument(sexp: Sexp) -> n.Argument:
    level, type_, name = as_list(sexp)
    return n.Argument(decode_name(name), decode_type(type_), is_data(level))


STATEMENTS: dict[str, Rule] = {
    "Assignment": _decode_assignment,
    "NRFunApp": _decode_call_statement,
    "TargetPE": _decode_increment("target"),
    "JacobianPE": _decode_increment("jacobian"),
    "Tilde": _decode_tilde,
    "Break": _decode_jump("break"),
    "Continue": _decode_jump("continue"),
    "Skip": _decode_jump(""),
    "Return": _decode_return,
    "ReturnVoid": _decode_return,
    "Print": _decode_message("print"),
    "Reject": _decode_message("reject"),
    "FatalError": _decode_message("fatal_error"),
    "IfThenElse": _decode_if,
    "While": _decode_while,
    "For": _decode_for,
    "ForEach": _decode_for_each,
    "Profile": _decode_profile,
    "Block": _decode_braces,
    "VarDecl": _decode_declare,
    "FunDef": _decode_function,
}
"""The rule of each of stanc's constructors of statements."""
