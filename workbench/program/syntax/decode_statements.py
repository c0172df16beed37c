"""One rule for each statement that stanc's tree may hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_leaves import is_data, kind_of, name_of, operator_of, type_of
from workbench.program.syntax.sexp import Sexp, items, record, tagged, word

if TYPE_CHECKING:
    from workbench.program.syntax.decode import Reader

Rule = Callable[["Reader", list[Sexp], int], n.Stmt]


def _assignment(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = record(rest)
    tag, operator = tagged(fields["assign_op"])
    sign = f"{operator_of(operator[0])}=" if tag == "OperatorAssign" else "="
    left, right = reader.left_side(fields["assign_lhs"]), reader.expression(fields["assign_rhs"])
    return n.Assignment(left, sign, right, id=number)


def _call_statement(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    is_user_defined, kind = kind_of(rest[0])
    return n.CallStatement(name_of(rest[1]), reader.expressions(rest[2]), kind, is_user_defined, id=number)


def _increment(accumulator: str) -> Rule:
    def read(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
        return n.Increment(reader.expression(rest[0]), accumulator, id=number)

    return read


def _tilde(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = record(rest)
    is_user_defined, kind = kind_of(fields["kind"])
    outcome, arguments = reader.expression(fields["arg"]), reader.expressions(fields["args"])
    tag, limits = tagged(fields["truncation"])
    bounds = [reader.expression(item) for item in limits]
    lower = bounds[0] if tag in {"TruncateUpFrom", "TruncateBetween"} else None
    upper = bounds[-1] if tag in {"TruncateDownFrom", "TruncateBetween"} else None
    name = name_of(fields["distribution"])
    return n.Tilde(outcome, name, arguments, kind, is_user_defined, lower, upper, id=number)


def _jump(word: str) -> Rule:
    def read(_reader: Reader, _rest: list[Sexp], number: int) -> n.Stmt:
        return n.Jump(word, id=number)

    return read


def _return(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.Return(reader.expression(rest[0]) if rest else None, id=number)


def _message(word: str) -> Rule:
    def read(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
        return n.Message(word, tuple(_printable(reader, item) for item in items(rest[0])), id=number)

    return read


def _printable(reader: Reader, sexp: Sexp) -> n.Expr | str:
    tag, rest = tagged(sexp)
    return word(rest[0]) if tag == "PString" else reader.expression(rest[0])


def _if(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    condition, yes = reader.expression(rest[0]), reader.statement(rest[1])
    otherwise = items(rest[2])
    return n.If(condition, yes, reader.statement(otherwise[0]) if otherwise else None, id=number)


def _while(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.While(reader.expression(rest[0]), reader.statement(rest[1]), id=number)


def _for(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = record(rest)
    lower, upper = reader.expression(fields["lower_bound"]), reader.expression(fields["upper_bound"])
    return n.For(
        name_of(fields["loop_variable"]), lower, upper, reader.statement(fields["loop_body"]), id=number
    )


def _for_each(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.ForEach(name_of(rest[0]), reader.expression(rest[1]), reader.statement(rest[2]), id=number)


def _profile(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.Profile(word(rest[0]), reader.statements(rest[1]), id=number)


def _block(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.Block(reader.statements(rest[0]), id=number)


def _declare(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = record(rest)
    sized, constraint = reader.sized(fields["decl_type"]), reader.constraint(fields["transformation"])
    variables = []
    for item in items(fields["variables"]):
        variable = record(item)
        variables.append((name_of(variable["identifier"]), reader.maybe(variable["initial_value"])))
    return n.Declare(sized, constraint, tuple(variables), id=number)


def _function(reader: Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = record(rest)
    tag, returned = tagged(fields["returntype"])
    returns = type_of(returned[0]) if tag == "ReturnType" else None
    arguments = tuple(_argument(item) for item in items(fields["arguments"]))
    return n.Function(
        name_of(fields["funname"]), arguments, returns, reader.statement(fields["body"]), id=number
    )


def _argument(sexp: Sexp) -> n.Argument:
    level, kind, name = items(sexp)
    return n.Argument(name_of(name), type_of(kind), is_data(level))


STATEMENTS: dict[str, Rule] = {
    "Assignment": _assignment,
    "NRFunApp": _call_statement,
    "TargetPE": _increment("target"),
    "JacobianPE": _increment("jacobian"),
    "Tilde": _tilde,
    "Break": _jump("break"),
    "Continue": _jump("continue"),
    "Skip": _jump(""),
    "Return": _return,
    "ReturnVoid": _return,
    "Print": _message("print"),
    "Reject": _message("reject"),
    "FatalError": _message("fatal_error"),
    "IfThenElse": _if,
    "While": _while,
    "For": _for,
    "ForEach": _for_each,
    "Profile": _profile,
    "Block": _block,
    "VarDecl": _declare,
    "FunDef": _function,
}
