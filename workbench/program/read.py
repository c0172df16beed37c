"""From a file to a `Program`: stanc's tree, places and signature; then what `analysis` makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from workbench import provenance
from workbench.errors import ProgramError
from workbench.program.analysis import taken_apart
from workbench.program.model import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax.declarations import declarations
from workbench.program.syntax.decode import parse_tree
from workbench.program.syntax.identifiers import identifier
from workbench.program.syntax.printer import tokens_and_spans
from workbench.program.syntax.source import Source, align, read_source
from workbench.program.syntax.stanc import Stanc, print_tree
from workbench.program.terms.roles import ROLES, Role
from workbench.program.terms.terms import Term

_DECLARING = ("data", "transformed data", "parameters", "transformed parameters", "generated quantities")


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
    try:
        tree = parse_tree(print_tree(stanc, path, include_paths))
        return taken_apart(_declared(source, tree), stanc)
    except RecursionError as reason:
        raise ProgramError(f"`{path}` nests expressions too deeply to be read.", path=path) from reason


def _declared(source: Source, tree: n.Tree) -> Program:
    """Return the program as far as its declarations go."""
    for message in tree.unknown:
        if "`data`" in message or "`parameters`" in message:
            raise ProgramError(message, path=source.path)
    words, spans = tokens_and_spans(tree)
    places = align(source, words, spans)
    held = {name: declarations(tree.block(name), places) for name in _DECLARING}
    return Program(
        name=identifier(source.path.stem),
        path=source.path,
        source=source.texts[source.path],
        sha256=provenance.hash_parts(*source.texts.values()),
        includes=tuple(file for file in source.texts if file != source.path),
        data=held["data"],
        transformed_data=held["transformed data"],
        parameters=held["parameters"],
        transformed_parameters=held["transformed parameters"],
        generated_quantities=held["generated quantities"],
        tree=tree,
        places=places,
    )


def settle_roles(program: Program, roles: Mapping[str | int, Role], stanc: Stanc) -> Program:
    """Return the program with some roles settled by its user.

    Parameters
    ----------
    program
        The program.
    roles
        New roles: by a term's index, or for every term of a line (``"line 12"``).
    stanc
        Lays the instrumented program out anew. Its text stays the same unless a term becomes a prior or a
        likelihood that was not taken for one before.

    Raises
    ------
    ProgramError
        There is no such term, no statement on that line, or no such role.
    """
    settled: dict[int, Role] = {}
    for key, role in roles.items():
        if role not in ROLES:
            raise ProgramError(f"`{role}` is no role: a term is {_spoken(ROLES)}.", path=program.path)
        settled |= {term.index: role for term in _terms_at(program, key)}
    changed = tuple(_settled(term, settled) for term in program.terms)
    return taken_apart(replace(program, terms=changed), stanc)


def _terms_at(program: Program, key: str | int) -> list[Term]:
    word = str(key).strip()
    line = word.removeprefix("line").strip()
    if word.startswith("line"):
        found = [term for term in program.terms if line == str(term.line)]
    else:
        found = [term for term in program.terms if word == str(term.index)]
    if not found:
        lines = sorted({term.line for term in program.terms})
        hint = f"terms stand on the lines {_spoken([str(one) for one in lines])}" if lines else None
        raise ProgramError(f"`{program.path.name}` has no term at `{key}`.", path=program.path, hint=hint)
    return found


def _settled(term: Term, settled: Mapping[int, Role]) -> Term:
    if term.index not in settled:
        return term
    return replace(
        term, role=settled[term.index], confidence="certain", reason="settled by the user", is_settled=True
    )


def _spoken(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
