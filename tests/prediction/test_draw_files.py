"""Files of draws, read back by pandas, xarray and ArviZ, hold what was predicted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.prediction.by_hand import CHAINS, make_predictions, split
from workbench.errors import RequestError, StoreError
from workbench.prediction import OutcomePrediction
from workbench.prediction.draw_files import check_draws_file, collect_draws, open_draws, write_passing
from workbench.prediction.quantities import parse_quantities, tabulate_quantities

WHOLE = make_predictions()
DRAWS, EXPECTED = WHOLE.outcomes[0].draws, np.asarray(WHOLE.outcomes[0].expectation)
"""Six rows, `(s, row)`."""

ALSO = OutcomePrediction(
    "k", "k_rep", ((0, 0), (0, 1), (4, 0)), np.array([0, 0, 4]), np.round(DRAWS[:, :3]), is_integer=True
)
"""A count of which the first row has two, the fifth one, and the others none."""


def write(path, chunks):
    with open_draws(path, CHAINS) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return path


@pytest.mark.parametrize("size", [1, 4, 6])
def test_parquet_has_a_line_for_each_draw_and_row(tmp_path, size, monkeypatch):
    monkeypatch.setattr("workbench.prediction.draw_files._MOST_LINES", 1000)
    frame = pd.read_parquet(write(tmp_path / "draws.parquet", split(WHOLE, size)))
    assert list(frame.columns) == ["chain", "draw", "row", "label", "y_rep", "y_rep_expectation"]
    assert len(frame) == DRAWS.size
    for row in range(6):
        own = frame[frame["row"] == row + 1]
        assert set(own["label"]) == {f"row {row + 1}"}
        cells = own.pivot(index="chain", columns="draw", values="y_rep").to_numpy()
        np.testing.assert_array_equal(cells, DRAWS[:, row].reshape(CHAINS, -1))
        np.testing.assert_array_equal(own["y_rep_expectation"], EXPECTED[:, row])


@pytest.mark.parametrize("size", [1, 4, 6])
def test_netcdf_has_arvizs_group(tmp_path, size):
    path = write(tmp_path / "draws.nc", split(WHOLE, size))
    with xr.open_dataset(path, group="predictions", engine="h5netcdf") as found:
        assert found["y_rep"].dims == ("chain", "draw", "row")
        np.testing.assert_array_equal(found["y_rep"], DRAWS.reshape(CHAINS, -1, 6))
        np.testing.assert_array_equal(found["y_rep_expectation"], EXPECTED.reshape(CHAINS, -1, 6))
        assert found["row"].to_numpy().tolist() == [1, 2, 3, 4, 5, 6]
        assert found["label"].to_numpy().tolist() == list(WHOLE.labels)
        assert found.attrs["method"] == "nuts"
    xr.testing.assert_equal(xr.load_dataset(path, group="predictions", engine="h5netcdf"), collected(size))


def collected(size):
    return collect_draws(split(WHOLE, size), CHAINS)


def test_arviz_reads_them(tmp_path):
    path = write(tmp_path / "draws.nc", split(WHOLE, 4))
    arviz = pytest.importorskip("arviz")
    found = arviz.from_netcdf(path)
    np.testing.assert_allclose(found["predictions"]["y_rep"].mean(("chain", "draw")), DRAWS.mean(axis=0))


def test_elements_that_some_rows_lack(tmp_path):
    both = replace(WHOLE, outcomes=(*WHOLE.outcomes, ALSO))
    frame = pd.read_parquet(write(tmp_path / "draws.parquet", [both]))
    lines: dict[Any, Any] = dict(iter(frame.groupby("row")))
    np.testing.assert_array_equal(lines[1]["k_rep[2]"], ALSO.draws[:, 1])
    np.testing.assert_array_equal(lines[5]["k_rep[1]"], ALSO.draws[:, 2])
    assert all(lines[row]["k_rep[1]"].isna().all() for row in (2, 3, 4, 6))
    assert lines[5]["k_rep[2]"].isna().all()
    path = write(tmp_path / "draws.nc", [both])
    with xr.open_dataset(path, group="predictions", engine="h5netcdf") as found:
        np.testing.assert_array_equal(found["k_rep[2]"][..., 0].to_numpy().ravel(), ALSO.draws[:, 1])
        assert bool(found["k_rep[1]"].isel(row=[1, 2, 3, 5]).isnull().all())
        assert bool(found["k_rep[2]"].isel(row=4).isnull().all())


def test_counts_stay_whole_numbers(tmp_path):
    outcome = replace(WHOLE.outcomes[0], draws=np.round(DRAWS), is_integer=True, expectation=None)
    counts = replace(WHOLE, outcomes=(outcome,))
    assert pd.read_parquet(write(tmp_path / "draws.parquet", [counts]))["y_rep"].dtype == np.int64
    with xr.open_dataset(write(tmp_path / "d.nc", split(counts, 2)), group="predictions") as found:
        assert found["y_rep"].dtype == np.int64
    assert collect_draws([counts], CHAINS)["y_rep"].dtype == np.int64


@pytest.mark.parametrize("name", ["draws.parquet", "draws.nc"])
def test_a_file_is_whole_or_as_it_was(tmp_path, name):
    path = tmp_path / name
    path.write_text("earlier")
    with pytest.raises(ZeroDivisionError), open_draws(path, CHAINS) as writer:  # noqa: PT012
        writer.write(split(WHOLE, 2)[0])
        raise ZeroDivisionError
    assert path.read_text() == "earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    both = replace(WHOLE, outcomes=(*WHOLE.outcomes, ALSO))
    with pytest.raises(RequestError, match="different numbers of elements"):
        write(path, [split(WHOLE, 2)[0], both])
    assert path.read_text() == "earlier"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")
@pytest.mark.parametrize("name", ["draws.parquet", "draws.nc"])
def test_a_full_disk_is_told(tmp_path, name):
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(StoreError, match="could not be written"):
        write(tmp_path / name, [WHOLE])


def test_other_kinds_of_files(tmp_path):
    with pytest.raises(RequestError, match=r"neither \.parquet nor \.nc"):
        check_draws_file(tmp_path / "draws.csv")


def test_draws_are_written_while_others_take_them(tmp_path):
    path = tmp_path / "draws.parquet"
    assert len(list(write_passing(split(WHOLE), path, CHAINS))) == 3
    assert len(pd.read_parquet(path)) == DRAWS.size
    path.unlink()
    with pytest.raises(RequestError, match="unknown name"):
        tabulate_quantities(write_passing(split(WHOLE), path, CHAINS), parse_quantities(["a + q"]))
    assert list(tmp_path.iterdir()) == []
