"""What the text of a program shows about its variables: recursions, indices, definitions, statements.

A report is made from stored files, without Stan. What the text does not show plainly is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
"""A comment of Stan."""

_LOOP = re.compile(r"\bfor\s*\(\s*(\w+)\s+in\b")
"""The head of a loop."""

_LOOP_BLOCK = re.compile(r"\bfor\s*\(\s*(\w+)\s+in\b[^{;]*\)\s*\{")
"""The head of a loop over a block, with the brace that opens it."""

_STATEMENT = re.compile(r"([^~]+)~\s*(\w+)\s*\((.*)\)\s*;?\s*", re.DOTALL)
"""A distribution statement: outcome, distribution, arguments."""

_TARGET = re.compile(r"target\s*\+=\s*(\w+)_lu?p[dm]f\s*\(([^|]*)\|(.*)\)\s*;?\s*", re.DOTALL)
"""The same as a summand of `target`: distribution, outcome, arguments."""


@dataclass(frozen=True)
class Statement:
    """A statement that an outcome has a distribution with some arguments, as the program writes them."""

    outcome: str
    distribution: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class ProgramText:
    """The text of a program."""

    source: str

    @cached_property
    def code(self) -> str:
        """The text without comments."""
        return _COMMENT.sub(" ", self.source)

    @cached_property
    def loop_variables(self) -> frozenset[str]:
        """The variables that count in loops."""
        return frozenset(_LOOP.findall(self.code))

    def is_recursive(self, name: str) -> bool:
        """Return whether elements of a variable are stated given their neighbours, as in a time series.

        >>> text = ProgramText("for (t in 2 : T) x[t] = x[t - 1] + s * z[t];")
        >>> text.is_recursive("x"), text.is_recursive("z")
        (True, False)
        """
        before = rf"\b{re.escape(name)}\s*\["
        in_loop = any(
            re.search(rf"{before}\s*{variable}\s*[-+]\s*\d+\s*[],]", self.code)
            and re.search(rf"{before}\s*{variable}\s*[],]", self.code)
            for variable in self.loop_variables
        )
        in_slices = re.search(rf"{before}\s*2\s*:", self.code) and re.search(
            rf"{before}\s*1?\s*:[^\]]*-\s*1\b", self.code
        )
        in_sums = any("cumulative_sum" in formula for formula in self.list_formulas(name))
        return in_loop or bool(in_slices) or in_sums or self._is_carried(name)

    def _is_carried(self, name: str) -> bool:
        """Return whether the elements are the values of a variable that a loop carries on, as in a forecast.

        A variable that starts anew in each step is not carried on.

        >>> ProgramText("for (h in 1:H) { last = a * last; x[h] = last; }").is_recursive("x")
        True
        >>> ProgramText("for (n in 1:N) { s = 0; for (k in 1:K) s += z[k]; x[n] = s; }").is_recursive("x")
        False
        """
        for head in _LOOP_BLOCK.finditer(self.code):
            body = _read_block(self.code[head.end() :])
            element = rf"\b{re.escape(name)}\s*\[\s*{head[1]}\s*\]\s*=\s*([A-Za-z]\w*)\s*;"
            if any(_is_carried_on(carried, body) for carried in re.findall(element, body)):
                return True
        return False

    def find_outcome_given_neighbours(self, text: str) -> str | None:
        """Return the outcome of a statement that gives its elements a distribution given their neighbours.

        >>> text = ProgramText("for (n in 2:N) y[n] ~ normal(a * y[n - 1], s);")
        >>> text.find_outcome_given_neighbours("y[n] ~ normal(a * y[n - 1], s);")
        'y'
        """
        plain, target = _STATEMENT.fullmatch(text), _TARGET.fullmatch(text)
        if plain:
            outcome, arguments = plain[1], plain[3]
        elif target:
            outcome, arguments = target[2], target[3]
        else:
            return None
        element = re.fullmatch(r"\s*([A-Za-z]\w*)\s*\[\s*(\w+)\s*(:[^]]*)?\]\s*", outcome)
        if element is None:
            return None
        name, first, is_slice = element.groups()
        if is_slice:
            before = rf"\b{name}\s*\[\s*1?\s*:[^\]]*-\s*\d+\s*\)?\s*\]"
            return name if first.isdigit() and int(first) > 1 and re.search(before, arguments) else None
        before = rf"\b{name}\s*\[\s*{first}\s*-\s*\d+\s*\]"
        return name if first in self.loop_variables and re.search(before, arguments) else None

    def list_index_names(self, name: str) -> frozenset[str]:
        """Return the variables that a variable is indexed by: `level[group]`, `level[group[n]]`.

        >>> sorted(ProgramText("y ~ normal(level[group] + b[who[n]], 1);").list_index_names("b"))
        ['who']
        """
        pattern = rf"\b{re.escape(name)}\s*\[\s*([A-Za-z]\w*)\s*(?:\[[^\]]*\])?\s*\]"
        return frozenset(re.findall(pattern, self.code)) - self.loop_variables

    def list_formulas(self, name: str) -> tuple[str, ...]:
        """Return the expressions that are assigned to a variable or its elements.

        >>> ProgramText("vector[J] theta = mu + tau * raw;").list_formulas("theta")
        ('mu + tau * raw',)
        """
        pattern = rf"\b{re.escape(name)}\s*(?:\[[^\]=]*\])?\s*=(?!=)([^;]*);"
        return tuple(formula.strip() for formula in re.findall(pattern, self.code))

    def is_made_from(self, name: str, other: str) -> bool:
        """Return whether the other variable occurs in what is assigned to a variable."""
        return any(re.search(rf"\b{re.escape(other)}\b", formula) for formula in self.list_formulas(name))

    def drop_loop_indices(self, expression: str) -> str:
        """Return an expression without indices that count in loops, and without spaces around it.

        >>> ProgramText("for (n in 1 : N) y[n] ~ normal(mu[n], s);").drop_loop_indices(" mu[n] ")
        'mu'
        """
        for variable in self.loop_variables:
            expression = re.sub(rf"\[\s*{variable}\s*\]", "", expression)
        return expression.strip()

    def read_statement(self, text: str) -> Statement | None:
        """Return the parts of a statement, without indices that count in loops; `None` for any other text.

        >>> ProgramText("").read_statement("y ~ normal(f(a, b), sigma);").arguments
        ('f(a, b)', 'sigma')
        """
        plain = _STATEMENT.fullmatch(text)
        target = _TARGET.fullmatch(text)
        if plain:
            outcome, distribution, arguments = plain.groups()
        elif target:
            distribution, outcome, arguments = target.groups()
        else:
            return None
        parts = tuple(self.drop_loop_indices(part) for part in split_outside_brackets(arguments, ","))
        return Statement(self.drop_loop_indices(outcome), distribution, parts)

    def read_statements(self, texts: Iterable[str]) -> Iterator[Statement]:
        """Yield the parts of those texts that are statements."""
        for text in texts:
            statement = self.read_statement(text)
            if statement is not None:
                yield statement


def _read_block(text: str) -> str:
    """Return a text up to the brace that closes the block it begins in."""
    depth = 1
    for place, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return text[:place]
    return text


def _is_carried_on(name: str, body: str) -> bool:
    """Return whether each assignment to a variable in the body of a loop is made from its last value."""
    assigned = re.findall(rf"\b{name}\s*([-+*/.]*)=(?!=)([^;]*);", body)
    return bool(assigned) and all(
        operator or re.search(rf"\b{name}\b", formula) for operator, formula in assigned
    )


def split_outside_brackets(text: str, separator: str) -> list[str]:
    """Return the parts of an expression between separators that are in no brackets.

    >>> split_outside_brackets("a + f(b + c) + d[i + 1]", "+")
    ['a ', ' f(b + c) ', ' d[i + 1]']
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts
