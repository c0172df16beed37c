"""For any table: no cell is moved or changed, and codes with their levels give back the texts."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import binding, tables
from workbench.binding import BindingOptions
from workbench.tables.missing_words import DASHES, MISSING

NUMBERS = st.floats(-1e12, 1e12, allow_subnormal=False)
NAMES = st.text(st.characters(categories=["L", "N", "P", "Z"]), min_size=1, max_size=8).map(str.strip).filter(
    lambda text: bool(text) and text not in (*MISSING, *DASHES)
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


def is_mostly_numeric(frame):
    """Return whether at least half of the texts are numbers, so that the column is refused."""
    numbers = pd.to_numeric(pd.Series(frame["g"].unique(), dtype=object), errors="coerce")
    return 2 * numbers.notna().sum() >= len(numbers)


@settings(max_examples=30, deadline=None)
@given(frame=tables_of_groups().filter(lambda frame: not is_mostly_numeric(frame)))
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
@given(frame=tables_of_groups().filter(lambda frame: not is_mostly_numeric(frame)), data=st.data())
def test_rows_bound_again_are_as_before(grouped, frame, data):
    """Any rows of the table are bound again as they were before."""
    options = BindingOptions(columns={"X": ("x0",)}, standardize=True)
    old = binding.bind(grouped, tables.from_frame(frame), options)
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
@given(frame=tables_of_groups().filter(lambda frame: not is_mostly_numeric(frame)))
def test_a_csv_file_binds_as_the_frame_it_was_written_from(grouped, frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    frame.to_csv(path, index=False)
    from_frame = binding.bind(grouped, tables.from_frame(frame)).values
    from_file = binding.bind(grouped, tables.read(path)).values
    for name, value in from_frame.items():
        np.testing.assert_array_equal(value, from_file[name])
