"""Declared types of stanc's tree: their sizes, and the transforms that constrain them."""

from __future__ import annotations

from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_expressions import decode_expression
from workbench.program.syntax.decode_leaves import decode_base, explain_unknown
from workbench.program.syntax.sexp import Sexp, as_list, as_variant

_CONSTRAINED_TYPES = {
    "Ordered": "ordered", "PositiveOrdered": "positive_ordered", "Simplex": "simplex",
    "UnitVector": "unit_vector", "CholeskyCorr": "cholesky_factor_corr",
    "CholeskyCov": "cholesky_factor_cov", "Correlation": "corr_matrix", "Covariance": "cov_matrix",
    "StochasticRow": "row_stochastic_matrix", "StochasticColumn": "column_stochastic_matrix",
    "SumToZero": "sum_to_zero",
}  # fmt: skip
"""Stan's names of the constrained types, by stanc's constructors of transforms."""

_TRANSFORMS = {
    "Lower": ("bounds", ("lower",)), "Upper": ("bounds", ("upper",)),
    "LowerUpper": ("bounds", ("lower", "upper")), "Offset": ("affine", ("offset",)),
    "Multiplier": ("affine", ("multiplier",)), "OffsetMultiplier": ("affine", ("offset", "multiplier")),
}  # fmt: skip
"""The kind of a transform with arguments and the names of its arguments, by stanc's constructors."""


def decode_sized(sexp: Sexp) -> n.Sized:
    """Return a declared type."""
    constructor, arguments = as_variant(sexp)
    if constructor == "SArray":
        element = decode_sized(arguments[0])
        dims = (decode_expression(arguments[1]), *element.dims)
        return n.Sized(element.base, dims, element.sizes, element.members)
    if constructor == "STuple":
        return n.Sized("tuple", members=tuple(decode_sized(item) for item in as_list(arguments[0])))
    if constructor.startswith("S"):
        # An atom among the arguments is not a size: it says how a matrix is laid out in memory.
        sizes = tuple(decode_expression(item) for item in arguments if not isinstance(item, str))
        return n.Sized(decode_base(constructor), sizes=sizes)
    raise explain_unknown("a declared type", sexp)


def decode_constraint(sexp: Sexp) -> n.Constraint:
    """Return a declared transform."""
    constructor, arguments = as_variant(sexp)
    if constructor == "Identity":
        return n.Constraint()
    if constructor == "TupleTransformation":
        members = tuple(decode_constraint(item) for item in as_list(arguments[0]))
        return n.Constraint("tuple", members=members)
    if constructor in _CONSTRAINED_TYPES:
        return n.Constraint(_CONSTRAINED_TYPES[constructor])
    if constructor not in _TRANSFORMS:
        raise explain_unknown("a transform", sexp)
    kind, names = _TRANSFORMS[constructor]
    values = (decode_expression(item) for item in arguments)
    return n.Constraint(kind, tuple(zip(names, values, strict=True)))
