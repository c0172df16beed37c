"""Arrow's arrays made without pandas are those that pyarrow makes, bit for bit."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from workbench.tables.arrow_arrays import as_array, as_numpy, as_text, as_texts, find_first


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
@pytest.mark.parametrize("dtype", [bool, np.int32, np.int64, np.uint64, np.float32, np.float64, ">f8"])
def test_numbers_go_to_arrow_and_back(count, dtype):
    values = np.random.default_rng(count).integers(0, 2, count).astype(dtype)
    made = as_array(values)
    made.validate(full=True)
    native = values.astype(values.dtype.newbyteorder("="))
    assert made.equals(pa.array(native))
    np.testing.assert_array_equal(as_numpy(made), native)
    pieces = pa.chunked_array([made[:3], made[3:], made[:0]])
    np.testing.assert_array_equal(as_numpy(pieces), native)
    assert as_numpy(pieces).dtype == native.dtype


def test_a_slice_has_its_own_elements():
    values = np.arange(20) % 3 == 0
    np.testing.assert_array_equal(as_numpy(as_array(values)[3:17]), values[3:17])
    np.testing.assert_array_equal(as_numpy(as_array(np.arange(20.0)[::-2])[2:]), np.arange(20.0)[::-2][2:])


@pytest.mark.parametrize("texts", [[], [""], ["a", "", "Grüße", "\x00", "日本"]])
def test_texts(texts):
    made = as_texts(texts)
    made.validate(full=True)
    assert made.equals(pa.array(texts, pa.string()))


def test_one_text():
    assert as_text("é").equals(pa.scalar("é"))
    assert as_text(None).equals(pa.scalar(None, pa.string()))


def test_the_first_truth():
    assert find_first(pa.array([False, None, True, True])) == 2
    assert find_first(pa.chunked_array([[False], [True]])) == 1
    assert find_first(pa.array([False])) == -1


def test_pandas_is_not_imported():
    code = """
import sys
import numpy as np
from workbench.tables.arrow_arrays import as_array, as_numpy, as_text, as_texts, find_first
as_numpy(as_array(np.array([True, False]))), as_numpy(as_array(np.arange(3.0)))
as_texts(["a"]), as_text("a"), as_text(None), find_first(as_array(np.array([True])))
sys.exit("pandas" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
