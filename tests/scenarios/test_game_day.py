"""A game day: retraining fails in every way, the champion goes on answering, and everybody is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.desk import Customers, Desk
from tests.scenarios.test_weekly_prior import PROGRAM, draw_sales

pytestmark = [pytest.mark.stan, pytest.mark.usefixtures("tools")]


def write_tables(folder: Path) -> None:
    rng = np.random.default_rng(3)
    night = draw_sales(rng, 100)
    cells = night["x"].astype(str).where(night.index != 7, "n/a?")
    tables = {
        "week": draw_sales(rng, 300),
        "night": night,
        "held_out": draw_sales(rng, 200),
        "no_outcome": night.drop(columns="y"),
        "odd_cell": night.assign(x=cells),
        "absurd": draw_sales(rng, 100, level=-400.0),
        "empty": night.head(0),
    }
    for name, rows in tables.items():
        rows.to_csv(folder / f"{name}.csv", index=False)


def test_retraining_fails_in_every_way_and_the_service_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "sales.stan").write_text(PROGRAM)
    write_tables(tmp_path)
    desk.run("fit", "sales.stan", "week.csv", "--output", "week", "--no-report")
    desk.run("registry", "add", "sales", "week", "--alias", "champion")
    metrics = tmp_path / "refit.prom"
    with desk.serve("sales@champion", "--workers", 1) as service:
        customers = Customers(service, [{"x": 2.5}])
        with customers.asking():
            for table, words in (("no_outcome", "`y`"), ("odd_cell", "row 8"), ("empty", "row")):
                failed = desk.run("refit", "sales", f"{table}.csv", "--metrics", metrics, code=2)
                assert words in failed.log[-1]["message"]
                success = [
                    line for line in metrics.read_text().splitlines() if "workbench_job_success{" in line
                ]
                assert len(success) == 1
                assert success[0].endswith(" 0.0")
            desk.kill("refit", "sales", "night.csv", after=3.0)
            # Rows of another world are fitted, but pass no gate.
            desk.run("refit", "sales", "absurd.csv", "--promote", "--data", "held_out.csv", code=1)
        assert not customers.failures
        assert {answer.values["version"] for _, answer in customers.answers} == {1}
        log = desk.run("registry", "log", "sales").out
        assert log.count("failed") >= 3
        # The next night is a good one.
        desk.run(
            "refit", "sales", "night.csv", "--update", "--promote", "--data", "held_out.csv",
            "--metrics", metrics,
        )  # fmt: skip
        service.wait_for("", 3)
    assert any(
        "workbench_job_success{" in line and line.endswith(" 1.0")
        for line in metrics.read_text().splitlines()
    )
