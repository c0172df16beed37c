"""What flows into each contribution to ``target``: parameters, data and densities, by abstract execution.

Every variable is followed as a `Value`: the parameters and data it is made of, how each of them enters it
(as a value, as a factor of a parameter, as an index, as a size, through a branch), and the densities inside
it. Branches are joined, loops run to a fixed point, user-defined functions are followed into their bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.distributions import density_name
from workbench.program.terms.summands import Summand, summands
from workbench.program.terms.values import NOTHING, Contribution, Density, Flow, Use, Value

_SIZE_FUNCTIONS = frozenset({"size", "rows", "cols", "num_elements", "dims"})
_FILLING = frozenset({"rep_vector", "rep_row_vector", "rep_array", "rep_matrix"})
_PRODUCTS = frozenset({
    "multiply", "diag_pre_multiply", "diag_post_multiply", "elt_multiply", "dot_product",
    "multiply_lower_tri_self_transpose", "quad_form", "quad_form_diag", "scale_matrix_exp_multiply",
})  # fmt: skip
_LINEAR = frozenset({
    "sum", "mean", "to_vector", "to_row_vector", "to_matrix", "to_array_1d", "to_array_2d", "append_row",
    "append_col", "append_array", "head", "tail", "segment", "block", "sub_col", "sub_row", "col", "row",
    "diagonal", "diag_matrix", "cumulative_sum", "reverse", "transpose", "sort_asc", "sort_desc", "add",
    "subtract", "minus", "rows_dot_product", "columns_dot_product", "csr_matrix_times_vector",
})  # fmt: skip
_DEEPEST_CALL = 12


def follow(tree: n.Tree) -> Flow:
    """Execute a program abstractly and return what flows where."""
    data = _declared_names(tree.block("data"))
    parameters = _declared_names(tree.block("parameters"))
    functions: dict[str, list[n.Function]] = {}
    for item in tree.block("functions"):
        if isinstance(item, n.Function) and not isinstance(item.body, n.Jump):
            functions.setdefault(item.name, []).append(item)
    formals = {
        density_name(name)[0]: tuple(argument.name for argument in found[0].arguments[1:])
        for name, found in functions.items()
    }
    walker = _Walker(Flow(frozenset(parameters), frozenset(data), formals=formals), functions)
    env = {name: Value(frozenset({Use(name)})) for name in (*data, *parameters)}
    walker.execute(tree.block("transformed data"), env)
    made = _made_data(tree, env)
    for name in made:
        env[name] |= Value(frozenset({Use(name)}))
    walker.flow.data |= made
    walker.execute(tree.block("transformed parameters"), env)
    walker.execute(tree.block("model"), env)
    walker.flow.variables = env
    return walker.flow


def _declared_names(statements: Sequence[n.Stmt]) -> list[str]:
    declared = (item for item in statements if isinstance(item, n.Declare))
    return [name for item in declared for name, _ in item.variables]


def _made_data(tree: n.Tree, env: Mapping[str, Value]) -> frozenset[str]:
    """Return containers of transformed data that hold no declared data: observations written as literals."""
    names = {
        name
        for item in tree.block("transformed data")
        if isinstance(item, n.Declare) and (item.sized.dims or item.sized.sizes)
        for name, _ in item.variables
    }
    return frozenset(
        name for name in names if not any(use.via in {"value", "factor"} for use in env[name].uses)
    )


Environment = dict[str, Value]


class _Walker:
    """Executes statements on environments; finds land in `flow`."""

    def __init__(self, flow: Flow, functions: Mapping[str, Sequence[n.Function]]) -> None:
        self.flow = flow
        self.functions = functions
        self.path: tuple[int, ...] = ()
        self.depth = 0
        self.branch: frozenset[Use] = frozenset()
        self.returned = NOTHING
        self.known: dict[tuple[str, tuple[Value, ...]], Value] = {}

    # statements

    def execute(self, statements: Sequence[n.Stmt], env: Environment) -> None:
        for statement in statements:
            self.step(statement, env)

    def step(self, statement: n.Stmt, env: Environment) -> None:
        outer, self.path = self.path, (*self.path, statement.id)
        rule = _STEPS.get(type(statement))
        if rule is not None:
            rule(self, statement, env)
        self.path = outer

    def inside(self, condition: Value, body: n.Stmt, env: Environment) -> None:
        """Execute a body that a condition chose."""
        outer, self.branch = self.branch, self.branch | condition.entering("branch").uses
        self.path, kept = self.path[:-1], self.path
        self.step(body, env)
        self.path, self.branch = kept, outer

    def body(self, statements: Sequence[n.Stmt], env: Environment) -> None:
        """Execute the statements of a block; they count as the enclosing one's."""
        self.path, kept = self.path[:-1], self.path
        self.execute(statements, env)
        self.path = kept

    def assign(self, left: n.Expr | n.Pack, value: Value, env: Environment, keep: bool) -> None:
        if isinstance(left, n.Pack):
            for item in left.items:
                self.assign(item, value, env, keep)
            return
        value |= Value(self.branch)
        if isinstance(left, n.Variable):
            env[left.name] = value | env.get(left.name, NOTHING) if keep else value
        elif isinstance(left, n.Indexed):
            for index in t.children(left.indices):
                value |= self.index(index, env)
            self.assign(left.base, value, env, keep=True)
        elif isinstance(left, n.Projection):
            self.assign(left.base, value, env, keep=True)

    def loop(self, condition: Value, body: n.Stmt, env: Environment, **variables: Value) -> None:
        env.update(variables)
        while True:
            before = dict(env)
            self.inside(condition, body, env)
            for name, value in before.items():
                env[name] = env.get(name, NOTHING) | value
            env.update(variables)
            if env == before:
                return

    def contribute(self, part: int, summand: Summand, value: Value) -> None:
        key = (self.path, part)
        found = Contribution(self.path, summand, value, self.branch)
        earlier = self.flow.contributions.get(key)
        if earlier is not None:
            found = replace(found, value=value | earlier.value, branch=self.branch | earlier.branch)
        self.flow.contributions[key] = found

    # expressions

    def value(self, node: n.Expr | n.Tilde | None, env: Environment) -> Value:
        if node is None:
            return NOTHING
        rule = _VALUES.get(type(node))
        return self.union(t.children(node), env) if rule is None else rule(self, node, env)

    def union(self, items: Iterator[n.Expr] | Sequence[n.Expr], env: Environment) -> Value:
        total = NOTHING
        for item in items:
            total |= self.value(item, env)
        return total

    def index(self, index: n.Slice, env: Environment) -> Value:
        held = self.value(index.lower, env) | self.value(index.upper, env)
        return held.entering("index")

    def parameters_of(self, value: Value) -> frozenset[str]:
        return frozenset(use.name for use in value.all_uses) & self.flow.parameters

    def product(self, left: Value, right: Value) -> Value:
        ours, theirs = self.parameters_of(left), self.parameters_of(right)
        if ours and theirs:
            self.flow.products.add((self.linear(left), self.entries(right)))
            self.flow.products.add((self.linear(right), self.entries(left)))
        return (self.as_factor(left) if theirs and not ours else left) | (
            self.as_factor(right) if ours and not theirs else right
        )

    def linear(self, value: Value) -> frozenset[str]:
        """Return the parameters that enter a value linearly."""
        return frozenset(use.name for use in value.uses if use.via == "value") & self.flow.parameters

    def entries(self, value: Value) -> frozenset[Use]:
        """Return the parameters of a value, with how they enter it."""
        return frozenset(use for use in value.all_uses if use.name in self.flow.parameters)

    def through(self, function: str, value: Value) -> Value:
        """Return a value after a function that is not linear: parameters are no longer themselves."""
        moved = self.entries(Value(value.uses))
        changed = {Use(use.name, "exp" if "exp" in {function, use.via} else "function") for use in moved}
        return Value((value.uses - moved) | changed, value.densities)

    @staticmethod
    def as_factor(value: Value) -> Value:
        uses = (Use(use.name, "factor" if use.via == "value" else use.via) for use in value.uses)
        return Value(frozenset(uses), value.densities)

    # functions

    def call_function(self, name: str, arguments: Sequence[Value], *, adds_to_target: bool) -> Value:
        """Return what a user-defined function makes of its arguments, overloads taken together."""
        known = self.functions.get(name) or self.functions.get(name.replace("_lup", "_lp")) or ()
        fitting = [item for item in known if len(item.arguments) == len(arguments)]
        key = (name, tuple(arguments))
        if not fitting or len(self.path) > _DEEPEST_CALL:
            return _joined(arguments)
        if key in self.known and not adds_to_target:
            return self.known[key]
        self.known[key] = _joined(arguments).entering("value")
        kept, self.returned = self.returned, NOTHING
        outer, self.branch = self.branch, self.branch if adds_to_target else frozenset()
        self.depth += 1
        for function in fitting:
            formal = (argument.name for argument in function.arguments)
            self.step(function.body, dict(zip(formal, arguments, strict=True)))
        self.depth -= 1
        self.branch = outer
        found, self.returned = self.returned, kept
        self.known[key] = found
        return found

    def density(
        self, name: str, arguments: Sequence[Value], is_user_defined: bool, node: n.Expr | n.Tilde
    ) -> Value:
        """Return a density as a value; arguments that hold densities pass them on."""
        distribution, suffix = density_name(name)
        inner = NOTHING
        if is_user_defined:
            inner = self.call_function(name, arguments, adds_to_target=False)
        given = frozenset[Use]().union(*(argument.all_uses for argument in arguments[1:]))
        if not self.depth:
            self.flow.calls.setdefault(id(node), node)
        found = Density(
            distribution,
            suffix,
            arguments[0].all_uses,
            given,
            is_user_defined,
            inner.densities,
            inner.uses,
            0 if self.depth else id(node),
        )
        return Value(densities=frozenset({found}))


