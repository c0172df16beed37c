"""What stanc prints about a program, read into our syntax tree.

The shapes are those of stanc's ``--debug-decorated-ast`` (Stan 2.39). A constructor that is not known here
is an error in words, never a guess: the tree must hold the whole program or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count

from workbench.errors import ProgramError
from workbench.program import nodes as n
from workbench.program.sexp import Sexp, parse_sexp

_OPERATORS = {
    "Plus": "+", "PPlus": "+", "Minus": "-", "PMinus": "-", "Times": "*", "Divide": "/", "Modulo": "%",
    "IntDivide": "%/%", "LDivide": "\\", "EltTimes": ".*", "EltDivide": "./", "Pow": "^", "EltPow": ".^",
    "Or": "||", "And": "&&", "Equals": "==", "NEquals": "!=", "Less": "<", "Leq": "<=", "Greater": ">",
    "Geq": ">=", "PNot": "!", "Transpose": "'",
}  # fmt: skip
_TRANSFORMS = {
    "Ordered": "ordered", "PositiveOrdered": "positive_ordered", "Simplex": "simplex",
    "UnitVector": "unit_vector", "CholeskyCorr": "cholesky_factor_corr",
    "CholeskyCov": "cholesky_factor_cov", "Correlation": "corr_matrix", "Covariance": "cov_matrix",
    "StochasticRow": "row_stochastic_matrix", "StochasticColumn": "column_stochastic_matrix",
    "SumToZero": "sum_to_zero",
}  # fmt: skip
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def parse_tree(text: str) -> n.Tree:
    """Return the syntax tree in stanc's decorated form.

    Raises
    ------
    ProgramError
        The form holds a construct that this reader does not know.
    """
    return _Reader().tree(parse_sexp(text))


def _unknown(what: str, sexp: Sexp) -> ProgramError:
    word = sexp if isinstance(sexp, str) else next((part for part in sexp if isinstance(part, str)), "?")
    return ProgramError(f"stanc describes {what} as `{word}`, which the workbench does not know.")


def _record(sexp: Sexp) -> dict[str, Sexp]:
    """Return the fields of an OCaml record; a field without a value holds an empty list."""
    assert not isinstance(sexp, str)
    fields: dict[str, Sexp] = {}
    for field in sexp:
        assert isinstance(field, list)
        assert isinstance(field[0], str)
        fields[field[0]] = field[1] if len(field) > 1 else []
    return fields


def _tagged(sexp: Sexp) -> tuple[str, list[Sexp]]:
    """Return a constructor and its arguments."""
    if isinstance(sexp, str):
        return sexp, []
    assert isinstance(sexp[0], str)
    return sexp[0], sexp[1:]


def _items(sexp: Sexp) -> list[Sexp]:
    assert not isinstance(sexp, str)
    return sexp


def _word(sexp: Sexp) -> str:
    assert isinstance(sexp, str)
    return sexp


def _name(sexp: Sexp) -> str:
    return _word(_record(sexp)["name"])


def _operator(sexp: Sexp) -> str:
    try:
        return _OPERATORS[_word(sexp)]
    except KeyError:
        raise _unknown("an operator", sexp) from None


def _base(constructor: str) -> str:
    """Return Stan's name of a base type: ``UComplexRowVector`` is ``complex_row_vector``."""
    return _CAMEL.sub("_", constructor[1:]).lower()


def _type(sexp: Sexp) -> n.Type:
    tag, rest = _tagged(sexp)
    if tag == "UArray":
        inner = _type(rest[0])
        return n.Type(inner.base, inner.depth + 1, inner.members)
    if tag == "UTuple":
        return n.Type("tuple", members=tuple(_type(item) for item in _items(rest[0])))
    if tag in {"UFun", "UMathLibraryFunction"}:
        return n.Type("function")
    if not rest and tag.startswith("U"):
        return n.Type(_base(tag))
    raise _unknown("a type", sexp)


