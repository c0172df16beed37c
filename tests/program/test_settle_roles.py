"""Roles are the user's to settle, and settling them changes weights before it changes the program."""

from __future__ import annotations

import pytest

from tests.program.conftest import Library
from workbench.errors import ProgramError
from workbench.program import Stanc, settle_roles


def test_a_line_is_settled(library: Library, stanc: Stanc):
    before = library["soft_constraint"]
    after = settle_roles(before, {"line 11": "latent"}, stanc)
    (term,) = [term for term in after.terms if term.line == 11]
    assert (term.role, term.confidence, term.reason) == ("latent", "certain", "settled by the user")
    assert not [item for item in after.obstacles if item.feature == "roles"]


def test_an_unplaced_term_becomes_likelihood_without_another_program(library: Library, stanc: Stanc):
    before = library["soft_constraint"]
    after = settle_roles(before, {2: "likelihood"}, stanc)
    assert before.instrumented is not None
    assert after.instrumented is not None
    assert after.instrumented.source == before.instrumented.source
    assert after.instrumented.data({"likelihood": 0})["weights"] == [1.0, 0, 0]
    assert before.instrumented.data({"likelihood": 0})["weights"] == [1.0, 1.0, 0]


def test_a_prior_called_latent_keeps_the_program(library: Library, stanc: Stanc):
    before = library["schools_centred"]
    after = settle_roles(before, {"line 14": "latent"}, stanc)
    assert before.instrumented is not None
    assert after.instrumented is not None
    assert after.instrumented.source == before.instrumented.source
    assert after.instrumented.data({"prior": 0})["weights"] == [0, 1.0, 1.0, 1.0]


def test_settled_roles_add_up(library: Library, stanc: Stanc):
    once = settle_roles(library["schools_centred"], {1: "latent"}, stanc)
    twice = settle_roles(once, {2: "unplaced"}, stanc)
    assert [term.role for term in twice.terms] == ["latent", "unplaced", "latent", "likelihood"]


@pytest.mark.parametrize("key", ["line 1", 99, "mu"])
def test_a_place_without_a_term_is_named(key: str | int, library: Library, stanc: Stanc):
    with pytest.raises(ProgramError, match=f"no term at `{key}`") as caught:
        settle_roles(library["schools_centred"], {key: "prior"}, stanc)
    assert "`13`" in str(caught.value.hint)


def test_a_word_that_is_no_role_is_named(library: Library, stanc: Stanc):
    with pytest.raises(ProgramError, match="`priors` is no role"):
        settle_roles(library["schools_centred"], {1: "priors"}, stanc)  # type: ignore[dict-item]
