"""The same table from every kind of file and from Python; files without a table are refused."""

import bz2
import gzip
import json
import lzma

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from workbench import tables
from workbench.errors import BindingError
from workbench.tables import delimited

CSV = "school,y,when\nA,1.5,2026-01-02\nÄ B,-2,2026-01-03\n"
CELLS = {"school": ["A", "Ä B"], "y": [1.5, -2.0], "when": pd.to_datetime(["2026-01-02", "2026-01-03"])}
_GZIPPED = gzip.compress(CSV.encode(), mtime=0)  # with a time, it would differ between test workers


def compress_zstandard(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def assert_same(table):
    assert table.columns == ("school", "y", "when")
    assert tables.to_texts(table, "school").to_pylist() == ["A", "Ä B"]
    np.testing.assert_array_equal(tables.to_numbers(table, "y"), [1.5, -2])
    assert tables.classify_column(table, "when") == "date"
    np.testing.assert_array_equal(tables.dates_to_numbers(table, "when", "days")[0], [0, 1])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV.encode()),
        ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("utf16.csv", CSV.encode("utf-16")),
        ("utf16be.csv", b"\xfe\xff" + CSV.encode("utf-16-be")),
        ("t.tsv", CSV.replace(",", "\t").encode()),
        ("semicolon.csv", CSV.replace(",", ";").encode()),
        ("decimal.csv", CSV.replace(",", ";").replace("1.5", "1,5").encode()),
        ("pipe.txt", CSV.replace(",", "|").encode()),
        ("spaces.csv", CSV.replace(",", " , ").encode()),
        ("quoted.csv", CSV.replace("A,", '"A",').encode()),
        ("windows.csv", CSV.replace("\n", "\r\n").encode()),
        ("t.csv.gz", _GZIPPED),
        ("t.csv.bz2", bz2.compress(CSV.encode())),
        ("t.csv.xz", lzma.compress(CSV.encode())),
        ("t.csv.zst", compress_zstandard(CSV.encode())),
        ("other_suffix.dat", _GZIPPED),
    ],
)
def test_every_kind_of_text_gives_the_same_table(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert_same(tables.read(path))


def test_parquet_arrow_and_feather_give_the_same_table(tmp_path):
    cells = pa.Table.from_pandas(pd.DataFrame(CELLS), preserve_index=False)
    pa.parquet.write_table(cells, tmp_path / "t.parquet")
    pa.feather.write_feather(cells, tmp_path / "t.feather")
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, cells.schema) as writer:
        writer.write_table(cells)
    with pa.OSFile(str(tmp_path / "s.arrows"), "wb") as sink, pa.ipc.new_stream(sink, cells.schema) as writer:
        writer.write_table(cells)
    for name in ("t.parquet", "t.feather", "t.arrow", "s.arrows"):
        assert_same(tables.read(tmp_path / name))


def test_a_frame_and_a_dict_of_columns():
    frame = pd.DataFrame(CELLS)
    assert_same(tables.from_frame(frame))
    assert_same(tables.from_mapping(CELLS))
    assert_same(tables.from_frame(frame.set_index("school")))
    assert tables.from_frame(frame).sha256 == tables.from_frame(frame.copy()).sha256
    assert tables.from_frame(frame).sha256 != tables.from_frame(frame.assign(y=[1.5, -2.1])).sha256


def test_a_dict_of_anything_else_is_stan_data():
    values = {"N": 2, "y": np.array([1.5, 2.5]), "X": [[1, 2], [3, 4]]}
    table = tables.from_mapping(values)
    assert table.values == {"N": 2, "y": [1.5, 2.5], "X": [[1, 2], [3, 4]]}
    assert table.columns == ()
    assert table.rows == 2


