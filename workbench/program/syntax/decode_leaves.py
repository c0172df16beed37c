"""The leaves of stanc's tree: names, operators, unsized types and the kinds of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax.sexp import Sexp, as_atom, as_fields, as_list, as_variant

_OPERATORS = {
    "Plus": "+", "PPlus": "+", "Minus": "-", "PMinus": "-", "Times": "*", "Divide": "/", "Modulo": "%",
    "IntDivide": "%/%", "LDivide": "\\", "EltTimes": ".*", "EltDivide": "./", "Pow": "^", "EltPow": ".^",
    "Or": "||", "And": "&&", "Equals": "==", "NEquals": "!=", "Less": "<", "Leq": "<=", "Greater": ">",
    "Geq": ">=", "PNot": "!", "Transpose": "'",
}  # fmt: skip
"""Stan's operators, by stanc's constructors."""

_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")
"""Where a word begins inside a name in camel case."""


def explain_unknown(what: str, sexp: Sexp) -> ProgramError:
    """Return the error for a constructor that has no rule here."""
    name = sexp if isinstance(sexp, str) else next((item for item in sexp if isinstance(item, str)), "?")
    return ProgramError(f"stanc describes {what} as `{name}`, which the workbench does not know.")


def decode_name(sexp: Sexp) -> str:
    """Return the name of an identifier."""
    return as_atom(as_fields(sexp)["name"])


def decode_operator(sexp: Sexp) -> str:
    """Return an operator as Stan writes it."""
    try:
        return _OPERATORS[as_atom(sexp)]
    except KeyError:
        raise explain_unknown("an operator", sexp) from None


def decode_base(constructor: str) -> str:
    """Return Stan's name of a base type.

    >>> decode_base("UComplexRowVector")
    'complex_row_vector'
    """
    return _WORD_START.sub("_", constructor[1:]).lower()


def decode_type(sexp: Sexp) -> n.Type:
    """Return an unsized type."""
    constructor, arguments = as_variant(sexp)
    if constructor == "UArray":
        element = decode_type(arguments[0])
        return n.Type(element.base, element.depth + 1, element.members)
    if constructor == "UTuple":
        return n.Type("tuple", members=tuple(decode_type(item) for item in as_list(arguments[0])))
    if constructor in {"UFun", "UMathLibraryFunction"}:
        return n.Type("function")
    if not arguments and constructor.startswith("U"):
        return n.Type(decode_base(constructor))
    raise explain_unknown("a type", sexp)


def is_data(level: Sexp) -> bool:
    """Whether a value of this autodiff level involves no parameter."""
    return "AutoDiffable" not in _flatten(level)


def _flatten(sexp: Sexp) -> Iterator[str]:
    if isinstance(sexp, str):
        yield sexp
    else:
        for item in sexp:
            yield from _flatten(item)


def decode_function_kind(sexp: Sexp) -> tuple[bool, str]:
    """Return whether the program itself defines a function, and the function's kind."""
    origin, arguments = as_variant(sexp)
    return origin == "UserDefined", as_variant(arguments[0])[0]
