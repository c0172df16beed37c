"""What one row of a loop adds to ``target``, as what all rows add."""

from __future__ import annotations

from dataclasses import replace

from workbench.program.rewrite.vectorise.expressions import index_rows, to_integer_rows, to_rows
from workbench.program.rewrite.vectorise.linear_predictors import use_glm
from workbench.program.rewrite.vectorise.rows import NotVectorised, RowData, Rows, substitute_names
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.distributions import DISTRIBUTIONS, Distribution, split_density_name


def _vectorise_tilde(statement: n.Tilde, rows: Rows, definitions: dict[str, n.Expr]) -> n.Tilde:
    """Return a distribution statement of one row as that of all rows.

    Raises
    ------
    NotVectorised
        There is none.
    """
    if statement.is_truncated:
        raise NotVectorised("its density is truncated")
    given = [substitute_names(item, definitions) for item in (statement.outcome, *statement.arguments)]
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
    if isinstance(inner, n.Call) and inner.is_conditional:
        distribution, suffix = split_density_name(inner.name)
        given = [substitute_names(item, definitions) for item in inner.arguments]
        name, arguments = _vectorise_density(distribution, given, rows, is_density=suffix in {"lpdf", "lpmf"})
        return replace(inner, name=name + inner.name.removeprefix(distribution), arguments=tuple(arguments))
    inner = substitute_names(inner, definitions)
    if inner.type.is_container or not rows.vary(inner):
        raise NotVectorised(f"`{to_text(node)}` does not vary by row")
    return to_rows(inner, rows)


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
    names = ("", *known.arguments)
    vectorised = [
        _vectorise_argument(item, known, name, rows) for name, item in zip(names, arguments, strict=False)
    ]
    if len(vectorised) != len(arguments):
        raise NotVectorised(f"`{distribution}` has more arguments than are known here")
    glm = use_glm(distribution, vectorised, rows.fixed, rows.row_data) if is_density else None
    return (distribution, vectorised) if glm is None else (glm[0], list(glm[1]))


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
