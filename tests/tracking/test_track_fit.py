"""A fit seen in MLflow while it is made, on a server in memory: whatever that does, the fit goes on."""

import pytest

from tests.report.simulated import simulate_fit
from workbench.diagnostics.diagnose import diagnose
from workbench.errors import ProgramError, RequestError, TrackingError
from workbench.registry.runs import hash_run, name_content
from workbench.results import store
from workbench.workflow.publish import publish_run
from workbench.workflow.track_fit import track_fit

URI = "http://127.0.0.1:5000"


@pytest.fixture
def fit(tmp_path):
    """A fit with its run directory."""
    made = simulate_fit()
    return publish_run(store.with_entries(made, diagnose(made).entries), tmp_path / "run")


@pytest.fixture
def notes():
    """What the user is told."""
    return []


def test_a_fit_is_running_and_then_finished(mlflow, fit, notes):
    with track_fit(URI, "", "radon", notes.append, notes.append) as log_fit:
        (run,) = mlflow.runs.values()
        assert (run.name, run.status, list(mlflow.experiments)) == ("radon", "RUNNING", ["radon"])
        log_fit(fit)
    assert run.status == "FINISHED"
    assert run.metrics["estimate/mu"] == fit.record["nuts"]["estimates"]["mu"]["mean"]
    assert run.tags["workbench.verdict"] == fit.record["diagnosis"]["verdict"]
    assert run.tags["workbench.run"] == name_content(hash_run(fit.folder))
    assert run.files["summary.csv"] == (fit.folder / "summary.csv").read_bytes()
    assert notes == [f"{URI}/#/experiments/1/runs/run1"]


def test_an_experiment_can_be_named(mlflow, fit, notes):
    with track_fit(URI, "trials", "radon", notes.append, notes.append) as log_fit:
        log_fit(fit)
    assert list(mlflow.experiments) == ["trials"]


def test_without_an_address_nothing_is_logged_whatever_the_environment_says(mlflow, fit, notes, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", URI)
    with track_fit(None, "", "radon", notes.append, notes.append) as log_fit:
        log_fit(fit)
    assert (mlflow.calls, notes) == ([], [])


def test_a_fit_that_fails_is_shown_as_failed_with_the_reason(mlflow, notes):
    with pytest.raises(ProgramError), track_fit(URI, "", "radon", notes.append, notes.append):
        raise ProgramError("a semicolon is missing.")
    (run,) = mlflow.runs.values()
    assert (run.status, run.tags["workbench.error"]) == ("FAILED", "a semicolon is missing.")


def test_an_interrupted_fit_is_shown_as_ended(mlflow, notes):
    with pytest.raises(KeyboardInterrupt), track_fit(URI, "", "radon", notes.append, notes.append):
        raise KeyboardInterrupt
    assert [run.status for run in mlflow.runs.values()] == ["KILLED"]


def test_a_fit_without_a_posterior_is_shown_as_failed(mlflow, notes):
    failed = simulate_fit(nuts={"status": "failed", "reason": "chain 1 stopped.", "estimates": {}})
    with track_fit(URI, "", "radon", notes.append, notes.append) as log_fit:
        log_fit(failed)
    (run,) = mlflow.runs.values()
    assert (run.status, run.tags["workbench.error"]) == ("FAILED", "chain 1 stopped.")


def test_a_server_that_answers_only_at_the_end_gets_all_of_it(mlflow, fit, notes):
    mlflow.failures["search_experiments"] = ConnectionError("nobody")
    with track_fit(URI, "", "radon", notes.append, notes.append) as log_fit:
        assert "the fit goes on" in notes[0]
        mlflow.failures.clear()
        log_fit(fit)
    assert [run.status for run in mlflow.runs.values()] == ["FINISHED"]
    assert notes[1].startswith("http")


@pytest.mark.parametrize(
    "method", ["search_experiments", "get_experiment_by_name", "create_run", "log_batch", "log_artifact",
               "set_terminated"]
)  # fmt: skip
@pytest.mark.parametrize("failure", [RuntimeError("no"), FileNotFoundError(2, "gone", "a file")])
def test_no_failure_of_mlflow_ends_a_fit(mlflow, fit, notes, method, failure):
    mlflow.failures[method] = failure
    with track_fit(URI, "", "radon", notes.append, notes.append) as log_fit:
        log_fit(fit)
    assert any("the fit is not in MLflow, or not all of it" in note for note in notes)
    assert "FINISHED" not in [run.status for run in mlflow.runs.values()]


def test_a_failure_of_mlflow_does_not_hide_that_of_the_fit(mlflow, notes):
    mlflow.failures["log_batch"] = RuntimeError("no")
    with pytest.raises(ProgramError), track_fit(URI, "", "radon", notes.append, notes.append):
        raise ProgramError("a semicolon is missing.")
    assert "MLflow still shows the fit as running" in notes[-1]


def test_an_interrupt_at_the_end_says_that_the_run_is_complete(mlflow, fit, notes):
    mlflow.failures["log_artifact"] = KeyboardInterrupt()
    with (
        pytest.raises(KeyboardInterrupt, match="is complete; the fit is not in MLflow"),
        track_fit(URI, "", "radon", notes.append, notes.append) as log_fit,
    ):
        log_fit(fit)


def test_a_wrong_address_is_refused_before_anything_begins(mlflow, notes, monkeypatch):
    with pytest.raises(RequestError), track_fit("mlruns", "", "radon", notes.append, notes.append):
        pytest.fail("it began")
    monkeypatch.setattr("workbench.tracking.server.find_spec", lambda _: None)
    with pytest.raises(TrackingError), track_fit(URI, "", "radon", notes.append, notes.append):
        pytest.fail("it began")
