"""The scores of rows and of the table as DataFrames."""

from dataclasses import replace

import numpy as np
import pytest

from tests.prediction.scores.hand_made import predict_normal, predict_yes
from workbench.prediction.scores import (
    OwnRows,
    ScoredTable,
    build_scored_outcome,
    score_predictions,
    tabulate_rows,
    tabulate_summary,
)
from workbench.prediction.scores.chance import count_tails


@pytest.fixture
def table():
    rng = np.random.default_rng(8)
    observed = rng.normal(size=50)
    observed[7] = 30.0
    observed[8] = -20.0
    posterior = predict_normal(observed, 0, 1, rng)
    methods = [posterior, replace(posterior, method="mle")]
    scored = [score_predictions([chunk])[0] for chunk in methods]
    own = OwnRows(
        {"log_density": build_scored_outcome(scored[:1], 0.5).leading_measures["log_density"]}, True
    )
    return ScoredTable((build_scored_outcome(scored, 0.5, own),))


def test_rows_farthest_out_come_first(table):
    """Beyond all draws tail areas are the same: then the distance decides."""
    rows = tabulate_rows(table)
    assert rows["row"][:2].tolist() == [8, 9]
    assert rows["label"][0] == "row 7"
    assert rows["outcome"][0] == "y[8]"
    assert rows["tail_area"][0] == rows["tail_area"][1] == 2 / 401
    assert rows["tail_area"].is_monotonic_increasing
    assert not rows["inside_95"][0]
    assert (rows["width_95"] == rows["upper_95"] - rows["lower_95"]).all()
    assert (rows["log_density"] == rows["log_density_mle"]).all()
    assert [count.area for count in table.outcomes[0].tails] == [0.05, 0.01]  # 400 draws show 2/401


def test_the_summary_has_a_row_for_each_score_method_and_set_of_rows(table):
    summary = tabulate_summary(table)
    chosen = summary[summary["score"] == "log_density"]
    assert chosen[["rows", "method"]].to_numpy().tolist() == [
        ["new", "nuts"], ["new", "mle"], ["own, left out", "nuts"],
    ]  # fmt: skip
    assert chosen["gain"].tolist()[1] == 0
    assert (summary["count"] > 0).all()
    assert not summary.duplicated(["rows", "method", "score"]).any()


def test_a_yes_or_no_has_its_probability_and_no_interval():
    scored = build_scored_outcome([score_predictions([predict_yes([1, 0], [[0.2, 0.4]])])[0]], 0.5)
    rows = tabulate_rows(ScoredTable((scored,)))
    assert rows["probability"].tolist() == [0.2, 0.4]
    assert rows["brier"].tolist() == pytest.approx([0.64, 0.16])
    assert "lower_95" not in rows
    assert "crps" not in rows


def test_tails_below_what_draws_can_show_are_not_counted():
    counts = count_tails(np.array([0.02, 0.03, 0.5]), smallest=2 / 101)
    assert [count.area for count in counts] == [0.05]
    assert counts[0].found == 2
    assert counts[0].p_value == pytest.approx(3 * 0.05**2 * 0.95 + 0.05**3)
    assert count_tails(np.array([np.nan])) == ()
