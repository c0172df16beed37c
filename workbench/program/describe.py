"""Describe a program without any data: what `workbench inspect` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from workbench.program.model import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.source import Place
from workbench.program.terms import element_priors
from workbench.program.terms.element_priors import ElementPriors, is_proper_when_flat
from workbench.program.terms.terms import Term
from workbench.program.terms.undeclared_ranges import UndeclaredRange, find_undeclared_ranges

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
"""The supports of constrained types, in words."""

_TERM_FIELDS = (
    "index", "line", "last_line", "called_from", "text", "role", "confidence", "reason", "parameters", "data",
    "distribution", "is_constant", "is_transformed", "depends_on_data", "is_settled",
)  # fmt: skip
"""The fields of a term in the JSON description."""

_CONSTANT_FIELDS = ("name", "argument", "default", "is_user_data", "is_positive", "term", "line")
"""The fields of a constant of a prior in the JSON description."""

_SMALLEST_TRIED = 5
"""The smallest size that is tried where the data are not known: larger than literal indices usually are."""

_MOST_NAMED = 6
"""Groups of elements that a description names; of more, it gives the number."""

_NUMBER_WORDS = {2: "two", 3: "three", 4: "four"}
"""Small numbers in words."""


@dataclass(frozen=True)
class ParameterPrior:
    """A parameter, its support and its prior.

    Attributes
    ----------
    name, type, support, line
        The declaration; `support` in words or as an interval.
    prior
        The prior statement, or what takes its place, in one sentence.
    kind
        ``stated``, ``several``, ``by branch``, ``transformed``, ``latent``, ``part of an expression``,
        ``unplaced``, ``uniform`` or ``flat``.
    terms
        The indices of the terms that state it.
    flat_elements
        Where only some elements of a parameter have a prior: the others, in Stan's notation, as far as their
        range is unbounded; ``b[...]`` if they have no short name before the data are known. Without data,
        elements that exist only for some sizes are left out.
    """

    name: str
    type: str
    support: str
    line: int
    prior: str
    kind: str
    terms: tuple[int, ...]
    flat_elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capability:
    """Something that the workbench can do with a program, or the reason why it cannot."""

    name: str
    is_available: bool
    reason: str = ""


@dataclass(frozen=True)
class Description:
    """A program with the priors of its parameters, what can be done with it, and declarations to mend."""

    program: Program
    parameters: tuple[ParameterPrior, ...]
    capabilities: tuple[Capability, ...]
    undeclared_ranges: tuple[UndeclaredRange, ...] = ()


def describe(program: Program, values: Mapping[str, Any] | None = None) -> Description:
    """Describe the priors of a program's parameters and what can be done with it.

    Parameters
    ----------
    program
        The program.
    values
        The data, if they are known: sizes, loops and indices tell which elements have a prior.
    """
    conditional = _find_conditional_statements(program)
    flat = _find_flat_elements(program, values)
    parameters = tuple(
        _describe_prior(item, program.terms, conditional, flat.get(item.name, _FlatElements()))
        for item in program.parameters
    )
    return Description(
        program,
        parameters,
        tuple(_judge_capabilities(program, parameters)),
        find_undeclared_ranges(program.parameters, program.terms),
    )


def locate_priors(
    program: Program, values: Mapping[str, Any], *, is_order_followed: bool = False
) -> dict[str, ElementPriors]:
    """Return by parameter which of its elements have a prior; tuples and unknown sizes are left out.

    Parameters
    ----------
    program
        The program.
    values
        The data, as `BoundData.values` holds them.
    is_order_followed
        Whether to find elements that depend on themselves, which takes more time.
    """
    return element_priors.locate_priors(
        program.parameters, program.terms, program.tree, values, is_order_followed=is_order_followed
    )


def list_flat_elements(program: Program, values: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return the parameters, or elements of parameters, whose prior is flat on an unbounded range.

    With any of them the prior is improper. Elements that a prior term may be about, as far as can be told,
    are left out.

    Parameters
    ----------
    program
        The program.
    values
        The data, if they are known.

    Returns
    -------
    Names in Stan's notation, neighbours together: ``("sigma", "b[2]", "phi[4:9]")``.
    """
    return tuple(
        name
        for item in describe(program, values).parameters
        for name in ((item.name,) if item.kind == "flat" else item.flat_elements)
    )


