"""Sizes solved from the length of what is declared with them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.binding.values.sizes import solve_size


@pytest.mark.parametrize("text", ["N", "N + 3", "2 * N", "2 * N - 1", "N * N", "N * (N + 1) %/% 2", "N + N"])
@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, 40))
def test_a_size_is_recovered_from_the_length_it_gives(program_from, text, size):
    program = program_from(f"data {{ int N; vector[{text}] y; }} model {{ }}")
    expression = program.data[1].sizes[0]
    length = expression.evaluate({"N": size})
    if length >= 0:
        assert solve_size(expression, "N", length, {}) == size


def test_an_ambiguous_size_is_not_derived(program_from):
    program = program_from("data { int N; vector[N %/% 2] y; } model { }")
    assert solve_size(program.data[1].sizes[0], "N", 4, {}) is None
