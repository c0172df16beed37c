"""Versions published, on a server in memory."""

import json
import shutil

import pytest
from typer.testing import CliRunner

import workbench
from tests.registry.conftest import write_run
from tests.report.simulated import simulate_fit
from tests.tracking.fake_mlflow import MlflowException
from workbench.cli.app import app
from workbench.errors import RegistryDamaged, RequestError, StoreError, TrackingError
from workbench.registry.runs import hash_run, name_content
from workbench.workflow.publish_version import PublishOptions, publish_version

URI = "http://127.0.0.1:5000"
"""The address of a server; nothing is asked there."""

RULES = {"variables": {"y": ["y"], "sigma": ["sigma"]}, "groups": {}, "given": {}, "row_names": "school"}
"""The rules of the simulated program, fitted to a table."""


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A run that predicts rows of a table."""
    record = simulate_fit().record
    data = {**record["data"], "rules": RULES}
    model = {**record["model"], "outcomes": [{"name": "y", "replicate": "y_rep"}]}
    return write_run(tmp_path_factory.mktemp("fitted") / "run", data=data, model=model)


@pytest.fixture
def kept(registry, run):
    """A registry with the run as its champion."""
    registry.add("radon", run, alias="champion", note="the first", owner="Health")
    return registry


def publish(registry, what="radon@champion", **options):
    return publish_version(what, PublishOptions(URI, **options), registry)


def test_a_version_is_published_with_its_model_and_its_alias(mlflow, kept, run):
    found = publish(kept, alias="champion")
    assert (found.name, found.version, found.is_new, found.alias) == ("radon", "1", True, "champion")
    assert found.link == f"{URI}/#/models/radon/versions/1"
    assert found.source == "radon@1"
    assert mlflow.addresses == [(URI, URI)]
    (logged,) = mlflow.runs.values()
    assert (logged.name, logged.status, logged.experiment) == ("radon@1", "FINISHED", "1")
    assert list(mlflow.experiments) == ["radon"]
    assert logged.tags["workbench.run"] == name_content(hash_run(run))
    assert logged.tags["mlflow.user"] == "somebody@somewhere"
    for key, value in {"version": "radon@1", "note": "the first", "owner": "Health"}.items():
        assert logged.tags[f"workbench.{key}"] == value
    assert logged.files["summary.csv"] == (run / "summary.csv").read_bytes()
    for path in run.iterdir():
        assert logged.files[f"model/run/{path.name}"] == path.read_bytes()
    (version,) = mlflow.models["radon"]
    assert version.source == "runs:/run1/model"
    assert version.tags["workbench.verdict"] == logged.tags["workbench.verdict"]
    assert mlflow.aliases == {"radon": {"champion": "1"}}


def test_the_model_says_what_it_takes_needs_and_holds(mlflow, kept, run):
    publish(kept)
    described = mlflow.saved
    assert [(each.name, each.required) for each in described["signature"].inputs] == [
        ("sigma", True),
        ("school", False),
    ]
    assert described["pip_requirements"] == [f"stan-workbench=={_version()}"]
    assert described["model_config"] == {"files": hash_run(run)}
    assert described["input_example"] is None, "the table is not where it was"


def test_a_program_without_predictors_takes_any_rows(mlflow, registry, run, tmp_path):
    record = json.loads((run / "run.json").read_text())
    data = {**record["data"], "rules": {**RULES, "variables": {"y": ["y"]}, "row_names": ""}}
    alone = write_run(tmp_path / "alone", data=data, model=record["model"])
    publish(registry, alone, name="alone")
    assert mlflow.saved["signature"].inputs is None, "MLflow refuses a signature without columns"


def _version():
    from workbench.provenance import read_workbench_version

    return read_workbench_version()


def test_the_same_version_is_published_once(mlflow, kept):
    publish(kept, alias="champion")
    before = list(mlflow.calls)
    again = publish(kept, alias="champion")
    assert (again.version, again.is_new, again.alias) == ("1", False, "")
    asked = mlflow.calls[len(before) :]
    assert asked == ["search_experiments", "search_model_versions", "get_registered_model"]
    assert publish(kept, alias="canary").alias == "canary"
    assert mlflow.aliases["radon"] == {"champion": "1", "canary": "1"}
    assert (len(mlflow.runs), len(mlflow.models["radon"])) == (1, 1)


def test_another_run_is_the_next_version(mlflow, kept, run, tmp_path):
    publish(kept, alias="champion")
    record = json.loads((run / "run.json").read_text())
    other = write_run(tmp_path / "other", data=record["data"], model=record["model"], seed=77)
    kept.add("radon", other)
    found = publish(kept, "radon@2", alias="champion")
    assert (found.version, found.is_new) == ("2", True)
    assert mlflow.aliases["radon"] == {"champion": "2"}


def test_a_run_directory_is_published_under_a_name(mlflow, registry, run):
    with pytest.raises(RequestError, match="was expected to have a name in MLflow"):
        publish(registry, run)
    found = publish(registry, run, name="schools", experiment="trials")
    assert (found.name, found.source) == ("schools", str(run))
    assert list(mlflow.experiments) == ["trials"]


def test_an_experiment_that_is_there_is_used_and_a_deleted_one_refused(mlflow, kept):
    mlflow.experiments["radon"] = "7"
    publish(kept)
    assert [each.experiment for each in mlflow.runs.values()] == ["7"]
    mlflow.experiments["old"] = "8"
    mlflow.deleted.add("old")
    with pytest.raises(RequestError, match="experiment `old` was deleted"):
        publish(kept, name="other", experiment="old")


def test_a_run_that_cannot_predict_is_refused_before_mlflow_is_asked(mlflow, registry, runs):
    with pytest.raises(RequestError, match="say nothing about how to bind a table"):
        publish(registry, runs[0], name="radon")
    assert not mlflow.calls


def test_a_run_of_the_registry_that_was_changed_is_refused(mlflow, kept):
    path = kept.open_run("radon")[1] / "fit.nc"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RegistryDamaged):
        publish(kept)
    assert not mlflow.calls


@pytest.mark.parametrize("alias", ["latest", "Latest", "v1", "V22", "a b", "a.b", "a/b", "x" * 256])
def test_aliases_that_mlflow_does_not_take_are_refused_before_anything_is_stored(mlflow, kept, alias):
    with pytest.raises(RequestError, match="an alias of MLflow was expected, found"):
        publish(kept, alias=alias)
    assert not mlflow.calls


@pytest.mark.parametrize("alias", ["v1x", "latest-one", "champion_2", "2"])
def test_other_aliases_are_taken(mlflow, kept, alias):
    assert publish(kept, alias=alias).alias == alias


def test_what_is_not_whole_is_marked_as_failed_and_is_no_version(mlflow, kept):
    mlflow.failures["log_artifacts"] = ConnectionError("reset by peer")
    with pytest.raises(TrackingError, match="failed: reset by peer"):
        publish(kept)
    (logged,) = mlflow.runs.values()
    assert (logged.status, mlflow.models) == ("FAILED", {})
    del mlflow.failures["log_artifacts"]
    assert publish(kept).is_new, "the next attempt starts anew"


def test_a_run_that_changes_while_it_is_copied_is_refused(mlflow, registry, run, monkeypatch):
    monkeypatch.setattr(
        shutil, "copyfile", lambda source, target: target.write_bytes(source.read_bytes()[1:])
    )
    with pytest.raises(StoreError, match="changed while it was copied"):
        publish(registry, run, name="radon")
    assert [each.status for each in mlflow.runs.values()] == ["FAILED"]
    assert not mlflow.models


def test_an_interrupt_is_marked_as_one(mlflow, kept):
    mlflow.failures["log_artifacts"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        publish(kept)
    assert [each.status for each in mlflow.runs.values()] == ["KILLED"]


def test_a_name_that_mlflow_refuses_is_told_in_its_words(mlflow, kept):
    mlflow.failures["create_registered_model"] = MlflowException(
        "Names are short.", "INVALID_PARAMETER_VALUE"
    )
    with pytest.raises(RequestError, match=f"MLflow at `{URI}` refuses this: Names are short."):
        publish(kept)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a command in an empty folder; return its exit code and all that it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return done.exit_code, " ".join(done.output.split())

    return call


def test_the_command_says_what_it_did(mlflow, call, run):
    call("registry", "add", "radon", run)
    line = ("publish", "radon@latest", "--mlflow", URI, "--alias", "champion", "-q")
    code, text = call(*line)
    assert code == 0
    assert "radon@1 is now version 1 of radon in MLflow; `champion` points to it: http" in text
    code, text = call(*line)
    assert code == 0
    assert "radon@1 is already version 1 of radon in MLflow, and nothing was done" in text
    assert call("registry", "verify", "-q")[0] == 0


def test_from_python_a_fit_is_published_as_its_run_is(mlflow, run):
    fit = workbench.load(run)
    found = workbench.publish(fit, URI, name="schools", progress=False)
    assert found.is_new
    assert not workbench.publish(run, URI, name="schools", progress=False).is_new
    with pytest.raises(RequestError, match="to have a name in MLflow") as refused:
        workbench.publish(fit, URI, progress=False)
    assert 'name="NAME"' in (refused.value.hint or "")
