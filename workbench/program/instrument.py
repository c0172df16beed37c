"""One program that serves every estimator: weights on its terms, and constants of its priors as data.

The author's program is not changed. The instrumented one has the same parameters and, with every weight at 1
and every constant at its default, the same log density up to rounding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.errors import PriorError
from workbench.program.predictive.draw_replicates import (
    declare_switch,
    define_guarded_generators,
    draw_replicates,
)
from workbench.program.predictive.log_lik_order import Order, find_log_lik_order
from workbench.program.predictive.replicates import ReplicationPlan
from workbench.program.rewrite.log_densities import ROLE_CODES, record_functions, record_log_densities
from workbench.program.rewrite.observation_count import count_observations
from workbench.program.rewrite.partial_sums import PartialSum, PartialSums, share_rows
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.vectorise.statements import Vectorisation, Vectorised
from workbench.program.rewrite.weights import weight_functions, weight_model
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import print_origins, to_text
from workbench.program.syntax.source import Place
from workbench.program.terms.hyperparameters import Hyperparameter
from workbench.program.terms.terms import Term

_DATA_BLOCK = re.compile(r"^data \{\n", re.MULTILINE)
"""The beginning of the data block in a formatted program."""


@dataclass(frozen=True)
class Outputs:
    """The generated quantities that the instrumented program adds.

    Attributes
    ----------
    densities
        One entry for each term: its log density, normalised and unweighted.
    lprior
        The sum of these over the terms whose role is prior.
    log_lik
        One entry for each observation; `None` if the data do not tell how many there are.
    replicates
        The replicates that it draws, by the data variable that each replicates.
    observed
        Outcomes computed in transformed data: by that variable, the quantity that repeats it.
    log_lik_order
        The outcomes in the order of `log_lik`, a group for each statement or loop; empty if the text does not
        tell.
    copies
        Transformed parameters as generated quantities, by name: arrays of one element where `copying` is 1,
        so that they can be computed for given parameters; empty otherwise.
    """

    densities: str
    lprior: str
    log_lik: str | None
    replicates: Mapping[str, str] = field(default_factory=dict)
    observed: Mapping[str, str] = field(default_factory=dict)
    log_lik_order: Order = ()
    copies: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """The names of all of them: they are not the author's."""
        log_lik = () if self.log_lik is None else (self.log_lik,)
        outcomes = (*self.replicates.values(), *self.observed.values())
        return frozenset((self.densities, self.lprior, *log_lik, *outcomes, *self.copies.values()))


@dataclass(frozen=True)
class InstrumentedProgram:
    """The instrumented program and the data that it needs.

    Attributes
    ----------
    source
        The Stan program.
    weights, roles
        The names of the data that hold one weight and one role for each term.
    terms
        The terms, in the order of the weights.
    hyperparameters
        The constants that are data here and literals in the author's program.
    outputs
        The generated quantities that it adds.
    is_exact
        Whether its log density is the original one; if not, they differ by a constant.
    switch
        The name of the data that say whether to draw replicates; empty if there is nothing to draw.
    copying
        The name of the data that say whether to copy transformed parameters; empty if none is copied.
    pointwise
        The name of the data that say whether `log_lik` has entries; empty if there is no `log_lik`.
    vectorisations
        The author's loops, and the densities that have a faster form: each with that form, or with the
        reason why it stays.
    partial_sums
        Where rows are to be shared out among threads: the likelihood statements and loops over rows, each
        with the reason if its rows are not.
    """

    source: str
    weights: str
    roles: str
    terms: tuple[Term, ...] = field(repr=False)
    hyperparameters: tuple[Hyperparameter, ...] = field(repr=False)
    outputs: Outputs
    is_exact: bool = True
    switch: str = ""
    lines: Mapping[int, Place] = field(default_factory=dict, repr=False, compare=False)
    origins: Sequence[tuple[str, int]] = field(default=(), repr=False, compare=False)
    copying: str = ""
    pointwise: str = ""
    vectorisations: tuple[Vectorisation, ...] = field(default=(), repr=False)
    partial_sums: tuple[PartialSum, ...] = field(default=(), repr=False)

    @property
    def is_shared(self) -> bool:
        """Whether rows are shared out among threads."""
        return any(not item.reason for item in self.partial_sums)

    @property
    def is_vectorised(self) -> bool:
        """Whether statements have other forms here than the author's, for speed."""
        return any(item.vectorised for item in self.vectorisations)

    @property
    def data_names(self) -> frozenset[str]:
        """The names of the data that it needs in addition to the author's."""
        switches = (name for name in (self.switch, self.copying, self.pointwise) if name)
        constants = (item.data_name for item in self.hyperparameters)
        return frozenset((self.weights, self.roles, *switches, *constants))

    def make_data(
        self,
        weights: Mapping[str | int, float] | None = None,
        hyperparameters: Mapping[str, float] | None = None,
        *,
        replicating: bool = False,
        copying: bool = False,
        pointwise: bool = True,
    ) -> dict[str, list[float] | list[int] | float]:
        """Return the data that it needs in addition to the author's; by default, for the original density.

        Parameters
        ----------
        weights
            By role (``prior``, ``latent``, ``likelihood``) or by a term's index, which takes precedence.
        hyperparameters
            New values of constants that were literals, by name.
        replicating
            Whether to draw replicates.
        copying
            Whether to copy transformed parameters.
        pointwise
            Whether `log_lik` has an entry for each observation, or none.

        Raises
        ------
        PriorError
            A name is not a role, a term or such a constant; or a value is out of its range.
        """
        weights, hyperparameters = weights or {}, hyperparameters or {}
        self._check(weights, hyperparameters)
        data: dict[str, list[float] | list[int] | float] = {
            self.weights: [weights.get(term.index, weights.get(term.role, 1.0)) for term in self.terms],
            self.roles: [ROLE_CODES[term.role] for term in self.terms],
        }
        if self.switch:
            data[self.switch] = int(replicating)
        if self.copying:
            data[self.copying] = int(copying)
        if self.pointwise:
            data[self.pointwise] = int(pointwise)
        constants = {
            item.data_name: hyperparameters.get(item.name, item.default) for item in self.hyperparameters
        }
        return {**data, **constants}  # type: ignore[dict-item]

    def _check(self, weights: Mapping[str | int, float], hyperparameters: Mapping[str, float]) -> None:
        names = {item.name for item in self.hyperparameters}
        for name in hyperparameters.keys() - names:
            listed = ", ".join(f"`{item}`" for item in sorted(names))
            hint = f"its constants are {listed}" if names else "its priors have no constants"
            raise PriorError(f"`{name}` is not a constant of a prior in this program.", hint=hint)
        for item in self.hyperparameters:
            if item.is_positive and not hyperparameters.get(item.name, 1.0) > 0:
                value = hyperparameters[item.name]
                raise PriorError(f"`{item.name}` must be positive, but {value:g} was given.")
        terms = {term.index for term in self.terms}
        for key in weights.keys() - terms - ROLE_CODES.keys():
            raise PriorError(f"`{key}` is neither a role nor the number of a term in this program.")


