"""Likelihoods over rows as partial sums, which Stan shares out among threads with ``reduce_sum_static``.

A partial sum covers a range of rows; everything else is passed as it is. Its sizes depend on the data and the
program alone, not on threads, and the sums are added up in a fixed order: the log density has the same digits
whatever the number of threads, and others than the sum over all rows in the last places only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.program.rewrite.plan import RewritePlan
from workbench.program.rewrite.row_slices import NotShared, RowSlices
from workbench.program.rewrite.shapes import collect_declared_types, infer_shape
from workbench.program.rewrite.splice import remove_braces, splice_out
from workbench.program.rewrite.weights import weight_model
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, format_unnormalised, parse_density
from workbench.program.terms.distributions import DISTRIBUTIONS
from workbench.program.terms.summands import adds_to_target
from workbench.program.terms.terms import Term

ROWS_PER_SUM = 4000
"""Rows of a partial sum at most. Ours, measured on three programs at 10,000 to 1,000,000 rows: from 1,000 to
16,000 the times are alike; larger sums leave the cache, smaller ones cost more calls."""

ROWS_PER_PARAMETER = 16
"""Rows of a partial sum for each number among the vectors of parameters that it is given: each sum copies
them, at the cost of a few rows. Ours."""

_LOOPS = (n.For, n.ForEach, n.While)
"""Statements that repeat others."""

_PARALLEL = frozenset({"reduce_sum", "reduce_sum_static", "map_rect"})
"""Functions by which a program uses threads itself."""

_NAME = re.compile(r"[A-Za-z]\w*")
"""A name in a text of Stan."""

_ADDED = re.compile(r"\btarget \+=")
"""Where a text adds to ``target``."""

_DECLARED = re.compile(
    r"^(?:array\[(?P<dims>.*?)\] )?(?P<base>int|real|vector|row_vector|matrix)(?:\[(?P<sizes>.*?)\])? "
    r"(?P<name>\w+)(?: = .*)?;$",
    re.DOTALL,
)
"""A declaration that the workbench inserted."""

_SIZE_OF = re.compile(r"^(?:size|rows)\((\w+)\)$")
"""The length of a variable."""


@dataclass(frozen=True)
class PartialSum:
    """A likelihood statement or loop over rows.

    Attributes
    ----------
    text
        The statement as Stan, or the head of the loop.
    reason
        Why its rows are not shared out, a clause; empty if they are.
    """

    text: str
    reason: str = ""


@dataclass
class PartialSums:
    """The model block of a program with its rows shared out.

    Attributes
    ----------
    model
        The weighted statements.
    functions
        The definitions of the partial sums.
    row_data
        Transformed data: an array for each number of rows, of which Stan cuts the ranges.
    found
        The likelihood statements and loops over rows.
    """

    model: tuple[n.Stmt, ...]
    functions: tuple[n.Stmt, ...] = ()
    row_data: tuple[n.Stmt, ...] = ()
    found: tuple[PartialSum, ...] = ()


def uses_threads(tree: n.Tree) -> bool:
    """Return whether a program shares out work among threads by itself."""
    return any(isinstance(item, n.Call) and item.name in _PARALLEL for item in t.walk(tree.blocks))


def share_rows(tree: n.Tree, plan: RewritePlan, names: FreshNames) -> PartialSums:
    """Return the weighted model block with partial sums in place of likelihoods over rows.

    Parameters
    ----------
    tree
        The program, its loops vectorised where they are.
    plan
        Its terms, with the vectorised summands.
    names
        Provides names that are not in use.
    """
    return _Sharer(tree, plan, names).share()


@dataclass
class _Names:
    """Names inside the partial sums."""

    rows: str
    first: str
    last: str
    total: str


@dataclass
class _Sharer:
    """Replaces likelihoods over rows, statement by statement."""

    tree: n.Tree
    plan: RewritePlan
    fresh: FreshNames
    functions: list[n.Stmt] = field(default_factory=list)
    row_data: dict[str, tuple[str, n.Stmt]] = field(default_factory=dict)
    found: list[PartialSum] = field(default_factory=list)
    inlined: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        data = (*self.tree.get_block("data"), *self.tree.get_block("transformed data"))
        own = {self.plan.weights: n.Sized("vector"), self.plan.roles: n.Sized("int", (n.Numeral("1"),))}
        lifted = {
            node.name: n.Sized("real") for node in self.plan.lifted.values() if isinstance(node, n.Variable)
        }
        self.declared = {**collect_declared_types(self.tree), **own, **lifted}
        self.declared |= dict(_read_declarations(data, self.declared))
        declared = {name for item in data if isinstance(item, n.Declare) for name, _ in item.variables}
        inserted = {name for name, _ in _read_declarations(data, self.declared)}
        self.fixed = frozenset(declared | inserted | own.keys() | lifted.keys())
        self.names = _Names(*(self.fresh.take(name) for name in ("part", "first", "last", "total")))
        self.definitions = _find_definitions(self.tree.get_block("model"))
        self.likelihood = frozenset(term.index for term in self.plan.terms if term.role == "likelihood")

    def share(self) -> PartialSums:
        """Return the model block, and what it needs."""
        sums = dict(self._share_statements(self.tree.get_block("model")))
        model = weight_model(self.tree, replace(self.plan, sums=sums))
        model = remove_braces(tuple(self._share_loops(item) for item in model))
        model = _drop_definitions(model, self.inlined)
        row_data = tuple(statement for _, statement in self.row_data.values())
        return PartialSums(model, tuple(self.functions), row_data, tuple(self.found))

    # --- statements about all rows ----------------------------------------------------------------------

    def _share_statements(self, statements: Iterable[n.Stmt]) -> Iterator[tuple[int, str]]:
        """Yield the sum of all rows, by the index of a term, for statements outside of loops."""
        for item in statements:
            if isinstance(item, n.Block | n.Profile):
                yield from self._share_statements(item.body)
            elif isinstance(item, n.If):
                yield from self._share_statements((item.yes, *(() if item.no is None else (item.no,))))
            elif adds_to_target(item):
                for term in self.plan.select_terms(item):
                    if term.index in self.likelihood and not term.is_constant:
                        yield from self._share_term(term)

    def _share_term(self, term: Term) -> Iterator[tuple[int, str]]:
        try:
            shared = self._share_density(term)
        except NotShared as reason:
            self.found.append(PartialSum(term.text, str(reason)))
            return
        if shared:
            self.found.append(PartialSum(term.text))
            yield term.index, shared

    def _share_density(self, term: Term) -> str:
        """Return the sum over the rows of a term; empty if it has a single row."""
        if len(term.contributions) > 1 or term.contributions[0].summand.sign == "-":
            raise NotShared("it is a sum of several densities")
        node = t.substitute(term.contributions[0].summand.node, self.plan.lifted)
        density = parse_density(node)
        whole = node if density is None else density.outcome
        assert isinstance(whole, n.Expr)  # noqa: S101 - a distribution statement is a density
        if not whole.type.is_container:
            return ""
        shape = infer_shape(whole, self.declared)
        if not shape:
            raise NotShared("the number of its rows does not follow from declarations")
        slices = RowSlices(shape[0], *self._ends(), self.declared, self.fixed, self.definitions)
        if density is None:
            cut: tuple[n.Expr, ...] = (slices.cut(whole),)
            value = f"sum({to_text(cut[0])})"
        else:
            cut = _cut_density(density, slices)
            value = _format_density(node, replace(density, arguments=cut))
        self.inlined |= slices.inlined
        used = t.find_names(cut) - {self.names.first, self.names.last}
        return self._define(slices.count, used, f"return {value};", term.statement)

    # --- loops over rows --------------------------------------------------------------------------------

    def _share_loops(self, node: n.Stmt) -> n.Stmt:
        """Return a weighted statement with calls of partial sums in place of loops over rows."""
        if isinstance(node, n.Block | n.Profile):
            return replace(node, body=tuple(self._share_loops(item) for item in node.body))
        if isinstance(node, n.If):
            no = None if node.no is None else self._share_loops(node.no)
            return replace(node, yes=self._share_loops(node.yes), no=no)
        statements = {item.id for item in t.walk(node) if isinstance(item, n.Raw)}
        likelihood = {term.statement for term in self.plan.terms if term.index in self.likelihood}
        if not isinstance(node, _LOOPS) or not statements & likelihood:
            return node
        head = to_text(replace(node, body=n.Jump(""))).rstrip(" ;")
        try:
            if not isinstance(node, n.For):
                raise NotShared("its rows are not numbered")
            shared = self._share_loop(node)
        except NotShared as reason:
            self.found.append(PartialSum(head, str(reason)))
            return node
        self.found.append(PartialSum(head))
        return n.Raw(f"target += {shared};", id=node.id)

    def _share_loop(self, node: n.For) -> str:
        upper = to_text(node.upper)
        if to_text(t.unwrap(node.lower)) != "1" or not t.find_names(node.upper) <= self.fixed:
            raise NotShared("its rows do not run from 1 to a number that the data give")
        own = _list_own(node)
        _refuse_effects(node, own)
        body = _ADDED.sub(f"{self.names.total} +=", to_text(node.body))
        known = self.declared.keys() | _list_declared(self.tree)
        used = frozenset(_NAME.findall(body)) & known - own
        text = (
            f"real {self.names.total} = 0; "
            f"for ({node.variable} in {self.names.first} : {self.names.last}) {{ {body} }} "
            f"return {self.names.total};"
        )
        count = upper if upper in _list_sizes(self.declared) else f"max(0, {upper})"
        for name in sorted(used - self.fixed):
            if upper in _get_sizes(self.declared, name):
                raise NotShared(f"`{name}` has a value for each row that depends on parameters")
        return self._define(count, used, text, node.id)

    # --- partial sums -----------------------------------------------------------------------------------

    def _ends(self) -> tuple[n.Variable, n.Variable]:
        return n.Variable(self.names.first, type=n.INT), n.Variable(self.names.last, type=n.INT)

    def _define(self, count: str, used: frozenset[str], body: str, statement: int) -> str:
        """Define a partial sum, and return the sum of all rows.

        Raises
        ------
        NotShared
            It uses a variable that cannot be passed to it.
        """
        arguments = sorted(used)
        types = [self._format_argument(name, count) for name in arguments]
        name = self.fresh.take("partial_sum")
        rows = f"data array[] int {self.names.rows}, int {self.names.first}, int {self.names.last}"
        head = ", ".join((rows, *types))
        self.functions.append(n.Raw(f"real {name}_lpmf({head}) {{ {body} }}", id=statement))
        vectors = [
            " * ".join(f"({size})" for size in sizes)
            for item in arguments
            if item not in self.fixed and (sizes := _get_sizes(self.declared, item))
        ]
        most = f"{ROWS_PER_SUM}"
        if vectors:
            most = f"max({most}, {ROWS_PER_PARAMETER} * ({' + '.join(vectors)}))"
        rows_name = self._number_rows(count)
        return f"reduce_sum_static({', '.join((f'{name}_lupmf', rows_name, most, *arguments))})"

    def _format_argument(self, name: str, count: str) -> str:
        sized = self.declared.get(name)
        if sized is None or sized.base == "tuple":
            raise NotShared(f"`{name}` cannot be passed to a partial sum")
        if name not in self.fixed and count in _get_sizes(self.declared, name):
            raise NotShared(f"`{name}` has a value for each row that depends on parameters")
        type_ = to_text(n.Type(sized.base, len(sized.dims)))
        return f"{'data ' if name in self.fixed else ''}{type_} {name}"

    def _number_rows(self, count: str) -> str:
        """Return the name of an array that is as long as there are rows."""
        if count not in self.row_data:
            name = self.fresh.take("rows")
            declared = n.Raw(f"array[{count}] int {name} = zeros_int_array({count}); // cut among threads")
            self.row_data[count] = (name, declared)
        return self.row_data[count][0]


def _cut_density(density: DensityCall, slices: RowSlices) -> tuple[n.Expr, ...]:
    """Return the arguments of a density for a part of its rows."""
    known = DISTRIBUTIONS.get(density.distribution)
    if known is None:
        raise NotShared(f"`{density.distribution}` is a density of the program")
    if known.is_joint or density.is_truncated:
        kind = "truncated" if density.is_truncated else "joint"
        raise NotShared(f"its density is {kind}")
    if known.is_multivariate and not density.outcome.type.depth:
        raise NotShared("its density is joint")
    cut = [slices.cut(density.outcome)]
    for position, item in enumerate(density.arguments[1:]):
        name = known.arguments[position] if position < len(known.arguments) else ""
        is_shared = name in known.shared or (known.is_multivariate and not item.type.depth)
        if not item.type.is_container or (is_shared and not (known.is_multivariate and item.type.depth)):
            cut.append(item)
        elif slices.has_rows(item):
            cut.append(slices.cut(item))
        else:
            raise NotShared("declarations do not show that its arguments are as long as its outcome")
    return tuple(cut)


def _format_density(node: n.Expr | n.Tilde, density: DensityCall) -> str:
    """Return a density of a part of the rows as Stan, with or without constants as written."""
    if isinstance(node, n.Tilde):
        return format_unnormalised(density)
    inner = t.unwrap(node)
    assert isinstance(inner, n.Call)  # noqa: S101 - `parse_density` found a call
    return to_text(replace(inner, arguments=density.arguments))


def _find_definitions(model: Sequence[n.Stmt]) -> Mapping[str, n.Expr]:
    """Return by name the local vectors of the model block that get one value, from what nothing changes."""
    values: dict[str, list[n.Expr | None]] = {}
    for name, value in _list_values(model):
        values.setdefault(name, []).append(value)
    settled = {name: found[0] for name, found in values.items() if len(found) == 1 and found[0] is not None}
    changed = values.keys() - settled.keys()
    return {
        name: value
        for name, value in settled.items()
        if value.type.is_container and not t.find_names(value) & changed
    }


def _list_values(model: Sequence[n.Stmt]) -> Iterator[tuple[str, n.Expr | None]]:
    """Yield what variables are set to; `None` where that is a part, or what a loop or a branch may change."""
    repeated = {
        id(inner)
        for item in t.walk(tuple(model))
        if isinstance(item, (*_LOOPS, n.If))
        for inner in t.walk(item)
    }
    for item in t.walk(tuple(model)):
        if isinstance(item, n.Declare):
            for name, value in item.variables:
                if value is not None:
                    yield name, None if id(item) in repeated else value
        elif isinstance(item, n.Assignment):
            is_whole = isinstance(item.left, n.Variable) and item.operator == "="
            value = item.right if is_whole and id(item) not in repeated else None
            for name in t.find_names(item.left):
                yield name, value


def _drop_definitions(model: tuple[n.Stmt, ...], names: set[str]) -> tuple[n.Stmt, ...]:
    """Return the model block without local vectors that nothing reads any more."""
    for name in sorted(names):
        own = {id(item) for item in t.walk(model) if _is_definition(item, name)}
        rest = t.substitute(model, dict.fromkeys(own, splice_out()))
        if not re.search(rf"\b{name}\b", to_text(rest)):
            model = remove_braces(rest)
    return model


def _is_definition(node: object, name: str) -> bool:
    if isinstance(node, n.Declare):
        return [variable for variable, _ in node.variables] == [name]
    return isinstance(node, n.Assignment) and isinstance(node.left, n.Variable) and node.left.name == name


def _list_own(node: n.For) -> frozenset[str]:
    """Return the variables that a loop's body declares, and those of the loops inside."""
    declared = (item for item in t.walk(node) if isinstance(item, n.Declare))
    names = {name for item in declared for name, _ in item.variables}
    return frozenset(names | {item.variable for item in t.walk(node) if isinstance(item, n.For | n.ForEach)})


