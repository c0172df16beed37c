"""What flows into each contribution to ``target``, by abstract execution.

Every variable is followed as a `Value`: the parameters and data that enter it, how each of them enters (as a
value, as a factor of a parameter, as an index, as a size, through a branch), and the densities inside it.
Branches are joined, loops run to a fixed point, and user-defined functions are followed into their bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.distributions import split_density_name
from workbench.program.terms.summands import Summand, adds_to_target, split_into_summands
from workbench.program.terms.values import NOTHING, Contribution, DataFlow, Density, Product, Use, Value

_SIZE_FUNCTIONS = frozenset({"size", "rows", "cols", "num_elements", "dims"})
"""Functions that return only the size of their argument."""

_REPEATING_FUNCTIONS = frozenset({"rep_vector", "rep_row_vector", "rep_array", "rep_matrix"})
"""Functions that repeat their first argument as often as the others say."""

_SELECTING_FUNCTIONS = frozenset({"head", "tail", "segment", "block", "sub_col", "sub_row", "col", "row"})
"""Functions that return a part of their first argument; the others say which."""

_PRODUCTS = frozenset({
    "multiply", "diag_pre_multiply", "diag_post_multiply", "elt_multiply", "dot_product",
    "multiply_lower_tri_self_transpose", "quad_form", "quad_form_diag", "scale_matrix_exp_multiply",
})  # fmt: skip
"""Functions that multiply their first two arguments."""

_LINEAR_FUNCTIONS = frozenset({
    "sum", "mean", "to_vector", "to_row_vector", "to_matrix", "to_array_1d", "to_array_2d", "append_row",
    "append_col", "append_array", "diagonal", "diag_matrix", "cumulative_sum", "reverse", "transpose",
    "sort_asc", "sort_desc", "add", "subtract", "minus", "rows_dot_product", "columns_dot_product",
    "csr_matrix_times_vector",
})  # fmt: skip
"""Functions that a parameter enters and leaves as itself: rearrangements and sums."""

_LINKS = frozenset({
    "inv_logit", "log_inv_logit", "log1m_inv_logit", "inv_cloglog", "Phi", "Phi_approx", "softmax",
    "log_softmax", "log", "log1m", "log1p_exp", "log_sum_exp", "log_diff_exp", "log_mix",
})  # fmt: skip
"""Functions by which a log probability is written."""

_DEEPEST_CALL = 12
"""How deeply statements and calls may nest before the bodies of functions are no longer followed."""

_STRONGEST = ("exp", "link", "function", "value", "factor", "index", "size", "branch")
"""Ways in which a parameter enters a value: a function within another leaves the first of theirs."""

Environment = dict[str, Value]
"""What enters each variable, by its name."""


def trace_data_flow(tree: n.Tree) -> DataFlow:
    """Execute a program abstractly and return what flows where."""
    data = _declared_names(tree.get_block("data"))
    parameters = _declared_names(tree.get_block("parameters"))
    functions: dict[str, list[n.Function]] = {}
    for item in tree.get_block("functions"):
        if isinstance(item, n.Function) and not isinstance(item.body, n.Jump):
            functions.setdefault(item.name, []).append(item)
    density_arguments = {
        split_density_name(name)[0]: tuple(argument.name for argument in overloads[0].arguments[1:])
        for name, overloads in functions.items()
    }
    flow = DataFlow(frozenset(parameters), frozenset(data), density_arguments=density_arguments)
    interpreter = _Interpreter(flow, functions)
    env = {name: Value(frozenset({Use(name)})) for name in (*data, *parameters)}
    interpreter.execute(tree.get_block("transformed data"), env)
    literal_data = _find_literal_data(tree, env)
    for name in literal_data:
        env[name] |= Value(frozenset({Use(name)}))
    flow.data |= literal_data
    interpreter.execute(tree.get_block("transformed parameters"), env)
    interpreter.execute(tree.get_block("model"), env)
    return flow


def _declared_names(statements: Sequence[n.Stmt]) -> list[str]:
    declarations = (item for item in statements if isinstance(item, n.Declare))
    return [name for item in declarations for name, _ in item.variables]


def _find_literal_data(tree: n.Tree, env: Mapping[str, Value]) -> frozenset[str]:
    """Return containers of transformed data that hold no declared data: observations written as literals."""
    names = {
        name
        for item in tree.get_block("transformed data")
        if isinstance(item, n.Declare) and (item.sized.dims or item.sized.sizes)
        for name, _ in item.variables
    }
    return frozenset(
        name for name in names if not any(use.via in {"value", "factor"} for use in env[name].uses)
    )


class _Interpreter:
    """Executes statements on environments, and keeps what it finds in `flow`.

    Attributes
    ----------
    flow
        What was found so far.
    functions
        The program's own functions, all overloads by name.
    path
        The numbers of the statement being executed and of the calls that lead to it.
    call_depth
        How many calls lead to it.
    branch
        What enters the conditions around it.
    returned
        What enters the value of the function being executed.
    results
        What enters the value of functions already executed, by name and arguments.
    """

    def __init__(self, flow: DataFlow, functions: Mapping[str, Sequence[n.Function]]) -> None:
        self.flow = flow
        self.functions = functions
        self.path: tuple[int, ...] = ()
        self.call_depth = 0
        self.branch: frozenset[Use] = frozenset()
        self.returned = NOTHING
        self.results: dict[tuple[str, tuple[Value, ...]], Value] = {}

    # statements

    def execute(self, statements: Sequence[n.Stmt], env: Environment) -> None:
        """Execute statements in order."""
        for statement in statements:
            self.execute_statement(statement, env)

    def execute_statement(self, statement: n.Stmt, env: Environment) -> None:
        """Execute a statement by the rule for its kind."""
        outer_path, self.path = self.path, (*self.path, statement.id)
        rule = _STATEMENTS.get(type(statement))
        if rule is not None:
            rule(self, statement, env)
        self.path = outer_path

    def execute_branch(self, condition: Value, body: n.Stmt, env: Environment) -> None:
        """Execute a statement that a condition chooses."""
        outer_branch, self.branch = self.branch, self.branch | condition.enter_as("branch").uses
        self.path, outer_path = self.path[:-1], self.path
        self.execute_statement(body, env)
        self.path, self.branch = outer_path, outer_branch

    def execute_block(self, statements: Sequence[n.Stmt], env: Environment) -> None:
        """Execute the statements of a block; their path does not hold the block itself."""
        self.path, outer_path = self.path[:-1], self.path
        self.execute(statements, env)
        self.path = outer_path

    def execute_loop(self, condition: Value, body: n.Stmt, env: Environment, **variables: Value) -> None:
        """Execute the body of a loop until no variable changes any more."""
        env.update(variables)
        while True:
            before = dict(env)
            self.execute_branch(condition, body, env)
            for name, value in before.items():
                env[name] = env.get(name, NOTHING) | value
            env.update(variables)
            if env == before:
                return

    def assign(self, left: n.Expr | n.Pack, value: Value, env: Environment, keep: bool) -> None:
        """Let a value enter a variable; with `keep`, in addition to what entered it before."""
        if isinstance(left, n.Pack):
            for item in left.items:
                self.assign(item, value, env, keep)
            return
        value |= Value(self.branch)
        if isinstance(left, n.Variable):
            env[left.name] = value | env.get(left.name, NOTHING) if keep else value
        elif isinstance(left, n.Indexed):
            for index in t.iterate_children(left.indices):
                value |= self.evaluate_index(index, env)
            self.assign(left.base, value, env, keep=True)
        elif isinstance(left, n.Projection):
            self.assign(left.base, value, env, keep=True)

    def contribute(self, position: int, summand: Summand, value: Value) -> None:
        """Keep a summand of the current statement, together with what entered it in earlier executions."""
        key = (self.path, position)
        contribution = Contribution(self.path, summand, value, self.branch)
        earlier = self.flow.contributions.get(key)
        if earlier is not None:
            contribution = replace(
                contribution, value=value | earlier.value, branch=self.branch | earlier.branch
            )
        self.flow.contributions[key] = contribution

    # expressions

    def evaluate(self, node: n.Expr | n.Tilde | None, env: Environment) -> Value:
        """Return what enters an expression."""
        if node is None:
            return NOTHING
        rule = _EXPRESSIONS.get(type(node))
        return self.evaluate_all(t.iterate_children(node), env) if rule is None else rule(self, node, env)

    def evaluate_all(self, items: Iterator[n.Expr], env: Environment) -> Value:
        """Return what enters any of several expressions."""
        return _join([self.evaluate(item, env) for item in items])

    def evaluate_index(self, index: n.SliceIndex, env: Environment) -> Value:
        """Return what enters an index."""
        ends = self.evaluate(index.lower, env) | self.evaluate(index.upper, env)
        return ends.enter_as("index")

    def find_parameters(self, value: Value) -> frozenset[str]:
        """Return the parameters that enter a value, however they do."""
        return frozenset(use.name for use in value.all_uses) & self.flow.parameters

    def find_linear(self, value: Value, kind: Literal["parameters", "data"]) -> frozenset[str]:
        """Return the parameters, or the data, that enter a value linearly."""
        names = self.flow.parameters if kind == "parameters" else self.flow.data
        return frozenset(use.name for use in value.uses if use.via == "value") & names

    def find_parameter_uses(self, value: Value) -> frozenset[Use]:
        """Return the parameters that enter a value, and how they do."""
        return frozenset(use for use in value.all_uses if use.name in self.flow.parameters)

    def multiply(self, left: Value, right: Value) -> Value:
        """Return a product; data that multiply parameters enter it as factors."""
        left_names, right_names = self.find_parameters(left), self.find_parameters(right)
        if left_names and right_names:
            for one, other in ((left, right), (right, left)):
                parameters, data = self.find_linear(one, "parameters"), self.find_linear(one, "data")
                self.flow.products.add(Product(parameters, data, self.find_parameter_uses(other)))
        return (_to_factor(left) if right_names and not left_names else left) | (
            _to_factor(right) if left_names and not right_names else right
        )

    def apply_nonlinear(self, function: str, value: Value) -> Value:
        """Return a function of a value that is not linear: parameters leave it changed."""
        uses = self.find_parameter_uses(Value(value.uses))
        own = "exp" if function == "exp" else "link" if function in _LINKS else "function"
        changed = {Use(use.name, min(own, use.via, key=_STRONGEST.index)) for use in uses}
        return Value((value.uses - uses) | changed, value.densities)

    # functions

    def call_function(self, name: str, arguments: Sequence[Value], *, adds_to_target: bool) -> Value:
        """Return what enters the value of a user-defined function, its overloads taken together."""
        overloads = self.functions.get(name) or self.functions.get(name.replace("_lup", "_lp")) or ()
        fitting = [function for function in overloads if len(function.arguments) == len(arguments)]
        key = (name, tuple(arguments))
        if not fitting or len(self.path) > _DEEPEST_CALL:
            return _join(arguments)
        if key in self.results and not adds_to_target:
            return self.results[key]
        self.results[key] = _join(arguments).enter_as("value")
        outer_returned, self.returned = self.returned, NOTHING
        outer_branch, self.branch = self.branch, self.branch if adds_to_target else frozenset()
        self.call_depth += 1
        for function in fitting:
            formal = (argument.name for argument in function.arguments)
            self.execute_statement(function.body, dict(zip(formal, arguments, strict=True)))
        self.call_depth -= 1
        self.branch = outer_branch
        result, self.returned = self.returned, outer_returned
        self.results[key] = result
        return result

    def call_density(
        self, name: str, arguments: Sequence[Value], is_user_defined: bool, node: n.Expr | n.Tilde
    ) -> Value:
        """Return a density as a value."""
        distribution, suffix = split_density_name(name)
        inner = NOTHING
        if is_user_defined:
            inner = self.call_function(name, arguments, adds_to_target=False)
        given = frozenset[Use]().union(*(argument.all_uses for argument in arguments[1:]))
        if not self.call_depth:
            self.flow.density_calls.setdefault(id(node), node)
        density = Density(
            distribution,
            suffix,
            arguments[0].all_uses,
            given,
            is_user_defined,
            inner.densities,
            inner.uses,
            0 if self.call_depth else id(node),
        )
        return Value(densities=frozenset({density}))


def _join(values: Sequence[Value]) -> Value:
    """Return what enters any of several values."""
    total = NOTHING
    for value in values:
        total |= value
    return total


def _to_factor(value: Value) -> Value:
    """Return a value as it enters a product with parameters."""
    uses = (Use(use.name, "factor" if use.via == "value" else use.via) for use in value.uses)
    return Value(frozenset(uses), value.densities)


# --- one rule for each kind of statement --------------------------------------------------------------


def _execute_declare(run: _Interpreter, node: n.Declare, env: Environment) -> None:
    for name, value in node.variables:
        env[name] = run.evaluate(value, env)


def _execute_assignment(run: _Interpreter, node: n.Assignment, env: Environment) -> None:
    run.assign(node.left, run.evaluate(node.right, env), env, keep=node.operator != "=")


def _execute_increment(run: _Interpreter, node: n.Increment, env: Environment) -> None:
    if adds_to_target(node):
        for position, summand in enumerate(split_into_summands(node)):
            run.contribute(position, summand, run.evaluate(summand.node, env))


def _execute_tilde(run: _Interpreter, node: n.Tilde, env: Environment) -> None:
    arguments = [run.evaluate(item, env) for item in (node.outcome, *node.arguments)]
    limits = run.evaluate(node.lower, env) | run.evaluate(node.upper, env)
    arguments[1:] = [*arguments[1:], limits] if node.is_truncated else arguments[1:]
    name = f"{node.distribution}_{'lpmf' if node.kind == 'FnLpmf' else 'lpdf'}"
    run.contribute(0, Summand(node), run.call_density(name, arguments, node.is_user_defined, node))


def _execute_call(run: _Interpreter, node: n.CallStatement, env: Environment) -> None:
    arguments = [run.evaluate(item, env) for item in node.arguments]
    run.call_function(node.name, arguments, adds_to_target=node.kind == "FnTarget")


def _execute_return(run: _Interpreter, node: n.Return, env: Environment) -> None:
    run.returned |= run.evaluate(node.value, env) | Value(run.branch)


def _execute_if(run: _Interpreter, node: n.If, env: Environment) -> None:
    condition = run.evaluate(node.condition, env)
    otherwise = dict(env)
    run.execute_branch(condition, node.yes, env)
    if node.no is not None:
        run.execute_branch(condition, node.no, otherwise)
    for name, value in otherwise.items():
        env[name] = env.get(name, NOTHING) | value


def _execute_while(run: _Interpreter, node: n.While, env: Environment) -> None:
    run.execute_loop(run.evaluate(node.condition, env), node.body, env)


def _execute_for(run: _Interpreter, node: n.For, env: Environment) -> None:
    bounds = run.evaluate(node.lower, env) | run.evaluate(node.upper, env)
    run.execute_loop(NOTHING, node.body, env, **{node.variable: bounds.enter_as("size")})


def _execute_for_each(run: _Interpreter, node: n.ForEach, env: Environment) -> None:
    run.execute_loop(NOTHING, node.body, env, **{node.variable: run.evaluate(node.container, env)})


def _execute_block(run: _Interpreter, node: n.Block | n.Profile, env: Environment) -> None:
    run.execute_block(node.body, env)


_STATEMENTS: dict[type, Callable[[_Interpreter, Any, Environment], None]] = {
    n.Declare: _execute_declare,
    n.Assignment: _execute_assignment,
    n.Increment: _execute_increment,
    n.Tilde: _execute_tilde,
    n.CallStatement: _execute_call,
    n.Return: _execute_return,
    n.If: _execute_if,
    n.While: _execute_while,
    n.For: _execute_for,
    n.ForEach: _execute_for_each,
    n.Block: _execute_block,
    n.Profile: _execute_block,
}
"""The rule for each kind of statement; others change nothing."""


# --- one rule for each kind of expression that is not just the union of its parts -----------------------


def _evaluate_variable(_run: _Interpreter, node: n.Variable, env: Environment) -> Value:
    return env.get(node.name, NOTHING)


def _evaluate_target(run: _Interpreter, _node: n.Target, _env: Environment) -> Value:
    run.flow.reads_target = True
    return NOTHING


def _evaluate_slice(run: _Interpreter, node: n.SliceIndex, env: Environment) -> Value:
    return run.evaluate_index(node, env)


def _evaluate_ternary(run: _Interpreter, node: n.Ternary, env: Environment) -> Value:
    condition = run.evaluate(node.condition, env).enter_as("branch")
    return condition | run.evaluate(node.yes, env) | run.evaluate(node.no, env)


def _evaluate_binary(run: _Interpreter, node: n.Binary, env: Environment) -> Value:
    left, right = run.evaluate(node.left, env), run.evaluate(node.right, env)
    if node.operator in {"*", ".*"}:
        return run.multiply(left, right)
    if node.operator in {"/", "./"}:
        return run.multiply(left, right) if run.find_parameters(left) else left | right
    return run.apply_nonlinear("pow", left | right) if node.operator in {"^", ".^"} else left | right


def _evaluate_call(run: _Interpreter, node: n.Call, env: Environment) -> Value:
    arguments = [run.evaluate(item, env) for item in node.arguments]
    if node.name in _REPEATING_FUNCTIONS:
        return arguments[0] | _join(arguments[1:]).enter_as("size")
    if node.name in _SELECTING_FUNCTIONS and not node.is_user_defined:
        return arguments[0] | _join(arguments[1:]).enter_as("index")
    if node.name in _SIZE_FUNCTIONS:
        return _join(arguments).enter_as("size")
    if node.name in {"reduce_sum", "reduce_sum_static"}:
        return _evaluate_reduce_sum(run, node, arguments)
    if node.name == "map_rect":
        return run.call_function(_passed_function(node), arguments[1:], adds_to_target=False)
    if split_density_name(node.name)[1]:
        return run.call_density(node.name, arguments, node.is_user_defined, node)
    if node.is_user_defined:
        return run.call_function(node.name, arguments, adds_to_target=node.kind == "FnTarget")
    if node.name in _PRODUCTS and len(arguments) > 1:
        return run.multiply(arguments[0], arguments[1])
    joined = _join(arguments)
    return joined if node.name in _LINEAR_FUNCTIONS else run.apply_nonlinear(node.name, joined)


def _passed_function(node: n.Call) -> str:
    """Return the name of the function that is passed to a higher-order one as its first argument."""
    function = node.arguments[0]
    return function.name if isinstance(function, n.Variable) else ""


def _evaluate_reduce_sum(run: _Interpreter, node: n.Call, arguments: Sequence[Value]) -> Value:
    """Follow the partial sum: its arguments are a slice, the two ends of the slice, and what is shared."""
    name = _passed_function(node)
    ends = arguments[1].enter_as("size")
    inner = [arguments[1], ends, ends, *arguments[3:]]
    value = run.call_function(name, inner, adds_to_target=False)
    return value if value.densities else run.call_density(name, inner, True, node) | value


_EXPRESSIONS: dict[type, Callable[[_Interpreter, Any, Environment], Value]] = {
    n.Variable: _evaluate_variable,
    n.Target: _evaluate_target,
    n.SliceIndex: _evaluate_slice,
    n.Ternary: _evaluate_ternary,
    n.Binary: _evaluate_binary,
    n.Call: _evaluate_call,
}
"""The rule for each kind of expression; what enters others is what enters any of their parts."""
