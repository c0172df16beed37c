"""One file a job, replaced whole: what it carries on, what it never replaces, how node_exporter reads it."""

import os
import sys
import time

import pytest

from tests.metrics.programs import find_port, get, need, running
from workbench.errors import RequestError, StoreError, ToolchainMissing
from workbench.metrics import open_textfile
from workbench.metrics.catalogue import FIT_ROWS
from workbench.metrics.sample import take


def read(path):
    """Return the values of a file by name."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_the_last_success_is_carried_on_over_failures(tmp_path):
    path = tmp_path / "radon.prom"
    before = time.time()
    open_textfile(path, "fit", "radon").write(4)
    found = read(path)
    assert found["workbench_job_success"] == 0
    assert found["workbench_job_exit_code"] == 4
    assert "workbench_job_last_success_timestamp_seconds" not in found
    open_textfile(path, "fit", "radon").write(0, take(FIT_ROWS, 919, model="radon", version=""))
    found = read(path)
    succeeded = found["workbench_job_last_success_timestamp_seconds"]
    assert before <= succeeded <= time.time()
    assert (found["workbench_job_success"], found["workbench_fit_rows"]) == (1, 919)
    for _ in range(2):
        open_textfile(path, "fit", "radon").write(130)
        found = read(path)
        assert found["workbench_job_last_success_timestamp_seconds"] == succeeded
        assert found["workbench_job_last_run_timestamp_seconds"] > succeeded
        assert "workbench_fit_rows" not in found  # of a fit that has not been made, nothing is told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "is no file of metrics that workbench wrote"),
        ("# a comment\n", "is no file of metrics that workbench wrote"),
        ("node_load1 0.5\n", "holds metrics that workbench did not write"),
        ("workbench_fit_rows 5\n", "is no file of metrics that workbench wrote"),
        ('workbench_job_success{command="fit",model="x"} nothing\n', "is no file of metrics"),
        ('workbench_job_success{command="fit",model="x', "is no file of metrics"),
        ("\x00\xff{}\n", "is no file of metrics"),
        ('workbench_job_success{command="score",model="x"} 1\n', "the metrics of `workbench score` for `x`"),
        ("x" * 1_000_001, "is no file of metrics"),
    ],
)
def test_what_is_not_of_this_job_is_never_replaced(tmp_path, text, words):
    path = tmp_path / "a.prom"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match=words):
        open_textfile(path, "fit", "x")
    assert path.read_text(encoding="latin-1") == text


def test_an_empty_file_is_filled(tmp_path):
    path = tmp_path / "a.prom"
    path.touch()
    open_textfile(path, "fit", "x").write(0)
    assert read(path)["workbench_job_success"] == 1


def test_nothing_is_begun_where_the_file_cannot_be_written(tmp_path):
    with pytest.raises(StoreError, match="is a folder"):
        open_textfile(tmp_path, "fit", "x")


def test_a_missing_package_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ToolchainMissing, match="--metrics needs the package prometheus-client") as caught:
        open_textfile(tmp_path / "a.prom", "fit", "x")
    assert caught.value.hint == "pip install 'stan-workbench[metrics]'"


def test_names_that_act_on_terminals_become_code_points(tmp_path):
    name = 'a"b\\c\nd\x1b[31m\udcff'
    path = tmp_path / "a.prom"
    for _ in range(2):
        open_textfile(path, "fit", name).write(0)
    assert b'model="a\\"b\\\\c<U+000A>d<U+001B>[31m<U+DCFF>"' in path.read_bytes()


def test_node_exporter_reads_the_files_of_several_jobs(tmp_path):
    program, folder = need("prometheus-node-exporter"), tmp_path / "textfiles"
    folder.mkdir()
    open_textfile(folder / "fit.prom", "fit", "radon").write(
        0, take(FIT_ROWS, 919, model="radon", version="")
    )
    open_textfile(folder / "score.prom", "score", "radon").write(2)
    open_textfile(folder / "refit.prom", "refit", "r").write(1, take(FIT_ROWS, 85, model="r", version="3"))
    assert sorted(path.name for path in folder.iterdir()) == ["fit.prom", "refit.prom", "score.prom"]
    assert (folder / "fit.prom").stat().st_mode & 0o777 == 0o666 & ~_read_umask()
    port = find_port()
    words = [
        program,
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    words += [f"--collector.textfile.directory={folder}"]
    address = f"http://127.0.0.1:{port}/metrics"
    with running(words, address, tmp_path / "log"):
        text = get(address)
    assert "node_textfile_scrape_error 0" in text
    assert 'workbench_fit_rows{model="radon",version=""} 919' in text
    assert 'workbench_fit_rows{model="r",version="3"} 85' in text
    assert 'workbench_job_exit_code{command="score",model="radon"} 2' in text


def _read_umask():
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(RequestError, match="does not exist"):
        open_textfile(tmp_path / "colector" / "fit.prom", "fit", "line")
    assert not (tmp_path / "colector").exists()