def _is_data(sexp: Sexp) -> bool:
    return "AutoDiffable" not in _flat(sexp)


def _flat(sexp: Sexp) -> Iterator[str]:
    if isinstance(sexp, str):
        yield sexp
    else:
        for item in sexp:
            yield from _flat(item)


def _kind(sexp: Sexp) -> tuple[bool, str]:
    """Return whether a function is the user's, and its kind."""
    origin, rest = _tagged(sexp)
    return origin == "UserDefined", _tagged(rest[0])[0]


class _Reader:
    """Reads nodes and numbers the statements in source order."""

    def __init__(self) -> None:
        self.numbers = count()

    # expressions

    def expression(self, sexp: Sexp) -> n.Expr:
        fields = _record(sexp)
        meta = _record(fields["emeta"])
        tag, rest = _tagged(fields["expr"])
        kind, data = _type(meta["type_"]), _is_data(meta["ad_level"])
        read = _EXPRESSIONS.get(tag)
        if read is None:
            raise _unknown("an expression", tag)
        return read(self, rest, kind, data)

    def expressions(self, sexp: Sexp) -> tuple[n.Expr, ...]:
        return tuple(self.expression(item) for item in _items(sexp))

    def maybe(self, sexp: Sexp) -> n.Expr | None:
        return self.expression(_items(sexp)[0]) if sexp else None

    def index(self, sexp: Sexp) -> n.Slice:
        tag, rest = _tagged(sexp)
        parts = [self.expression(item) for item in rest]
        if tag == "All":
            return n.Slice()
        if tag == "Single":
            return n.Slice(parts[0], is_single=True)
        if tag == "Upfrom":
            return n.Slice(parts[0])
        if tag == "Downfrom":
            return n.Slice(upper=parts[0])
        if tag == "Between":
            return n.Slice(parts[0], parts[1])
        raise _unknown("an index", sexp)

    # declared types

    def sized(self, sexp: Sexp) -> n.Sized:
        tag, rest = _tagged(sexp)
        if tag == "SArray":
            inner = self.sized(rest[0])
            return n.Sized(inner.base, (self.expression(rest[1]), *inner.dims), inner.sizes, inner.members)
        if tag == "STuple":
            return n.Sized("tuple", members=tuple(self.sized(item) for item in _items(rest[0])))
        if tag.startswith("S"):
            sizes = [item for item in rest if not isinstance(item, str)]
            return n.Sized(_base(tag), sizes=tuple(self.expression(item) for item in sizes))
        raise _unknown("a declared type", sexp)

    def constraint(self, sexp: Sexp) -> n.Constraint:
        tag, rest = _tagged(sexp)
        if tag == "Identity":
            return n.Constraint()
        if tag == "TupleTransformation":
            return n.Constraint("tuple", members=tuple(self.constraint(item) for item in _items(rest[0])))
        if tag in _TRANSFORMS:
            return n.Constraint(_TRANSFORMS[tag])
        names = {
            "Lower": ("lower",), "Upper": ("upper",), "LowerUpper": ("lower", "upper"),
            "Offset": ("offset",), "Multiplier": ("multiplier",), "OffsetMultiplier": ("offset", "multiplier"),
        }.get(tag)  # fmt: skip
        if names is None:
            raise _unknown("a transform", sexp)
        kind = "affine" if names[0] in {"offset", "multiplier"} else "bounds"
        values = (self.expression(item) for item in rest)
        return n.Constraint(kind, tuple(zip(names, values, strict=True)))

    # statements

    def statement(self, sexp: Sexp) -> n.Stmt:
        number = next(self.numbers)
        tag, rest = _tagged(_record(sexp)["stmt"])
        read = _STATEMENTS.get(tag)
        if read is None:
            raise _unknown("a statement", tag)
        return read(self, rest, number)

    def statements(self, sexp: Sexp) -> tuple[n.Stmt, ...]:
        return tuple(self.statement(item) for item in _items(sexp))

    def left_side(self, sexp: Sexp) -> n.Expr | n.Pack:
        tag, rest = _tagged(sexp)
        if tag == "LTuplePack":
            return n.Pack(tuple(self.left_side(item) for item in _items(_record(rest)["lvals"])))
        if tag == "LValue":
            return self.lvalue(rest[0])
        raise _unknown("the left side of an assignment", sexp)

    def lvalue(self, sexp: Sexp) -> n.Expr:
        fields = _record(sexp)
        meta = _record(fields["lmeta"])
        kind, data = _type(meta["type_"]), _is_data(meta["ad_level"])
        tag, rest = _tagged(fields["lval"])
        if tag == "LVariable":
            return n.Variable(_name(rest[0]), type=kind, is_data=data)
        if tag == "LIndexed":
            indices = tuple(self.index(item) for item in _items(rest[1]))
            return n.Indexed(self.lvalue(rest[0]), indices, type=kind, is_data=data)
        if tag == "LTupleProjection":
            return n.Projection(self.lvalue(rest[0]), int(_word(rest[-1])), type=kind, is_data=data)
        raise _unknown("the left side of an assignment", tag)

    def tree(self, sexp: Sexp) -> n.Tree:
        fields = _record(sexp)
        blocks = []
        for name in n.BLOCKS:
            held = fields.get(name.replace(" ", "").replace("functions", "function") + "block", [])
            if held:
                blocks.append((name, self.statements(_record(_items(held)[0])["stmts"])))
        return n.Tree(tuple(blocks))


