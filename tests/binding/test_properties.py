"""What holds for any table: no cell is moved or changed, codes and levels give back the texts."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import binding, tables
from workbench.binding import BindingOptions
from workbench.binding.columns.levels import natural_order
from workbench.binding.values.sizes import solve

NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
NAMES = st.text(st.characters(categories=["L", "N", "P", "Z"]), min_size=1, max_size=8).map(str.strip).filter(
    lambda text: bool(text) and text not in tables.delimited.MISSING
)  # fmt: skip


@pytest.fixture(scope="session")
def grouped(program_from):
    return program_from(
        "data { int N; int J; int K; array[N] int<lower=1, upper=J> g;"
        " vector[J] u; matrix[N, K] X; vector[N] y; }\n"
        "parameters { vector[J] t; vector[K] b; }\nmodel { t ~ normal(0, 1); b ~ normal(0, 1); }\n"
    )


@st.composite
def tables_of_groups(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    rows = draw(st.lists(st.sampled_from(names), min_size=1, max_size=20))
    per_group = {name: draw(NUMBERS) for name in names}
    count = draw(st.integers(1, 3))
    cells = {f"x{k}": draw(st.lists(NUMBERS, min_size=len(rows), max_size=len(rows))) for k in range(count)}
    y = draw(st.lists(NUMBERS, min_size=len(rows), max_size=len(rows)))
    return pd.DataFrame({"g": rows, "u": [per_group[name] for name in rows], **cells, "y": y})


def is_rather_a_slip(frame):
    """Texts at least half of which are numbers are refused."""
    read = pd.to_numeric(pd.Series(frame["g"].unique(), dtype=object), errors="coerce")
    return 2 * read.notna().sum() >= len(read)


@settings(max_examples=30, deadline=None)
@given(frame=tables_of_groups().filter(lambda frame: not is_rather_a_slip(frame)))
def test_nothing_is_moved_or_changed(grouped, frame):
    bound = binding.bind(grouped, tables.from_frame(frame))
    values, levels = bound.values, bound.levels["g"]
    assert [levels[code - 1] for code in values["g"]] == frame["g"].tolist()
    np.testing.assert_array_equal(values["u"][values["g"] - 1], frame["u"])
    predictors = [name for name in frame.columns if name.startswith("x")]
    np.testing.assert_array_equal(values["X"], frame[predictors].to_numpy())
    np.testing.assert_array_equal(values["y"], frame["y"])
    assert (values["N"], values["J"], values["K"]) == (len(frame), frame["g"].nunique(), len(predictors))
    assert bound.labels["K"] == tuple(predictors)


@settings(max_examples=30, deadline=None)
@given(frame=tables_of_groups().filter(lambda frame: not is_rather_a_slip(frame)), data=st.data())
def test_rows_bound_again_are_the_rows_they_were(grouped, frame, data):
    """Whatever part of the table comes again, each of its rows is bound as it was."""
    asked = BindingOptions(columns={"X": ("x0",)}, standardize=True)
    old = binding.bind(grouped, tables.from_frame(frame), asked)
    positions = data.draw(st.lists(st.integers(0, len(frame) - 1), min_size=1, max_size=8))
    again = frame.iloc[positions].reset_index(drop=True)
    stored = json.loads(json.dumps(dict(old.rules)))
    new = binding.rebind(stored, grouped, tables.from_frame(again.drop(columns="u")))
    np.testing.assert_array_equal(new.values["u"], old.values["u"])
    assert new.values["J"] == old.values["J"]
    assert new.labels["J"] == old.labels["J"]
    np.testing.assert_array_equal(new.values["g"], old.values["g"][positions])
    np.testing.assert_array_equal(new.values["X"], old.values["X"][positions])
    np.testing.assert_array_equal(new.values["y"], old.values["y"][positions])


@settings(max_examples=30, deadline=None)
@given(frame=tables_of_groups().filter(lambda frame: not is_rather_a_slip(frame)))
def test_a_csv_file_binds_as_the_frame_it_was_written_from(grouped, frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    frame.to_csv(path, index=False)
    one, other = (
        binding.bind(grouped, table).values for table in (tables.from_frame(frame), tables.read(path))
    )
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


@given(levels=st.lists(NAMES, max_size=8))
def test_natural_order_is_an_order(levels):
    ordered = natural_order(levels)
    assert sorted(ordered) == sorted(levels)
    assert natural_order(ordered[::-1]) == ordered


@pytest.mark.parametrize("text", ["N", "N + 3", "2 * N", "2 * N - 1", "N * N", "N * (N + 1) %/% 2", "N + N"])
@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, 40))
def test_a_size_is_found_again_from_the_length_it_gives(program_from, text, size):
    program = program_from(f"data {{ int N; vector[{text}] y; }} model {{ }}")
    expression = program.data[1].sizes[0]
    length = expression.evaluate({"N": size})
    if length >= 0:
        assert solve(expression, "N", length, {}) == size


def test_an_ambiguous_size_is_not_derived(program_from):
    program = program_from("data { int N; vector[N %/% 2] y; } model { }")
    assert solve(program.data[1].sizes[0], "N", 4, {}) is None
