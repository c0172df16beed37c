"""Whole prior statements replaced: the program with another distribution in the place of the author's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench import program as reading
from workbench.errors import PriorError, ProgramError
from workbench.program import Program, Role, Stanc, Term, describe
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

FLAT = "flat"
"""The form that takes a prior statement away."""

_DISTRIBUTION = re.compile(r"^\w+\s*\([^;{}~]*\)\s*(T\s*\[[^;{}~]*\])?$", re.DOTALL)
_COUNTED = re.compile(r"Expected \d+ arguments but found \d+ arguments\.")
_PLACE = re.compile(r"^`[^`]*`, line \d+, column \d+: ")
_LISTING = re.compile(r"\n *-*\n|\n +\d+:")
_FLAT = ("flat", "uniform")  # as `describe` calls parameters without a prior


def replace_priors(program: Program, forms: Mapping[str, str], stanc: Stanc, folder: Path) -> Program:
    """Return a program in which some priors have another form; a parameter without a prior gets one.

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
        Several prior statements are about a parameter, or Stan does not accept the new one.
    """
    texts: dict[int, str] = {}
    added: list[n.Stmt] = []
    for name, form in forms.items():
        term = find_prior_statement(program, name)
        if term is not None:
            texts[term.statement] = _text(term.outcome or name, form)
        else:
            added.append(n.Raw(_text(name, form)))

    def change(node: Any) -> Any:
        if isinstance(node, n.Stmt) and node.id in texts:
            return n.Raw(texts[node.id])
        return node

    body = t.rebuild(program.tree.block("model"), change)
    tree = program.tree.replace(model=(*body, *added))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / program.path.name
    path.write_text(to_text(tree) + "\n", encoding="utf-8")
    try:
        found = reading.read(path, stanc)
    except ProgramError as reason:
        said = ", ".join(f"`{name} ~ {form}`" for name, form in forms.items())
        raise PriorError(f"Stan does not accept {said}: {_in_brief(reason.message)}") from reason
    return replace(_with_roles(program, found, stanc), name=program.name)


def check_form(name: str, form: str) -> None:
    """Refuse what is no single distribution.

    Raises
    ------
    PriorError
        It is neither like `student_t(3, 0, 2.5)`, with limits T[0, ] if need be, nor `flat`.
    """
    if form.strip() != FLAT and not _DISTRIBUTION.match(form.strip().rstrip(";")):
        raise PriorError(
            f"the prior of `{name}` was expected to be one distribution with its arguments, found `{form}`.",
            hint=f"like `{name}=student_t(3, 0, 2.5)`, `{name}=normal(0, 1) T[0, ]`, or `{name}=flat`",
        )


def _in_brief(message: str) -> str:
    """Return Stan's words without the place in a text that nobody wrote, and without its lines."""
    words, *_ = _LISTING.split(_PLACE.sub("", message))
    said, _, signatures = " ".join(words.split()).partition(" Available signatures:")
    counted = _COUNTED.search(signatures)
    return f"{said} {counted[0]}" if counted else said


def find_prior_statement(program: Program, name: str) -> Term | None:
    """Return the only prior statement about a parameter; `None` where it has no prior: it is flat.

    Raises
    ------
    PriorError
        There are several; or there is none, and the program says something else about it.
    """
    found = [
        term for term in program.terms if term.role == "prior" and name in (term.outcome, *term.outcomes)
    ]
    if len(found) == 1 and not found[0].calls:
        return found[0]
    if not found and name in list_flat_parameters(program):
        return None
    known = sorted({term.outcome or "" for term in program.terms if term.role == "prior"} - {""})
    flat = [f"`{one}`" for one in list_flat_parameters(program)]
    hints = [f"prior statements are about {', '.join(f'`{one}`' for one in known)}"] if known else []
    hints += [f"without a prior, and free to get one, {_verb(flat)} {', '.join(flat)}"] if flat else []
    raise PriorError(
        f"`{name}` has {len(found)} prior statements in `{program.path.name}`, not one.",
        hint="; ".join(hints) or None,
    )


def list_flat_parameters(program: Program) -> list[str]:
    """Return the parameters that the program gives no prior: flat where they are declared.

    One that is part of a statement whose role is not known may have a prior in it, and is left out.
    """
    unclear = {name for term in program.terms if term.confidence == "ask" for name in term.parameters}
    return [one.name for one in describe(program).parameters if one.kind in _FLAT and one.name not in unclear]


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _text(outcome: str, form: str) -> str:
    return "{ }" if form.strip() == FLAT else f"{outcome} ~ {form.strip().rstrip(';')};"


def _with_roles(program: Program, found: Program, stanc: Stanc) -> Program:
    """Return the new program with the roles that the user had settled in the old one."""
    settled: dict[str | int, Role] = {}
    if len(found.terms) == len(program.terms):
        pairs = zip(program.terms, found.terms, strict=True)
        settled = {new.index: old.role for old, new in pairs if old.is_settled and new.role != old.role}
    return reading.settle_roles(found, settled, stanc) if settled else found
