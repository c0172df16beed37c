"""Study directories: what is written, and what cannot be read."""

import json
import shutil

import pytest

from workbench.errors import RunIncomplete, RunNotFound
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
