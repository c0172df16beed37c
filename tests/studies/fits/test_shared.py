"""What the tasks of a study share."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from workbench.execution import Workplace
from workbench.studies import Plan, StudyContext, make_form_key


def make_context(data: str) -> StudyContext:
    variant: Any = SimpleNamespace(request=SimpleNamespace(key=data), model=SimpleNamespace(key="program"))
    backend: Any = None
    return StudyContext(Plan(), {make_form_key({}): variant}, backend, Path("kept"), Path("scratch"))


def test_studies_of_other_data_share_no_files_on_a_worker():
    """Data files are named after points, and two studies may have the same points."""
    place = Workplace(Path("pieces"), Path("worker"), 3)
    first, second = (make_context(data).move_to(place) for data in ("one table", "another"))
    assert first.scratch != second.scratch
    assert first.scratch == make_context("one table").move_to(place).scratch
    assert (first.cache_folder, first.scratch.parent, first.jobs) == (Path("pieces"), Path("worker"), 3)