def instrument(
    tree: n.Tree,
    plan: RewritePlan,
    hyperparameters: Sequence[Hyperparameter],
    title: str,
    replication: ReplicationPlan,
    vectorised: Vectorised,
    names: FreshNames | None = None,
) -> InstrumentedProgram:
    """Return the instrumented program, not yet formatted.

    Parameters
    ----------
    tree
        The author's program.
    plan
        What is added to it.
    hyperparameters
        The constants of its priors.
    title
        The name of the author's file, for the heading.
    replication
        Which outcomes are replicated, and how.
    vectorised
        The program with its loops vectorised, where they are: it takes the place of transformed parameters
        and model. Generated quantities follow the author's statements, row by row.
    names
        Provides names that are not in use, where rows are to be shared out among threads.
    """
    tree, fast = (lift_constants(item, plan) for item in (tree, vectorised.tree))
    model_plan = plan.replace_summands(vectorised.summands)
    sums = (
        PartialSums(weight_model(fast, model_plan)) if names is None else share_rows(fast, model_plan, names)
    )
    lifted = tuple(item for item in hyperparameters if not item.is_user_data)
    changed = tree.replace(
        functions=(
            *tree.get_block("functions"),
            *weight_functions(plan),
            *record_functions(plan),
            *define_guarded_generators(replication),
            *sums.functions,
        ),
        data=(*tree.get_block("data"), *_declare_data(plan, lifted), *declare_switch(replication)),
        transformed_data=(
            *fast.get_block("transformed data"),
            *sums.row_data,
            *(count_observations(tree, plan) if plan.log_lik_terms else ()),
        ),
        transformed_parameters=fast.get_block("transformed parameters"),
        model=sums.model,
        generated_quantities=(
            *declare_densities(plan),
            *((*record_log_densities(tree, plan), *_sum_priors(plan)) if plan.terms else ()),
            *tree.get_block("generated quantities"),
            *draw_replicates(tree, plan, replication),
        ),
    )
    replicates = replication.drawn_by_workbench
    outputs = Outputs(
        plan.densities,
        plan.lprior,
        plan.log_lik if plan.log_lik_terms else None,
        {replicate.outcome: replicate.name for replicate in replicates},
        {item.density_of or item.outcome: item.observed for item in replication.repeated},
        find_log_lik_order(tree, plan),
    )
    return InstrumentedProgram(
        f"// {title}, instrumented: every term weighted, constants of priors as data.\n{to_text(changed)}\n",
        plan.weights,
        plan.roles,
        tuple(plan.terms),
        lifted,
        outputs,
        is_exact=not plan.lp_calls and vectorised.is_exact,
        switch=replication.names.flag if replicates or replication.repeated else "",
        origins=print_origins(changed),
        pointwise=plan.pointwise,
        vectorisations=vectorised.statements,
        partial_sums=sums.found,
    )


