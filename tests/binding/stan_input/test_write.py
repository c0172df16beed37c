"""Stan's data file: every number comes back as the same double, in the shape it had."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.binding import extend_stan_data, write_stan_data
from workbench.binding.stan_input import write

DOUBLES = st.floats(allow_nan=False, allow_infinity=False, width=64)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=7)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Format even the smallest arrays as large ones are, a few numbers at a time."""
    monkeypatch.setattr(write, "_SMALL", 0)
    monkeypatch.setattr(write, "_BLOCK", 5)


def write_and_read(path, values):
    write_stan_data(path, values)
    return json.loads(path.read_text())


def to_bits(values):
    return [struct.pack("<d", number) for number in np.asarray(values, dtype=float).ravel()]


@settings(max_examples=100, deadline=None)
@given(values=hnp.arrays(np.float64, SHAPES, elements=DOUBLES))
def test_doubles_come_back_bit_by_bit(tmp_path_factory, values):
    read = write_and_read(tmp_path_factory.mktemp("data") / "d.json", {"x": values})["x"]
    assert np.shape(read) == values.shape
    assert to_bits(read) == to_bits(values)


@settings(max_examples=50, deadline=None)
@given(values=hnp.arrays(np.int64, SHAPES, elements=st.integers(-(2**31), 2**31 - 1)))
def test_integers_are_written_as_integers(tmp_path_factory, values):
    read = write_and_read(tmp_path_factory.mktemp("data") / "d.json", {"x": values})["x"]
    assert read == values.tolist()


def test_nan_and_infinities_are_written_as_stan_reads_them(tmp_path):
    write_stan_data(tmp_path / "d.json", {"x": np.array([np.nan, np.inf, -np.inf, 1.0])})
    assert (tmp_path / "d.json").read_text() == '{"x":[NaN,Infinity,-Infinity,1]}\n'


def test_every_kind_of_value(tmp_path):
    values = {
        "a": 1,
        "b": 2.5,
        "none": np.zeros((0,)),
        "flat": np.zeros((3, 0)),
        "pair": {"1": 2, "2": np.array([[1.0, 2.0], [3.0, 4.0]])},
        "transposed": np.asfortranarray([[1, 2, 3], [4, 5, 6]]),
        "every_other": np.arange(10)[::2],
    }
    expected = {
        "a": 1,
        "b": 2.5,
        "none": [],
        "flat": [[], [], []],
        "pair": {"1": 2, "2": [[1, 2], [3, 4]]},
        "transposed": [[1, 2, 3], [4, 5, 6]],
        "every_other": [0, 2, 4, 6, 8],
    }
    assert write_and_read(tmp_path / "d.json", values) == expected


def test_a_file_is_extended_by_further_values(tmp_path):
    write_stan_data(tmp_path / "d.json", {"x": np.array([1.5, 2.5])})
    extend_stan_data(tmp_path / "d.json", tmp_path / "e.json", {"w": [1.0, 2.0], "n": 3})
    assert json.loads((tmp_path / "e.json").read_text()) == {"x": [1.5, 2.5], "w": [1, 2], "n": 3}
    extend_stan_data(tmp_path / "d.json", tmp_path / "f.json", {})
    assert json.loads((tmp_path / "f.json").read_text()) == {"x": [1.5, 2.5]}
    write_stan_data(tmp_path / "g.json", {})
    extend_stan_data(tmp_path / "g.json", tmp_path / "h.json", {"n": 3})
    assert json.loads((tmp_path / "h.json").read_text()) == {"n": 3}
