"""From a file to a `Program`: stanc's tree, places, signature, terms and the instrumented program."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from workbench import provenance
from workbench.errors import ProgramError
from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.counting import undecided
from workbench.program.decode import parse_tree
from workbench.program.flow import follow
from workbench.program.hyperparameters import Hyperparameter, find_hyperparameters
from workbench.program.instrument import Instrumented, instrument, plan_for
from workbench.program.model import Obstacle, Program
from workbench.program.names import Names, identifier
from workbench.program.printer import tokens_and_spans
from workbench.program.replay import is_one_entry
from workbench.program.rewrite import Plan
from workbench.program.roles import Rules
from workbench.program.signature import Declaration, declarations
from workbench.program.source import align, read_source
from workbench.program.stanc import Stanc, ask
from workbench.program.terms import Term, find_terms

_SCALE_KINDS = frozenset({"cholesky_factor_corr", "cholesky_factor_cov", "cov_matrix", "positive_ordered"})


def read(path: Path, stanc: Stanc, include_paths: tuple[Path, ...] = ()) -> Program:
    """Read a Stan program and take it apart.

    Raises
    ------
    ProgramError
        The file cannot be read, or stanc rejects it: its words, file, line and column.
    ToolchainMissing
        stanc cannot be started.
    """
    source = read_source(path, include_paths)
    tree = parse_tree(ask(stanc, ["--debug-decorated-ast"], path, include_paths))
    words, spans = tokens_and_spans(tree)
    places = align(source, words, spans)
    blocks = {name.replace(" ", "_"): declarations(tree.block(name), places) for name in _DECLARING}
    names = Names(tree)
    rules = _rules(tree, blocks["data"], blocks["parameters"])
    terms = find_terms(rules, _numbered(tree), places)
    hyperparameters = find_hyperparameters(rules, terms, blocks["data"], names)
    instrumented, obstacles = _instrumented(tree, rules, terms, hyperparameters, names, path, stanc)
    return Program(
        name=identifier(path.stem),
        path=path,
        source=source.texts[path],
        sha256=provenance.hash_parts(*source.texts.values()),
        includes=tuple(file for file in source.texts if file != path),
        **blocks,
        terms=terms,
        hyperparameters=hyperparameters,
        instrumented=instrumented,
        obstacles=obstacles,
        tree=tree,
    )


_DECLARING = ("data", "transformed data", "parameters", "transformed parameters", "generated quantities")


def _numbered(tree: n.Tree) -> dict[int, n.Stmt]:
    return {item.id: item for _, body in tree.blocks for item in t.walk(body) if isinstance(item, n.Stmt)}


def _rules(tree: n.Tree, data: Sequence[Declaration], parameters: Sequence[Declaration]) -> Rules:
    flow = follow(tree)
    declared = {item.name for item in data}
    containers = {item.name for item in data if not item.is_scalar} | (flow.data - declared)
    scales = {item.name for item in parameters if item.lower is not None or item.kind in _SCALE_KINDS}
    return Rules(flow, frozenset(containers), frozenset(scales))


def _instrumented(
    tree: n.Tree,
    rules: Rules,
    terms: tuple[Term, ...],
    hyperparameters: Sequence[Hyperparameter],
    names: Names,
    path: Path,
    stanc: Stanc,
) -> tuple[Instrumented | None, tuple[Obstacle, ...]]:
    """Return the instrumented program, or the reason why there is none."""
    refused = tuple(_refusals(rules, terms))
    if refused:
        return None, refused
    plan, obstacles = _countable(tree, plan_for(tree, terms, hyperparameters, names))
    try:
        draft = instrument(tree, plan, hyperparameters, path.name)
        source = _formatted(draft.source, stanc)
    except ProgramError as reason:
        return None, (Obstacle("instrumenting", reason.message, reason.line),)
    return replace(draft, source=source), obstacles


def _refusals(rules: Rules, terms: Sequence[Term]) -> Iterator[Obstacle]:
    """Yield the statements that cannot be weighted."""
    if rules.flow.reads_target:
        yield Obstacle("instrumenting", "The program reads `target()`, which weights would change.")
    for term in terms:
        if term.calls:
            message = (
                f"`{term.text}` stands in a function that adds to `target`; that is not taken apart yet."
            )
            yield Obstacle("instrumenting", message, term.line)


def _countable(tree: n.Tree, plan: Plan) -> tuple[Plan, tuple[Obstacle, ...]]:
    """Return the plan, without observations where data alone do not tell how many there are."""
    unknown = undecided(tree, plan) if plan.opened else frozenset()
    if not unknown:
        return plan, tuple(_joint(tree, plan.terms))
    listed = ", ".join(f"`{name}`" for name in sorted(unknown))
    message = f"How many observations there are depends on {listed}, which the data do not give."
    return replace(plan, opened=frozenset()), (Obstacle("log_lik", message),)


def _joint(tree: n.Tree, terms: Sequence[Term]) -> Iterator[Obstacle]:
    """Yield the likelihood terms that are one entry of `log_lik` though they hold many observations."""
    loops = (item for item in t.walk(tree.block("model")) if isinstance(item, n.While | n.For | n.ForEach))
    repeated = {item.id for loop in loops for item in t.walk(loop) if isinstance(item, n.Stmt)}
    for term in terms:
        if (
            term.role == "likelihood"
            and not term.is_constant
            and is_one_entry(term, term.statement in repeated)
        ):
            message = f"`{term.text}` is one joint density: it does not split into observations."
            yield Obstacle("loo", message, term.line)


def _formatted(source: str, stanc: Stanc) -> str:
    """Return a program as stanc lays it out; stanc also checks it on the way."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "instrumented.stan"
        file.write_text(source, encoding="utf-8")
        ask(stanc, ["--debug-decorated-ast"], file)
        return ask(stanc, ["--auto-format"], file)
