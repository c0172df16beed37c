"""Tables that cannot be read as they are: they unpack to too much, are nested too deeply, or are damaged."""

import bz2
import gzip
import lzma

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from workbench import tables
from workbench.errors import BindingError

ROWS = b"y\n" + b"0\n" * 200_000


def compress_zstandard(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, compress_zstandard])
def test_a_file_that_unpacks_to_too_much(tmp_path, compress):
    path = tmp_path / "t.csv.packed"
    path.write_bytes(compress(ROWS))
    assert tables.read(path, len(ROWS)).rows == 200_000
    with pytest.raises(BindingError) as raised:
        tables.read(path, len(ROWS) - 1)
    assert "but unpacks to 400.0 kB, " in raised.value.message
    assert "--unpack-limit 401kB" in (raised.value.hint or "")
    assert tables.read(path, 401_000).rows == 200_000


def test_a_file_that_takes_long_to_unpack(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.tables.file_format._COUNT_SECONDS", 0)
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(ROWS * 20))
    with pytest.raises(BindingError, match=r"but unpacks to more than 2\.1 MB") as raised:
        tables.read(path, 1_000_000)
    assert "--unpack-limit 20GB" in (raised.value.hint or "")


def test_the_limit_without_an_option(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.tables.file_format._UNPACK_SIZE", 1000)
    path = tmp_path / "t.csv.zst"
    path.write_bytes(compress_zstandard(ROWS))
    with pytest.raises(BindingError, match="times its size"):
        tables.read(path)
    path.write_bytes(compress_zstandard(b"y\n" + "\n".join(map(str, np.arange(200_000))).encode()))
    assert tables.read(path).rows == 200_000  # numbers as they come: far below a hundred times


def test_columns_that_repeat_themselves(tmp_path):
    frame = pd.DataFrame({"y": np.zeros(500_000), "g": ["a long level"] * 500_000})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather", compression="zstd")
    for name in ("t.parquet", "t.feather"):
        assert tables.read(tmp_path / name).rows == 500_000
        with pytest.raises(BindingError, match=r"unpacks to 1\d\.\d MB"):
            tables.read(tmp_path / name, 1_000_000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"y": ' + "[" * 100_000 + "]" * 100_000 + "}", "is nested more than 32 levels deep"),
        ('{"y": ' + "[" * 33 + "]" * 33 + "}", "is nested more than 32 levels deep"),
        (
            '{"y": ' + "1" * 400 + "}",
            "holds the number 11111111111111111111... (400 characters), which is larger",
        ),
        ('{"y": ' + "1" * 5000 + "}", "larger than any number of a computer"),
        ('{"y": -1e999}', "holds the number -1e999"),
        ('{"y": 1, "y": 2}', "has two values called `y`"),
        ('{"y": "' + "x" * 100_000 + '"}', 'contains `"xxxxx'),
    ],
)
def test_json_that_is_not_data(tmp_path, content, message):
    path = tmp_path / "d.json"
    path.write_text(content)
    with pytest.raises(BindingError) as raised:
        tables.read(path)
    assert message in raised.value.message
    assert len(raised.value.message) < 500


def test_columns_of_bytes_are_text_where_they_can_be(tmp_path):
    cells = pa.table(
        {"good": [b"a", b"b"], "bad": [b"\xff", b"\xfe"], "view": pa.array(["a", "b"], pa.string_view())}
    )
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, cells.schema) as writer:
        writer.write_table(cells)
    table = tables.read(tmp_path / "t.arrow")
    assert [tables.classify_column(table, name) for name in table.columns] == ["text", "bytes", "text"]
    with pytest.raises(BindingError, match="holds bytes that are no text, where numbers were expected"):
        tables.to_numbers(table, "bad")


def test_columns_that_the_file_itself_damages(tmp_path):
    twice = pa.table([pa.array([1]), pa.array([2])], ["a", "a"])
    damaged = pa.StringArray.from_buffers(
        1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe")
    )
    for cells, message in (
        (twice, "more than one column"),
        (pa.table({"a": damaged}), "cannot be read as an Arrow"),
    ):
        with (
            pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink,
            pa.ipc.new_file(sink, cells.schema) as writer,
        ):
            writer.write_batch(cells.to_batches()[0])
        with pytest.raises(BindingError, match=message):
            tables.read(tmp_path / "t.arrow")


def test_dates_that_only_arrow_has():
    table = tables.from_frame(pd.DataFrame({"x": [1]}))
    cells = pa.table({"when": pa.array([-(2**62)], pa.timestamp("s"))})
    with pytest.raises(BindingError, match="holds dates"):
        tables.to_numbers(tables.Table(table.path, "", cells), "when")


def test_a_long_cell_is_shown_in_part(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n" + "x" * 100_000 + "\n")
    with pytest.raises(BindingError) as raised:
        tables.to_numbers(tables.read(tmp_path / "t.csv"), "a")
    assert len(raised.value.message) < 500


DEEP = [1.0]


for _ in range(3000):
    DEEP = [DEEP]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pd.DataFrame({"y": [10**400, 1]}), "column `y` of `data` has an integer of more than 64 bits"),
        (pd.DataFrame([[1]], columns=pd.Index(["\udce9"], dtype=object)), "which is not text"),
        (pd.DataFrame({"y": [1]}, index=pd.Index([1], name="y")), "more than one column called `y`"),
        ({"y": {1, 2}}, "cannot be made a table"),
        ({"y": b"x", "N": 1}, "which is not a number"),
        ({"y": DEEP, "N": 1}, "nested too deeply"),
    ],
)
def test_python_data_that_are_none(data, message):
    with pytest.raises(BindingError, match=message):
        tables.from_frame(data) if isinstance(data, pd.DataFrame) else tables.from_mapping(data)
