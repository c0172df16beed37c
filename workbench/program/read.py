"""Read a program: stanc's tree, the declarations and their places, then all that `analysis` adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from workbench import provenance
from workbench.errors import ProgramError
from workbench.files import make_scratch
from workbench.program.analysis import analyse, judge_only
from workbench.program.model import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax.declarations import collect_declarations
from workbench.program.syntax.decode import parse_tree
from workbench.program.syntax.identifiers import to_identifier
from workbench.program.syntax.printer import print_tokens
from workbench.program.syntax.source import Source, locate_statements, read_source
from workbench.program.syntax.stanc import Stanc, dump_tree
from workbench.program.terms.roles import ROLES, Role
from workbench.program.terms.terms import Term

SETTLED_BY_USER = "settled by the user"
"""Why a term has a role that neither the rules nor the model's card give it."""


def read_program(
    path: Path, stanc: Stanc, include_paths: tuple[Path, ...] = (), *, is_optimised: bool = False
) -> Program:
    """Read a Stan program and analyse it.

    Parameters
    ----------
    path, include_paths
        Its file, and the folders that it includes files from besides its own.
    stanc
        Parses it.
    is_optimised
        Whether loops are vectorised in the instrumented program, where that is possible.

    Raises
    ------
    ProgramError
        The file cannot be read, or stanc rejects it: its message, file, line and column.
    ToolchainMissing
        stanc cannot be started.
    """
    source = read_source(path, include_paths)
    try:
        tree = parse_tree(dump_tree(stanc, path, include_paths))
        return analyse(replace(_collect(source, tree), is_optimised=is_optimised), stanc)
    except RecursionError as reason:
        raise ProgramError(f"`{path}` nests expressions too deeply to be read.", path=path) from reason


def read_text(program: Program, text: str, stanc: Stanc) -> Program:
    """Return the program of a text, under the name and path of another, whose text it was made from.

    Raises
    ------
    ProgramError, ToolchainMissing
        As in `read_program`.
    """
    with make_scratch() as folder:
        path = folder / program.path.name
        path.write_text(text, encoding="utf-8")
        changed = read_program(path, stanc, (program.path.parent,), is_optimised=program.is_optimised)
    places = {
        number: replace(place, path=program.path) if place.path == path else place
        for number, place in changed.places.items()
    }
    terms = tuple(replace(term, path=program.path) if term.path == path else term for term in changed.terms)
    return replace(changed, name=program.name, path=program.path, places=places, terms=terms)


def read_terms(path: Path, stanc: Stanc, roles: Mapping[int, Role]) -> Program:
    """Read a Stan program whose roles are settled, without the instrumented program: stanc runs once.

    Parameters
    ----------
    path, stanc
        As in `read_program`.
    roles
        Roles that differ from those of the rules, by the index of a term.

    Raises
    ------
    ProgramError, ToolchainMissing
        As in `read_program`.
    """
    source = read_source(path)
    try:
        program = judge_only(_collect(source, parse_tree(dump_tree(stanc, path))))
    except RecursionError as reason:
        raise ProgramError(f"`{path}` nests expressions too deeply to be read.", path=path) from reason
    terms = (_settle(term, roles[term.index]) if term.index in roles else term for term in program.terms)
    return replace(program, terms=tuple(terms))


def read_tree(path: Path, stanc: Stanc) -> n.Tree:
    """Return the syntax tree of a Stan program, and nothing else that is known about it.

    Raises
    ------
    ProgramError, ToolchainMissing
        As in `read_program`.
    """
    try:
        return parse_tree(dump_tree(stanc, path))
    except RecursionError as reason:
        raise ProgramError(f"`{path}` nests expressions too deeply to be read.", path=path) from reason


def hash_program(path: Path) -> str:
    """Return the hash of a program and of all that it includes, from their texts alone.

    Raises
    ------
    ProgramError
        A file cannot be read.
    """
    return provenance.hash_texts(*read_source(path).texts.values())


def _collect(source: Source, tree: n.Tree) -> Program:
    """Return the program with its declarations, before it is analysed."""
    for block in ("data", "parameters"):
        if block in tree.undecoded:
            raise ProgramError(tree.undecoded[block], path=source.path)
    tokens, spans = print_tokens(tree)
    places = locate_statements(source, tokens, spans)
    declared = {name: collect_declarations(tree.get_block(name), places) for name in n.BLOCKS}
    return Program(
        name=to_identifier(source.path.stem),
        path=source.path,
        source=source.texts[source.path],
        sha256=provenance.hash_texts(*source.texts.values()),
        includes=tuple(file for file in source.texts if file != source.path),
        data=declared["data"],
        transformed_data=declared["transformed data"],
        parameters=declared["parameters"],
        transformed_parameters=declared["transformed parameters"],
        generated_quantities=declared["generated quantities"],
        tree=tree,
        places=places,
    )


def settle_roles(
    program: Program,
    roles: Mapping[str | int, Role],
    stanc: Stanc,
    reasons: Mapping[str | int, str] | None = None,
) -> Program:
    """Return the program with some roles settled by its user, or by what `reasons` name.

    Parameters
    ----------
    program
        The program.
    roles
        New roles: by the index of a term, for every term on a line (``"line 12"``), or for every term whose
        text begins so (``"mu ~"``), which stays true when lines are added above.
    stanc
        Formats the instrumented program. The text of that program stays the same unless a term becomes prior
        or likelihood that the rules did not take for one.
    reasons
        By key of `roles`: why, where it is not the user who settles a role.

    Raises
    ------
    ProgramError
        There is no such term, no term on that line or with that beginning, or no such role.
    """
    settled: dict[int, Term] = {}
    for key, role in roles.items():
        if role not in ROLES:
            message = f"`{role}` is not a role: the roles are {_list_quoted(ROLES)}."
            raise ProgramError(message, path=program.path)
        reason = (reasons or {}).get(key, SETTLED_BY_USER)
        settled |= {term.index: _settle(term, role, reason) for term in _find_terms_at(program, key)}
    terms = tuple(settled.get(term.index, term) for term in program.terms)
    return analyse(replace(program, terms=terms), stanc)


def _find_terms_at(program: Program, key: str | int) -> list[Term]:
    """Return the terms that a key names."""
    text = str(key).strip()
    line = text.removeprefix("line").strip()
    if text.startswith("line"):
        terms = [term for term in program.terms if line == str(term.line)]
    elif text.isdecimal():
        terms = [term for term in program.terms if text == str(term.index)]
    elif "~" in text or text.startswith("target"):
        beginning = "".join(text.split())
        terms = [term for term in program.terms if "".join(term.text.split()).startswith(beginning)]
    else:
        terms = []
    if not terms:
        lines = sorted({term.line for term in program.terms})
        hint = f"its terms are on lines {_list_quoted(str(number) for number in lines)}" if lines else None
        raise ProgramError(f"`{program.path.name}` has no term at `{key}`.", path=program.path, hint=hint)
    return terms


def _settle(term: Term, role: Role, reason: str = SETTLED_BY_USER) -> Term:
    return replace(term, role=role, confidence="certain", reason=reason, is_settled=True)


def _list_quoted(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
