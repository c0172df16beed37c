"""Sales fall: the monitor says what moved; a bad version is found, rolled back, and explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.desk import Customers, Desk
from tests.scenarios.test_weekly_prior import PROGRAM, draw_sales

pytestmark = [pytest.mark.stan, pytest.mark.usefixtures("tools")]

ODD_DAYS = ("wednesday", "thursday", "friday")
"""Days whose feed takes returns off sales that never were: two units too few."""


def write_days(folder: Path) -> None:
    rng = np.random.default_rng(7)
    for name in ("year", "monday", "tuesday", *ODD_DAYS, "saturday", "sunday"):
        level = 18.0 if name in ODD_DAYS else 20.0
        rows = draw_sales(rng, 1000 if name == "year" else 100, level)
        rows.to_csv(folder / f"{name}.csv", index=False)
    odd = "".join((folder / f"{day}.csv").read_text().partition("\n")[2] for day in ODD_DAYS)
    (folder / "odd.csv").write_text(f"x,y\n{odd}")


def test_a_regression_is_found_rolled_back_and_explained(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "sales.stan").write_text(PROGRAM)
    write_days(tmp_path)
    desk.run("fit", "sales.stan", "year.csv", "--output", "year", "--no-report")
    desk.run("registry", "add", "sales", "year", "--alias", "champion")
    for day in ("monday", "tuesday"):
        calm = desk.run("monitor", "sales", f"{day}.csv", "--json")
        assert not calm.json["is_alarm"]
    found = desk.run("monitor", "sales", "wednesday.csv", "--json", code=None)
    if not found.json["is_alarm"]:
        assert found.code == 0
        found = desk.run("monitor", "sales", "thursday.csv", "--json", code=1)
    alarm = found.json
    assert alarm["is_alarm"]
    assert alarm["alarm"]["statistic"] in {"mean", "alpha"}
    assert (alarm["alarm"]["direction"], alarm["alarm"]["since_batch"]) == ("down", 3)
    # The same batch again changes nothing, and the alarm stands.
    again = desk.run("monitor", "sales", "wednesday.csv", "--json", code=1)
    assert again.json["batch"]["is_repeated"]
    assert again.json["batches"] == alarm["batches"]

    drift = desk.run("diagnose-drift", "sales", "--json").json["decision"]
    assert (drift["kind"], drift["parameter"]) == ("parameter", "alpha")

    # Somebody fits the odd days alone, and makes that the champion without asking the gate.
    desk.run("refit", "sales", "odd.csv", "--full")
    with desk.serve("sales@champion", "--workers", 1) as service:
        customers = Customers(service, [{"x": 3.0}])
        with customers.asking():
            desk.run("registry", "alias", "sales@2", "champion", "--reason", "the gate takes too long")
            service.wait_for("", 2)
            # The feed is mended: what comes is as it ever was, which the new champion does not know.
            for name in ("saturday", "sunday"):
                found = desk.run("monitor", "sales", f"{name}.csv", "--json", code=None)
            assert found.json["version"] == 2
            assert found.json["is_alarm"]
            assert found.json["alarm"]["direction"] == "up"
            desk.run("rollback", "sales", "--reason", "fitted to days whose feed was broken")
            service.wait_for("", 1)
        assert not customers.failures
        assert {answer.status for _, answer in customers.answers} == {200}
        assert {answer.values["version"] for _, answer in customers.answers} == {1, 2}
    assert "sales@1 is the champion now" in desk.run("monitor", "sales", "--status", code=None).out
    log = desk.run("registry", "log", "sales").out
    assert "the gate takes too long" in log
    assert "fitted to days whose feed was broken" in log
