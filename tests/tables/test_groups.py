"""A table by groups: which rows a group has, what its columns hold, and its file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench import tables
from workbench.errors import BindingError


def group(table, *by, **options):
    return tables.group_rows(table, by, **options)


@pytest.fixture
def unsorted():
    rng = np.random.default_rng(3)
    shop = rng.choice(["b", "a", "c"], 60)
    year = rng.choice([2023, 2024], 60)
    return pd.DataFrame({"shop": shop, "year": year, "y": rng.normal(size=60)})


def test_groups_are_those_of_pandas_in_the_order_of_their_first_rows(unsorted):
    grouped = group(tables.from_frame(unsorted), "shop", "year")
    expected = {
        (shop, str(year)): rows.reset_index(drop=True)
        for (shop, year), rows in unsorted.groupby(["shop", "year"], sort=False)
    }
    assert [one.values for one in grouped.groups] == list(expected)
    for one in grouped.groups:
        taken = grouped.take(one)
        pd.testing.assert_frame_equal(
            taken.cells.to_pandas(), expected[one.values], check_dtype=False, check_exact=True
        )
        original = unsorted.iloc[taken.row_numbers - 1].reset_index(drop=True)
        pd.testing.assert_frame_equal(original, expected[one.values])


def test_a_column_is_decided_by_the_whole_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("g,code,sign,y\na,1,+,1\na,2,-,2\nb,x,-,n/a\nb,3,-,4\n")
    grouped = group(tables.read(path), "g")
    first, second = (grouped.take(one) for one in grouped.groups)
    assert first.cells.column("code").to_pylist() == ["1", "2"]  # text, as `x` is in the other group
    assert second.cells.column("sign").to_pylist() == ["-", "-"]  # a sign, as `+` is in the other group
    saved = tmp_path / "second.arrow"
    saved.write_bytes(tables.write_settled(second))
    assert tables.read(saved).cells.equals(second.cells.combine_chunks())
    (tmp_path / "plain.parquet").write_bytes(b"")
    plain = tmp_path / "plain.arrow"
    with pa.ipc.new_file(plain, second.cells.schema) as writer:
        writer.write_table(second.cells)
    assert tables.read(plain).cells.column("sign").null_count == 2  # any other file is read for meaning


def test_the_bytes_of_a_group_follow_from_its_rows_alone(unsorted):
    whole = group(tables.from_frame(unsorted), "shop")
    unsorted.loc[unsorted["shop"] == "a", "y"] += 1.0
    changed = group(tables.from_frame(unsorted.sort_values("shop", kind="stable")), "shop")
    before = {one.values[0]: tables.write_settled(whole.take(one)) for one in whole.groups}
    after = {one.values[0]: tables.write_settled(changed.take(one)) for one in changed.groups}
    assert [name for name in before if before[name] != after[name]] == ["a"]


def test_missing_keys_are_refused_or_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("g,y\na,1\n,2\nb,3\nn/a,4\n")
    table = tables.read(path)
    with pytest.raises(BindingError, match=r"column `g` .* row 2 \(and 1 more: row 4\)"):
        group(table, "g")
    grouped = group(table, "g", drops_missing=True)
    assert ([one.values for one in grouped.groups], grouped.dropped) == ([("a",), ("b",)], 2)
    assert grouped.take(grouped.groups[1]).row_numbers.tolist() == [3]


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (("shops",), r"`shops`, which `data` does not have; it has `shop`"),
        (("shop", "shop"), "twice"),
    ],
)
def test_columns_that_make_no_groups_are_refused(unsorted, by, words):
    with pytest.raises(BindingError, match=words):
        group(tables.from_frame(unsorted), *by)


def test_stan_data_have_no_groups():
    with pytest.raises(BindingError, match="Stan's data, not rows"):
        group(tables.from_mapping({"N": 2, "y": [1.0, 2.0]}), "g")


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        ([3, 1, 3], ["3", "1"]),
        ([1.5, 2.0, 1.5], ["1.5", "2"]),
        ([True, False, True], ["yes", "no"]),
        (pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-02"]), None),
        (pd.Categorical(["b", "a", "b"], categories=["a", "b", "c"]), ["b", "a"]),
    ],
)
def test_keys_of_any_plain_type(cells, texts):
    grouped = group(tables.from_frame(pd.DataFrame({"g": cells, "y": [1.0, 2.0, 3.0]})), "g")
    assert [one.rows for one in grouped.groups] == [2, 1]
    assert texts is None or [one.values[0] for one in grouped.groups] == texts


def test_a_large_parquet_file_is_mapped_column_by_column_with_the_same_groups(
    tmp_path, unsorted, monkeypatch
):
    unsorted["note"] = np.where(unsorted["y"] > 0, "1,234", "n/a")
    unsorted["kind"] = pd.Categorical(unsorted["shop"], categories=["c", "b", "a"])
    unsorted["all"] = "-"
    path = tmp_path / "t.parquet"
    unsorted.to_parquet(path, row_group_size=7)
    assert tables.read_mapped(path, tmp_path) is None  # it is small
    monkeypatch.setattr("workbench.tables.mapped.LARGE", 0)
    mapped, plain = tables.read_mapped(path, tmp_path), tables.read(path)
    assert mapped is not None
    assert mapped.cells.combine_chunks().equals(plain.cells.combine_chunks())
    assert (mapped.columns, mapped.sha256) == (plain.columns, plain.sha256)
    assert (mapped.missing_words, mapped.formats, mapped.remarks) == (
        plain.missing_words,
        plain.formats,
        plain.remarks,
    )
    one, other = group(mapped, "shop", "year", folder=tmp_path), group(plain, "shop", "year")
    assert one.groups == other.groups
    for taken in one.groups:
        assert tables.write_settled(one.take(taken)) == tables.write_settled(other.take(taken))
    (tmp_path / "t.csv").write_text("g,y\na,1\n")
    assert tables.read_mapped(tmp_path / "t.csv", tmp_path) is None