def _joined(values: Sequence[Value]) -> Value:
    total = NOTHING
    for value in values:
        total |= value
    return total


# --- one rule per statement ---------------------------------------------------------------------------


def _declare(w: _Walker, node: n.Declare, env: Environment) -> None:
    for name, value in node.variables:
        env[name] = w.value(value, env)


def _assignment(w: _Walker, node: n.Assignment, env: Environment) -> None:
    w.assign(node.left, w.value(node.right, env), env, keep=node.operator != "=")


def _increment(w: _Walker, node: n.Increment, env: Environment) -> None:
    if node.accumulator == "target":
        for part, summand in enumerate(summands(node)):
            w.contribute(part, summand, w.value(summand.node, env))


def _tilde(w: _Walker, node: n.Tilde, env: Environment) -> None:
    arguments = [w.value(item, env) for item in (node.outcome, *node.arguments)]
    limits = w.value(node.lower, env) | w.value(node.upper, env)
    arguments[1:] = [*arguments[1:], limits] if node.is_truncated else arguments[1:]
    name = f"{node.distribution}_{'lpmf' if node.kind == 'FnLpmf' else 'lpdf'}"
    w.contribute(0, Summand(node), w.density(name, arguments, node.is_user_defined, node))


def _call_statement(w: _Walker, node: n.CallStatement, env: Environment) -> None:
    arguments = [w.value(item, env) for item in node.arguments]
    w.call_function(node.name, arguments, adds_to_target=node.kind == "FnTarget")


