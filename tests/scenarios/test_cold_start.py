"""Groups that nobody has seen, outcomes of two kinds, and tails: served as `predict` says them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import DATA, STAN_MODELS
from tests.scenarios.desk import Desk

pytestmark = [pytest.mark.truth, pytest.mark.usefixtures("tools")]


def fit(desk: Desk, name: str) -> pd.DataFrame:
    """Fit a bundled model into a run of that name, and return its table."""
    desk.run("fit", name, "--method", "nuts", "--output", name, "--no-report")
    (card,) = STAN_MODELS.glob(f"*/{name}.toml")
    return pd.read_csv(DATA / f"{tomllib.loads(card.read_text())['data']}.csv")


def test_a_group_that_the_fit_has_not_seen_is_served_from_the_distribution_of_groups(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    table = fit(desk, "varying_intercepts")
    largest = table[table["county"] == table["county"].mode()[0]].drop(columns="log_radon")
    row = {str(key): value for key, value in largest.iloc[0].to_dict().items()}
    rows = [row, {**row, "county": "ATLANTIS"}]
    with desk.serve("varying_intercepts", "--workers", 1) as service:
        refused = service.predict(rows)
        assert refused.status == 422
        assert "ATLANTIS" in str(refused.values)
        answers = service.ask("/predict", {"rows": rows, "new_groups": "draw"}).values["predictions"]
    # What is not known of a new group is in its expectation.
    assert answers[1]["sd_parameters"] > 1.3 * answers[0]["sd_parameters"]
    expected = desk.predict("varying_intercepts", rows, "--new-groups", "draw")
    for answer, wanted in zip(answers, expected, strict=True):
        assert abs(answer["expected"] - wanted["expected"]) < 6 * answer["expected_mcse"]


def test_a_mixture_and_a_tail_are_served(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for name, outcome in (("mixture", "waiting"), ("generalised_pareto", "claim")):
        table = fit(desk, name)
        rows = [{outcome: float(table[outcome].max())}, {outcome: float(table[outcome].median())}]
        quantity = f"P(y_rep > {table[outcome].quantile(0.95):g})"
        with desk.serve(name, "--workers", 1) as service:
            body = {"rows": rows, "quantities": [quantity]}
            answer = service.ask("/predict", body)
            assert answer.status == 200, answer.values
            scored = service.ask("/score", {"rows": rows})
            assert scored.status == 200, scored.values
        expected = desk.predict(name, rows)
        for own, wanted in zip(answer.values["predictions"], expected, strict=True):
            assert own["lower"] == pytest.approx(wanted["lower"], abs=0.3 * wanted["sd"])
            assert abs(own["mean"] - wanted["mean"]) < 8 * own["mcse"]
        assert 0 < answer.values["quantities"][0]["estimate"] < 0.3
