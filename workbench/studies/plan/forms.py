"""Other forms of priors: the program with whole prior statements replaced, added or removed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench import program as programs
from workbench.errors import PriorError, ProgramError
from workbench.program import Program, Role, Stanc, Term, describe
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text

FLAT = "flat"
"""The form that removes a prior statement."""

_DISTRIBUTION = re.compile(r"^\w+\s*\([^;{}~]*\)\s*(T\s*\[[^;{}~]*\])?$", re.DOTALL)
"""A single distribution with its arguments, truncated or not."""

_ARGUMENT_COUNT = re.compile(r"Expected \d+ arguments but found \d+ arguments\.")
"""What stanc says about a wrong number of arguments, after a list of signatures."""

_PLACE = re.compile(r"^`[^`]*`, line \d+, column \d+: ")
"""The place at the head of a message of stanc; here it is one in a generated program."""

_LISTING = re.compile(r"\n *-*\n|\n +\d+:")
"""Where the listing of the program begins in a message of stanc."""

_KINDS_WITHOUT_PRIOR = ("flat", "uniform")
"""The kinds that `describe` gives to parameters without a prior."""


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
        A parameter has several prior statements, or Stan does not accept the new one.
    """
    texts: dict[int, str] = {}
    added: list[n.Stmt] = []
    for name, form in forms.items():
        term = find_prior_statement(program, name)
        if term is not None:
            texts[term.statement] = _write_statement(term.outcome or name, form)
        else:
            added.append(n.Raw(_write_statement(name, form)))

    def change(node: Any) -> Any:
        if isinstance(node, n.Stmt) and node.id in texts:
            return n.Raw(texts[node.id])
        return node

    body = t.rebuild(program.tree.get_block("model"), change)
    tree = program.tree.replace(model=(*body, *added))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / program.path.name
    path.write_text(to_text(tree) + "\n", encoding="utf-8")
    try:
        changed = programs.read_program(path, stanc)
    except ProgramError as reason:
        statements = ", ".join(f"`{name} ~ {form}`" for name, form in forms.items())
        raise PriorError(f"Stan does not accept {statements}: {_shorten(reason.message)}") from reason
    return replace(_keep_settled_roles(program, changed, stanc), name=program.name)


def check_form(name: str, form: str) -> None:
    """Refuse a form that is not a single distribution.

    Raises
    ------
    PriorError
        It is neither like `student_t(3, 0, 2.5)`, truncated by T[0, ] or not, nor `flat`.
    """
    if form.strip() != FLAT and not _DISTRIBUTION.match(form.strip().rstrip(";")):
        raise PriorError(
            f"the prior of `{name}` was expected to be one distribution with its arguments, found `{form}`.",
            hint=f"write `{name}=student_t(3, 0, 2.5)`, `{name}=normal(0, 1) T[0, ]` or `{name}=flat`",
        )


def find_prior_statement(program: Program, name: str) -> Term | None:
    """Return the only prior statement about a parameter; `None` if the parameter is flat.

    Raises
    ------
    PriorError
        The parameter has several, or one that cannot be replaced; or no such parameter can get a prior.
    """
    statements = [
        term for term in program.terms if term.role == "prior" and name in (term.outcome, *term.outcomes)
    ]
    if len(statements) == 1 and not statements[0].calls:
        return statements[0]
    flat = list_flat_parameters(program)
    if not statements and name in flat:
        return None
    raise PriorError(
        f"{_explain_no_statement(name, statements)} in `{program.path.name}`.",
        hint=_list_candidates(program, flat),
    )


def list_flat_parameters(program: Program) -> list[str]:
    """Return the parameters to which the program gives no prior.

    A parameter in a statement whose role is not known is left out: that statement may be its prior.
    """
    unclear = {name for term in program.terms if term.confidence == "ask" for name in term.parameters}
    return [
        parameter.name
        for parameter in describe(program).parameters
        if parameter.kind in _KINDS_WITHOUT_PRIOR and parameter.name not in unclear
    ]


def _explain_no_statement(name: str, statements: Sequence[Term]) -> str:
    if not statements:
        return f"`{name}` has no prior statement"
    if len(statements) == 1:
        return f"the prior statement of `{name}` is in a function and cannot be replaced"
    return f"`{name}` has {len(statements)} prior statements, and only a single one can be replaced"


def _list_candidates(program: Program, flat: Sequence[str]) -> str | None:
    """Return which parameters have a prior statement, and which can get one."""
    known = sorted({term.outcome or "" for term in program.terms if term.role == "prior"} - {""})
    hints = [f"there are prior statements for {_quote(known)}"] if known else []
    hints += [f"a prior can be added for {_quote(flat)}"] if flat else []
    return "; ".join(hints) or None


def _quote(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shorten(message: str) -> str:
    """Return Stan's message on one line, without its place in the generated program and its listing."""
    text, *_ = _LISTING.split(_PLACE.sub("", message))
    problem, _, signatures = " ".join(text.split()).partition(" Available signatures:")
    count = _ARGUMENT_COUNT.search(signatures)
    return f"{problem} {count[0]}" if count else problem


def _write_statement(outcome: str, form: str) -> str:
    return "{ }" if form.strip() == FLAT else f"{outcome} ~ {form.strip().rstrip(';')};"


def _keep_settled_roles(program: Program, changed: Program, stanc: Stanc) -> Program:
    """Return the changed program with the roles that the user settled in the original."""
    settled: dict[str | int, Role] = {}
    if len(changed.terms) == len(program.terms):
        pairs = zip(program.terms, changed.terms, strict=True)
        settled = {new.index: old.role for old, new in pairs if old.is_settled and new.role != old.role}
    return programs.settle_roles(changed, settled, stanc) if settled else changed