def _return(w: _Walker, node: n.Return, env: Environment) -> None:
    w.returned |= w.value(node.value, env) | Value(w.branch)


def _if(w: _Walker, node: n.If, env: Environment) -> None:
    condition = w.value(node.condition, env)
    other = dict(env)
    w.inside(condition, node.yes, env)
    if node.no is not None:
        w.inside(condition, node.no, other)
    for name, value in other.items():
        env[name] = env.get(name, NOTHING) | value


def _while(w: _Walker, node: n.While, env: Environment) -> None:
    w.loop(w.value(node.condition, env), node.body, env)


def _for(w: _Walker, node: n.For, env: Environment) -> None:
    bounds = w.value(node.lower, env) | w.value(node.upper, env)
    w.loop(NOTHING, node.body, env, **{node.variable: bounds.entering("size")})


def _for_each(w: _Walker, node: n.ForEach, env: Environment) -> None:
    w.loop(NOTHING, node.body, env, **{node.variable: w.value(node.container, env)})


def _body(w: _Walker, node: n.Block | n.Profile, env: Environment) -> None:
    w.body(node.body, env)


_STEPS: dict[type, Callable[[_Walker, Any, Environment], None]] = {
    n.Declare: _declare,
    n.Assignment: _assignment,
    n.Increment: _increment,
    n.Tilde: _tilde,
    n.CallStatement: _call_statement,
    n.Return: _return,
    n.If: _if,
    n.While: _while,
    n.For: _for,
    n.ForEach: _for_each,
    n.Block: _body,
    n.Profile: _body,
}


