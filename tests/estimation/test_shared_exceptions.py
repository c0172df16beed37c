"""An exception that stops Stan is given once, with its count, at the author's own line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.estimation.shared_exceptions import SAME, share_exceptions
from workbench.results.method_result import MethodResult

PROGRAM = """data { int N; vector[N] y; array[N] int g; int J; }
parameters { vector[J] a; }
model {
  a ~ normal(0, 1);
  for (n in 1:N)
    y[n] ~ normal(a[g[n]], 1); // an index
}
"""


def fail(reason: str, console: str = "") -> MethodResult:
    return MethodResult("failed", reason, console=console)


def test_one_exception_is_given_once_with_its_count():
    text = "Exception: index 6 out of range (line 6: `y[n] ~ f(a[g[n]]);`)"
    shared = share_exceptions(
        {
            "mle": fail(f"every start failed. Newton: optimisation stopped: {text}", f"{text}\n{text}\n"),
            "map": fail(f"every start failed. Newton: optimisation stopped: {text}", f"{text}\n"),
            "laplace": fail("there is no unconstrained mode to approximate around."),
            "nuts": fail(f"sampling stopped: {text}", f"{text}\n" * 4),
            "pathfinder": MethodResult("ok"),
        }
    )
    assert shared["nuts"].reason == (
        "Stan stopped 7 times with the same exception: index 6 out of range (line 6: `y[n] ~ f(a[g[n]]);`)"
    )
    assert shared["mle"].reason == shared["map"].reason == SAME
    assert "no unconstrained mode" in shared["laplace"].reason
    assert shared["pathfinder"].is_ok


def test_different_exceptions_are_each_given():
    shared = share_exceptions({"mle": fail("stopped: Exception: a"), "nuts": fail("stopped: Exception: b")})
    assert shared["nuts"].reason == "Stan stopped with an exception: b"
    assert shared["mle"].reason == "Stan stopped with an exception: a"


def test_other_failures_stay_as_they_are():
    results = {"mle": fail("it has no maximum."), "nuts": fail("it took too long.")}
    assert share_exceptions(results) == results


@pytest.mark.usefixtures("tools")
def test_the_line_is_that_of_the_authors_file(tmp_path):
    (tmp_path / "range.stan").write_text(PROGRAM)
    frame = pd.DataFrame({"y": np.arange(12.0), "g": [1, 2, 3, 4, 5, 6] * 2})
    model, methods = tmp_path / "range.stan", ("mle", "nuts")
    run = tmp_path / "run"
    fitted = workbench.fit(model, frame, set_={"J": 5}, method=methods, draws=10, output=run)
    reason = fitted.results.nuts.reason
    assert reason.endswith("(line 6: `y[n] ~ normal(a[g[n]], 1);`)")
    assert "times with the same exception: " in reason
    assert fitted.results.mle.reason == SAME
    printed = (run / "console.log").read_text()
    assert "line 6: `y[n]" in printed
    assert "'range.stan', line" not in printed
