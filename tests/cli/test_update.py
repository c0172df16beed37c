"""`workbench update`: what it prints, and what it refuses before anything is run."""

import pandas as pd
import pytest

from tests.cli.test_bad_input import assert_refused

PROGRAM = """
data { int N; array[N] int<lower=0> y; }
parameters { real<lower=0> rate; }
model { rate ~ gamma(2, 1); y ~ poisson(rate); }
"""


@pytest.mark.usefixtures("tools")
def test_a_run_is_updated_in_one_sentence(workbench, tmp_path):
    (tmp_path / "counts.stan").write_text(PROGRAM)
    pd.DataFrame({"y": [1, 0, 2, 3, 1]}).to_csv(tmp_path / "may.csv", index=False)
    pd.DataFrame({"y": [1, 2]}).to_csv(tmp_path / "june.csv", index=False)
    assert workbench("fit", "counts.stan", "may.csv", "--method", "nuts", "-o", "may", "-q").returncode == 0
    done = workbench("update", "may", "june.csv", "-o", "june", "--no-report", "-q")
    assert done.returncode == 0
    assert "counts on may.csv + june.csv (7 rows)" in done.stdout
    sentence = "Updated from `may` (5 rows) with 2 new rows of `june.csv`: its draws were weighted (k-hat"
    assert sentence in " ".join(done.stdout.split())
    shown = workbench("show", "june")
    assert sentence in " ".join(shown.stdout.split())
    listed = workbench("runs", ".")
    assert "(update of may)" in " ".join(listed.stdout.split())
    assert_refused(workbench("update", "may", "counts.stan"), 2, "counts.stan")


def test_no_run_and_no_table_are_refused(workbench, tmp_path):
    (tmp_path / "new.csv").write_text("y\n1\n")
    assert_refused(workbench("update", "none", "new.csv"), 5, "none")
    assert_refused(workbench("update", "none", "missing.csv"), 2, "missing.csv")
    assert_refused(workbench("update", "none", "new.csv", "--missing", "keep"), 2, "refuse or drop")
