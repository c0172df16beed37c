"""Reports of run directories: names that distinguish folders, and one file for several runs."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.report.comparison.runs import make_pair
from workbench.errors import StoreError
from workbench.results import store
from workbench.workflow import report


def test_names_distinguish_folders():
    paths = [Path("/x/a/run"), Path("/x/b/run"), Path("/x/c"), Path("/x/c")]
    assert report.name_runs(paths) == ["a/run", "b/run", "c (3)", "c (4)"]


def test_several_runs_become_one_file(tmp_path):
    for name, fit in make_pair().items():
        store.write(fit, "", tmp_path / name)
    runs = report.read_runs([tmp_path / "first", tmp_path / "second"])
    target = report.write_comparison(runs, tmp_path / "out" / "both.html", tmp_path / "pictures")
    assert "first" in target.read_text(encoding="utf-8")
    assert len(list((tmp_path / "pictures").glob("densities-*.svg"))) == 6


def test_a_report_needs_as_much_room_as_the_one_that_it_replaces(tmp_path, monkeypatch):
    folder = store.write(next(iter(make_pair().values())), "x" * 5_000_000, tmp_path / "run")
    usage = SimpleNamespace(f_bavail=1_000_000, f_frsize=1, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda place: usage)
    with pytest.raises(StoreError, match="at least 5 MB are needed there, and 1 MB are free"):
        report.redraw_report(folder)
    assert (folder / "report.html").stat().st_size == 5_000_000
