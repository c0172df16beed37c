"""A program that is read, printed and read again is the same program."""

from __future__ import annotations

import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.program.conftest import NAMES, Programs
from workbench.program import Stanc
from workbench.program.syntax.decode import parse_tree
from workbench.program.syntax.nodes import Tree
from workbench.program.syntax.printer import to_text
from workbench.program.syntax.stanc import dump_tree


def parse(text: str, stanc: Stanc, folder) -> Tree:
    file = folder / "program.stan"
    file.write_text(text)
    return parse_tree(dump_tree(stanc, file))


@pytest.mark.parametrize("name", NAMES)
def test_test_programs_are_unchanged(name: str, programs: Programs, stanc: Stanc, tmp_path):
    tree = programs[name].tree
    assert not tree.undecoded
    assert parse(to_text(tree), stanc, tmp_path) == tree


_atoms = st.sampled_from(["a", "1", "2.5", "1e-3", "v[1]", "v[N]", "t.1", "t.2[1]", "sum(v)", "N"])


def _combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner)
    enclosed = st.builds("({})".format, inner)
    negative = st.builds("-{}".format, inner)
    choice = st.builds("({} > 0 ? {} : {})".format, inner, inner, inner)
    call = st.builds("fmax({}, {})".format, inner, inner)
    product = st.builds("([{}, {}] * [{}, 1]')".format, inner, inner, inner)
    density = st.builds("normal_lpdf({} | {}, 1)".format, inner, inner)
    return st.one_of(binary, enclosed, negative, choice, call, product, density)


_expressions = st.recursive(_atoms, _combine, max_leaves=8)


def _nest(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = st.builds("{{ {} {} }}".format, inner, inner)
    branch = st.builds("if ({} < 1) {} else {}".format, _expressions, inner, inner)
    loop = st.builds("for (@ in 1 : N) {}".format, inner)
    each = st.builds("for (@ in v) {{ {} }}".format, inner)
    profile = st.builds('profile("p") {{ {} }}'.format, inner)
    return st.one_of(block, branch, loop, each, profile)


_simple = st.one_of(
    st.builds("target += {};".format, _expressions),
    st.builds("a ~ normal({}, 1);".format, _expressions),
    st.builds("a ~ normal({}, 1) T[{}, ];".format, _expressions, _expressions),
    st.builds("{{ real @ = {}; target += {}; }}".format, _expressions, _expressions),
    st.sampled_from([";", 'print("a, b", N);', 'reject("no");', "while (N > 9) break;"]),
)
_statements = st.recursive(_simple, _nest, max_leaves=6)


def _name_variables(text: str) -> str:
    """Return a text with a new name in every place that declares a variable."""
    numbers = count()
    return re.sub("@", lambda _: f"x{next(numbers)}", text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(_statements, min_size=1, max_size=4))
def test_any_model_block_is_unchanged(statements: list[str], stanc: Stanc, tmp_path):
    text = (
        "data { int N; tuple(real, array[2] real) t; } parameters { real a; vector[N] v; } "
        f"model {{ {_name_variables(' '.join(statements))} }}"
    )
    tree = parse(text, stanc, tmp_path)
    assert not tree.undecoded
    printed = to_text(tree)
    assert parse(printed, stanc, tmp_path) == tree
    assert to_text(parse(printed, stanc, tmp_path)) == printed
