"""Reports of run directories: names that distinguish folders, and one file for several runs."""

from pathlib import Path

from tests.report.comparison.runs import make_pair
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