@dataclass(frozen=True)
class FasterForm:
    """A loop, or a density of a linear predictor.

    Attributes
    ----------
    line, text
        The statement; of a loop, its head.
    vectorised
        What is sampled in its place, as Stan; empty if it stays.
    reason
        Why it stays, a clause.
    """

    line: int | None
    text: str
    vectorised: str
    reason: str


def list_vectorisations(program: Program) -> tuple[FasterForm, ...]:
    """Return the loops of a program, and the densities of linear predictors that have a faster form."""
    if program.instrumented is None:
        return ()
    return tuple(
        FasterForm(
            program.places[item.statement].first if item.statement in program.places else None,
            item.text,
            item.vectorised,
            item.reason,
        )
        for item in program.instrumented.vectorisations
    )


def describe_lines(program: Program) -> dict[int, str]:
    """Return by line of the instrumented program the author's statement that it is made from, as text.

    It is empty for a program that is run as written: its lines are the author's own.
    """
    if program.instrumented is None:
        return {}
    lines = program.source.splitlines()
    return {
        line: _describe_place(place, program, lines) for line, place in program.instrumented.lines.items()
    }


def _describe_place(place: Place, program: Program, lines: Sequence[str]) -> str:
    """Return the place of a statement, with its first line where that stands in the program's own file."""
    if place.path != program.path:
        return f"line {place.first} of {place.path.name}"
    text = lines[place.first - 1].partition("//")[0].strip() if place.first <= len(lines) else ""
    return f"line {place.first}: `{text}`" if text else f"line {place.first}"


class _FlatElements(NamedTuple):
    """Elements of a parameter that are flat, always or only for some sizes; of how many in all."""

    names: tuple[str, ...] = ()
    is_certain: bool = True
    size: int | None = None


def _find_flat_elements(program: Program, values: Mapping[str, Any] | None) -> dict[str, _FlatElements]:
    """Return by parameter its flat elements; without data, those that are flat if the sizes are not small."""
    if values is not None:
        located = locate_priors(program, values)
        return {name: _FlatElements(item.name_flat(), size=item.flat.size) for name, item in located.items()}
    smallest, first, second = (
        element_priors.locate_priors(
            program.parameters, program.terms, program.tree, sizes, are_sizes_tried=True
        )
        for sizes in _try_sizes(program)
    )
    flat: dict[str, _FlatElements] = {}
    for name in first.keys() & second.keys():
        names = [priors[name].name_flat(is_open=True) for priors in (first, second)]
        if all(names):
            is_certain = name in smallest and bool(smallest[name].flat.any())
            flat[name] = _FlatElements(names[0] if names[0] == names[1] else (f"{name}[...]",), is_certain)
    return flat


def _try_sizes(program: Program) -> Iterator[dict[str, Any]]:
    """Yield values for the integers that may be sizes: the smallest, then different ones in either order."""
    integers = [item for item in program.data if item.is_integer and item.is_scalar]
    yield {item.name: max(1, int((item.lower and item.lower.literal) or 1)) for item in integers}
    yield {item.name: _SMALLEST_TRIED + number for number, item in enumerate(integers)}
    yield {item.name: _SMALLEST_TRIED + 2 * len(integers) - number for number, item in enumerate(integers)}


