"""The syntax tree that stanc prints, decoded into ours.

The forms are those of stanc's ``--debug-decorated-ast`` (Stan 2.39). A constructor without a rule here is an
error with an explanation, never a guess: a decoded block is complete, or it is left out.
"""

from __future__ import annotations

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax.decode_statements import StatementDecoder
from workbench.program.syntax.sexp import as_fields, as_list, parse_sexp


def parse_tree(text: str) -> n.Tree:
    """Return the syntax tree that stanc printed.

    A block that cannot be decoded is left out, and `Tree.undecoded` says why.
    """
    fields = as_fields(parse_sexp(text))
    decoder = StatementDecoder()
    blocks, undecoded = [], {}
    for name in n.BLOCKS:
        block = fields.get(name.replace(" ", "").replace("functions", "function") + "block", [])
        if block:
            try:
                statements = as_fields(as_list(block)[0])["stmts"]
                blocks.append((name, decoder.decode_statements(statements)))
            except (ProgramError, LookupError, ValueError) as reason:
                undecoded[name] = f"The block `{name}` cannot be analysed: {_explain(reason)}"
    return n.Tree(tuple(blocks), undecoded)


def _explain(reason: Exception) -> str:
    if isinstance(reason, ProgramError):
        return reason.message
    return "this version of stanc prints it in a form that the workbench does not know."
