"""Nothing is written into a run of a registry: its files would no longer be those that were added."""

import pytest

import workbench
from workbench.errors import RequestError
from workbench.workflow import explore, report, resume, sensitivity, standard_errors
from workbench.workflow.study_options import StudyOptions

WRITES = {
    "report": lambda fit: report.redraw_report(fit.folder),
    "explore": lambda fit: explore.explore_run(fit.folder),
    "continue": lambda fit: resume.continue_run(fit.folder, 100),
    "sensitivity": lambda fit: sensitivity.study_run(fit.folder, StudyOptions()),
    "fit.report": lambda fit: fit.report(),
    "fit.explore": lambda fit: fit.explore(),
    "workbench.sensitivity": lambda fit: workbench.sensitivity(fit, progress=False),
}
"""What writes into the folder of a run unless another place is named."""


@pytest.fixture
def kept(tmp_path, runs):
    """A version as a registry hands it out, with the files that it holds."""
    registry = workbench.Registry(tmp_path / "registry", author="ann")
    registry.add("schools", runs[0])
    fit = registry.load("schools@1")
    assert fit.folder is not None
    return fit, sorted(path.name for path in fit.folder.iterdir())


@pytest.mark.parametrize("name", WRITES)
def test_what_would_write_there_is_refused_with_another_place(kept, name):
    fit, files = kept
    with pytest.raises(RequestError, match="a run in a registry") as caught:
        WRITES[name](fit)
    assert "registry export" in str(caught.value.hint)
    assert sorted(path.name for path in fit.folder.iterdir()) == files


def test_resamples_are_not_kept_there(kept, runs):
    assert standard_errors.choose_folder(kept[0].folder) is None
    assert standard_errors.choose_folder(runs[0]) == runs[0] / standard_errors.FOLDER


def test_a_report_elsewhere_is_written(kept, tmp_path):
    fit, files = kept
    assert fit.report(tmp_path / "report.html").is_file()
    assert sorted(path.name for path in fit.folder.iterdir()) == files