def to_record(description: Description) -> dict[str, Any]:
    """Return a description as plain dictionaries and lists, ready for JSON."""
    program = description.program
    return {
        "name": program.name,
        "path": str(program.path),
        "sha256": program.sha256,
        "includes": [str(file) for file in program.includes],
        "data": [_declaration_to_record(item) for item in program.data],
        "parameters": [asdict(item) for item in description.parameters],
        "terms": [_select_fields(term, _TERM_FIELDS) for term in program.terms],
        "hyperparameters": [_select_fields(item, _CONSTANT_FIELDS) for item in program.hyperparameters],
        "arguments": [asdict(item) for item in program.arguments],
        "capabilities": [asdict(item) for item in description.capabilities],
        "undeclared_ranges": [asdict(item) for item in description.undeclared_ranges],
        "obstacles": [asdict(item) for item in program.obstacles],
        "vectorisations": [asdict(item) for item in list_vectorisations(program)],
        "instrumented": program.instrumented is not None,
    }


def _declaration_to_record(item: Declaration) -> dict[str, Any]:
    support = None if item.is_integer else describe_support(item)
    return {"name": item.name, "type": item.text, "support": support, "line": item.line}


def _select_fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def describe_support(declaration: Declaration) -> str:
    """Return the values that a parameter can take, in words or as an interval."""
    if declaration.members:
        return "; ".join(f"{member.name}: {describe_support(member)}" for member in declaration.members)
    if declaration.kind in _SUPPORTS:
        return _SUPPORTS[declaration.kind]
    lower = "-inf" if declaration.lower is None else declaration.lower.text
    upper = "inf" if declaration.upper is None else declaration.upper.text
    return f"({lower}, {upper})"


def _find_conditional_statements(program: Program) -> frozenset[int]:
    """Return the numbers of the statements that only run under a condition."""
    branches = (item for item in t.walk(program.tree.get_block("model")) if isinstance(item, n.If))
    return frozenset(item.id for branch in branches for item in t.walk(branch) if isinstance(item, n.Stmt))


def _describe_prior(
    declaration: Declaration,
    terms: Sequence[Term],
    conditional: frozenset[int],
    flat: _FlatElements,
) -> ParameterPrior:
    about = [term for term in terms if declaration.name in (term.outcomes or term.parameters)]
    stating, kind, prior = _classify_prior(declaration, about, conditional)
    names = flat.names if stating else ()
    if flat.size == 0:
        kind, prior = "uniform", "none needed: it has no elements with these data"
    elif names == (declaration.name,):
        prior = f"none that applies to these data: flat; it would be {prior}"
    elif names:
        condition = "" if flat.is_certain else ", if there are any"
        prior = f"{prior} none for {_list_flat(declaration.name, names)}{condition}: flat"
    return ParameterPrior(
        declaration.name,
        declaration.text,
        describe_support(declaration),
        declaration.line,
        prior,
        kind,
        tuple(term.index for term in stating),
        names if flat.is_certain else (),
    )


