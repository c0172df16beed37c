"""The grammar of expressions: what is read, and that everything else is refused in words."""

import re

import pytest

from tests.prediction.by_hand import make_predictions
from workbench.errors import RequestError
from workbench.prediction.expressions import (
    MOST_CHARACTERS,
    Number,
    Operation,
    QuantityName,
    parse_expression,
)
from workbench.prediction.names import check_names, list_names

A, Y = QuantityName("a"), QuantityName("y_rep")

READ = {
    "a": A,
    " a ": A,
    "b[1] - b[2]": Operation("-", (QuantityName("b", "1"), QuantityName("b", "2"))),
    "Sigma[1,  2]": QuantityName("Sigma", "1,2"),
    "b[St. Andrew's > 5]": QuantityName("b", "St. Andrew's > 5"),
    "-2 ** 2": Operation("negative", (Operation("**", (Number(2.0), Number(2.0))),)),
    "2 ** -1": Operation("**", (Number(2.0), Number(-1.0))),
    "P(0 < a < 1)": Operation(
        "P", (Operation("and", (Operation("<", (Number(0.0), A)), Operation("<", (A, Number(1.0))))),)
    ),
    "E(y_rep) * 2": Operation("*", (Operation("E", (Y,)), Number(2.0))),
    "max(y_rep, 0)": Operation("max", (Y, Number(0.0))),
    "mean(y_rep > 5)": Operation("mean", (Operation(">", (Y, Number(5.0))),)),
    "return_level(y_rep, 100)": Operation("return_level", (Y, Number(100.0))),
}
"""Texts, and what they are."""


@pytest.mark.parametrize("text", READ)
def test_what_is_read(text):
    assert parse_expression(text).root == READ[text]


REFUSED = {
    "": "nothing",
    "P(y_rep)": "no condition, at character 1",
    "y_rep > 3": "a condition, `>`.*at character 1",
    "2 + P(a > 1)": "`P` within something else.*at character 5",
    "a ^ 2": "operator that is not in the grammar",
    "a % 2": "operator that is not in the grammar",
    "__import__('os')": "`__import__`, which is neither",
    "a.real": "not in the grammar",
    "b[b[1]]": r"`\[` that does not belong to a name, at character 2",
    "b[1][2]": "at character 5",
    "(1, 2)": "not in the grammar",
    "lambda: 1": "not in the grammar",
    "[a for a in b]": "does not belong",
    "a if a else 1": "not in the grammar",
    "(a := 1)": "not in the grammar",
    "f'{a}'": "not in the grammar",
    "a b": "cannot be read, at character 3",
    "((((": "cannot be read",
    "a\0": "neither a name nor a sign",
    "αβ": "neither a name nor a sign, at character 1",
    "E(a + 1)": "expectation of something other",
    "quantile(a, 2)": "between 0 and 1",
    "quantile(a, a)": "between 0 and 1",
    "return_level(a, 1)": "above 1",
    "open(a)": "calls `open`, which is not a function here, at character 1",
    "exp(a)(1)": "calls something",
    "P(*a)": "not in the grammar",
    "P(a=1)": "`P` 1 arguments",
    "exp(a, a)": "`exp` 2 arguments, where it takes 1",
    "'text'": "`'text'`, where a number",
    "True": "`True`, where a number",
    "1j": "where a number",
    "1e999": "too large",
    "9" * 400: "too large",
    "max(a > 1, 2)": "a condition",
    "P(not a)": "joins something that is no condition",
    "mean": "without parentheses",
    "b[]": "without an element",
    "-" * 300 + "a": "nested more than",
    "exp(" * 80 + "a" + ")" * 80: "nested more than",
    "a + " * MOST_CHARACTERS: "characters",
}
"""Texts that are no expressions, and words of their errors."""


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text):
    with pytest.raises(RequestError, match=REFUSED[text]) as raised:
        parse_expression(text)
    assert raised.value.hint


NAMES = list_names(
    make_predictions(), {"b[age]": "b[2]", "b[size of town]": "b[3]"}, columns=("price",), by_row=("growth",)
)

UNKNOWN = {
    "y_rpe + 1": ("unknown name, `y_rpe`, at character 1", "did you mean `y_rep`"),
    "zeta": (
        "unknown name, `zeta`",
        "there is `y_rep`, `growth`, `a`, `b`, `Sigma`, `slope`, `price`",
    ),
    "a + b": (
        "`b`, which is an array, without an element, at character 5",
        r"`b\[1\]` to `b\[3\]`, or `b\[age\]`",
    ),
    "b[4]": (r"`b\[4\]`, which `b` does not have", r"b\[1\]"),
    "b[0]": (r"`b\[0\]`, which `b` does not have", r"b\[1\]"),
    "b[income]": (r"`b\[income\]`, which `b` does not have", "age"),
    "a[1]": ("`a` is a single number", "`a`"),
    "Sigma[1]": (r"`Sigma\[1\]`", r"`Sigma\[1,1\]` to `Sigma\[2,2\]`"),
    "price[2]": ("a column of the new table", "`price`"),
    "mean(a)": ("over rows of something that has none", "rows"),
    "sum(mean(y_rep))": ("over rows of something that has none", "rows"),
    "E(a)": ("not the replicate of an outcome", r"`E\(y_rep\)`"),
    "E(growth)": ("no expectation of `growth` is known", "itself"),
}
"""Expressions with names that are not known, or are something else: words of their errors and hints."""


@pytest.mark.parametrize("text", UNKNOWN)
def test_names_that_are_not_known(text):
    message, hint = UNKNOWN[text]
    with pytest.raises(RequestError, match=message) as raised:
        check_names(parse_expression(text), NAMES)
    assert re.search(hint, str(raised.value.hint))


def test_a_name_must_mean_one_thing():
    names = list_names(make_predictions(), columns=("a",))
    with pytest.raises(RequestError, match="a quantity of the fit and a column of the new table"):
        check_names(parse_expression("a"), names)
