"""Fresh names are neither Stan's nor the program's, nor given twice."""

from __future__ import annotations

from workbench.program.syntax import nodes as n
from workbench.program.syntax.identifiers import FreshNames, to_identifier

TREE = n.Tree((("parameters", (n.Declare(n.Sized("real"), n.Constraint(), (("weights", None),)),)),))


def test_a_name_in_use_is_numbered():
    names = FreshNames(TREE)
    assert [names.take("weights"), names.take("weights"), names.take("roles")] == [
        "weights_2", "weights_3", "roles",
    ]  # fmt: skip


def test_a_reserved_word_is_numbered():
    assert FreshNames(n.Tree(())).take("target") == "target_2"


def test_any_text_becomes_an_identifier():
    assert [to_identifier(text) for text in ("8 schools", "beta[1].sigma", "…")] == [
        "m8_schools", "beta_1_sigma", "model",
    ]  # fmt: skip
