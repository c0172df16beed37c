"""Other forms of priors: the program with whole prior statements replaced, added or removed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench import program as programs
from workbench.errors import PriorError, ProgramError
from workbench.program import Program, ReplacedPrior, Stanc, Term, describe
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.edit_source import Edit, edit_source
from workbench.program.syntax.printer import to_text
from workbench.program.syntax.source import tokenize

FLAT = "flat"
"""The form that removes a prior statement."""

_EMPTY = "{ }"
"""What stands in place of a removed statement: a block without statements."""

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


def replace_priors(
    program: Program, forms: Mapping[str, str], stanc: Stanc, option: str = "--prior-form"
) -> Program:
    """Return a program in which some priors have another form; a parameter without a prior gets one.

    The author's file is not touched, and the new program has its name and its path. Other statements keep
    their lines, unless a prior stands in an included file: then the whole program is printed anew.

    Parameters
    ----------
    program
        The program as it stands.
    forms
        By parameter: a distribution with its arguments, such as `student_t(3, 0, 2.5)`, or `flat`.
    stanc
        Reads the new program.
    option
        The option that requests the forms.

    Raises
    ------
    PriorError
        A parameter has several prior statements, or Stan does not accept the new one.
    """
    replaced: list[ReplacedPrior] = []
    statements: dict[int, str] = {}
    for name, form in forms.items():
        term = find_prior_statement(program, name)
        if term is None:
            replaced.append(ReplacedPrior(name, _write_statement(name, form), option=option))
        else:
            new = _write_statement(term.outcome or name, form)
            statements[term.statement] = new or _EMPTY
            replaced.append(ReplacedPrior(name, new, term.text, term.line, option))
    added = [prior.statement for prior in replaced if not prior.original and prior.statement]
    return replace_statements(program, statements, added, stanc, replaced)


def restore_replaced(program: Program, replaced: Sequence[ReplacedPrior], stanc: Stanc) -> Program:
    """Return the program of a file with the priors that an earlier fit put into it.

    A prior whose original statement is not there any more is left out: the hash of the program then differs.
    """
    for prior in replaced:
        term = next((term for term in program.terms if term.text == prior.original), None)
        if prior.original and term is None:
            continue
        statements = {} if term is None else {term.statement: prior.statement or _EMPTY}
        added = [] if prior.original else [prior.statement]
        program = replace_statements(program, statements, added, stanc, [prior])
    return program


def replace_statements(
    program: Program,
    statements: Mapping[int, str],
    added: Sequence[str],
    stanc: Stanc,
    replaced: Sequence[ReplacedPrior],
    *,
    constants: Sequence[str] = (),
) -> Program:
    """Return a program with some statements of its model block replaced, and others added at its end.

    Parameters
    ----------
    program
        The program.
    statements
        By the number of a statement: the text in its place.
    added
        Further statements.
    stanc
        Reads the new program.
    replaced
        What the new program says about these changes.
    constants
        Declarations at the end of its transformed data.

    Raises
    ------
    PriorError
        Stan does not accept the new statements.
    """

    def change(node: Any) -> Any:
        if isinstance(node, n.Stmt) and node.id in statements:
            return n.Raw(statements[node.id])
        return node

    body = t.rebuild(program.tree.get_block("model"), change)
    prepared = (*program.tree.get_block("transformed data"), *(n.Raw(text) for text in constants))
    tree = program.tree.replace(transformed_data=prepared, model=(*body, *(n.Raw(text) for text in added)))
    printed = to_text(tree) + "\n"
    edited = None if constants else _edit_source(program, statements, added)
    try:
        changed = programs.read_text(program, edited, stanc) if edited is not None else None
        if changed is None or _list_tokens(to_text(changed.tree)) != _list_tokens(printed):
            changed = programs.read_text(program, printed, stanc)
    except ProgramError as reason:
        listed = ", ".join(f"`{prior.statement.rstrip(';')}`" for prior in replaced if prior.statement)
        raise PriorError(f"Stan does not accept {listed}: {_shorten(reason.message)}") from reason
    changed = replace(changed, replaced_priors=(*program.replaced_priors, *replaced))
    return _keep_settled_roles(program, changed, stanc)


def _edit_source(program: Program, statements: Mapping[int, str], added: Sequence[str]) -> str | None:
    """Return the author's text with statements replaced and added; `None` where that is not possible."""
    model = program.tree.get_block("model")
    nodes = {node.id: node for node in t.walk(model) if isinstance(node, n.Stmt) and node.id in statements}
    last = model[-1] if model and added else None
    if added and last is None:
        return None
    if last is not None:
        nodes.setdefault(last.id, last)
    edits = []
    for number, node in nodes.items():
        place = program.places.get(number)
        if place is None or place.path != program.path:
            return None
        addition = " ".join(added) if last is not None and number == last.id else ""
        edits.append(Edit(place, to_text(node), statements.get(number), addition))
    return edit_source(program.source, edits)


def _list_tokens(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


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
            hint=f"write --prior-form '{name}=student_t(3, 0, 2.5)', '{name}=normal(0, 1) T[0, ]' or "
            f"{name}=flat",
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
        _check_is_alone(program, name, statements[0])
        return statements[0]
    flat = list_flat_parameters(program)
    if not statements and name in flat:
        return None
    parameters = [declaration.name for declaration in program.parameters]
    if not statements and not any(parameter in name for parameter in parameters):
        close = difflib.get_close_matches(name, parameters, 1)
        raise PriorError(
            f"`{name}` is not a parameter of `{program.path.name}`; it has {_quote(parameters)}.",
            hint=f"did you mean `{close[0]}`?" if close else None,
        )
    raise PriorError(
        f"{_explain_no_statement(name, statements)} in `{program.path.name}`.",
        hint=_list_candidates(program, flat),
    )


def _check_is_alone(program: Program, name: str, term: Term) -> None:
    """Refuse a prior whose statement adds something else too, or is about a function of the parameter.

    Raises
    ------
    PriorError
        What else the statement adds, or what it is a density of.
    """
    place = f"`{term.text}` in `{program.path.name}`, line {term.line}"
    others = [other for other in program.terms if other is not term and other.statement == term.statement]
    if others or len(term.contributions) > 1:
        raise PriorError(
            f"the prior of `{name}`, {place}, is one of several summands of its statement.",
            hint="write each prior as a statement of its own",
        )
    if term.is_transformed and name != term.outcome:
        raise PriorError(
            f"the prior of `{name}`, {place}, is a density of `{term.outcome}`.",
            hint=f"name that: --prior-form '{term.outcome}=normal(0, 1)'",
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
    """Return a prior statement; empty for a flat prior."""
    return "" if form.strip() == FLAT else f"{outcome} ~ {form.strip().rstrip(';')};"


def _keep_settled_roles(program: Program, changed: Program, stanc: Stanc) -> Program:
    """Return the changed program with the roles that were settled in the original."""
    kept: dict[str | int, Term] = {}
    if len(changed.terms) == len(program.terms):
        pairs = zip(program.terms, changed.terms, strict=True)
        kept = {new.index: old for old, new in pairs if old.is_settled and new.role != old.role}
    else:  # statements were removed: the same text is the same term
        by_text = {term.text: term for term in program.terms if term.is_settled}
        kept = {
            term.index: by_text[term.text]
            for term in changed.terms
            if by_text.get(term.text, term).role != term.role
        }
    settled = {index: term.role for index, term in kept.items()}
    reasons = {index: term.reason for index, term in kept.items()}
    return programs.settle_roles(changed, settled, stanc, reasons) if settled else changed
