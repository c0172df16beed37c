"""Whole prior statements replaced: the program with another distribution in the place of the author's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench import program as reading
from workbench.errors import PriorError, ProgramError
from workbench.program import Program, Role, Stanc, Term
from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.printer import to_text

FLAT = "flat"
"""The form that takes a prior statement away."""


def with_forms(program: Program, forms: Mapping[str, str], stanc: Stanc, folder: Path) -> Program:
    """Return a program in which some priors have another form.

    Parameters
    ----------
    program
        The program as it stands.
    forms
        By parameter: a distribution with its arguments, such as `student_t(3, 0, 2.5)`, or `flat`.
    stanc
        Reads the new program.
    folder
        Where its text is written.

    Raises
    ------
    PriorError
        No single prior statement is about a parameter, or Stan does not accept the new one.
    """
    texts = {_statement(program, name): _text(program, name, form) for name, form in forms.items()}

    def change(node: Any) -> Any:
        if isinstance(node, n.Stmt) and node.id in texts:
            return n.Raw(texts[node.id])
        return node

    tree = program.tree.replace(model=t.rebuild(program.tree.block("model"), change))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / program.path.name
    path.write_text(to_text(tree) + "\n", encoding="utf-8")
    try:
        found = reading.read(path, stanc)
    except ProgramError as reason:
        said = ", ".join(f"`{name} ~ {form}`" for name, form in forms.items())
        raise PriorError(f"Stan does not accept {said}: {reason.message}") from reason
    return replace(_with_roles(program, found, stanc), name=program.name)


def _statement(program: Program, name: str) -> int:
    return prior_statement(program, name).statement


def prior_statement(program: Program, name: str) -> Term:
    """Return the only prior statement about a parameter.

    Raises
    ------
    PriorError
        There is none, or there are several.
    """
    found = [
        term for term in program.terms if term.role == "prior" and name in (term.outcome, *term.outcomes)
    ]
    if len(found) == 1 and not found[0].calls:
        return found[0]
    known = sorted({term.outcome or "" for term in program.terms if term.role == "prior"} - {""})
    hint = f"prior statements are about {', '.join(f'`{one}`' for one in known) or 'nothing'}"
    raise PriorError(
        f"`{name}` has {len(found)} prior statements in `{program.path.name}`, not one.", hint=hint
    )


def _text(program: Program, name: str, form: str) -> str:
    if form.strip() == FLAT:
        return "{ }"
    return f"{prior_statement(program, name).outcome or name} ~ {form.strip().rstrip(';')};"


def _with_roles(program: Program, found: Program, stanc: Stanc) -> Program:
    """Return the new program with the roles that the user had settled in the old one."""
    settled: dict[str | int, Role] = {}
    if len(found.terms) == len(program.terms):
        pairs = zip(program.terms, found.terms, strict=True)
        settled = {new.index: old.role for old, new in pairs if old.is_settled and new.role != old.role}
    return reading.settle_roles(found, settled, stanc) if settled else found
