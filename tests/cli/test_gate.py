"""`workbench gate`, `promote` and `rollback`, without Stan: no held-out rows are predicted."""

import json

import pytest

from tests.cli.test_registry import call  # noqa: F401 - a fixture
from tests.registry.conftest import runs  # noqa: F401 - a fixture


@pytest.fixture
def filled(call, runs):  # noqa: F811
    call("registry", "add", "radon", runs[0], "--alias", "champion")
    call("registry", "add", "radon", runs[1], "--alias", "challenger")
    call("registry", "add", "radon", runs[2], "--note", "a wider prior")
    return call


def test_a_gate_says_which_criterion_failed_and_why(filled, tmp_path, runs):  # noqa: F811
    code, text = filled("gate", "radon@3", runs[0], "--markdown", "gate.md", "--html", "gate.html")
    assert code == 1
    assert "may not be promoted" in text
    assert "--accept-prior mu.sigma acknowledges it" in text
    assert "| prior mu.sigma | failed" in " ".join((tmp_path / "gate.md").read_text().split())
    assert "<table" in (tmp_path / "gate.html").read_text()
    code, text = filled("gate", "radon@3", "radon@champion", "--accept-prior", "mu.sigma")
    assert "prior mu.sigma passed" in text


def test_limits_come_from_a_file_that_is_checked(filled, tmp_path):
    limits = tmp_path / "gate.toml"
    limits.write_text('accept_priors = ["mu.sigma"]\nverdict = "not worse"\n')
    text = filled("gate", "radon@3", "radon@1", "--rules", limits)[1]
    assert "prior mu.sigma passed" in text
    limits.write_text("verdikt = 1\n")
    code, text = filled("gate", "radon@3", "radon@1", "--rules", limits)
    assert code == 2
    assert "verdikt" in text
    assert "the limits are program, verdict" in text


def test_promotion_passes_the_gate_or_leaves_the_champion(filled):
    log = filled("registry", "log")[1]
    assert filled("promote", "radon@3")[0] == 1
    assert "champion 1" in filled("registry", "list")[1]
    assert "radon@3 put to the gate against version 1: failed" in filled("registry", "log")[1]
    code, text = filled("promote", "radon", "--shadow")
    assert (code, "the champion is radon@1 as before" in text) == (0, True)
    assert filled("promote", "radon")[0] == 0
    assert "champion 2" in filled("registry", "list")[1]
    assert filled("promote", "radon")[0] == 2, "it is the champion already"
    assert filled("registry", "verify", "-q")[0] == 0
    assert filled("registry", "log")[1].startswith(log.rpartition("hash")[0])


def test_rollback_leads_back_step_by_step(filled):
    for version in (2, 3):
        filled("registry", "alias", f"radon@{version}", "champion")
    assert "radon@2 is the champion again, in the place of version 3" in filled("rollback", "radon")[1]
    assert "radon@1 is the champion again" in filled("rollback", "radon", "--reason", "complaints")[1]
    code, text = filled("rollback", "radon")
    assert (code, "no champion before" in text) == (2, True)
    assert "moved back from version 2 to version 1: complaints" in filled("registry", "log")[1]


def test_the_first_champion_needs_only_a_verdict(call, runs):  # noqa: F811
    call("registry", "add", "radon", runs[0])
    code, text = call("promote", "radon@1", "--json", "-q")
    found = json.loads(text[: text.rindex("}") + 1])
    verdict = json.loads((runs[0] / "run.json").read_text())["diagnosis"]["verdict"]
    assert found["is_passed"] == (verdict != "fail") == (code == 0)
