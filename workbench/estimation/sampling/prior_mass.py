"""How much probability the prior of a program has within the declared constraints of its parameters.

`real<lower=0> sigma; sigma ~ normal(0, 1)` is a half-normal prior, but the density that Stan computes
integrates to 1/2: it has to be divided by that, or the evidence is too small by that factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import ProgramError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.prior_support import find_cut, find_dependent_names
from workbench.program import Declaration, ElementPriors, Program, Term, list_flat_elements, locate_priors
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, parse_density
from workbench.program.terms.families import FAMILIES, SUPPORTS, SYMMETRIC
from workbench.program.terms.values import Contribution
from workbench.program.terms.weighted import find_indicators, is_weighted
from workbench.request import FitRequest

_BOUNDED_KINDS = frozenset({"real", "vector", "row_vector", "matrix"})
"""Types whose elements are real numbers with nothing but bounds."""

_ORDERED_KINDS = {"ordered": (-math.inf, math.inf), "positive_ordered": (0.0, math.inf)}
"""Types whose elements increase, and the bounds of each element."""

_MULTIVARIATE = frozenset({
    "multi_normal", "multi_normal_cholesky", "multi_normal_prec", "multi_student_t",
    "multi_student_t_cholesky",
})  # fmt: skip
"""Distributions of a vector whose density integrates to 1 over all vectors."""

_MATCHING = frozenset({
    ("simplex", "dirichlet"), ("corr_matrix", "lkj_corr"), ("cholesky_factor_corr", "lkj_corr_cholesky"),
    ("cov_matrix", "wishart"), ("cov_matrix", "inv_wishart"), ("cholesky_factor_cov", "wishart_cholesky"),
    ("cholesky_factor_cov", "inv_wishart_cholesky"),
})  # fmt: skip
"""Types and distributions with the same support."""

_ZERO, _ONE = n.Numeral("0"), n.Numeral("1")
"""The arguments of a standard normal."""

_ROWS_AND_COLUMNS = (n.Type("vector"), n.Type("row_vector"))
"""Types whose values are the same numbers when they are transposed."""

_SELECTING = frozenset({
    "to_vector", "to_row_vector", "to_array_1d", "head", "tail", "segment", "row", "col", "sub_row",
    "sub_col", "block", "diagonal", "reverse",
})  # fmt: skip
"""Functions whose value consists of elements of their first argument."""


@dataclass(frozen=True)
class PriorMass:
    """The integral of a prior as Stan computes it.

    Attributes
    ----------
    log_mass
        Its logarithm; NaN where it is not known.
    reason
        Why it is not known, as a sentence; empty where it is.
    notes
        What an evidence divided by it counts with, in sentences: priors cut off by bounds, uniform ones, and
        likelihoods whose constants nobody can check.
    """

    log_mass: float
    reason: str = ""
    notes: tuple[str, ...] = ()


class _UnknownMassError(Exception):
    """The probability is not known in closed form; the message is a clause that says why."""


def compute_prior_mass(context: FitContext) -> PriorMass:
    """Return the integral of the prior as Stan computes it, or why it is not known.

    Latent terms count as part of the prior.
    """
    return find_prior_mass(context.request, context.collect_own_data())


def find_prior_mass(request: FitRequest, own_data: Mapping[str, Any]) -> PriorMass:
    """Return the integral of a prior as `compute_prior_mass` does.

    Where it is known, the prior is a product of densities, each of which integrates to a constant over the
    declared constraints and is given nothing but data and what has a density before it: it can be drawn so.

    Parameters
    ----------
    request
        The program and its data.
    own_data
        Values of the constants of priors, by the names of data that stand for them.
    """
    program, values = request.program, request.data.values
    if weighted := _list_weighted(request.weights):
        return PriorMass(
            math.nan, f"the density is not that of the program: {weighted} is weighted. There is no evidence."
        )
    unclear = [term.line for term in program.terms if term.confidence == "ask" and _is_of_parameters(term)]
    if unclear:
        return PriorMass(
            math.nan,
            f"the statement on line {unclear[0]} may be a prior or part of the likelihood: say which, as in "
            f"--role 'line {unclear[0]}=prior'. There is no evidence.",
        )
    flat = list_flat_elements(program, values)
    if flat:
        verb = "has" if len(flat) == 1 else "have"
        return PriorMass(math.nan, f"{_list_names(flat)} {verb} no prior: there is no evidence.")
    integrator = _Integrator(program, {**values, **own_data})
    try:
        log_mass = integrator.integrate()
    except _UnknownMassError as reason:
        return PriorMass(
            math.nan, f"the prior is not known to integrate to 1: {reason}. There is no evidence."
        )
    return PriorMass(log_mass, "", (*integrator.notes, *_doubt_likelihoods(program)))


def _list_weighted(weights: Mapping[str | int, float]) -> str:
    """Return the terms with another weight than 1; empty where there are none."""
    keys = [key for key, weight in weights.items() if weight != 1]
    return ", ".join(f"term {key}" if isinstance(key, int) else f"the {key}" for key in keys)


def _doubt_likelihoods(program: Program) -> Iterator[str]:
    """Yield a sentence on each likelihood whose constants cannot be known from its text."""
    indicators = find_indicators(program.data)
    for term in program.terms:
        densities = [density for item in term.contributions for density in item.value.densities]
        is_written = not densities or any(density.is_user_defined for density in densities)
        if term.role not in {"likelihood", "unplaced"} or term.is_constant:
            continue
        if is_written:
            yield (
                f"the likelihood on line {term.line} is written by hand: the evidence is right only if it "
                "has all constants of a density of the data."
            )
        elif is_weighted(term, indicators):
            yield (
                f"the likelihood on line {term.line} multiplies log densities, as by weights: the evidence "
                "is right only if that is a density of the data."
            )
        elif _is_of_parameters(term):
            yield (
                f"the likelihood on line {term.line} is a density of data and parameters together: the "
                "evidence is right only if the program adds its Jacobian."
            )


def _is_of_parameters(term: Term) -> bool:
    """Whether a term is a density of parameters, alone or together with data."""
    return bool(set(term.outcomes) & set(term.parameters))


class _Integrator:
    """Integrates the prior of a program over the declared constraints.

    Attributes
    ----------
    values
        The data, the constants of the priors, and transformed data declared by an expression of data.
    notes
        What has been integrated, in sentences.
    """

    def __init__(self, program: Program, values: Mapping[str, Any]) -> None:
        self.program = program
        self.parameters = {item.name: item for item in program.parameters}
        self.values = dict(values)
        self.notes: list[str] = []
        self.located = locate_priors(program, values, is_order_followed=True)
        self.constants = {
            id(node): n.Variable(hyper.data_name, type=node.type)
            for hyper in program.hyperparameters
            if not hyper.is_user_data
            for node in hyper.nodes
        }
        self._add_transformed_data()

    def integrate(self) -> float:
        """Return the log of the integral.

        Raises
        ------
        _UnknownMassError
            It is not known in closed form.
        """
        self._check_jacobians()
        if cut := find_cut(self.program):
            raise _UnknownMassError(cut)
        self._check_order()
        masses: list[float] = []
        for name, declaration in self.parameters.items():
            priors = self.located.get(name)
            if priors is None:
                raise _UnknownMassError(f"the elements of `{name}` cannot be followed")
            self._check_single_statements(priors)
            is_free = ~(priors.stated | priors.involved)
            if is_free.any():
                masses.append(self._integrate_uniform(declaration, priors, int(is_free.sum())))
        for term in self.program.terms:
            counts = {
                name: int(priors.terms[term.index].sum())
                for name, priors in self.located.items()
                if term.index in priors.terms
            }
            if counts:
                masses.append(self._integrate_term(term, counts))
        if any(mass != 0 for mass in masses):
            self._check_constants()
        return math.fsum(masses)

    # --- what stands in the way

    def _check_jacobians(self) -> None:
        """Refuse a Jacobian of the author's own: it changes the density of the parameters as a prior does."""
        for name in self.program.tree.undecoded.keys() - {"generated quantities"}:
            raise _UnknownMassError(f"the block `{name}` cannot be followed")
        for node in t.walk(self.program.tree.blocks):
            is_increment = isinstance(node, n.Increment) and node.accumulator == "jacobian"
            if is_increment or getattr(node, "kind", "") == "FnJacobian":
                raise _UnknownMassError("the program adds a Jacobian of its own")

    def _check_single_statements(self, priors: ElementPriors) -> None:
        for index, mask in priors.terms.items():
            if (mask & priors.involved).any():
                term = self._get_term(index)
                raise _UnknownMassError(
                    f"the term on line {term.line} is not a density of `{priors.name}` itself"
                )
        for index, counts in priors.counts.items():
            if np.any(counts > 1):
                line = self._get_term(index).line
                raise _UnknownMassError(
                    f"the statement on line {line} is executed several times for the same element of "
                    f"`{priors.name}`"
                )
        total = sum(priors.counts.values(), np.zeros(priors.stated.shape, int))
        if np.any(total > 1):
            twice = total > 1
            lines = [
                self._get_term(index).line for index, found in priors.counts.items() if found[twice].any()
            ]
            where = " and ".join(f"line {line}" for line in dict.fromkeys(lines))
            raise _UnknownMassError(
                f"more than one statement is about the same element of `{priors.name}`, on {where}"
            )

    def _check_order(self) -> None:
        """Refuse priors that depend on each other, or on themselves, in a circle."""
        for term in self.program.terms:
            for name in set(term.outcomes) & self.parameters.keys() if term.role != "likelihood" else ():
                self._check_own_outcome(term, name)
        given: dict[str, set[str]] = {name: set() for name in self.parameters}
        for term in self.program.terms:
            if term.role != "likelihood":
                for name in set(term.outcomes) & given.keys():
                    given[name] |= set(term.parameters) - set(term.outcomes)
        while given:
            ready = {name for name, needed in given.items() if not needed & given.keys()}
            if not ready:
                raise _UnknownMassError(f"the priors of {_list_names(sorted(given))} depend on each other")
            given = {name: needed for name, needed in given.items() if name not in ready}

    def _check_own_outcome(self, term: Term, name: str) -> None:
        """Refuse a density whose arguments hold its own outcome, unless each element depends on others."""
        if term.role == "unplaced":
            return
        dependent = find_dependent_names(self.program, [name]) - {name}
        for item in term.contributions:
            density = parse_density(item.summand.node)
            given = () if density is None else (*density.arguments[1:], density.lower, density.upper)
            if t.find_names(tuple(each for each in given if each is not None)) & dependent:
                raise _UnknownMassError(
                    f"the prior of `{name}` on line {term.line} depends on `{name}` itself"
                )
        if name in self.located and self.located[name].is_circular:
            raise _UnknownMassError(f"elements of `{name}` depend on themselves, on line {term.line}")

    def _check_constants(self) -> None:
        """Refuse a constant that the program adds: the missing normaliser would count twice."""
        for term in self.program.terms:
            has_density = any(item.value.densities for item in term.contributions)
            is_doubted = term.is_constant or (has_density and term.role == "likelihood")
            for item in term.contributions:
                if is_doubted and self._is_added_constant(item):
                    raise _UnknownMassError(f"the constant on line {term.line} may normalise it or not")

    def _is_added_constant(self, item: Contribution) -> bool:
        """Return whether a summand is a number that is not zero, and no density of data."""
        node = item.summand.node
        densities = item.value.densities
        names = self.parameters.keys() | {each.name for each in self.program.data}
        if any(use.name in self.parameters for use in item.value.all_uses):
            return False
        if any(
            density.suffix in {"lpdf", "lpmf"} and any(use.name in names for use in density.outcome)
            for density in densities
        ):
            return False
        value = None if isinstance(node, n.Tilde) else self._try_evaluate(node)
        return value is None or bool(np.any(value != 0))

    def _get_term(self, index: int) -> Term:
        return next(term for term in self.program.terms if term.index == index)

    # --- elements without a statement

    def _integrate_uniform(self, declaration: Declaration, priors: ElementPriors, count: int) -> float:
        """Return the log volume that a constant density of 1 has within finite bounds or a simplex."""
        shape = priors.stated.shape
        if declaration.kind in _BOUNDED_KINDS:
            lower, upper = self._find_bounds(declaration)
            width = np.broadcast_to(np.asarray(upper) - np.asarray(lower), shape)
            if np.isfinite(width).all() and (width > 0).all():
                self._note_uniform(declaration, count, int(np.prod(shape)), "within its bounds")
                return float(np.log(width)[~(priors.stated | priors.involved)].sum())
        if declaration.kind == "simplex" and count == np.prod(shape):
            self._note_uniform(declaration, count, count, "over simplexes")
            return -math.lgamma(int(shape[-1])) * count / int(shape[-1])
        if count < np.prod(shape):
            raise _UnknownMassError(
                f"some elements of `{declaration.name}` have no prior of their own, and the integral over "
                "what its type leaves them is not known"
            )
        raise _UnknownMassError(f"`{declaration.name}` has no prior, and its type no known volume")

    def _note_uniform(self, declaration: Declaration, count: int, size: int, where: str) -> None:
        what = (
            f"`{declaration.name}`" if count == size else f"{count} of the elements of `{declaration.name}`"
        )
        verb = "has" if count == size or count == 1 else "have"
        self.notes.append(f"{what} {verb} no prior statement, and counts as uniform {where}.")

    # --- statements

    def _integrate_term(self, term: Term, counts: Mapping[str, int]) -> float:
        log_mass = self._integrate_density(term, counts)
        if log_mass != 0:
            self.notes.append(
                f"the prior on line {term.line} has the probability {_format_probability(log_mass)} within "
                f"the constraints of `{next(iter(counts))}`, and is divided by it."
            )
        return log_mass

    def _integrate_density(self, term: Term, counts: Mapping[str, int]) -> float:
        density = self._find_density(term, counts)
        name = _find_selected(density.outcome) if density is not None else None
        if density is None or name is None or list(counts) != [name] or term.role == "unplaced":
            raise _UnknownMassError(f"the term on line {term.line} is not a density of parameters themselves")
        if not density.outcome.type.is_container and any(
            argument.type.is_container for argument in density.arguments[1:]
        ):
            raise _UnknownMassError(f"the statement on line {term.line} is several densities of `{name}`")
        declaration, count = self.parameters[name], counts[name]
        if (declaration.kind, density.distribution) in _MATCHING and not density.is_truncated:
            return 0.0
        if declaration.kind in _ORDERED_KINDS:
            return self._integrate_ordered(term, density, declaration, count)
        if declaration.kind == "sum_to_zero_vector" and density.distribution in {"normal", "std_normal"}:
            return self._integrate_sum_to_zero(term, density, declaration, count)
        if declaration.kind not in _BOUNDED_KINDS:
            raise _UnknownMassError(
                f"the integral of `{density.distribution}` over the type `{declaration.kind}` of `{name}` "
                "is not known"
            )
        if density.distribution in _MULTIVARIATE and declaration.lower is declaration.upper is None:
            return 0.0
        lower, upper = self._find_bounds(declaration)
        return self._integrate_elements(term, density, (lower, upper), count)

    def _find_density(self, term: Term, counts: Mapping[str, int]) -> DensityCall | None:
        """Return the density that a term consists of; `None` if it consists of something else.

        A log probability that is subtracted by hand, as in `- normal_lccdf(0 | mu, sigma)`, is a truncation.
        """
        density: DensityCall | None = None
        normalisers = []
        for item in term.contributions:
            call = None if _is_user_defined(item.summand.node) else parse_density(item.summand.node)
            if density is None and call is not None and call.suffix == "lpdf" and item.summand.sign == "+":
                density = call
            elif item.summand.sign == "-":
                normalisers.append(item.summand.node)
            else:
                return None
        if density is None or term.calls:
            return None
        for node in normalisers:
            call = self._parse_normaliser(node, density, sum(counts.values()))
            if call is None or density.is_truncated:
                return None
            is_lower = call.suffix == "lccdf"
            self._check_limit(term, call, sum(counts.values()), next(iter(counts)), is_lower=is_lower)
            density = replace(
                density, lower=call.outcome if is_lower else None, upper=None if is_lower else call.outcome
            )
        return density

    def _check_limit(self, term: Term, call: DensityCall, count: int, name: str, *, is_lower: bool) -> None:
        """Refuse a hand-written truncation elsewhere than at the declared bound: nothing else cuts there."""
        declaration = self.parameters[name]
        if declaration.kind in _BOUNDED_KINDS:
            bound = self._find_bounds(declaration)[0 if is_lower else 1]
            limit = self._evaluate(call.outcome, term)
            end = SUPPORTS.get(call.distribution, (-math.inf, math.inf))[0 if is_lower else 1]
            meet = np.maximum if is_lower else np.minimum
            if np.array_equal(meet(limit, end), meet(bound, end)) or (
                np.size(bound) in {1, count} and np.all(meet(limit, end) == meet(bound, end))
            ):
                return
        raise _UnknownMassError(f"the limit on line {term.line} is not the declared bound of `{name}`")

    def _parse_normaliser(
        self, node: n.Expr | n.Tilde, density: DensityCall, count: int
    ) -> DensityCall | None:
        """Return the log probability in an expression, if it is that of `count` outcomes of a density."""
        inner = t.unwrap(node) if isinstance(node, n.Expr) else node
        factor: Floats | None = np.array(1.0)
        if isinstance(inner, n.Binary) and inner.operator == "*":
            factor, inner = self._try_evaluate(inner.left), t.unwrap(inner.right)
        call = None if isinstance(inner, n.Tilde) else parse_density(inner)
        if call is None or call.suffix not in {"lccdf", "lcdf"} or call.distribution != density.distribution:
            return None
        if [to_text(item) for item in call.arguments[1:]] != [
            to_text(item) for item in density.arguments[1:]
        ]:
            return None
        if factor is None or factor.size != 1 or float(factor.ravel()[0]) != count:
            return None
        return call

    def _integrate_ordered(
        self, term: Term, density: DensityCall, declaration: Declaration, count: int
    ) -> float:
        """Return the log of the integral over increasing vectors: that over all vectors, divided by K!."""
        shape = self.located[declaration.name].stated.shape
        is_shared = all(not argument.type.is_container for argument in density.arguments[1:])
        is_whole = density.outcome.type.is_container or self._can_evaluate(density.arguments[1:])
        if not is_shared or not is_whole or count != np.prod(shape):
            raise _UnknownMassError(
                f"the elements of `{declaration.name}` increase, and their priors on line {term.line} may "
                "differ"
            )
        inside = self._integrate_elements(term, density, _ORDERED_KINDS[declaration.kind], count)
        return inside - math.lgamma(int(shape[-1]) + 1) * count / int(shape[-1])

    def _integrate_sum_to_zero(
        self, term: Term, density: DensityCall, declaration: Declaration, count: int
    ) -> float:
        """Return the log of the integral of independent normals over vectors that sum to zero.

        Stan takes such vectors by orthonormal coordinates: it is the density, at 0, of the sum of the `K`
        normals divided by the square root of `K`, for each vector.
        """
        shape = self.located[declaration.name].stated.shape
        if density.is_truncated or count != np.prod(shape):
            raise _UnknownMassError(f"the elements of the prior on line {term.line} cannot be followed")
        mean, sd = (self._try_evaluate(each) for each in density.arguments[1:] or (_ZERO, _ONE))
        if mean is None or sd is None:
            raise _UnknownMassError(
                f"the elements of `{declaration.name}` sum to zero, and the integral of their prior on line "
                f"{term.line} over such vectors depends on parameters"
            )
        if mean.size != 1 or sd.size != 1:
            raise _UnknownMassError(
                f"the elements of `{declaration.name}` sum to zero, and their priors on line {term.line} may "
                "differ"
            )
        size = int(shape[-1])
        z = float(mean.ravel()[0]) * math.sqrt(size) / float(sd.ravel()[0])
        at_zero = -0.5 * math.log(2 * math.pi) - math.log(float(sd.ravel()[0])) - z * z / 2
        return at_zero * count / size

    def _integrate_elements(
        self, term: Term, density: DensityCall, bounds: tuple[Any, Any], count: int
    ) -> float:
        """Return the log probability that elements with univariate densities are within their bounds."""
        family, (lower, upper) = density.distribution, bounds
        support = SUPPORTS.get(family)
        if density.is_truncated:
            return self._integrate_truncated(term, density, bounds)
        if support is not None and np.all(lower <= support[0]) and np.all(upper >= support[1]):
            return 0.0
        given = density.arguments[1:]
        if family in SYMMETRIC and np.size(lower) == np.size(upper) == 1:
            centre = self._try_evaluate(given[-2]) if given else 0.0
            ends = [float(end) for end in (np.ravel(lower)[0], np.ravel(upper)[0]) if np.isfinite(end)]
            if centre is not None and len(ends) == 1 and np.all(np.asarray(centre) == ends[0]):
                return -count * math.log(2)
        if family not in FAMILIES:
            raise _UnknownMassError(f"`{family}` on line {term.line} has no known distribution function")
        arguments = [self._evaluate(argument, term) for argument in given]
        lower, upper = self._select_bounds(
            term, density, bounds, are_shared=all(a.size == 1 for a in arguments)
        )
        inside = np.atleast_1d(_compute_log_probability(FAMILIES[family](*arguments), lower, upper))
        if inside.size == 1:
            inside = np.broadcast_to(inside.ravel(), count)
        if not np.isfinite(inside).all() or inside.size != count:
            raise _UnknownMassError(f"the elements of the prior on line {term.line} cannot be followed")
        return float(inside.sum())

    def _select_bounds(
        self, term: Term, density: DensityCall, bounds: tuple[Any, Any], *, are_shared: bool
    ) -> tuple[Any, Any]:
        """Return the bounds of the elements of a density, in the order of its arguments.

        Bounds that differ between elements need to be known by element: where the arguments are the same for
        all of them their order does not matter, and otherwise the outcome must be the whole parameter.
        """
        if all(np.size(bound) == 1 for bound in bounds):
            return tuple(float(np.ravel(bound)[0]) for bound in bounds)  # type: ignore[return-value]
        name = _find_selected(density.outcome)
        mask = self.located[name].terms[term.index] if name is not None else np.zeros(0, dtype=bool)
        wide = [np.broadcast_to(bound, mask.shape) for bound in bounds]
        if are_shared:
            return wide[0][mask], wide[1][mask]
        if isinstance(t.unwrap(density.outcome), n.Variable) and mask.all():
            return wide[0], wide[1]
        raise _UnknownMassError(f"the elements of the prior on line {term.line} cannot be followed")

    def _integrate_truncated(self, term: Term, density: DensityCall, bounds: tuple[Any, Any]) -> float:
        """Return 0 where the statement is truncated at the declared bounds, or within them."""
        lower = -math.inf if density.lower is None else self._evaluate(density.lower, term)
        upper = math.inf if density.upper is None else self._evaluate(density.upper, term)
        support = SUPPORTS.get(density.distribution, (-math.inf, math.inf))
        if np.all(np.maximum(lower, support[0]) >= bounds[0]) and np.all(
            np.minimum(upper, support[1]) <= bounds[1]
        ):
            return 0.0
        raise _UnknownMassError(f"the limits on line {term.line} are not the declared bounds")

    # --- values

    def _find_bounds(self, declaration: Declaration) -> tuple[Any, Any]:
        ends: list[Any] = []
        for limit, absent in ((declaration.lower, -math.inf), (declaration.upper, math.inf)):
            value = absent if limit is None else self._try_evaluate(limit.node)
            if value is None:
                raise _UnknownMassError(f"the bounds of `{declaration.name}` depend on more than data")
            ends.append(np.asarray(value, dtype=float))
        return ends[0], ends[1]

    def _evaluate(self, node: n.Expr, term: Term) -> Floats:
        value = self._try_evaluate(node)
        if value is None and not t.find_names(node) & find_dependent_names(
            self.program, list(self.parameters)
        ):
            raise _UnknownMassError(
                f"the value of `{to_text(node)}`, on which the prior on line {term.line} depends, is "
                "computed in a way that the workbench does not follow"
            )
        if value is None:
            raise _UnknownMassError(
                f"bounds cut off a part of the prior on line {term.line} that depends on `{to_text(node)}`"
            )
        return value

    def _can_evaluate(self, nodes: Sequence[n.Expr]) -> bool:
        return all(self._try_evaluate(node) is not None for node in nodes)

    def _try_evaluate(self, node: n.Expr) -> Floats | None:
        """Return the value of an expression of data and constants; `None` if it has another.

        Arithmetic of containers is not followed.
        """
        operations = (item for item in t.walk(node) if isinstance(item, n.Binary))
        if any(item.left.type.is_container or item.right.type.is_container for item in operations):
            return None
        transposed = {
            id(item): item.operand
            for item in t.walk(node)
            if isinstance(item, n.Unary) and item.is_postfix and item.type in _ROWS_AND_COLUMNS
        }
        substituted = t.substitute(t.substitute(node, transposed), self.constants)
        try:
            known = {name: self._look_up(name) for name in t.find_names(substituted)}
            value: Floats = np.asarray(evaluate(substituted, known), dtype=float)
        except (KeyError, ProgramError, ValueError, TypeError):
            return None
        return value

    def _look_up(self, name: str) -> Any:
        """Return a value as numbers or nested lists."""
        if not isinstance(self.values[name], int | float | list):
            self.values[name] = np.asarray(self.values[name]).tolist()
        return self.values[name]

    def _add_transformed_data(self) -> None:
        block = self.program.tree.get_block("transformed data")
        assignments = (item for item in t.walk(block) if isinstance(item, n.Assignment))
        assigned = {name for item in assignments for name in t.find_names(item.left)}
        for statement in block:
            for name, node in statement.variables if isinstance(statement, n.Declare) else ():
                value = None if node is None or name in assigned else self._try_evaluate(node)
                if value is not None:
                    self.values[name] = value.tolist()


