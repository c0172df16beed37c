"""Where tables come from: files, pipes, devices, and names that no file can have."""

import gzip
import os
import threading

import pyarrow as pa
import pyarrow.parquet
import pytest

from workbench import tables
from workbench.errors import BindingError
from workbench.provenance import hash_bytes

CSV = b"a,b\n1,2\n3,4\n"


def read_pipe(tmp_path, content):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(content))
    writer.start()
    try:
        return tables.read(pipe)
    finally:
        writer.join()


@pytest.mark.parametrize("content", [CSV, gzip.compress(CSV)], ids=["plain", "compressed"])
def test_what_a_pipe_delivers_is_a_table(tmp_path, content):
    table = read_pipe(tmp_path, content)
    assert tables.to_numbers(table, "b").tolist() == [2, 4]
    assert table.path == tmp_path / "pipe"
    assert table.sha256 == hash_bytes(content)


def test_a_pipe_may_deliver_columns_and_stan_data(tmp_path):
    sink = pa.BufferOutputStream()
    pa.parquet.write_table(pa.table({"y": [1.5, 2.5]}), sink)
    assert tables.to_numbers(read_pipe(tmp_path, sink.getvalue().to_pybytes()), "y").tolist() == [1.5, 2.5]
    (tmp_path / "pipe").unlink()
    assert read_pipe(tmp_path, b'{"N": 3}').values == {"N": 3}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/dev/zero", "it is a device"),
        ("x" * 300, "there can be none: File name too long"),
        ("a\0b", "there can be none: "),
        (__file__ + "/table.csv", "it does not exist"),
    ],
)
def test_places_without_a_table(tmp_path, name, message):
    with pytest.raises(BindingError) as raised:
        tables.read(tmp_path / name)
    assert message in raised.value.message


def test_a_name_that_is_not_text(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    path.write_bytes(CSV)
    table = tables.read(path)
    assert tables.to_numbers(table, "b").tolist() == [2, 4]
    assert table.path == path
