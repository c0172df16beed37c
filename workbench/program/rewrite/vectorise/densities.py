"""What one row of a loop adds to ``target``, as what all rows add."""

from __future__ import annotations

from dataclasses import replace

from workbench.program.rewrite.vectorise.expressions import (
    index_rows,
    stack_rows,
    to_integer_rows,
    to_rows,
)
from workbench.program.rewrite.vectorise.linear_predictors import add_summand, list_summands, use_glm
from workbench.program.rewrite.vectorise.rows import (
    VECTOR,
    NotVectorised,
    RowData,
    Rows,
    operate,
    substitute_names,
    transpose,
)
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.distributions import DISTRIBUTIONS, Distribution, split_density_name

_MATRIX = n.Type("matrix")
"""The type of a matrix."""


def _vectorise_tilde(statement: n.Tilde, rows: Rows, definitions: dict[str, n.Expr]) -> n.Expr | n.Tilde:
    """Return a distribution statement of one row as that of all rows.

    Raises
    ------
    NotVectorised
        There is none.
    """
    if statement.is_truncated:
        raise NotVectorised("its density is truncated")
    given = [substitute_names(item, definitions) for item in (statement.outcome, *statement.arguments)]
    if not any(rows.vary(item) for item in given) and not statement.is_user_defined:
        density = f"{statement.distribution}_{'lupmf' if statement.kind == 'FnLpmf' else 'lupdf'}"
        return _multiply(n.Call(density, tuple(given), is_conditional=True, is_data=False), rows)
    name, (outcome, *arguments) = _vectorise_density(statement.distribution, given, rows)
    return replace(statement, outcome=outcome, distribution=name, arguments=tuple(arguments))


def vectorise_summand(node: n.Expr | n.Tilde, rows: Rows, definitions: dict[str, n.Expr]) -> n.Expr | n.Tilde:
    """Return a summand of one row as one whose elements, or whose value, add up to those of all rows.

    Raises
    ------
    NotVectorised
        There is none.
    """
    if isinstance(node, n.Tilde):
        return _vectorise_tilde(node, rows, definitions)
    inner = t.unwrap(node)
    shared = substitute_names(inner, definitions)
    if not rows.vary(shared) and not shared.type.is_container:
        return _multiply(shared, rows)
    if isinstance(inner, n.Call) and inner.is_conditional:
        distribution, suffix = split_density_name(inner.name)
        given = [substitute_names(item, definitions) for item in inner.arguments]
        name, arguments = _vectorise_density(distribution, given, rows, is_density=suffix in {"lpdf", "lpmf"})
        return replace(inner, name=name + inner.name.removeprefix(distribution), arguments=tuple(arguments))
    if shared.type.is_container:
        raise NotVectorised(f"`{to_text(node)}` holds several values for each row")
    return to_rows(shared, rows)


def _multiply(node: n.Expr, rows: Rows) -> n.Expr:
    """Return what all rows add where each adds the same: nothing if there are no rows."""
    if t.find_names(node) & rows.assigned:
        raise NotVectorised(f"`{to_text(node)}` reads what the loop assigns")
    total = operate(n.Variable(rows.count, type=n.INT), "*", node, n.REAL)
    condition = n.Variable(f"{rows.count} > 0", type=n.INT)
    return n.Paren(n.Ternary(condition, total, n.Numeral("0")), is_data=node.is_data)


def find_glm_density(
    node: n.Expr | n.Tilde, fixed: frozenset[str], row_data: RowData | None
) -> n.Expr | n.Tilde | None:
    """Return the GLM form of a density of a linear predictor; `None` if there is none.

    Parameters
    ----------
    node
        What a statement adds to ``target``: an expression, or the distribution statement itself.
    fixed, row_data
        As in `use_glm`.
    """
    if isinstance(node, n.Tilde):
        if node.is_truncated:
            return None
        glm = use_glm(node.distribution, (node.outcome, *node.arguments), fixed, row_data)
        if glm is None:
            return None
        return replace(node, outcome=glm[1][0], distribution=glm[0], arguments=glm[1][1:])
    inner = t.unwrap(node)
    if not isinstance(inner, n.Call) or not inner.is_conditional:
        return None
    distribution, suffix = split_density_name(inner.name)
    glm = use_glm(distribution, inner.arguments, fixed, row_data) if suffix in {"lpdf", "lpmf"} else None
    if glm is None:
        return None
    return replace(inner, name=glm[0] + inner.name.removeprefix(distribution), arguments=glm[1])


