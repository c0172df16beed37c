"""Study directories: what is written, and what cannot be read."""

import json
import shutil

import pytest

from workbench.errors import RunIncomplete, RunNotFound, StoreError
from workbench.studies import store, study_directory


def test_a_study_is_read_back(study, study_folder):
    stored = study_directory.read(study_folder)
    assert stored.folder == study_folder
    assert stored.results == study.results
    assert stored.frame.equals(study.frame)


def test_a_folder_without_a_study_is_refused(tmp_path):
    with pytest.raises(RunNotFound, match=r"study\.json") as refused:
        study_directory.read(tmp_path)
    assert "workbench sensitivity" in str(refused.value.hint)


@pytest.mark.parametrize("change", ["schema", "content", "table"])
def test_damaged_files_are_refused(study, study_folder, tmp_path, change):
    for name in (store.RECORD, store.TABLE):
        shutil.copy(study_folder / name, tmp_path / name)
    record = json.loads((tmp_path / store.RECORD).read_text())
    if change == "table":
        (tmp_path / store.TABLE).write_bytes(b"")
    else:
        changes = {"schema": {"schema": 0}, "content": {"points": 3}}[change]
        (tmp_path / store.RECORD).write_text(json.dumps({**record, **changes}))
    with pytest.raises(RunIncomplete, match=str(tmp_path)):
        study_directory.read(tmp_path)


def test_what_is_not_of_the_study_stays(study, tmp_path):
    place = tmp_path / "study"
    store.write(study, "<html></html>", place)
    (place / store.CACHE).mkdir()
    (place / store.CACHE / "fit.nc").write_text("draws")
    (place / "notes.txt").write_text("years of work")
    store.write(study, "<html>again</html>", place)
    assert (place / store.REPORT).read_text() == "<html>again</html>"
    assert (place / store.CACHE / "fit.nc").read_text() == "draws"
    assert (place / "notes.txt").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


@pytest.mark.parametrize(
    ("content", "is_study"), [({}, True), ({store.CACHE: ""}, True), ({"thesis.txt": ""}, False),
                              ({store.RECORD: "{}"}, False), ({store.RECORD: ""}, False)]
)  # fmt: skip
def test_only_studies_and_their_finished_work_are_replaced(tmp_path, content, is_study):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    if is_study:
        store.check_place(tmp_path)
    else:
        with pytest.raises(StoreError, match="and is not a study: nothing was written"):
            store.check_place(tmp_path)
