"""Statements in the place of one stand without braces wherever Stan needs none."""

from __future__ import annotations

from workbench.program.rewrite.splice import remove_braces, splice, splice_out
from workbench.program.syntax import nodes as n
from workbench.program.syntax.printer import to_text

BREAK, CONTINUE = n.Jump("break"), n.Jump("continue")


def test_several_statements_stand_beside_their_neighbours():
    statements = remove_braces([n.Block((BREAK, splice([CONTINUE, CONTINUE])))])
    assert to_text(statements) == "{ break; continue; continue; }"


def test_a_removed_statement_leaves_nothing():
    assert remove_braces([BREAK, splice_out()]) == (BREAK,)


def test_braces_stay_where_stan_needs_one_statement():
    loop = n.For("i", n.Numeral("1"), n.Numeral("2"), splice([BREAK, CONTINUE]))
    assert to_text(remove_braces([loop])) == "for (i in 1 : 2) { break; continue; }"


def test_a_removed_body_becomes_an_empty_statement():
    loop = n.For("i", n.Numeral("1"), n.Numeral("2"), splice_out())
    assert to_text(remove_braces([loop])) == "for (i in 1 : 2);"
