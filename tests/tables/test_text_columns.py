"""Numbers written for people, and words for missing cells: read alike from files and from Python."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench import tables
from workbench.errors import BindingError
from workbench.tables.formatted_numbers import parse_formatted_numbers
from workbench.tables.text_columns import read_texts


@pytest.fixture
def read(tmp_path):
    def read(content: str) -> tables.Table:
        path = tmp_path / "table.csv"
        path.write_text(content, encoding="utf-8")
        return tables.read(path)

    return read


def parse(*texts, decimal="."):
    result = parse_formatted_numbers(pa.chunked_array([list(texts)]), decimal)
    return None if result is None else (result[0].to_pylist(), result[1])


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("12,603.37", "8", ".5"), [12603.37, 8, 0.5]),
        (("$1,338", "-$20", "$-3"), [1338, -20, -3]),
        (("US$1,000", "US$5"), [1000, 5]),
        (("1 200 kr", "35 kr"), [1200, 35]),
        (("($1,200)", "$3"), [-1200, 3]),
        (("59.0%", "-4 %"), [59, -4]),
        (("−0.5", "2"), [-0.5, 2]),
        (("1'234.5", "7"), [1234.5, 7]),
        (("12,34,567", "89"), [1234567, 89]),
        (("1.234,56 €", "5,1 €"), [1234.56, 5.1]),
    ],
)
def test_numbers_written_for_people(texts, numbers):
    parsed = parse(*texts)
    assert parsed is not None
    assert parsed[0] == numbers


@pytest.mark.parametrize(
    "texts",
    [
        ("1,2", "3"),  # may be two answers
        ("1,5", "2,5"),  # may be decimal commas, in a table that has none
        ("$5", "€4"),  # two currencies
        ("5%", "4"),  # a share beside a number
        ("2026-11-28", "2026-11-29"),
        ("192.168.100.200", "10.0.0.1"),
        ("1,23", "4,56,7"),
        ("12x", "1,000"),
        ("(", ")"),
        ("north", "south"),
    ],
)
def test_other_texts_are_left_alone(texts):
    assert parse(*texts) is None


def test_decimal_commas_in_a_table_that_has_them():
    assert parse("1.234,5", "7", decimal=",") == ([1234.5, 7.0], "without points between thousands")


def test_thousands_agree_with_pandas(read):
    rng = np.random.default_rng(3)
    content = "n,price\n" + "".join(
        f'{i},"{value:,.2f}"\n' for i, value in enumerate(rng.normal(0, 1e5, 500))
    )
    table = read(content)
    expected = pd.read_csv(io.StringIO(content), thousands=",")["price"]
    np.testing.assert_array_equal(tables.to_numbers(table, "price"), expected)
    assert tables.is_numeric(table, "price")
    assert "without commas between thousands: `" in table.formats["price"]
    assert table.formats.keys() == {"price"}


def test_whole_numbers_stay_integers(read):
    assert tables.to_numbers(read('y\n"1,000"\n"20"\n'), "y").dtype.kind == "i"


def test_words_for_missing_cells_are_counted_among_numbers_and_texts(read):
    table = read("x,group,z\n1,a,1.5\nn/a,missing,2\n3,n/a,-\nNA,b,unknown\nNA,,4\n5,none,null\n6,none,7\n")
    assert table.missing_words == {
        "x": {"NA": 2, "n/a": 1},
        "group": {"": 1, "missing": 1, "n/a": 1},
        "z": {"-": 1, "null": 1, "unknown": 1},
    }
    assert tables.find_missing(table, "group").tolist() == [0, 1, 1, 0, 1, 0, 0]
    assert tables.is_numeric(table, "x")
    assert tables.is_numeric(table, "z")
    assert tables.to_texts(table, "group").to_pylist()[-1] == "none"  # among texts it is a level
    with pytest.raises(BindingError) as raised:
        tables.to_numbers(table, "x")
    assert "2 are `NA`, 1 is `n/a`" in raised.value.message
    assert "--missing drop" in (raised.value.hint or "")


def test_a_dash_beside_a_plus_is_a_sign(read):
    table = read("rhesus,x\n+,1\n-,2\n+,3\n")
    assert not tables.find_missing(table, "rhesus").any()
    assert table.missing_words == {}


def test_a_column_of_words_for_missing_cells_holds_nothing(read):
    assert tables.classify_column(read("x,y\n-,1\nmissing,2\n"), "x") == "nothing"


def test_a_frame_is_read_as_its_file(read):
    frame = pd.DataFrame(
        {"price": ["$1,200", "n/a", "$35"], "group": ["a", "-", "b "], "code": ["01", "02", "03"]}
    )
    table = tables.from_frame(frame)
    assert table.cells.column("price").to_pylist() == [1200, None, 35]
    assert table.cells.column("group").to_pylist() == ["a", None, "b "]
    assert table.cells.column("code").to_pylist() == ["01", "02", "03"]  # meant as text
    of_file = read('price,group\n"$1,200",a\nn/a,-\n$35,b\n')
    assert table.missing_words == {**of_file.missing_words}
    assert table.formats == of_file.formats


def test_columns_of_other_types_are_not_touched():
    cells = pa.table({"x": [1.5, None], "when": pa.array(["2026-01-01", None]).cast(pa.date32())})
    assert read_texts(cells).cells.equals(cells)


def test_numbers_beyond_those_of_a_computer_are_texts_too(read):
    table = read("g,y\n1e400,1\n2,2\n1e300,3\n")
    assert tables.to_texts(table, "g").to_pylist() == ["inf", "2", "1e+300"]
