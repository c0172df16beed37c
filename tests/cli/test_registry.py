"""`workbench registry`, from the first run to a check of everything."""

import json

import pytest
from typer.testing import CliRunner

import workbench
from tests.registry.conftest import runs  # noqa: F401 - a fixture
from workbench.cli.app import app
from workbench.errors import RegistryNotFound


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a command in an empty folder; return its exit code and all that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKBENCH_AUTHOR", "me")

    def run(*arguments):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return done.exit_code, " ".join(done.output.split())

    return run


def test_a_model_from_its_first_run_to_a_check_of_everything(call, runs, tmp_path):  # noqa: F811
    assert "there is none" in call("registry", "list")[1]
    code, text = call("registry", "add", "radon", runs[0], "--alias", "champion", "--owner", "Health")
    assert (code, text.startswith("radon@1 added, `champion` points to it: registry/runs/")) == (0, True)
    call("registry", "add", "radon", runs[2], "--alias", "challenger", "--note", "a wider prior")
    assert "champion 1" in call("registry", "list")[1]
    text = call("registry", "show", "radon")[1]
    assert "owner Health" in text
    assert "a wider prior" in text
    text = call("registry", "show", "radon@2")[1]
    assert "champion then radon@1" in text
    assert "mu.sigma 10 --prior" in text
    text = call("registry", "diff", "radon@champion", runs[2])[1]
    assert "The program is the same." in text
    assert "mu.sigma 5 10 --prior" in text
    assert "combined SDs" in text
    assert "before, to version 1" in call("registry", "alias", "radon@2", "champion", "--reason", "review")[1]
    call("registry", "approve", "radon@2", "--note", "looked at")
    text = call("registry", "log", "radon")[1]
    assert "`champion` of radon moved from version 1 to version 2: review" in text
    assert "radon@2 approved: looked at" in text
    assert "runs removed: radon@1" in call("registry", "prune", "--keep", "1")[1]
    assert call("registry", "export", "radon", "-o", "copy")[0] == 0
    assert (tmp_path / "copy" / "run.json").exists()
    code, text = call("registry", "verify")
    assert (code, "ok: Everything is as it was written" in text) == (0, True)
    assert json.loads(call("registry", "verify", "--json", "-q")[1])["problems"] == []
    path = next((tmp_path / "registry" / "runs").iterdir()) / "fit.nc"
    path.write_bytes(path.read_bytes()[:-1])
    code, text = call("registry", "verify")
    assert (code, "fit.nc` was changed" in text) == (1, True)


def test_a_version_stands_for_its_run(call, runs):  # noqa: F811
    call("registry", "add", "radon", runs[0], "--alias", "champion")
    code, text = call("show", "radon@champion")
    assert (code, "version: radon@1, added" in text) == (0, True)
    code, text = call("show", "radon@other")
    assert (code, "`radon` has no `other`" in text) == (2, True)


def test_python_has_the_same_verbs(runs, tmp_path):  # noqa: F811
    registry = workbench.Registry(tmp_path / "registry", author="me")
    with pytest.raises(RegistryNotFound):
        registry.versions()
    fit = workbench.load(runs[0])
    assert registry.add("radon", fit, alias="champion").number == 1
    registry.add("radon", runs[2], note="a wider prior")
    loaded = registry.load("radon@champion")
    assert loaded.record == fit.record
    frame = registry.versions("radon")
    assert frame["aliases"].tolist() == ["champion", ""]
    assert frame["note"].tolist() == ["", "a wider prior"]
    assert [change.name for change in registry.diff("radon@1", runs[2]).priors] == ["mu.sigma"]
    page = registry.report("radon", tmp_path / "page.html")
    assert "a wider prior" in page.read_text()
    assert registry.diff(fit, loaded).distance == 0
    assert registry.verify().is_clean


def test_a_report_is_one_file_outside_the_registry(call, runs, tmp_path):  # noqa: F811
    assert "there is none" in call("registry", "report", "radon")[1]
    call("registry", "add", "radon", runs[0], "--alias", "champion")
    call("registry", "add", "radon", runs[2], "--note", "a wider prior")
    assert call("registry", "report", "radon") == (0, "reports/registry-radon.html")
    page = (tmp_path / "reports" / "registry-radon.html").read_text()
    assert "a wider prior" in page
    assert "1 change of priors" in page
    assert "most of all" in page
    call("registry", "prune", "--keep", "1")
    call("registry", "alias", "radon", "champion", "--remove")
    call("registry", "prune", "--keep", "1")
    assert call("registry", "report", "radon", "-o", "again.html")[0] == 0
    assert "most of all" in (tmp_path / "again.html").read_text(), "also when the run is gone"
    assert json.loads(call("registry", "verify", "--json", "-q")[1])["notes"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("radon@1",), "a name was expected in the registry, found `radon@1`"),
        (("../radon",), "a name was expected in the registry"),
        (("other",), "`other` is not in the registry"),
        (("radon", "-o", "registry/page.html"), "holds its own files only"),
        (("radon", "-o", "registry/runs/page.html"), "holds its own files only"),
        (("radon", "-o", "linked/page.html"), "holds its own files only"),
        (("radon", "-o", "model.stan"), "is a Stan program"),
        (("radon", "-o", "."), "is a folder"),
    ],
)
def test_a_report_that_cannot_be_is_refused(call, runs, tmp_path, arguments, message):  # noqa: F811
    call("registry", "add", "radon", runs[0])
    (tmp_path / "model.stan").write_text("model {}")
    (tmp_path / "linked").symlink_to(tmp_path / "registry")
    code, text = call("registry", "report", *arguments)
    assert code != 0
    assert message in text
    assert not (tmp_path / "reports").exists()
    assert sorted(path.name for path in (tmp_path / "registry").iterdir()) == [
        ".lock", "events.jsonl", "index.json", "runs",
    ]  # fmt: skip
