"""Outcomes with one multivariate normal density for all rows, such as a Gaussian process: new rows given old.

New values are drawn from the conditional normal distribution given the rows that were observed. With the
covariance `S`, the mean `m` and known rows `o`, that of new rows `n` has the mean
``m[n] + S[n, o] S[o, o]^-1 (y[o] - m[o])`` and the covariance ``S[n, n] - S[n, o] S[o, o]^-1 S[o, n]``
(Rasmussen and Williams, 2006, Gaussian Processes for Machine Learning, appendix A.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.program.predictive.replicates import rename_variables
from workbench.program.predictive.row_axes import RowAxes
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import parse_density

_COVARIANCES = {
    "multi_normal": "{}",
    "multi_normal_cholesky": "tcrossprod({})",
    "multi_normal_prec": "inverse_spd({})",
}
"""By distribution: the covariance, given its second argument, as Stan."""

COLUMNS = ("draw", "mean", "sd", "log_density")
"""What the quantity holds of each row; the last is the density of all new rows together, in the first row."""

_FUNCTION = """
matrix {name}(vector y, vector mu, matrix S, array[] int is_new) {{
  int count = num_elements(y);
  int added = sum(is_new);
  array[count - added] int known;
  array[added] int fresh;
  matrix[count, 4] found = rep_matrix(0, count, 4);
  int i = 0;
  int j = 0;
  for (k in 1 : count) {{
    if (is_new[k]) {{ j += 1; fresh[j] = k; }} else {{ i += 1; known[i] = k; }}
  }}
  found[ : , 1] = y;
  found[ : , 2] = mu;
  if (added == 0) return found;
  vector[added] centre = mu[fresh];
  matrix[added, added] C = S[fresh, fresh];
  if (added < count) {{
    matrix[count - added, count - added] L = cholesky_decompose(S[known, known]);
    matrix[count - added, added] A = mdivide_left_tri_low(L, S[known, fresh]);
    centre += A' * mdivide_left_tri_low(L, y[known] - mu[known]);
    C -= crossprod(A);
  }}
  C = 0.5 * (C + C');
  vector[added] drawn = multi_normal_rng(centre, add_diag(C, 1e-12 * mean(diagonal(S))));
  found[1, 4] = multi_normal_lpdf(y[fresh] | centre, add_diag(C, 1e-12 * mean(diagonal(S))));
  for (k in 1 : added) {{
    found[fresh[k], 1] = drawn[k];
    found[fresh[k], 2] = centre[k];
    found[fresh[k], 3] = sqrt(fmax(C[k, k], 0));
  }}
  return found;
}}
"""
"""The function that draws new rows given the known ones, with the names of the program as gaps."""


@dataclass(frozen=True)
class JointOutcome:
    """An outcome with one multivariate normal density for all rows.

    Attributes
    ----------
    name
        The data variable.
    size
        The data that count its rows.
    quantity
        The generated quantity, `(1, row, 4)`, columns as `COLUMNS`.
    function
        The function that computes it.
    term
        The index of the term.
    mean, covariance
        As Stan, where the term stands.
    """

    name: str
    size: str
    quantity: str
    function: str
    term: int
    mean: str
    covariance: str


def find_joint_outcomes(
    plan: RewritePlan,
    axes: RowAxes,
    renamed: Mapping[str, str],
    names: Mapping[str, tuple[str, str]],
) -> tuple[JointOutcome, ...]:
    """Return the outcomes with one multivariate normal density for all rows.

    Parameters
    ----------
    plan, axes
        The plan of the program, and which variables grow.
    renamed
        New names for variables of the model block.
    names
        By data variable: the names of its quantity and of the function.
    """
    found: list[JointOutcome] = []
    for term in plan.terms:
        if term.role != "likelihood" or len(term.contributions) != 1 or term.calls:
            continue
        node = t.substitute(term.contributions[0].summand.node, plan.lifted)
        density = parse_density(rename_variables(node, renamed))
        if density is None or density.distribution not in _COVARIANCES or density.is_truncated:
            continue
        outcome = t.unwrap(density.outcome)
        if not isinstance(outcome, n.Variable) or outcome.type != n.Type("vector"):
            continue
        (size,) = axes.find_axes(outcome)
        mean, matrix = density.arguments[1:3]
        if size in axes.sizes and outcome.name in names and mean.type == n.Type("vector"):
            quantity, function = names[outcome.name]
            covariance = _COVARIANCES[density.distribution].format(to_text(matrix))
            found.append(
                JointOutcome(outcome.name, size, quantity, function, term.index, to_text(mean), covariance)
            )
    several = {item.name for item in found if sum(other.name == item.name for other in found) > 1}
    return tuple(item for item in found if item.name not in several)


def define_conditional_draws(outcomes: Sequence[JointOutcome]) -> Iterator[n.Stmt]:
    """Yield the functions that draw new rows given the known ones."""
    for item in outcomes:
        yield n.Raw(_FUNCTION.format(name=item.function))


def declare_joint_outcomes(outcomes: Sequence[JointOutcome], flag: str) -> Iterator[n.Stmt]:
    """Yield the declarations of the quantities: empty unless new elements are drawn."""
    for item in outcomes:
        type_ = f"array[{flag}] matrix[{item.size}, {len(COLUMNS)}]"
        yield n.Raw(f"{type_} {item.quantity}; // `{item.name}` given itself")


def draw_joint_outcome(
    index: int, outcomes: Sequence[JointOutcome], flags: Mapping[str, str]
) -> Iterator[str]:
    """Yield the statement that draws new rows where a term stands, as Stan."""
    for item in outcomes:
        if item.term == index:
            given = f"{item.name}, {item.mean}, {item.covariance}, {flags[item.size]}"
            yield f"{item.quantity}[1] = {item.function}({given});"
