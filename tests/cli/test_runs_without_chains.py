"""Runs that end with an approximation or a mode: each command takes them, or says what makes up for it."""

import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("tools")

PROGRAM = """
data { int N; array[N] int<lower=0> y; }
parameters { real<lower=0> rate; }
model { rate ~ gamma(2, 1); y ~ poisson(rate); }
"""
INSTEAD = "workbench fit counts.stan counts.csv --method nuts"


@pytest.fixture
def counts(tmp_path):
    (tmp_path / "counts.stan").write_text(PROGRAM)
    pd.DataFrame({"y": [1, 0, 2]}).to_csv(tmp_path / "counts.csv", index=False)
    pd.DataFrame({"y": [0] * 40}).to_csv(tmp_path / "new.csv", index=False)
    return "counts.stan", "counts.csv"


def fit(workbench, monkeypatch, counts, method):
    words = ["fit", *counts, "--method", method, "-o", method]
    monkeypatch.setattr("sys.argv", ["workbench", *words])
    assert workbench(*words, "-q").returncode == 0


def test_a_laplace_approximation_predicts_with_its_weights(workbench, monkeypatch, counts, tmp_path):
    """Exact: the rate is gamma(5, 4), with mean 1.25. The approximation is lognormal, with mean 1.38."""
    fit(workbench, monkeypatch, counts, "auto")
    done = workbench("predict", "auto", "new.csv", "-o", "predictions.csv", "-q")
    assert done.returncode == 0, done.stderr
    assert "corrected by importance weights" in done.stderr.replace("\n", " ")
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    assert predictions["mean"].mean() == pytest.approx(1.25, abs=4 * (5 / 16 / 1000 * 2) ** 0.5)
    assert predictions["sd"].mean() == pytest.approx((1.25 + 5 / 16) ** 0.5, rel=0.1)
    assert "corrected by importance weights" in workbench("predict", "auto", "new.csv", "-q").stdout


@pytest.mark.parametrize("method", ["auto", "map"])
def test_what_needs_chains_names_the_command_that_makes_them(
    workbench, monkeypatch, counts, tmp_path, method
):
    fit(workbench, monkeypatch, counts, method)
    for words in (("continue", method, "-q"), ("sensitivity", method, "-q")):
        done = workbench(*words)
        assert done.returncode != 0
        assert INSTEAD in " ".join(done.stderr.split())
    assert not (tmp_path / method / "study").exists()
    assert INSTEAD in workbench("check", method).stdout
    assert workbench("report", method, method, "-o", "both.html").returncode == 0
    page = (tmp_path / "both.html").read_text(encoding="utf-8")
    assert INSTEAD in page
    assert ("posteriors agree" in page) == (method == "auto")
    if method == "map":
        done = workbench("predict", method, "new.csv", "-q")
        assert INSTEAD in " ".join(done.stderr.split())
