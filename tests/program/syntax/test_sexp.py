"""S-expressions are parsed as OCaml prints them."""

from __future__ import annotations

import pytest

from workbench.errors import ProgramError
from workbench.program.syntax.sexp import as_atom, as_fields, as_list, as_variant, parse_sexp


def test_quoted_atoms_are_unescaped():
    assert parse_sexp(r'(a "b \"c\" \\ \n" ())') == ["a", 'b "c" \\ \n', []]


def test_a_field_without_a_value_is_an_empty_list():
    assert as_fields(parse_sexp("((a 1) (b))")) == {"a": "1", "b": []}


def test_a_variant_may_have_no_arguments():
    assert as_variant("All") == ("All", [])
    assert as_variant(["Between", "1", "2"]) == ("Between", ["1", "2"])


def test_another_form_than_expected_is_refused():
    with pytest.raises(ProgramError, match="`a`"):
        as_list("a")
    with pytest.raises(ProgramError, match="list"):
        as_atom(["a"])
