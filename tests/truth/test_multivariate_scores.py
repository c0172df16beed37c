"""Joint densities of rows with several values, against closed forms of SciPy and numerical integrals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import tables
from workbench.results import Fit, run_directory
from workbench.workflow.score import Scores, score

pytestmark = [pytest.mark.truth, pytest.mark.usefixtures("tools")]

SETTINGS: dict[str, Any] = {"draws": 1000, "chains": 4, "report": False, "method": "nuts"}

COUNTS = """
data { int N; int K; array[N, K] int<lower=0> y; }
parameters { simplex[K] theta; }
model {
  theta ~ dirichlet(rep_vector(1, K));
  for (n in 1 : N) y[n] ~ multinomial(theta);
}
"""


def fit_bundled(name: str, frame: pd.DataFrame, folder) -> Fit:
    (path,) = STAN_MODELS.glob(f"*/{name}.stan")
    workbench.fit(path, frame, output=folder / "run", **SETTINGS)
    return run_directory.read(folder / "run")


def find_rows(scores: Scores, column: str) -> np.ndarray:
    """Return a score of whole rows, in the order of the table."""
    return scores.rows.drop_duplicates("row").sort_values("row")[column].to_numpy()


def test_measurements_of_a_normal_inverse_wishart_model_are_multivariate_t(tmp_path):
    """Gelman et al. (2013), section 3.6: df - K + 1 degrees of freedom around the posterior mean."""
    frame = pd.read_csv(DATA / "brothers_heads.csv")
    old, new = frame[:18], frame[18:].reset_index(drop=True)
    found = score(fit_bundled("normal_inverse_wishart", old, tmp_path), tables.from_frame(new))
    y, size, count = old.to_numpy(float), 4, 18
    n, df = 0.1 + count, 6 + count
    mean = (0.1 * 165 + y.sum(axis=0)) / n
    centred, step = y - y.mean(axis=0), y.mean(axis=0) - 165
    scale = 50 * np.eye(size) + centred.T @ centred + 0.1 * count / n * np.outer(step, step)
    free = df - size + 1
    law = stats.multivariate_t(mean, scale * (n + 1) / (n * free), df=free, seed=1)
    exact = law.logpdf(new.to_numpy(float))
    np.testing.assert_allclose(find_rows(found, "joint_log_density"), exact, atol=0.15)
    assert find_rows(found, "joint_log_density").mean() == pytest.approx(exact.mean(), abs=0.05)
    draws = law.rvs(2 * 20_000)
    first, second = draws[:20_000], draws[20_000:]
    spread = np.linalg.norm(first - second, axis=1).mean() / 2
    energy = [np.linalg.norm(draws - row, axis=1).mean() - spread for row in new.to_numpy(float)]
    np.testing.assert_allclose(find_rows(found, "energy"), energy, atol=0.6)
    assert [one.name for one in found.table.outcomes[0].components] == list(frame.columns)


def test_counts_of_a_dirichlet_multinomial_model_have_the_closed_form(tmp_path):
    frame = pd.read_csv(DATA / "eye_colour.csv")
    fit = fit_bundled("dirichlet_multinomial", frame, tmp_path)
    new = frame.assign(y=[20, 25, 9, 3])
    exact = stats.dirichlet_multinomial(1 + frame["y"], np.array(57)).logpmf(new["y"])
    measures = score(fit, tables.from_frame(new)).table.outcomes[0].leading_measures
    assert measures["joint_log_density"].value == pytest.approx(exact, abs=0.05)


def test_counts_of_each_row_have_a_density_each(tmp_path):
    rng = np.random.default_rng(2)
    counts = rng.multinomial(12, [0.5, 0.3, 0.2], 20)
    frame = pd.DataFrame(counts, columns=["a", "b", "c"])
    (tmp_path / "counts.stan").write_text(COUNTS)
    columns = {"y": ["a", "b", "c"]}
    workbench.fit(tmp_path / "counts.stan", frame[:14], columns=columns, output=tmp_path / "run", **SETTINGS)
    new = frame[14:].reset_index(drop=True)
    found = score(run_directory.read(tmp_path / "run"), tables.from_frame(new))
    law = stats.dirichlet_multinomial(1 + counts[:14].sum(axis=0), np.array(12))
    exact = [law.logpmf(row) for row in new.to_numpy()]
    np.testing.assert_allclose(find_rows(found, "joint_log_density"), exact, atol=0.05)


def test_answers_of_new_people_have_the_probability_of_the_integral_over_abilities(tmp_path):
    frame = pd.read_csv(DATA / "lsat6.csv")[::4].reset_index(drop=True)
    fit = fit_bundled("item_response", frame[:200], tmp_path)
    new = frame[200:].reset_index(drop=True)
    found = score(fit, tables.from_frame(new), new_groups="draw")
    posterior = fit.tree["posterior"].dataset
    difficulty, discrimination = (
        posterior[name].to_numpy().reshape(-1, 5) for name in ("difficulty", "discrimination")
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    logit = discrimination * (nodes[:, None, None] - difficulty)  # node, draw, question
    answers = new[[f"item_{k}" for k in range(1, 6)]].to_numpy()
    exact = []
    for row in answers:
        given = np.where(row == 1, special.log_expit(logit), special.log_expit(-logit)).sum(axis=2)
        exact.append(np.log((weights @ np.exp(given)).mean() / np.sqrt(2 * np.pi)))
    np.testing.assert_allclose(find_rows(found, "joint_log_density"), exact, atol=0.15)