def lift_constants(tree: n.Tree, plan: RewritePlan) -> n.Tree:
    """Return a program with data in place of the constants of its priors."""
    return tree.replace(
        transformed_parameters=t.substitute(tree.get_block("transformed parameters"), plan.lifted),
        model=t.substitute(tree.get_block("model"), plan.lifted),
    )


def declare_roles(plan: RewritePlan) -> list[n.Stmt]:
    """Return the declaration of the data that say which role each term has."""
    count = len(plan.terms)
    return [n.Raw(f"array[{count}] int {plan.roles}; // 1 prior, 2 latent, 3 likelihood, 0 unplaced")]


def declare_constants(lifted: Sequence[Hyperparameter]) -> list[n.Stmt]:
    """Return the declarations of the data that stand for constants of priors."""
    return [n.Raw(_declare_constant(item)) for item in lifted]


def _declare_data(plan: RewritePlan, lifted: Sequence[Hyperparameter]) -> list[n.Stmt]:
    weights = n.Raw(f"vector[{len(plan.terms)}] {plan.weights}; // one for each term of the log density")
    flag = f"int<lower=0, upper=1> {plan.pointwise}; // whether to store log densities of observations"
    flags = [n.Raw(flag)] if plan.pointwise else []
    return [weights, *declare_roles(plan), *declare_constants(lifted), *flags]


def _declare_constant(item: Hyperparameter) -> str:
    bound = "<lower=0>" if item.is_positive else ""
    return f"real{bound} {item.data_name}; // {item.name}, {item.default:g}"


def declare_densities(plan: RewritePlan) -> list[n.Stmt]:
    """Return the declarations of the log densities of terms, priors and observations."""
    count = len(plan.terms)
    declared: list[n.Stmt] = [
        n.Raw(f"vector[{count}] {plan.densities} = zeros_vector({count}); // log density of each term"),
        n.Raw(f"real {plan.lprior} = 0; // that of all priors"),
    ]
    if plan.log_lik_terms:
        size = f"{plan.pointwise} ? {plan.entry_count} : 0" if plan.pointwise else plan.entry_count
        declared.append(n.Raw(f"vector[{size}] {plan.log_lik}; // that of each observation"))
    return declared


def _sum_priors(plan: RewritePlan) -> list[n.Stmt]:
    code, density = ROLE_CODES["prior"], f"{plan.densities}[{plan.element}]"
    return [
        n.Raw(f"for ({plan.element} in 1:{len(plan.terms)}) {{"),
        n.Raw(f"if ({plan.roles}[{plan.element}] == {code}) {plan.lprior} += {density};"),
        n.Raw("}"),
    ]


def copy_transformed_parameters(
    instrumented: InstrumentedProgram, declarations: Sequence[Declaration]
) -> InstrumentedProgram:
    """Return a program that can also generate transformed parameters.

    Stan computes generated quantities for given parameters, but does not print transformed parameters with
    them. The copies are empty while it samples, so that they cost nothing there.

    Parameters
    ----------
    instrumented
        The program, formatted: its last block holds the generated quantities.
    declarations
        The transformed parameters.
    """
    if not declarations:
        return instrumented
    source = instrumented.source
    flag = _choose_name("copying", source)
    copies = {item.name: _choose_name(f"{item.name}_copy", source) for item in declarations}
    declared = f"  int<lower=0, upper=1> {flag}; // whether to copy transformed parameters\n"
    copied = "".join(
        f"  {_declare_array(item.text, flag)} {copies[item.name]};\n"
        f"  if ({flag}) {{\n    {copies[item.name]}[1] = {item.name};\n  }}\n"
        for item in declarations
    )
    head, opening, rest = _split_at_data(source)
    body, _, _ = rest.rstrip().rpartition("}")
    above = (head + opening).count("\n")
    return replace(
        instrumented,
        source=f"{head}{opening}{declared}{body}{copied}}}\n",
        lines={line + (line > above): place for line, place in instrumented.lines.items()},
        outputs=replace(instrumented.outputs, copies=copies),
        copying=flag,
    )


def _split_at_data(source: str) -> tuple[str, str, str]:
    """Return what stands before the data block of a formatted program, its first line, and the rest."""
    match = _DATA_BLOCK.search(source)
    if match is None:
        return "", "", source
    return source[: match.start()], match[0], source[match.end() :]


def _choose_name(name: str, source: str) -> str:
    """Return a name that does not occur in a program."""
    while re.search(rf"\b{name}\b", source):
        name += "_"
    return name


def _declare_array(text: str, size: str) -> str:
    """Return a declared type as an array of that type.

    >>> _declare_array("vector[J]", "n"), _declare_array("array[J] real", "n")
    ('array[n] vector[J]', 'array[n, J] real')
    """
    inner = text.removeprefix("array[")
    return f"array[{size}] {text}" if inner == text else f"array[{size}, {inner}"
