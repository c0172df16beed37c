"""A construct that the decoder does not know leaves its block out, with an explanation."""

from __future__ import annotations

import pytest

from tests.program.conftest import MODELS
from workbench.errors import ProgramError
from workbench.program import Stanc, read_program
from workbench.program.syntax.decode_statements import STATEMENTS


def test_an_unknown_construct_leaves_its_block_out_and_is_named(monkeypatch, stanc: Stanc):
    monkeypatch.delitem(STATEMENTS, "Profile")
    program = read_program(MODELS / "control_flow.stan", stanc)
    assert program.instrumented is None
    assert program.terms == ()
    assert program.obstacles[0].feature == "instrumenting"
    assert "`Profile`" in program.obstacles[0].message
    assert [item.name for item in program.data] == ["N", "y", "wide"]


def test_a_known_construct_in_another_form_leaves_its_block_out(monkeypatch, stanc: Stanc):
    def decode(decoder, arguments, number):
        raise KeyError("kind")

    monkeypatch.setitem(STATEMENTS, "Tilde", decode)
    program = read_program(MODELS / "schools_centred.stan", stanc)
    assert program.instrumented is None
    assert "`model`" in program.obstacles[0].message
    assert "does not know" in program.obstacles[0].message


def test_data_in_an_unknown_form_are_refused(monkeypatch, stanc: Stanc):
    monkeypatch.delitem(STATEMENTS, "VarDecl")
    with pytest.raises(ProgramError, match="block `data`"):
        read_program(MODELS / "schools_centred.stan", stanc)