# --- one rule per expression; all others are the union of their parts ---------------------------------


def _variable(_w: _Walker, node: n.Variable, env: Environment) -> Value:
    return env.get(node.name, NOTHING)


def _target(w: _Walker, _node: n.Target, _env: Environment) -> Value:
    w.flow.reads_target = True
    return NOTHING


def _slice(w: _Walker, node: n.Slice, env: Environment) -> Value:
    return w.index(node, env)


def _ternary(w: _Walker, node: n.Ternary, env: Environment) -> Value:
    condition = w.value(node.condition, env).entering("branch")
    return condition | w.value(node.yes, env) | w.value(node.no, env)


def _binary(w: _Walker, node: n.Binary, env: Environment) -> Value:
    left, right = w.value(node.left, env), w.value(node.right, env)
    if node.operator in {"*", ".*"}:
        return w.product(left, right)
    if node.operator in {"/", "./"}:
        return left | w.product(NOTHING, right) if not w.parameters_of(left) else w.product(left, right)
    return w.through("pow", left | right) if node.operator in {"^", ".^"} else left | right


def _call(w: _Walker, node: n.Call, env: Environment) -> Value:
    arguments = [w.value(item, env) for item in node.arguments]
    if node.name in _FILLING:
        return arguments[0] | _joined(arguments[1:]).entering("size")
    if node.name in _SIZE_FUNCTIONS:
        return _joined(arguments).entering("size")
    if node.name in {"reduce_sum", "reduce_sum_static"}:
        return _reduce_sum(w, node, arguments)
    if node.name == "map_rect":
        return w.call_function(_function_name(node), arguments[1:], adds_to_target=False)
    if density_name(node.name)[1]:
        return w.density(node.name, arguments, node.is_user_defined, node)
    if node.is_user_defined:
        return w.call_function(node.name, arguments, adds_to_target=node.kind == "FnTarget")
    if node.name in _PRODUCTS and len(arguments) > 1:
        return w.product(arguments[0], arguments[1])
    joined = _joined(arguments)
    return joined if node.name in _LINEAR else w.through(node.name, joined)


def _function_name(node: n.Call) -> str:
    """Return the name of the function that a higher-order one receives first."""
    function = node.arguments[0]
    return function.name if isinstance(function, n.Variable) else ""


def _reduce_sum(w: _Walker, node: n.Call, arguments: Sequence[Value]) -> Value:
    """Follow the partial sum: its arguments are a slice, the slice's two ends, and what is shared."""
    name = _function_name(node)
    ends = arguments[1].entering("size")
    inner = [arguments[1], ends, ends, *arguments[3:]]
    found = w.call_function(name, inner, adds_to_target=False)
    return found if found.densities else w.density(name, inner, True, node) | found


_VALUES: dict[type, Callable[[_Walker, Any, Environment], Value]] = {
    n.Variable: _variable,
    n.Target: _target,
    n.Slice: _slice,
    n.Ternary: _ternary,
    n.Binary: _binary,
    n.Call: _call,
}