def _list_flat(name: str, flat_elements: Sequence[str]) -> str:
    """Return the flat elements of a parameter as text."""
    if flat_elements == (f"{name}[...]",):
        return "the other elements"
    more = len(flat_elements) - _MOST_NAMED
    return ", ".join(flat_elements[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _classify_prior(
    declaration: Declaration, about: Sequence[Term], conditional: frozenset[int]
) -> tuple[Sequence[Term], str, str]:
    """Return the terms that state the prior of a parameter, the kind of prior, and a sentence for it."""
    priors = [term for term in about if term.role == "prior"]
    plain = [term for term in priors if term.distribution is not None and not term.is_transformed]
    if plain:
        return plain, *_classify_stated(plain, conditional)
    latent = [term for term in about if term.role == "latent"]
    if latent:
        is_given = any(set(term.parameters) - {declaration.name} for term in latent)
        head = "given other parameters" if is_given else "standardized effects"
        return latent, "latent", f"{head}: {_join_texts(latent)}"
    if any(term.is_transformed for term in priors):
        return priors, "transformed", f"on a transformed scale: {_join_texts(priors)}"
    if priors:
        return priors, "part of an expression", f"part of an expression: {_join_texts(priors)}"
    unplaced = [term for term in about if term.role == "unplaced" and not term.is_constant]
    if unplaced:
        return unplaced, "unplaced", f"unclear role: {_join_texts(unplaced)}"
    if is_proper_when_flat(declaration):
        return (), "uniform", "none: uniform on its support"
    return (), "flat", "none: flat"


def _classify_stated(terms: Sequence[Term], conditional: frozenset[int]) -> tuple[str, str]:
    """Return the kind and the sentence for priors that are plain densities."""
    outcomes = [term.outcome for term in terms]
    is_repeated = len(set(outcomes)) < len(outcomes)
    if is_repeated and any(term.statement in conditional for term in terms):
        return "by branch", f"one of: {_join_texts(terms)}"
    if is_repeated:
        number = _NUMBER_WORDS.get(len(terms), str(len(terms)))
        return "several", f"{number} priors: {_join_texts(terms)}"
    return "stated", _join_texts(terms)


def _join_texts(terms: Sequence[Term]) -> str:
    return " ".join(term.text for term in terms)


def _judge_capabilities(program: Program, parameters: Sequence[ParameterPrior]) -> Iterator[Capability]:
    """Yield what the workbench can or cannot do with a program."""
    reasons = {
        "posterior": "",
        "MLE": _explain_no_mle(program),
        "prior draws": _explain_no_prior_draws(program, parameters),
        "pointwise log likelihood": _find_obstacle(program, "log_lik"),
        "leave-one-out": _find_obstacle(program, "log_lik", "loo"),
        "replicated data": _explain_no_replicates(program),
        "prior sensitivity": _explain_no_sensitivity(program),
        "prior sweep": _explain_no_sweep(program),
    }
    for name, reason in reasons.items():
        yield Capability(name, not reason, reason)


def _find_obstacle(program: Program, *features: str) -> str:
    """Return the first obstacle to features that need the instrumented program and a likelihood."""
    for obstacle in program.obstacles:
        if obstacle.feature in {"instrumenting", *features}:
            return obstacle.message
    if not any(term.role == "likelihood" for term in program.terms):
        return _find_unclear_role(program) or "no statement of the program is a likelihood"
    return ""


def _find_unclear_role(program: Program) -> str:
    return next((item.message for item in program.obstacles if item.feature == "roles"), "")


def _find_instrumenting_obstacle(program: Program) -> str:
    return next((item.message for item in program.obstacles if item.feature == "instrumenting"), "")


def _explain_no_mle(program: Program) -> str:
    untouched = ", ".join(f"`{name}`" for name in program.untouched_by_likelihood)
    unclear = _find_unclear_role(program)
    return _find_obstacle(program) or unclear or (f"no likelihood involves {untouched}" if untouched else "")


def _explain_no_prior_draws(program: Program, parameters: Sequence[ParameterPrior]) -> str:
    names = [
        name for item in parameters for name in ((item.name,) if item.kind == "flat" else item.flat_elements)
    ]
    flat = ", ".join(f"`{name}`" for name in names)
    improper = f"no prior makes {flat} proper" if flat else ""
    return _find_instrumenting_obstacle(program) or _find_unclear_role(program) or improper


def _explain_no_replicates(program: Program) -> str:
    if any(replicate.name for replicate in program.replicates):
        return ""
    return _find_obstacle(program, "predictive") or "no likelihood is a density of declared data"


def _explain_no_sensitivity(program: Program) -> str:
    has_prior = any(term.role == "prior" for term in program.terms)
    missing = _find_unclear_role(program) or "the program states no prior: all are flat"
    return _find_instrumenting_obstacle(program) or ("" if has_prior else missing)


def _explain_no_sweep(program: Program) -> str:
    if any(item.is_user_data for item in program.hyperparameters):
        return ""
    missing = "" if program.hyperparameters else "no prior has a constant to change"
    return _find_instrumenting_obstacle(program) or missing
