"""`workbench sensitivity`: its page, its JSON, its errors and exit codes."""

import json
from importlib.util import find_spec

import pytest

from tests.cli.conftest import SCHOOLS
from tests.cli.test_bad_input import assert_refused
from workbench.workflow import sensitivity

pytestmark = pytest.mark.usefixtures("tools")

QUICK = ("--methods", "nuts", "--no-prior-predictive", "--draws", "300", "--warmup", "300", "--quiet")
DECISION = "P(theta[A]>0)>0.5"


@pytest.fixture
def arguments(tmp_path):
    return (
        *("sensitivity", *SCHOOLS, "--vary", "tau_prior_scale=2,5,10"),
        *("--decision", DECISION, *QUICK, "-o", tmp_path / "study"),
    )


def test_the_page_shows_each_point_and_the_conclusion(workbench, arguments, tmp_path):
    folder = tmp_path / "study"
    done = workbench(*arguments)
    assert done.returncode == 0, done.stderr
    heading, *rows = done.stdout.partition("at each point")[2].strip().splitlines()[:4]
    assert [
        word for word in ("tau_prior_scale", "obtained by", "k-hat", DECISION) if word not in heading
    ] == []
    assert [row.split()[0] for row in rows] == ["5", "2", "10"]
    assert "base fit" in rows[0]
    assert (
        heading.split().index("theta[A]") == heading.split().index("k-hat") + 1
    )  # what the decision is about
    assert all(0.5 < float(row.split("yes (")[1].split(")")[0]) <= 1 for row in rows)
    assert "verdict: " in done.stdout
    assert "by importance weights" in done.stdout
    assert f"report: {folder / 'study.html'}" in done.stdout
    assert {path.name for path in folder.iterdir()} == {"kept", "study.html", "study.json", "study.parquet"}
    shown = workbench("show", folder)
    assert (shown.returncode, shown.stdout) == (0, done.stdout)


def test_a_study_whose_run_is_replaced_says_so(workbench, tmp_path):
    fit = (
        "fit",
        *SCHOOLS,
        "--method",
        "nuts",
        "--draws",
        "300",
        "--warmup",
        "300",
        "--no-report",
        "-o",
        "run",
    )
    assert workbench(*fit).returncode == 0
    options = ("--vary", "tau_prior_scale=5,10", "--methods", "nuts", "--no-prior-predictive")
    assert workbench("sensitivity", "run", *options, "--quiet").returncode == 0
    replaced = "The run in this folder has been replaced since"
    assert "note:" not in workbench(*fit).stderr  # the same fit again
    assert replaced not in workbench("show", "run/study").stdout
    other = workbench(*fit, "--prior", "tau_prior_scale=20")
    assert "note: the study in `run/study` is about the earlier run" in other.stderr.replace("\n", " ")
    assert replaced in workbench("show", "run/study").stdout
    assert "study of an earlier run" in workbench("runs", ".").stdout
    assert workbench("report", "run/study").returncode == 0
    assert replaced in (tmp_path / "run" / "study" / "study.html").read_text()


def test_json_the_report_and_the_exit_code_follow_from_the_study(workbench, arguments, tmp_path):
    report = tmp_path / "study" / "study.html"
    record = json.loads(workbench(*arguments, "--json").stdout)
    assert [point["values"].get("tau_prior_scale") for point in record["points"]] == [None, 2, 10]
    assert all(point["decisions"][DECISION] for point in record["points"])
    report.unlink()
    redrawn = workbench("report", report.parent, "--figures", tmp_path / "figures")
    assert redrawn.stdout.strip() == str(report)
    assert report.is_file()
    assert list((tmp_path / "figures").glob("*.svg"))
    strict = workbench(*arguments, "--strict")
    assert strict.returncode == (0 if record["conclusion"]["verdict"] == "ok" else 1)


def test_a_scheduler_is_refused_before_anything_is_fitted(workbench, arguments, tmp_path):
    refused = workbench(*arguments, "--scheduler", "nowhere")
    assert_refused(refused, 2, "--scheduler", "local:N", "`nowhere`")
    if find_spec("distributed") is not None:
        silent = workbench(*arguments, "--scheduler", "tcp://127.0.0.1:1")
        assert_refused(silent, 3, "no scheduler of Dask answers at tcp://127.0.0.1:1", hint="dask scheduler")
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--vary", "tau=1,2"), "`tau` is not a hyperparameter of `eight_schools.stan`"),
        (("--vary", "tau.mu=a:b:log:3"), "found `tau.mu=a:b:log:3`."),
        (("--prior-form", "mu=nonsense(1)"), "Stan does not accept `mu ~ nonsense(1)`"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(workbench, tmp_path, options, message):
    done = workbench("sensitivity", *SCHOOLS, *options, "-o", tmp_path / "study")
    assert_refused(done, 2, message)
    assert not (tmp_path / "study").exists()


def test_a_folder_that_cannot_be_made_is_refused(workbench, tmp_path):
    (tmp_path / "file").write_text("")
    done = workbench("sensitivity", *SCHOOLS, "-o", tmp_path / "file" / "study")
    assert_refused(done, 5, "/study` could not be written", "is a file, not a folder")


def test_a_folder_with_other_files_is_left_alone(workbench, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "thesis.tex").write_text("precious")
    done = workbench("sensitivity", *SCHOOLS, *QUICK, "-o", tmp_path / "study")
    assert_refused(done, 5, "`thesis.tex`, and is not a study: nothing was written")
    assert (tmp_path / "study" / "thesis.tex").read_text() == "precious"


def test_a_folder_without_a_run_is_refused(workbench, tmp_path):
    done = workbench("sensitivity", tmp_path)
    assert_refused(done, 5, "a run was expected in")


def test_options_of_the_base_fit_are_refused_for_a_run(workbench, tmp_path):
    done = workbench("sensitivity", tmp_path, "--chains", "2")
    assert_refused(done, 2, "--chains")


def test_labels_in_brackets_are_seen_in_the_help(workbench):
    assert workbench("sensitivity", "--help").stdout.count("beta[age]") == 2


def test_an_interrupted_study_says_how_to_continue(workbench, monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sensitivity, "study_run", interrupt)
    done = workbench("sensitivity", tmp_path)
    assert done.returncode == 130
    assert "run the same command again to continue" in done.stderr
