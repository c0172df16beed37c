"""One program that serves every estimator: weights on its terms, constants of its priors as data.

The author's program is not touched. The instrumented one has the same parameters and, with every weight 1
and every constant at its default, the same log density up to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workbench.errors import PriorError
from workbench.program.predictive.draw_replicates import guarded_functions, redrawn, switch
from workbench.program.predictive.log_lik_order import Order, entry_order
from workbench.program.predictive.replicates import Replication
from workbench.program.rewrite.log_densities import ROLE_CODES, recording_functions, replayed
from workbench.program.rewrite.lp_functions import sites_of
from workbench.program.rewrite.observation_count import counting_slice
from workbench.program.rewrite.shapes import declared_shapes
from workbench.program.rewrite.weights import Plan, weighted_functions, weighted_model
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import Names
from workbench.program.syntax.printer import to_text
from workbench.program.terms.hyperparameters import Hyperparameter
from workbench.program.terms.terms import Term


@dataclass(frozen=True)
class Outputs:
    """The generated quantities that are ours.

    Attributes
    ----------
    densities
        One entry for each term: its log density, normalised and unweighted.
    lprior
        Their sum over the terms whose role is prior.
    log_lik
        One entry for each observation; `None` where the program cannot be opened into observations.
    replicates
        Outcomes drawn anew, by the data variable that each mirrors.
    observed
        Outcomes that transformed data make, by that variable: the quantity that repeats each.
    entries
        The outcomes in the order of `log_lik`, a group for each statement or loop; empty where the text
        does not tell.
    """

    densities: str
    lprior: str
    log_lik: str | None
    replicates: Mapping[str, str] = field(default_factory=dict)
    observed: Mapping[str, str] = field(default_factory=dict)
    entries: Order = ()

    @property
    def names(self) -> frozenset[str]:
        """All of them: columns that are not the author's."""
        densities = {self.densities, self.lprior, self.log_lik} - {None}
        return frozenset({*densities, *self.replicates.values(), *self.observed.values()})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Instrumented:
    """The instrumented program and how to feed it.

    Attributes
    ----------
    source
        The Stan program.
    weights, roles
        The names of the data that hold one weight and one role for each term.
    terms
        The terms, in the order of the weights.
    hyperparameters
        The constants that are data here and were literals in the author's program.
    outputs
        The generated quantities that are ours.
    is_exact
        Whether its density is the original's; otherwise the two differ by a constant.
    switch
        The name of the data that say whether to draw replicates; empty where there is nothing to draw.
    """

    source: str
    weights: str
    roles: str
    terms: tuple[Term, ...] = field(repr=False)
    hyperparameters: tuple[Hyperparameter, ...] = field(repr=False)
    outputs: Outputs
    is_exact: bool = True
    switch: str = ""

    @property
    def data_names(self) -> frozenset[str]:
        """The data it needs beyond the author's own."""
        switch = {self.switch} - {""}
        constants = {item.data_name for item in self.hyperparameters}
        return frozenset({self.weights, self.roles, *switch, *constants})

    def data(
        self,
        weights: Mapping[str | int, float] | None = None,
        hyperparameters: Mapping[str, float] | None = None,
        *,
        replicating: bool = False,
    ) -> dict[str, list[float] | list[int] | float]:
        """Return the data beyond the author's own; without arguments, those of the original density.

        Parameters
        ----------
        weights
            By role (``prior``, ``latent``, ``likelihood``) or by a term's index, which wins.
        hyperparameters
            New values of lifted constants, by name.
        replicating
            Whether to draw replicated data.

        Raises
        ------
        PriorError
            A name that is no role, no term or no lifted constant; a value that is out of its range.
        """
        given, values = dict(weights or {}), dict(hyperparameters or {})
        self._check(given, values)
        each = [given.get(term.index, given.get(term.role, 1.0)) for term in self.terms]
        constants = {item.data_name: values.get(item.name, item.default) for item in self.hyperparameters}
        codes = [ROLE_CODES[term.role] for term in self.terms]
        switch = {self.switch: int(replicating)} if self.switch else {}
        return {self.weights: each, self.roles: codes, **switch, **constants}  # type: ignore[dict-item]

    def _check(self, weights: Mapping[str | int, float], hyperparameters: Mapping[str, float]) -> None:
        known = {item.name for item in self.hyperparameters}
        for name in hyperparameters.keys() - known:
            hint = f"known are {', '.join(f'`{item}`' for item in sorted(known)) or 'none'}"
            raise PriorError(f"`{name}` is no constant of a prior in this program.", hint=hint)
        for item in self.hyperparameters:
            if item.is_positive and not hyperparameters.get(item.name, 1.0) > 0:
                raise PriorError(
                    f"`{item.name}` must be positive, but {hyperparameters[item.name]:g} was given."
                )
        terms = {term.index for term in self.terms}
        for key in weights.keys() - terms - ROLE_CODES.keys():
            raise PriorError(f"`{key}` is neither a role nor the number of a term in this program.")


