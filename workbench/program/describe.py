"""What there is to say about a program before it meets any data: the tables of `workbench inspect`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.program.model import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.terms.terms import Term

_SUPPORTS = {
    "simplex": "positive, sums to 1",
    "unit_vector": "length 1",
    "ordered": "increasing",
    "positive_ordered": "positive, increasing",
    "cholesky_factor_corr": "Cholesky factor of a correlation matrix",
    "cholesky_factor_cov": "Cholesky factor of a covariance matrix",
    "corr_matrix": "correlation matrix",
    "cov_matrix": "covariance matrix",
    "row_stochastic_matrix": "rows sum to 1",
    "column_stochastic_matrix": "columns sum to 1",
    "sum_to_zero_vector": "sums to 0",
    "sum_to_zero_matrix": "rows and columns sum to 0",
}
_PROPER = frozenset({
    "simplex", "unit_vector", "cholesky_factor_corr", "corr_matrix", "row_stochastic_matrix",
    "column_stochastic_matrix",
})  # fmt: skip

_TERM_FIELDS = (
    "index", "line", "last_line", "called_from", "text", "role", "confidence", "reason", "parameters", "data",
    "distribution", "is_constant", "is_transformed", "depends_on_data", "is_settled",
)  # fmt: skip
_CONSTANT_FIELDS = ("name", "argument", "default", "is_user_data", "is_positive", "term", "line")


@dataclass(frozen=True)
class ParameterPrior:
    """A parameter, its support, and what the program says about it before the data.

    Attributes
    ----------
    name, type, support, line
        The declaration; `support` in words or as an interval.
    prior
        One sentence: the prior statement, or what stands in its place.
    kind
        ``stated``, ``several``, ``by branch``, ``transformed``, ``latent``, ``part of an expression``,
        ``unplaced``, ``uniform`` or ``flat``.
    terms
        The indices of the terms that say it.
    """

    name: str
    type: str
    support: str
    line: int
    prior: str
    kind: str
    terms: tuple[int, ...]


@dataclass(frozen=True)
class Capability:
    """Something the workbench does with a program, or the reason why it cannot."""

    name: str
    is_available: bool
    reason: str = ""


@dataclass(frozen=True)
class Description:
    """A program described: its parameters with their priors, and what can be done with it.

    Data, terms and hyperparameters are those of the `Program` itself.
    """

    program: Program
    parameters: tuple[ParameterPrior, ...]
    capabilities: tuple[Capability, ...]


def describe(program: Program) -> Description:
    """Return what there is to say about a program."""
    branches = _branches(program)
    parameters = tuple(_prior_of(item, program.terms, branches) for item in program.parameters)
    return Description(program, parameters, tuple(_capabilities(program, parameters)))


def as_record(description: Description) -> dict[str, Any]:
    """Return a description as plain dictionaries and lists, ready for JSON."""
    program = description.program
    return {
        "name": program.name,
        "path": str(program.path),
        "sha256": program.sha256,
        "includes": [str(file) for file in program.includes],
        "data": [_declared(item) for item in program.data],
        "parameters": [asdict(item) for item in description.parameters],
        "terms": [_fields(term, _TERM_FIELDS) for term in program.terms],
        "hyperparameters": [_fields(item, _CONSTANT_FIELDS) for item in program.hyperparameters],
        "arguments": [asdict(item) for item in program.arguments],
        "capabilities": [asdict(item) for item in description.capabilities],
        "obstacles": [asdict(item) for item in program.obstacles],
        "instrumented": program.instrumented is not None,
    }


def _declared(item: Declaration) -> dict[str, Any]:
    support = None if item.is_integer else support_of(item)
    return {"name": item.name, "type": item.text, "support": support, "line": item.line}


def _fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def support_of(declaration: Declaration) -> str:
    """Return the values that a parameter can take, in words or as an interval."""
    if declaration.members:
        return "; ".join(f"{member.name}: {support_of(member)}" for member in declaration.members)
    if declaration.kind in _SUPPORTS:
        return _SUPPORTS[declaration.kind]
    lower = "-inf" if declaration.lower is None else declaration.lower.text
    upper = "inf" if declaration.upper is None else declaration.upper.text
    return f"({lower}, {upper})"


def _branches(program: Program) -> frozenset[int]:
    """Return the statements that only some conditions reach."""
    chosen = (item for item in t.walk(program.tree.block("model")) if isinstance(item, n.If))
    return frozenset(item.id for branch in chosen for item in t.walk(branch) if isinstance(item, n.Stmt))


def _prior_of(declaration: Declaration, terms: Sequence[Term], branches: frozenset[int]) -> ParameterPrior:
    about = [term for term in terms if declaration.name in (term.outcomes or term.parameters)]
    chosen, kind, words = _worded(declaration, about, branches)
    return ParameterPrior(
        declaration.name,
        declaration.text,
        support_of(declaration),
        declaration.line,
        words,
        kind,
        tuple(term.index for term in chosen),
    )


def _worded(
    declaration: Declaration, about: Sequence[Term], branches: frozenset[int]
) -> tuple[Sequence[Term], str, str]:
    """Return the terms that speak of a parameter, the kind of prior they make, and the words for it."""
    priors = [term for term in about if term.role == "prior"]
    plain = [term for term in priors if term.distribution is not None and not term.is_transformed]
    if plain:
        return plain, *_stated(plain, branches)
    latent = [term for term in about if term.role == "latent"]
    if latent:
        return latent, "latent", f"given other parameters: {_texts(latent)}"
    transformed = [term for term in priors if term.is_transformed]
    if transformed:
        return priors, "transformed", f"implied by a transform: {_texts(priors)}"
    if priors:
        return priors, "part of an expression", f"part of an expression: {_texts(priors)}"
    unplaced = [term for term in about if term.role == "unplaced" and not term.is_constant]
    if unplaced:
        return unplaced, "unplaced", f"not placed: {_texts(unplaced)}"
    if _is_proper(declaration):
        return (), "uniform", "none: uniform on its support"
    return (), "flat", "none: flat"


def _stated(terms: Sequence[Term], branches: frozenset[int]) -> tuple[str, str]:
    outcomes = [term.outcome for term in terms]
    repeated = len(set(outcomes)) < len(outcomes)
    if repeated and any(term.statement in branches for term in terms):
        return "by branch", f"one of: {_texts(terms)}"
    if repeated:
        return "several", f"{_counted(len(terms))} priors: {_texts(terms)}"
    return "stated", _texts(terms)


def _counted(number: int) -> str:
    return {2: "two", 3: "three", 4: "four"}.get(number, str(number))


def _texts(terms: Sequence[Term]) -> str:
    return " ".join(term.text for term in terms)


def _is_proper(declaration: Declaration) -> bool:
    """Whether the support alone makes a flat density proper."""
    if declaration.members:
        return all(_is_proper(member) for member in declaration.members)
    limits = [limit.literal for limit in (declaration.lower, declaration.upper) if limit is not None]
    bounded = len(limits) == 2 and not any(limit in {float("inf"), float("-inf")} for limit in limits)
    return declaration.kind in _PROPER or bounded


def _capabilities(program: Program, parameters: Sequence[ParameterPrior]) -> Iterator[Capability]:
    yield Capability("posterior", True)
    yield _capability("MLE", _against_mle(program))
    yield _capability("prior draws", _against_prior_draws(program, parameters))
    yield _capability("pointwise log likelihood", _against(program, "log_lik"))
    yield _capability("leave-one-out", _against(program, "log_lik", "loo"))
    yield _capability("replicated data", _against_replicates(program))
    yield _capability("prior sensitivity", _against_scaling(program))
    yield _capability("prior sweep", _against_sweep(program))


def _capability(name: str, against: str) -> Capability:
    return Capability(name, not against, against)


def _against(program: Program, *features: str) -> str:
    """Return the first obstacle to a feature; instrumenting and a likelihood are needed for all."""
    for obstacle in program.obstacles:
        if obstacle.feature in {"instrumenting", *features}:
            return obstacle.message
    if not any(term.role == "likelihood" for term in program.terms):
        return "no statement of the program is a likelihood"
    return ""


def _against_mle(program: Program) -> str:
    untouched = ", ".join(f"`{name}`" for name in program.untouched_by_likelihood)
    flat = f"no likelihood reaches {untouched}" if untouched else ""
    return _against(program) or flat


def _against_prior_draws(program: Program, parameters: Sequence[ParameterPrior]) -> str:
    flat = ", ".join(f"`{item.name}`" for item in parameters if item.kind == "flat")
    unplaced = next((item.message for item in program.obstacles if item.feature == "roles"), "")
    return _instrumented(program) or unplaced or (f"no prior makes {flat} proper" if flat else "")


def _against_replicates(program: Program) -> str:
    if any(one.name for one in program.replicates):
        return ""
    return _against(program, "predictive") or "no likelihood is a density of declared data"


def _against_scaling(program: Program) -> str:
    priors = any(term.role == "prior" for term in program.terms)
    return _instrumented(program) or ("" if priors else "the program states no prior: all are flat")


def _against_sweep(program: Program) -> str:
    if program.hyperparameters:
        own = any(item.is_user_data for item in program.hyperparameters)
        return "" if own else _instrumented(program)
    return _instrumented(program) or "no prior has a constant to change"


def _instrumented(program: Program) -> str:
    return next((item.message for item in program.obstacles if item.feature == "instrumenting"), "")
