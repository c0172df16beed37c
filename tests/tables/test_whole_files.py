"""Nothing of a file is left out in silence: long headers and cells, line ends, what stands before them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from workbench import tables
from workbench.errors import BindingError
from workbench.tables import delimited, dialect


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes) -> tables.Table:
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tables.read(path)

    return read


@pytest.mark.parametrize(
    "names",
    [
        [f"predictor_{i:05d}_{'x' * 90}" for i in range(3000)],
        ["y", *(f"ENSG{i:011d}" for i in range(20_000))],
    ],
    ids=["3,000 long names", "20,001 genes"],
)
def test_a_header_is_read_whole_however_long(read, names):
    table = read(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    assert table.columns == tuple(names)
    assert tables.to_numbers(table, names[-1]).tolist() == [1]


def test_lines_longer_than_a_block_are_read(read, monkeypatch):
    monkeypatch.setattr(delimited, "_BLOCK", 1000)
    names = [f"column_{i}" for i in range(500)]
    table = read(f"{','.join(names)}\n{','.join('1' for _ in names)}\n{','.join('2' for _ in names)}\n")
    assert table.columns == tuple(names)
    assert tables.to_texts(read("a,b\n1," + "x" * 5000 + "\n2,y\n"), "b")[0].as_py() == "x" * 5000
    monkeypatch.setattr(delimited, "_LARGEST_BLOCK", 1000)
    with pytest.raises(BindingError, match="a line of it has more than"):
        read("a,b\n1," + "x" * 5000 + "\n2,y\n")


@pytest.mark.parametrize("before", ["\n\n", "  \n", ",\n", ", ,\n\n,\n", "\r\n\r\n"])
def test_blank_lines_before_the_header_are_not_the_header(read, before):
    table = read(f"{before}a,b\n1,2\n3,4\n")
    assert table.columns == ("a", "b")
    assert tables.to_numbers(table, "b").tolist() == [2, 4]


def test_a_title_above_the_header_is_told(read):
    with pytest.raises(BindingError, match="line 2 has 2 cells, but the header names 1 column"):
        read("Results 2026\na,b\n1,2\n")


def test_carriage_returns_alone_end_lines(read):
    assert tables.to_numbers(read(b"a,b\r1,2\r3,4\r"), "b").tolist() == [2, 4]


def test_a_decimal_comma_counts_wherever_it_stands(read):
    table = read("a;b\n" + "1;2\n" * 80 + "1,500;3\n")
    assert tables.to_numbers(table, "a")[-1] == 1.5
    assert "decimal comma" in table.remarks[0]
    with_point = read("a;b\n" + "1;2.5\n" * 80 + "1,500;3\n")
    assert tables.to_numbers(with_point, "a")[-1] == 1500


def test_a_header_that_the_two_readers_split_differently_is_refused(read, monkeypatch):
    monkeypatch.setattr(dialect.Dialect, "header", property(lambda self: self.written))
    original = dialect._read_header
    monkeypatch.setattr(
        dialect,
        "_read_header",
        lambda *given: replace(original(*given), written=("a",)),
    )
    with pytest.raises(BindingError, match="cannot be told from each other"):
        read("a,b\n1,2\n")


def test_a_header_whose_quote_is_never_closed(read):
    with pytest.raises(BindingError, match="name of more than 131072 characters") as raised:
        read('a,"b\n' + "1,2\n" * 100_000)
    assert "quote" in (raised.value.hint or "")


def test_a_zero_byte_late_in_the_file_is_found(read):
    with pytest.raises(BindingError, match="column `b` has a zero byte in row 70001"):
        read(b"a,b\n" + b"1,x\n" * 70_000 + b"2,q\x00z\n")


@pytest.mark.parametrize("rows", [2, 300_000])
def test_utf16_cut_within_a_character(read, rows):
    with pytest.raises(BindingError, match="begins as UTF-16 text, but not all of it is UTF-16"):
        read(("a,b\n" + "1,2\n" * rows).encode("utf-16")[:-1])


def test_utf32(read):
    assert tables.to_numbers(read("a,b\n1,2\n".encode("utf-32")), "b").tolist() == [2]


def test_a_parquet_file_in_many_batches(tmp_path):
    frame = pd.DataFrame({"y": np.arange(50_000.0), "g": pd.Categorical(["a", "b"] * 25_000)})
    frame.to_parquet(tmp_path / "t.parquet")
    table = tables.read(tmp_path / "t.parquet")
    np.testing.assert_array_equal(tables.to_numbers(table, "y"), frame.y)
    assert tables.to_texts(table, "g").to_pylist() == list(frame.g)
    assert tables.classify_column(table, "g") == "categories"


def test_many_columns_of_text_take_time_in_proportion(read):
    names = [f"t{i}" for i in range(3000)]
    table = read(",".join(names) + "\n" + ",".join("ab" for _ in names) + "\n")
    assert table.columns == tuple(names)
    assert isinstance(table.cells, pa.Table)