def plan_for(
    tree: n.Tree,
    terms: Sequence[Term],
    maybe_likelihood: frozenset[int],
    hyperparameters: Sequence[Hyperparameter],
    names: Names,
) -> Plan:
    """Return what the rewriting will add; terms that may be likelihood open into observations."""
    opened = maybe_likelihood - {term.index for term in terms if term.is_constant}
    lifted = {id(node): n.Variable(item.data_name) for item in hyperparameters for node in item.nodes}
    wanted = (
        "weights", "roles", "term_lpdf", "lprior", "log_lik", "n_log_lik", "entry", "n", "one", "held",
    )  # fmt: skip
    weights, roles, densities, lprior, log_lik, observations, counter, element, value, holder = (
        names.fresh(name) for name in wanted
    )
    return Plan(
        weights, roles, densities, lprior, log_lik, observations, counter, element, value, holder,
        declared=declared_shapes(tree), lifted=lifted, terms=terms, opened=opened,
        sites={site.statement: site for site in sites_of(tree, terms, names)},
    )  # fmt: skip


def instrument(
    tree: n.Tree, plan: Plan, hyperparameters: Sequence[Hyperparameter], title: str, found: Replication
) -> Instrumented:
    """Return the instrumented program, not yet laid out."""
    tree = tree.replace(
        transformed_parameters=t.substitute(tree.block("transformed parameters"), plan.lifted),
        model=t.substitute(tree.block("model"), plan.lifted),
    )
    lifted = tuple(item for item in hyperparameters if not item.is_user_data)
    data = (*tree.block("data"), *_added_data(plan, lifted), *switch(found))
    transformed = (*tree.block("transformed data"), *(counting_slice(tree, plan) if plan.opened else ()))
    filled = (*replayed(tree, plan), *_total(plan)) if plan.terms else ()
    author = tree.block("generated quantities")
    quantities = (*_declared(plan), *filled, *author, *redrawn(tree, plan, found))
    added = (*weighted_functions(plan), *recording_functions(plan), *guarded_functions(found))
    changed = tree.replace(
        functions=(*tree.block("functions"), *added),
        data=data,
        transformed_data=transformed,
        model=weighted_model(tree, plan),
        generated_quantities=quantities,
    )
    ours = {one.outcome: one.name for one in found.replicates if one.is_ours}
    log_lik = plan.log_lik if plan.opened else None
    observed = {one.outcome: one.observed for one in found.replicates if one.is_ours and one.observed}
    outputs = Outputs(plan.densities, plan.lprior, log_lik, ours, observed, entry_order(tree, plan))
    return Instrumented(
        to_source(changed, title),
        plan.weights,
        plan.roles,
        tuple(plan.terms),
        lifted,
        outputs,
        is_exact=not plan.sites,
        switch=found.names.flag if ours else "",
    )


def _added_data(plan: Plan, lifted: Sequence[Hyperparameter]) -> list[n.Stmt]:
    count = len(plan.terms)
    constants = [n.Raw(_constant(item)) for item in lifted]
    return [
        n.Raw(f"vector[{count}] {plan.weights}; // one for each term of the log density"),
        n.Raw(f"array[{count}] int {plan.roles}; // 1 prior, 2 latent, 3 likelihood, 0 unplaced"),
        *constants,
    ]


def _constant(item: Hyperparameter) -> str:
    bound = "<lower=0>" if item.is_positive else ""
    return f"real{bound} {item.data_name}; // {item.name}, {item.default:g}"


def _declared(plan: Plan) -> list[n.Stmt]:
    count = len(plan.terms)
    found: list[n.Stmt] = [
        n.Raw(f"vector[{count}] {plan.densities} = zeros_vector({count}); // log density of each term"),
        n.Raw(f"real {plan.lprior} = 0; // that of all priors"),
    ]
    if plan.opened:
        found.append(n.Raw(f"vector[{plan.observations}] {plan.log_lik}; // that of each observation"))
    return found


def _total(plan: Plan) -> list[n.Stmt]:
    code, term = ROLE_CODES["prior"], f"{plan.densities}[{plan.element}]"
    return [
        n.Raw(f"for ({plan.element} in 1:{len(plan.terms)}) {{"),
        n.Raw(f"if ({plan.roles}[{plan.element}] == {code}) {plan.lprior} += {term};"),
        n.Raw("}"),
    ]


def to_source(tree: n.Tree, title: str) -> str:
    """Return the text of an instrumented tree, under a heading that says where it comes from."""
    return f"// {title}, instrumented: every term weighted, constants of priors as data.\n{to_text(tree)}\n"