_ReadExpression = Callable[[_Reader, list[Sexp], n.Type, bool], n.Expr]
_ReadStatement = Callable[[_Reader, list[Sexp], int], n.Stmt]


def _numeral(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Numeral(_word(rest[0]), type=kind, is_data=data)


def _imaginary(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Numeral(f"{_word(rest[0])}i", type=kind, is_data=data)


def _variable(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Variable(_name(rest[0]), type=kind, is_data=data)


def _target(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Target(type=kind, is_data=data)


def _prefix(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Unary(_operator(rest[0]), reader.expression(rest[1]), type=kind, is_data=data)


def _postfix(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Unary(_operator(rest[1]), reader.expression(rest[0]), True, type=kind, is_data=data)


def _binary(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    left, right = reader.expression(rest[0]), reader.expression(rest[2])
    return n.Binary(left, _operator(rest[1]), right, type=kind, is_data=data)


def _ternary(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    condition, yes, no = (reader.expression(item) for item in rest)
    return n.Ternary(condition, yes, no, type=kind, is_data=data)


def _call(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    is_user_defined, function_kind = _kind(rest[0])
    arguments = reader.expressions(rest[2])
    return n.Call(_name(rest[1]), arguments, function_kind, is_user_defined, type=kind, is_data=data)


def _conditional(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    is_user_defined, function_kind = _kind(rest[0])
    arguments = reader.expressions(rest[2])
    return n.Call(_name(rest[1]), arguments, function_kind, is_user_defined, True, type=kind, is_data=data)


def _elements(bracket: str) -> _ReadExpression:
    def read(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
        return n.Elements(bracket, reader.expressions(rest[0]), type=kind, is_data=data)

    return read


def _paren(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Paren(reader.expression(rest[0]), type=kind, is_data=data)


def _indexed(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    indices = tuple(reader.index(item) for item in _items(rest[1]))
    return n.Indexed(reader.expression(rest[0]), indices, type=kind, is_data=data)


def _projection(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Projection(reader.expression(rest[0]), int(_word(rest[-1])), type=kind, is_data=data)


def _promotion(reader: _Reader, rest: list[Sexp], kind: n.Type, data: bool) -> n.Expr:
    return n.Promotion(reader.expression(rest[0]), type=kind, is_data=data)


_EXPRESSIONS: dict[str, _ReadExpression] = {
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


def _assignment(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = _record(rest)
    tag, operator = _tagged(fields["assign_op"])
    sign = f"{_operator(operator[0])}=" if tag == "OperatorAssign" else "="
    left, right = reader.left_side(fields["assign_lhs"]), reader.expression(fields["assign_rhs"])
    return n.Assignment(left, sign, right, id=number)


def _call_statement(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    is_user_defined, kind = _kind(rest[0])
    return n.CallStatement(_name(rest[1]), reader.expressions(rest[2]), kind, is_user_defined, id=number)


def _increment(accumulator: str) -> _ReadStatement:
    def read(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
        return n.Increment(reader.expression(rest[0]), accumulator, id=number)

    return read


def _tilde(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = _record(rest)
    is_user_defined, kind = _kind(fields["kind"])
    outcome, arguments = reader.expression(fields["arg"]), reader.expressions(fields["args"])
    tag, limits = _tagged(fields["truncation"])
    bounds = [reader.expression(item) for item in limits]
    lower = bounds[0] if tag in {"TruncateUpFrom", "TruncateBetween"} else None
    upper = bounds[-1] if tag in {"TruncateDownFrom", "TruncateBetween"} else None
    name = _name(fields["distribution"])
    return n.Tilde(outcome, name, arguments, kind, is_user_defined, lower, upper, id=number)


def _jump(word: str) -> _ReadStatement:
    def read(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
        return n.Jump(word, id=number)

    return read


def _return(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.Return(reader.expression(rest[0]) if rest else None, id=number)


def _message(word: str) -> _ReadStatement:
    def read(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
        return n.Message(word, tuple(_printable(reader, item) for item in _items(rest[0])), id=number)

    return read


def _printable(reader: _Reader, sexp: Sexp) -> n.Expr | str:
    tag, rest = _tagged(sexp)
    return _word(rest[0]) if tag == "PString" else reader.expression(rest[0])


def _if(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    condition, yes = reader.expression(rest[0]), reader.statement(rest[1])
    otherwise = _items(rest[2])
    return n.If(condition, yes, reader.statement(otherwise[0]) if otherwise else None, id=number)


def _while(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.While(reader.expression(rest[0]), reader.statement(rest[1]), id=number)


def _for(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = _record(rest)
    lower, upper = reader.expression(fields["lower_bound"]), reader.expression(fields["upper_bound"])
    return n.For(
        _name(fields["loop_variable"]), lower, upper, reader.statement(fields["loop_body"]), id=number
    )


def _for_each(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.ForEach(_name(rest[0]), reader.expression(rest[1]), reader.statement(rest[2]), id=number)


def _profile(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.Profile(_word(rest[0]), reader.statements(rest[1]), id=number)


def _block(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    return n.Block(reader.statements(rest[0]), id=number)


def _declare(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = _record(rest)
    sized, constraint = reader.sized(fields["decl_type"]), reader.constraint(fields["transformation"])
    variables = []
    for item in _items(fields["variables"]):
        variable = _record(item)
        variables.append((_name(variable["identifier"]), reader.maybe(variable["initial_value"])))
    return n.Declare(sized, constraint, tuple(variables), id=number)


def _function(reader: _Reader, rest: list[Sexp], number: int) -> n.Stmt:
    fields = _record(rest)
    tag, returned = _tagged(fields["returntype"])
    returns = _type(returned[0]) if tag == "ReturnType" else None
    arguments = tuple(_argument(item) for item in _items(fields["arguments"]))
    return n.Function(
        _name(fields["funname"]), arguments, returns, reader.statement(fields["body"]), id=number
    )


def _argument(sexp: Sexp) -> n.Argument:
    level, kind, name = _items(sexp)
    return n.Argument(_name(name), _type(kind), _is_data(level))


_STATEMENTS: dict[str, _ReadStatement] = {
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
