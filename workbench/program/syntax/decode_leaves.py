"""The small pieces of stanc's tree: names, operators, types and kinds of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax.sexp import Sexp, items, record, tagged, word

_OPERATORS = {
    "Plus": "+", "PPlus": "+", "Minus": "-", "PMinus": "-", "Times": "*", "Divide": "/", "Modulo": "%",
    "IntDivide": "%/%", "LDivide": "\\", "EltTimes": ".*", "EltDivide": "./", "Pow": "^", "EltPow": ".^",
    "Or": "||", "And": "&&", "Equals": "==", "NEquals": "!=", "Less": "<", "Leq": "<=", "Greater": ">",
    "Geq": ">=", "PNot": "!", "Transpose": "'",
}  # fmt: skip
TRANSFORMS = {
    "Ordered": "ordered", "PositiveOrdered": "positive_ordered", "Simplex": "simplex",
    "UnitVector": "unit_vector", "CholeskyCorr": "cholesky_factor_corr",
    "CholeskyCov": "cholesky_factor_cov", "Correlation": "corr_matrix", "Covariance": "cov_matrix",
    "StochasticRow": "row_stochastic_matrix", "StochasticColumn": "column_stochastic_matrix",
    "SumToZero": "sum_to_zero",
}  # fmt: skip
ARGUMENTS = {
    "Lower": ("bounds", ("lower",)), "Upper": ("bounds", ("upper",)),
    "LowerUpper": ("bounds", ("lower", "upper")), "Offset": ("affine", ("offset",)),
    "Multiplier": ("affine", ("multiplier",)), "OffsetMultiplier": ("affine", ("offset", "multiplier")),
}  # fmt: skip
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def unknown(what: str, sexp: Sexp) -> ProgramError:
    """Return the error for a constructor that this reader does not know."""
    word = sexp if isinstance(sexp, str) else next((part for part in sexp if isinstance(part, str)), "?")
    return ProgramError(f"stanc describes {what} as `{word}`, which the workbench does not know.")


def name_of(sexp: Sexp) -> str:
    """Return an identifier's name."""
    return word(record(sexp)["name"])


def operator_of(sexp: Sexp) -> str:
    """Return an operator as Stan writes it."""
    try:
        return _OPERATORS[word(sexp)]
    except KeyError:
        raise unknown("an operator", sexp) from None


def base_of(constructor: str) -> str:
    """Return Stan's name of a base type: ``UComplexRowVector`` is ``complex_row_vector``."""
    return _CAMEL.sub("_", constructor[1:]).lower()


def type_of(sexp: Sexp) -> n.Type:
    """Return an unsized type."""
    tag, rest = tagged(sexp)
    if tag == "UArray":
        inner = type_of(rest[0])
        return n.Type(inner.base, inner.depth + 1, inner.members)
    if tag == "UTuple":
        return n.Type("tuple", members=tuple(type_of(item) for item in items(rest[0])))
    if tag in {"UFun", "UMathLibraryFunction"}:
        return n.Type("function")
    if not rest and tag.startswith("U"):
        return n.Type(base_of(tag))
    raise unknown("a type", sexp)


def is_data(sexp: Sexp) -> bool:
    """Return whether an autodiff level holds no parameter."""
    return "AutoDiffable" not in _flat(sexp)


def _flat(sexp: Sexp) -> Iterator[str]:
    if isinstance(sexp, str):
        yield sexp
    else:
        for item in sexp:
            yield from _flat(item)


def kind_of(sexp: Sexp) -> tuple[bool, str]:
    """Return whether a function is the user's, and its kind."""
    origin, rest = tagged(sexp)
    return origin == "UserDefined", tagged(rest[0])[0]
