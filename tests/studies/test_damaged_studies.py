"""Damaged study directories: whatever is in them, the report is drawn again or refused in a sentence."""

import os
import random
import shutil

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from tests.damage import damage_folder, list_files, run_within
from workbench.errors import RunIncomplete, StoreError
from workbench.studies import study_directory
from workbench.workflow.sensitivity import redraw_study

SEED = int(os.environ.get("WORKBENCH_SEED", "20"))
"""Other seeds give other damage."""

SECONDS = 60.0
"""The time that no command takes [s]."""


@pytest.fixture(scope="module")
def sound_study(study, study_folder, tmp_path_factory):
    """The files of a study, without its finished work."""
    folder = tmp_path_factory.mktemp("sound") / "study"
    shutil.copytree(study_folder, folder, ignore=shutil.ignore_patterns("kept", ".*"))
    return folder


def damage_and_run(number, sound, place, command):
    """Return what is wrong with a command on one damaged study; nothing where it ends as it should."""
    rng = random.Random(f"{SEED} study {number}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    done = damage_folder(sound, place / "study", "study.json", rng)
    before = list_files(place.parent)
    problem = run_within(SECONDS, lambda: command(place / "study"))
    own = f"{place.name}/study/"
    after = list_files(place.parent)
    outside = [name for name in after if not name.startswith(own) and after[name] != before.get(name)]
    problem += f" wrote {outside}" if outside else ""
    return problem and f"{number} ({done}): {problem}"


def test_damaged_studies_are_read_or_refused(sound_study, tmp_path):
    numbers = range(100)
    problems = [
        damage_and_run(number, sound_study, tmp_path / "w", study_directory.read) for number in numbers
    ]
    assert [problem for problem in problems if problem] == []


def test_damaged_studies_are_drawn_or_refused(sound_study, tmp_path):
    problems = [damage_and_run(number, sound_study, tmp_path / "w", redraw_study) for number in range(8)]
    assert [problem for problem in problems if problem] == []


@pytest.mark.truth
def test_a_thousand_damaged_studies_are_drawn_or_refused(sound_study, tmp_path):
    numbers = range(1000, 2000)
    problems = [damage_and_run(number, sound_study, tmp_path / "w", redraw_study) for number in numbers]
    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize("name", ["study.json", "study.parquet"])
def test_links_and_pipes_are_refused(sound_study, tmp_path, name):
    folder = tmp_path / "study"
    shutil.copytree(sound_study, folder)
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunIncomplete, match="is a symbolic link"):
        study_directory.read(folder)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(RunIncomplete, match="is a pipe"):
        study_directory.read(folder)


def test_a_pipe_in_the_place_of_the_report_is_not_waited_for(sound_study, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(sound_study, folder)
    (folder / "study.html").unlink(missing_ok=True)
    os.mkfifo(folder / "study.html")
    with pytest.raises(StoreError, match="is a pipe or a device, where a file was to be written"):
        redraw_study(folder)


def test_a_study_that_was_replaced_meanwhile_keeps_its_own_report(sound_study, tmp_path, monkeypatch):
    folder = tmp_path / "study"
    shutil.copytree(sound_study, folder)
    (folder / "study.html").write_text("the report of another study")
    record = (folder / "study.json").read_text()
    assert redraw_study(folder).read_text() != "the report of another study"

    def render_and_replace(document):
        (folder / "study.json").write_text(record.replace("2", "3"))
        (folder / "study.html").write_text("the report of another study")
        return ""

    monkeypatch.setattr("workbench.workflow.sensitivity.render", render_and_replace)
    with pytest.raises(StoreError, match="was replaced while its report was drawn"):
        redraw_study(folder)
    assert (folder / "study.html").read_text() == "the report of another study"


def test_texts_that_are_not_utf8_are_refused(sound_study, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(sound_study, folder)
    table = pq.read_table(folder / "study.parquet")
    position = table.schema.get_field_index("method")
    texts = pa.array([b"\xa5nuts"] * len(table)).cast(pa.binary()).view(pa.string())
    pq.write_table(table.set_column(position, "method", texts), folder / "study.parquet")
    with pytest.raises(RunIncomplete, match=r"study\.parquet` is damaged: .*UTF"):
        study_directory.read(folder)
