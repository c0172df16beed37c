"""Statements replaced in the author's text."""

from pathlib import Path

import pytest

from workbench.program.syntax.edit_source import Edit, edit_source
from workbench.program.syntax.source import Place

TEXT = """a ~ normal(0, /* why */
  1_0); b = 2;
for (i in 1:3) {
  c ~ normal(0, 1); // c
}
d = 1; d = 1;
"""


def edit(statement, first, last, replacement=None, addition=""):
    return Edit(Place(Path("m.stan"), first, last), statement, replacement, addition)


def test_lines_below_keep_their_numbers():
    text = edit_source(TEXT, [edit("a ~ normal(0, 10);", 1, 2, "a ~ cauchy(0, 1);")])
    assert text is not None
    assert text.splitlines()[:2] == ["a ~ cauchy(0, 1);", " b = 2;"]
    assert text.splitlines()[2:] == TEXT.splitlines()[2:]


def test_several_edits_one_within_another():
    loop = edit("for (i in 1:3) { c ~ normal(0, 1); }", 3, 5, addition="e = 1;")
    text = edit_source(TEXT, [loop, edit("c ~ normal(0, 1);", 4, 4, "{ }", "f = 1;")])
    assert text is not None
    assert text.splitlines()[3:5] == ["  { } f = 1; // c", "} e = 1;"]


@pytest.mark.parametrize("statement", ["d = 1;", "c ~ normal(0, 2);", ""])
def test_what_is_not_there_or_there_twice_is_not_edited(statement):
    assert edit_source(TEXT, [edit(statement, 4, 6, "x")]) is None
