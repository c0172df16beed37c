"""Sizes and bounds are evaluated as Stan would, and say so when they cannot be."""

from __future__ import annotations

import pytest

from tests.program.conftest import Library
from workbench.errors import ProgramError
from workbench.program import Stanc
from workbench.program import read as read_program

_SIZES = {
    "N": 7,
    "N + 1": 8,
    "N * K - 1": 13,
    "N / 2": 3,
    "N % 4": 3,
    "N %/% 2": 3,
    "-1 + N": 6,
    "(N > 3 ? K : N)": 2,
    "size(g)": 3,
    "sum(g)": 6,
    "max(g)": 3,
    "g[2]": 2,
    "size(g[2:])": 2,
    "num_elements(m)": 4,
    "choose(4, K)": 6,
    "K * (K - 1) / 2": 1,
}
_VALUES = {"N": 7, "K": 2, "g": [1, 2, 3], "m": [[1.0, 2.0], [3.0, 4.0]], "b": 0.5}


def declared(text: str, stanc: Stanc, folder):
    file = folder / "sizes.stan"
    file.write_text(
        "functions { int twice(int n) { return 2 * n; } } "
        f"data {{ int N; int K; array[3] int g; matrix[2, 2] m; real b; {text} }}"
    )
    return read_program(file, stanc).data[-1]


@pytest.mark.parametrize(("text", "value"), _SIZES.items())
def test_sizes(text: str, value: int, stanc: Stanc, tmp_path):
    (size,) = declared(f"vector[{text}] x;", stanc, tmp_path).sizes
    found = size.evaluate(_VALUES)
    assert found == value
    assert isinstance(found, int)


def test_bounds(stanc: Stanc, tmp_path):
    found = declared("real<lower=-b, upper=positive_infinity()> x;", stanc, tmp_path)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower.evaluate(_VALUES) == -0.5
    assert found.upper.literal == float("inf")
    assert found.lower.literal is None
    assert found.lower.names == {"b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("vector[twice(N)] x;", "not an expression that the workbench evaluates"),
        ("vector[N] x;", "`N` has no value"),
    ],
)
def test_what_cannot_be_evaluated_is_named(text: str, words: str, stanc: Stanc, tmp_path):
    (size,) = declared(text, stanc, tmp_path).sizes
    with pytest.raises(ProgramError, match=words):
        size.evaluate({} if "twice" not in text else _VALUES)


def test_division_by_zero_is_an_error_in_words(stanc: Stanc, tmp_path):
    (size,) = declared("vector[N / K] x;", stanc, tmp_path).sizes
    with pytest.raises(ProgramError, match="`N / K` has no value"):
        size.evaluate({"N": 1, "K": 0})


def test_declarations_read_as_written(library: Library):
    texts = {item.name: item.text for item in library["correlated_effects"].parameters}
    assert texts["L"] == "cholesky_factor_corr[2]"
    assert texts["tau"] == "vector<lower=0>[2]"
    tuples = library["tuples"].parameters[0]
    assert tuples.text == "tuple(real, array[2] real<lower=0>)"
    assert [item.name for item in tuples.members] == ["p.1", "p.2"]
    affine = library["schools_affine"].parameters[-1]
    assert affine.text == "vector<offset=mu, multiplier=tau>[J]"
    assert affine.multiplier is not None
    assert affine.multiplier.text == "tau"
    assert affine.line == 10