def test_stan_json_is_kept_as_it_is(tmp_path):
    path = tmp_path / "d.json"
    path.write_text(
        '{"N": 2, "y": [1, "NaN"], "z": [[1, 2], [3, "-Infinity"]], "d": {"1": 2, "2": [3]}, "b": true}'
    )
    values = tables.read(path).values or {}
    assert values["y"][0] == 1
    assert np.isnan(values["y"][1])
    assert values["z"] == [[1, 2], [3, -np.inf]]
    assert (values["d"], values["b"]) == ({"1": 2, "2": [3]}, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"N": 2,}', "is not valid JSON: line 1, column "),
        ("[1, 2]", "JSON list"),
        ('{"y": [1, "two"]}', '`y` in '),
        ('{"y": null}', "`null`"),
    ],
)  # fmt: skip
def test_json_without_stan_data_is_refused(tmp_path, content, message):
    path = tmp_path / "d.json"
    path.write_text(content)
    with pytest.raises(BindingError) as raised:
        tables.read(path)
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"FEA1rest", "a Feather file of version 1"),
        (b"\x89HDF\r\n", "is an HDF5 file"),
        (gzip.compress(CSV.encode() * 500, mtime=0)[:-9], "cannot be read"),
        (b"PAR1 and nothing else", "cannot be read as a Parquet file"),
        (b"ARROW1 and nothing else", "cannot be read as an Arrow file"),
        (b"a,b\n1,\xe9\n", "is not UTF-8 text: byte 7 (0xe9), in row 1, cannot be read"),
        (b"a,\xe9\n1,2\n", "is not UTF-8 text: byte 3 (0xe9), in the header, cannot be read"),
        ("a,b\n1,2\n".encode("utf-16-le"), "is not UTF-8 text: its byte 2 is zero"),
        (b"", "is empty; a header line with column names was expected"),
        (b"\n\n", "is empty; a header line with column names was expected"),
        (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 cells"),
        (b"a,a\n1,2\n", "`a`"),
    ],
)
def test_files_without_a_table_are_refused(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(BindingError) as raised:
        tables.read(path)
    assert message in raised.value.message


def test_a_bad_byte_late_in_the_file_is_located(tmp_path):
    content = b"a,b\n" + b"1,x\n" * 70_000 + b"2,\xff\n"
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(BindingError) as raised:
        tables.read(path)
    assert f"byte {content.index(0xFF) + 1} (0xff), in row 70001, cannot be read" in raised.value.message


def test_types_are_those_of_the_whole_column(tmp_path, monkeypatch):
    """The first block has integers only; a fraction, a text and a number come later."""
    monkeypatch.setattr(delimited, "_BLOCK", 1000)
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b,c,d"] + ["1,2,3,"] * 1000 + ["1,2.5,x,7"]))
    table = tables.read(path)
    assert [tables.classify_column(table, name) for name in table.columns] == [
        "number",
        "number",
        "text",
        "number",
    ]
    assert tables.to_numbers(table, "b")[-1] == 2.5
    assert tables.to_texts(table, "c")[-1].as_py() == "x"


def test_line_ends_within_quotes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('name,y\n"two\nlines",1\nplain,2\n')
    table = tables.read(path)
    assert tables.to_texts(table, "name").to_pylist() == ["two\nlines", "plain"]


def test_a_column_without_a_name_is_left_out_with_a_remark(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(",y\n0,1.5\n1,2.5\n")
    table = tables.read(path)
    assert table.columns == ("y",)
    assert len(table.remarks) == 1
    assert "column 1" in table.remarks[0]


def test_a_decimal_comma_gets_a_remark(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x;y\n1,5;2\n2,5;3\n")
    table = tables.read(path)
    np.testing.assert_array_equal(tables.to_numbers(table, "x"), [1.5, 2.5])
    assert len(table.remarks) == 1
    assert "decimal comma" in table.remarks[0]


def test_an_index_without_a_name_in_parquet_is_left_out(tmp_path):
    pd.DataFrame({"y": [1.0, 2.0]}, index=["a", "b"]).to_parquet(tmp_path / "t.parquet")
    table = tables.read(tmp_path / "t.parquet")
    assert table.columns == ("y",)
    assert len(table.remarks) == 1
    assert "row labels" in table.remarks[0]


def test_frames_that_are_not_tables_are_refused():
    with pytest.raises(BindingError, match="column `a` of `data` has cells of different types"):
        tables.from_frame(pd.DataFrame({"a": [1, "x", None]}))
    with pytest.raises(BindingError, match="`data` has no rows"):
        tables.from_frame(pd.DataFrame({"a": []}))
    with pytest.raises(BindingError, match="more than one column called `a`"):
        tables.from_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_types_of_columns_as_numbers():
    decimal = pa.array([1, 2], pa.int8()).cast(pa.decimal128(5, 2))
    columns = {"small": pa.array([1, 2], pa.int8()), "yes": [True, False], "decimal": decimal}
    columns |= {"big": pa.array([2**63, 1], pa.uint64()), "half": pa.array([1, 2], pa.float16())}
    cells = pa.table(columns)
    table = tables.Table(path=None, sha256="", cells=cells)  # type: ignore[arg-type]
    expected = {"small": [1, 2], "yes": [1, 0], "decimal": [1, 2], "big": [2**63, 1], "half": [1, 2]}
    for name, numbers in expected.items():
        np.testing.assert_array_equal(tables.to_numbers(table, name), np.array(numbers))


def test_rows_left_out_keep_their_numbers():
    table = tables.from_frame(pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0]}))
    shorter = tables.drop_rows(table, np.array([True, False, False, False]))
    shortest = tables.drop_rows(shorter, np.array([False, True, False]))
    assert [shortest.row_number(i) for i in range(shortest.rows)] == [2, 4]


def test_a_compressed_json_file_is_read(tmp_path):
    path = tmp_path / "d.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"N": 3}).encode()))
    assert tables.read(path).values == {"N": 3}


def test_the_rows_of_stan_data_include_those_in_tuples():
    assert tables.from_mapping({"N": 3, "d": {"1": [1.0, 2.0, 3.0], "2": [4, 5]}}).rows == 3
    assert tables.no_data().rows == 0
