"""Rows shared out among threads: what stands in the program, what is refused, and the density of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from tests.program.conftest import MODELS
from workbench import toolchain
from workbench.backends.base import Job
from workbench.backends.evaluator import Evaluator, Flag
from workbench.binding import write_stan_data
from workbench.program import keep_rows, read_program, share_rows
from workbench.program.rewrite.partial_sums import ROWS_PER_SUM

ROWS = 2 * ROWS_PER_SUM + 501
"""Rows of the data: several partial sums, and one that is shorter."""


def share(name, stanc):
    """Return a program of `tests/models` with its rows shared out."""
    return share_rows(read_program(MODELS / f"{name}.stan", stanc, is_optimised=True), stanc)


def draw_data():
    """Return data for the programs, with the draws of their names from NumPy."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=ROWS)
    y = 0.5 + 0.3 * x + rng.normal(size=ROWS)
    return {
        "N": ROWS,
        "J": 7,
        "K": 2,
        "group": rng.integers(1, 8, ROWS),
        "X": rng.normal(size=(ROWS, 2)),
        "x1": x,
        "y": y,
        "counts": rng.poisson(1.0, ROWS),
        "b": rng.integers(0, 2, ROWS),
        "pairs": rng.normal(size=(ROWS, 2)),
        "flag": 1,
    }


def test_every_statement_about_rows_is_a_partial_sum(stanc):
    shared = share("shared_many", stanc).instrumented
    assert shared is not None
    reasons = {item.text.split("~")[0].strip(): item.reason for item in shared.partial_sums}
    assert reasons.pop("y[2 : N]") == "declarations do not show that its arguments are as long as its outcome"
    assert not any(reasons.values())
    assert shared.source.count("reduce_sum_static(") == len(shared.partial_sums) - 1
    text = " ".join(shared.source.split())
    assert "return student_t_lupdf(y[first : last] | 4, (alpha + X[first : last] * beta), sigma);" in text
    assert "vector[N] mu = " not in text.partition("model {")[2].partition("generated")[0]  # put in its place
    assert "(alpha + u)[group[first : last]]" in text  # groups stay whole, their numbers are cut
    assert "max(4000, 16 * ((K) + (J)))" in text  # what each sum copies


def test_the_rows_of_loops_are_shared_out(stanc):
    shared = share("shared_loops", stanc).instrumented
    assert shared is not None
    assert [item.reason for item in shared.partial_sums] == [""] * 4
    assert shared.source.count("for (n in first : last)") == 4


def test_what_is_not_shared_out_says_why(stanc):
    program = share("shared_refused", stanc)
    assert not program.is_shared
    (obstacle,) = [item for item in program.obstacles if item.feature == "threads"]
    assert obstacle.message == (
        "rows are not shared out among threads: `theta` has a value for each row that depends on parameters, "
        "in `y ~ normal(theta, sigma);`."
    )


def test_programs_that_use_threads_stay_as_they_are(stanc):
    program = read_program(MODELS / "regression_reduce_sum.stan", stanc, is_optimised=True)
    assert share_rows(program, stanc) is program


def test_a_prior_is_not_shared_out(stanc):
    shared = share("shared_many", stanc).instrumented
    assert shared is not None
    text = " ".join(shared.source.split())
    assert "normal_lupdf(u | prior_u_mu, prior_u_sigma)" in text.partition("model {")[2]


@pytest.mark.stan
@pytest.mark.parametrize("name", ["shared_many", "shared_loops"])
def test_density_and_gradient_equal_those_of_the_program_as_written(name, embedded, tmp_path):
    program = share(name, embedded.stanc)
    instrumented = program.instrumented
    assert instrumented is not None
    data = {key: value for key, value in draw_data().items() if key in {item.name for item in program.data}}
    written = toolchain.build(f"{name}_as_written", program.source, embedded)
    shared = toolchain.build(name, instrumented.source, embedded, threads=True, optimized=True)
    weights = {term.index: 0.5 + 0.1 * term.index for term in program.terms}
    assert set(weights.values()) != {1.0}

    def evaluate(exe, more, threads=1):
        path = tmp_path / f"{exe.stem}-{threads}-{len(more)}.json"
        write_stan_data(path, {**data, **more})
        job, evaluator = Job(exe, path, tmp_path, 1, threads=threads), Evaluator(exe, path, threads=threads)
        size = len(evaluator.describe(job).free)
        points = np.random.default_rng(3).uniform(-1, 1, (6, size))
        flags = Flag.GRADIENTS | Flag.JACOBIAN
        answers = [evaluator.compute_log_density(job, points, flags).numbers for _ in range(2)]
        evaluator.close()
        assert answers[0].tobytes() == answers[1].tobytes()  # whichever thread ends first
        return answers[0].reshape(6, size + 1)

    theirs = evaluate(written.exe, {})
    ours = evaluate(shared.exe, instrumented.make_data())
    assert np.isfinite(theirs).all()
    np.testing.assert_allclose(np.diff(ours[:, 0]), np.diff(theirs[:, 0]), rtol=1e-9)
    np.testing.assert_allclose(ours[:, 1:], theirs[:, 1:], rtol=1e-9, atol=1e-6)

    # Weights are those of the terms: the same program in one sum, each term with a weight of its own.
    plain = read_program(MODELS / f"{name}.stan", embedded.stanc, is_optimised=True).instrumented
    assert plain is not None
    alone = toolchain.build(f"{name}_alone", plain.source, embedded, optimized=True)
    weighted = [evaluate(exe, instrumented.make_data(weights)) for exe in (alone.exe, shared.exe)]
    np.testing.assert_allclose(weighted[1], weighted[0], rtol=1e-9, atol=1e-6)
    assert not np.allclose(weighted[0][:, 1:], theirs[:, 1:], rtol=1e-3)


def test_rows_in_one_sum_come_back(stanc):
    plain = keep_rows(share("shared_many", stanc), stanc).instrumented
    assert plain is not None
    assert plain.partial_sums == ()
    assert "reduce_sum" not in plain.source
    assert "normal_id_glm" in plain.source  # still vectorised