def _vectorise_density(
    distribution: str, arguments: list[n.Expr], rows: Rows, *, is_density: bool = True
) -> tuple[str, list[n.Expr]]:
    """Return a density of all rows: its name and its arguments."""
    known = DISTRIBUTIONS.get(distribution)
    if known is None:
        raise NotVectorised(f"`{distribution}` is a density of the program")
    if known.is_glm or known.is_joint:
        raise NotVectorised(f"`{distribution}` has no form for several outcomes")
    if not any(rows.vary(item) for item in arguments):
        raise NotVectorised("its density does not vary by row")
    if not known.is_multivariate and arguments[0].type.is_container:
        raise NotVectorised("each of its rows is a vectorised statement already")
    if distribution == "categorical_logit" and rows.vary(arguments[1]):
        return _vectorise_categories(arguments[0], arguments[1], rows)
    names = ("", *known.arguments)
    vectorised = [
        _vectorise_argument(item, known, name, rows) for name, item in zip(names, arguments, strict=False)
    ]
    if len(vectorised) != len(arguments):
        raise NotVectorised(f"`{distribution}` has more arguments than are known here")
    glm = use_glm(distribution, vectorised, rows.fixed, rows.row_data) if is_density else None
    return (distribution, vectorised) if glm is None else (glm[0], list(glm[1]))


def _vectorise_categories(outcome: n.Expr, predictor: n.Expr, rows: Rows) -> tuple[str, list[n.Expr]]:
    """Return the GLM form of a categorical density whose predictors are data times a matrix."""
    intercept: n.Expr | None = None
    blocks = []
    for sign, summand in list_summands(predictor):
        if rows.vary(summand):
            blocks.append(_find_categories(summand, rows))
        else:
            intercept = add_summand(intercept, sign, summand)
        if sign == "-" and rows.vary(summand):
            raise NotVectorised(f"`{to_text(summand)}` is subtracted")
    if len(blocks) != 1:
        raise NotVectorised("its predictor is not a row of data times a matrix")
    design, coefficients = blocks[0]
    if intercept is None:
        intercept = n.Call("zeros_vector", (n.Call("cols", (coefficients,), type=n.INT),), type=VECTOR)
    return "categorical_logit_glm", [to_integer_rows(outcome, rows), design, intercept, coefficients]


def _find_categories(node: n.Expr, rows: Rows) -> tuple[n.Expr, n.Expr]:
    """Return the data of all rows and the matrix in ``(x[n] * B)'`` or ``B * x[n]``."""
    inner = t.unwrap(node)
    is_transposed = isinstance(inner, n.Unary) and inner.is_postfix
    product = t.unwrap(inner.operand) if isinstance(inner, n.Unary) and is_transposed else inner
    if isinstance(product, n.Binary) and product.operator == "*":
        row, matrix = (product.left, product.right) if is_transposed else (product.right, product.left)
        if rows.vary(row) and not rows.vary(matrix) and matrix.type == _MATRIX and rows.can_compute(row):
            return stack_rows(row, rows), matrix if is_transposed else transpose(matrix, _MATRIX)
    raise NotVectorised(f"`{to_text(node)}` is not a row of data times a matrix")


def _vectorise_argument(node: n.Expr, distribution: Distribution, name: str, rows: Rows) -> n.Expr:
    """Return an argument for all rows; one that all rows share stays as it is."""
    if not rows.vary(node):
        if t.find_names(node) & rows.assigned:
            raise NotVectorised(f"`{to_text(node)}` reads what the loop assigns")
        is_whole = distribution.is_multivariate or name in distribution.shared
        if node.type.is_container and not is_whole:
            raise NotVectorised(f"`{to_text(node)}` holds several values for each row")
        return node
    if not node.type.is_container:
        if t.unwrap(node).type == n.INT and node.type == n.INT:
            return to_integer_rows(node, rows)
        return to_rows(node, rows)
    inner = t.unwrap(node)
    if isinstance(inner, n.Indexed) and inner.type in (n.Type("vector"), n.Type("row_vector")):
        indexed = index_rows(inner, rows)
        if indexed.type.depth:
            return indexed
    raise NotVectorised(f"`{to_text(node)}` has no form for all rows at once")
