"""CSV files: what is read, and what is refused."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from workbench import tables
from workbench.errors import BindingError


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_columns_rows_and_hash(write):
    table = tables.read(write("school,y\nA,1\nB,2.5\n"))
    assert table.columns == ("school", "y")
    assert table.rows == 2
    np.testing.assert_array_equal(tables.to_numbers(table, "y"), [1, 2.5])
    assert table.sha256 == hashlib.sha256(b"school,y\nA,1\nB,2.5\n").hexdigest()


def test_a_byte_order_mark_is_not_part_of_the_first_name(write):
    assert tables.read(write(b"\xef\xbb\xbfy\n1\n")).columns == ("y",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows"),
        ("a,a\n1,2\n", "more than one column called `a`"),
        ("a,b\n1,2\n1,2,3\n", "not a readable CSV"),
        (b"a\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_a_file_without_a_table_is_refused(write, content, message):
    with pytest.raises(BindingError, match=message):
        tables.read(write(content))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(BindingError, match="does not exist"):
        tables.read(tmp_path / "none.csv")
    with pytest.raises(BindingError, match="is a folder"):
        tables.read(tmp_path)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("abc", "`abc`"), ("", "an empty cell"), ("NA", "a missing cell (`NA`)"), ("1,5", "`1,5`")],
)
def test_a_cell_that_is_not_a_number_is_named_by_row_and_column(write, cell, shown):
    table = tables.read(write(f'id,dose\nr1,1\nr2,"{cell}"\nr3,3\n'))
    with pytest.raises(BindingError) as raised:
        tables.to_numbers(table, "dose")
    assert f"column `dose` of `table.csv` has {shown} at row 2" in raised.value.message


def test_infinite_cells_are_refused(write):
    table = tables.read(write("y\n1\ninf\n"))
    with pytest.raises(BindingError, match="`inf` at row 2"):
        tables.to_numbers(table, "y")


def test_a_file_is_not_blamed_for_too_little_memory(write, monkeypatch):
    def fail(*_, **__):
        raise pa.ArrowMemoryError("malloc of size 16777216 failed")

    monkeypatch.setattr("workbench.tables.delimited.arrow_csv.read_csv", fail)
    with pytest.raises(MemoryError):
        tables.read(write("y\n1\n"))