def _refuse_effects(node: n.For, own: frozenset[str]) -> None:
    """Refuse a loop that does more than add to ``target``.

    Raises
    ------
    NotShared
        The message says what.
    """
    for item in t.walk(node):
        if isinstance(item, n.Assignment):
            left: n.Expr | n.Pack = item.left
            while isinstance(left, n.Indexed | n.Projection):
                left = left.base
            if not isinstance(left, n.Variable) or left.name not in own:
                raise NotShared(f"it assigns `{to_text(item.left)}`")
        elif isinstance(item, n.Message | n.Return | n.Increment | n.CallStatement | n.Profile):
            raise NotShared("its body does more than add to `target`")
        elif isinstance(item, n.Jump) and item.keyword == "break":
            raise NotShared("it can end before its last row")
        elif isinstance(item, n.Target) or (isinstance(item, n.Call) and item.kind not in _PLAIN):
            raise NotShared("its body reads or changes `target` by a function")


_PLAIN = frozenset({"FnPlain", "FnLpdf", "FnLpmf"})
"""Functions without effects."""


def _read_declarations(
    statements: Iterable[n.Stmt], declared: Mapping[str, n.Sized]
) -> Iterator[tuple[str, n.Sized]]:
    """Yield the types of variables that the workbench declared, with lengths of variables as their sizes."""
    known = dict(declared)
    for item in statements:
        match = _DECLARED.match(item.text.strip()) if isinstance(item, n.Raw) else None
        if match is not None:
            dims, sizes = (
                [_resolve(size, known) for size in _split(match[key])] for key in ("dims", "sizes")
            )
            sized = n.Sized(match["base"], tuple(dims), tuple(sizes))
            known[match["name"]] = sized
            yield match["name"], sized


def _resolve(size: str, declared: Mapping[str, n.Sized]) -> n.Expr:
    match = _SIZE_OF.match(size)
    sized = None if match is None else declared.get(match[1])
    sizes = () if sized is None else (*sized.dims, *sized.sizes)
    return sizes[0] if sizes else n.Variable(size, type=n.INT)


def _split(text: str | None) -> list[str]:
    """Return sizes that commas separate, outside of parentheses."""
    parts, depth = [""], 0
    for letter in text or "":
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _list_declared(tree: n.Tree) -> frozenset[str]:
    bodies = tuple(body for block, body in tree.blocks if block != "functions")
    return frozenset(
        name for item in t.walk(bodies) if isinstance(item, n.Declare) for name, _ in item.variables
    )


def _get_sizes(declared: Mapping[str, n.Sized], name: str) -> list[str]:
    sized = declared.get(name)
    return [] if sized is None else [to_text(size) for size in (*sized.dims, *sized.sizes)]


def _list_sizes(declared: Mapping[str, n.Sized]) -> set[str]:
    """Return the sizes in declarations: none of them is negative."""
    return {size for name in declared for size in _get_sizes(declared, name)}