def _compute_log_probability(family: Any, lower: Any, upper: Any) -> Floats:
    """Return the log probability between two bounds, by the tail in which they are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = _subtract_exp(family.logcdf(upper), family.logcdf(lower))
        above = _subtract_exp(family.logsf(lower), family.logsf(upper))
        is_above = family.cdf(lower) > 1 / 2
    return np.asarray(np.where(is_above, above, below), dtype=float)


def _subtract_exp(larger: Any, smaller: Any) -> Any:
    """Return the log of a difference of exponentials."""
    return larger + np.log1p(-np.exp(smaller - larger))


def _is_user_defined(node: n.Expr | n.Tilde) -> bool:
    """Return whether the program defines a density itself, perhaps under a name that Stan knows too."""
    inner = node if isinstance(node, n.Tilde) else t.unwrap(node)
    return isinstance(inner, n.Tilde | n.Call) and inner.is_user_defined


def _format_probability(log_mass: float) -> str:
    """Return a probability for a sentence; as a power of e where it is tiny."""
    return f"{math.exp(log_mass):.4g}" if log_mass > -20 else f"exp({log_mass:.6g})"


def _find_selected(node: n.Expr) -> str | None:
    """Return the variable that an expression selects elements of; `None` if it is more than a selection."""
    inner = t.unwrap(node)
    if isinstance(inner, n.Variable):
        return inner.name
    if isinstance(inner, n.Indexed):
        return _find_selected(inner.base)
    if isinstance(inner, n.Unary) and inner.is_postfix:
        return _find_selected(inner.operand)
    if isinstance(inner, n.Call) and inner.name in _SELECTING and inner.arguments:
        return _find_selected(inner.arguments[0])
    return None


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
