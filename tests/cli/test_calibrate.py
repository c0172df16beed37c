"""`workbench calibrate` and `Model.calibrate`: what they print, refuse, and exit with."""

import json

import pytest
from typer.testing import CliRunner

import workbench
from workbench.cli.app import app
from workbench.errors import MethodError

pytestmark = pytest.mark.usefixtures("tools")

QUICK = (
    "--chains",
    "2",
    "--warmup",
    "200",
    "--draws",
    "200",
    "--simulations",
    "24",
    "--output",
    "out",
    "--quiet",
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words):
    return CliRunner().invoke(app, ["calibrate", *words])


def test_the_page_answers(tmp_path):
    answer = run("normal_known_variance", *QUICK)
    assert answer.exit_code == 0, answer.output
    assert "can be relied on for this model" in answer.output
    report = tmp_path / "out/report.html"
    written = report.read_bytes()
    shown = CliRunner().invoke(app, ["show", "out"])
    assert shown.exit_code == 0, shown.output
    assert "can be relied on for this model" in shown.output
    report.unlink()
    assert CliRunner().invoke(app, ["report", "out"]).exit_code == 0
    assert report.read_bytes() == written


def test_json_is_the_record(tmp_path):
    answer = run("normal_known_variance", *QUICK, "--method", "nuts", "--json")
    assert json.loads(answer.stdout) == json.loads((tmp_path / "out/calibration.json").read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "auto"), "found `auto`"),
        (("--method", "foo"), "expected to be nuts, laplace, pathfinder, map or mle, found `foo`"),
        (("--posterior", "--simulate-with", "other.stan"), "together with"),
        (("--simulations", "1"), "between 2 and"),
        (("--rows", "10,many"), "found `many`"),
        (("--rows", "10", "--posterior"), "cannot be had together"),
        (("--rank", "P(mu>0)"), "one number for all draws"),
        (("--simulate-with", "nowhere.stan"), "nowhere.stan"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words, said):
    answer = run("normal_known_variance", *QUICK, *words)
    assert answer.exit_code not in (0, 1)
    assert said in " ".join(answer.output.split())
    assert "Traceback" not in answer.output


def test_a_bundled_model_simulates():
    answer = run(
        "normal_known_variance", *QUICK, "--method", "laplace", "--simulate-with", "normal_known_variance"
    )
    assert answer.exit_code == 0, answer.output
    assert "No difference between the programs is visible in 24 simulations" in answer.output


def test_only_quantities_of_the_author_can_be_ranked():
    answer = run("normal_known_variance", *QUICK, "--rank", "nothing")
    assert answer.exit_code not in (0, 1)
    assert "term_lpdf" not in answer.output
    assert "lprior" not in answer.output


def test_python_has_the_same():
    model = workbench.Model("normal_known_variance")
    found = model.calibrate(simulations=24, method="nuts", warmup=200, draws=200, chains=2, output="here")
    assert found.methods["nuts"].fits == 24
    assert set(found.frame["quantity"]) == {"mu", "joint log likelihood"}
    with pytest.raises(MethodError, match=r"did you mean|not an option"):
        model.calibrate(simulation=3)  # type: ignore[call-arg]
