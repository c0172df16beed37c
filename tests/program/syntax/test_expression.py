"""Sizes and bounds have the values that Stan gives them; what cannot be evaluated is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import ProgramError
from workbench.program import Declaration, Stanc, read_program

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


def declare(text: str, stanc: Stanc, folder: Path) -> Declaration:
    """Return the declaration of a data variable."""
    file = folder / "sizes.stan"
    file.write_text(
        "functions { int twice(int n) { return 2 * n; } } "
        f"data {{ int N; int K; array[3] int g; matrix[2, 2] m; real b; {text} }}"
    )
    return read_program(file, stanc).data[-1]


@pytest.mark.parametrize(("text", "expected"), _SIZES.items())
def test_sizes(text: str, expected: int, stanc: Stanc, tmp_path: Path):
    (size,) = declare(f"vector[{text}] x;", stanc, tmp_path).sizes
    value = size.evaluate(_VALUES)
    assert value == expected
    assert isinstance(value, int)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-2.5", -3), ("2.5", 3), ("-0.5", -1), ("0.49999999999999994", 0), ("-1.4", -1), ("3", 3)],
)
def test_halves_are_rounded_away_from_zero_as_stan_does(
    text: str, expected: float, stanc: Stanc, tmp_path: Path
):
    declaration = declare(f"real<lower=round({text})> x;", stanc, tmp_path)
    assert declaration.lower is not None
    assert declaration.lower.evaluate(_VALUES) == expected


def test_bounds(stanc: Stanc, tmp_path: Path):
    declaration = declare("real<lower=-b, upper=positive_infinity()> x;", stanc, tmp_path)
    assert declaration.lower is not None
    assert declaration.upper is not None
    assert declaration.lower.evaluate(_VALUES) == -0.5
    assert declaration.upper.literal == float("inf")
    assert declaration.lower.literal is None
    assert declaration.lower.names == {"b"}


@pytest.mark.parametrize(("text", "values"), [("twice(N)", _VALUES), ("N", {}), ("N / K", {"N": 1, "K": 0})])
def test_what_cannot_be_evaluated_is_named(text: str, values, stanc: Stanc, tmp_path: Path):
    (size,) = declare(f"vector[{text}] x;", stanc, tmp_path).sizes
    with pytest.raises(ProgramError) as caught:
        size.evaluate(values)
    assert caught.value.message.startswith(f"`{text}` ")
