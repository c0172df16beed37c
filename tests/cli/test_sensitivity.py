"""`workbench sensitivity`: its words, its table, its exit codes."""

import json

import pytest
import typer

from tests.cli.conftest import SCHOOLS
from tests.cli.test_bad_input import assert_refused
from workbench.cli import sensitivity as command_line
from workbench.workflow import sensitivity

pytestmark = pytest.mark.usefixtures("tools")

QUICK = ("--methods", "nuts", "--no-prior-predictive", "--draws", "300", "--warmup", "300", "--quiet")


def test_a_study_in_the_terminal_and_as_json(workbench, tmp_path):
    folder = tmp_path / "study"
    asked = ("--vary", "tau_prior_scale=2,5,10", "--decision", "P(theta[A]>0)>0.5", *QUICK, "-o", folder)
    done = workbench("sensitivity", *SCHOOLS, *asked)
    assert done.returncode == 0, done.stderr
    assert "posterior mean (SD) at each point" in done.stdout
    assert "tau_prior_scale" in done.stdout
    assert "P(theta[A]>0)>0.5" in done.stdout
    assert "through importance weights" in done.stdout
    assert f"report: {folder / 'study.html'}" in done.stdout
    assert {one.name for one in folder.iterdir()} == {"kept", "study.html", "study.json", "study.parquet"}
    again = workbench("sensitivity", *SCHOOLS, *asked, "--json")
    record = json.loads(again.stdout)
    assert [point["values"].get("tau_prior_scale") for point in record["points"]] == [None, 2, 10]
    assert all(point["decisions"]["P(theta[A]>0)>0.5"] for point in record["points"])
    (folder / "study.html").unlink()
    redrawn = workbench("report", folder, "--figures", tmp_path / "pictures")
    assert redrawn.stdout.strip() == str(folder / "study.html")
    assert (folder / "study.html").is_file()
    assert list((tmp_path / "pictures").glob("*.svg"))
    strict = workbench("sensitivity", *SCHOOLS, *asked, "--strict")
    assert strict.returncode == (0 if record["conclusion"]["verdict"] == "ok" else 1)


def test_a_wrong_question_is_said_in_words_at_once(workbench, tmp_path):
    done = workbench("sensitivity", *SCHOOLS, "--vary", "tau=1,2", "-o", tmp_path / "study")
    assert_refused(done, 2, "`tau` is not a hyperparameter of `eight_schools.stan`", "hint:")
    assert not (tmp_path / "study").exists()


def test_what_was_written_is_said_letter_by_letter(workbench):
    done = workbench("sensitivity", *SCHOOLS, "--vary", "tau.mu=a:b:log:3")
    assert_refused(done, 2, "found `tau.mu=a:b:log:3`.")


def test_a_form_that_is_none_and_a_folder_that_cannot_be_are_said_at_once(workbench, tmp_path):
    done = workbench("sensitivity", *SCHOOLS, "--prior-form", "mu=nonsense(1)", "-o", tmp_path / "study")
    assert_refused(done, 2, "Stan does not accept `mu ~ nonsense(1)`")
    assert not (tmp_path / "study").exists()
    (tmp_path / "file").write_text("")
    done = workbench("sensitivity", *SCHOOLS, "-o", tmp_path / "file" / "study")
    assert_refused(done, 5, "the study could not be written to")


def test_a_folder_of_something_else_is_kept(workbench, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "thesis.tex").write_text("precious")
    done = workbench("sensitivity", *SCHOOLS, *QUICK, "-o", tmp_path / "study")
    assert_refused(done, 5, "exists and is not a study: nothing was written")
    assert (tmp_path / "study" / "thesis.tex").read_text() == "precious"


def test_what_is_no_run_is_said(workbench, tmp_path):
    done = workbench("sensitivity", tmp_path)
    assert_refused(done, 5, "a run was expected in")


def test_labels_in_brackets_are_seen_in_the_help(workbench):
    done = workbench("sensitivity", "--help")
    assert done.stdout.count("beta[age]") == 2


def test_an_interrupted_study_says_that_its_pieces_are_kept(monkeypatch, capsys, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.cli.console.signal.signal", lambda *_: None)
    monkeypatch.setattr(sensitivity, "study_run", interrupted)
    with pytest.raises(typer.Exit) as ended:
        command_line.command(tmp_path)
    assert ended.value.exit_code == 130
    assert "interrupted: what was finished is kept; the same command goes on" in capsys.readouterr().err
