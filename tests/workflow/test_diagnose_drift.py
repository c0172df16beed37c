"""What has drifted, by real fits: the posterior after is that of all rows, and each drift has its name."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import workbench as call  # noqa: F401 - a fixture
from tests.workflow.test_monitor import FITTED, draw, first_run, posterior, registry, watch  # noqa: F401
from workbench.errors import RequestError
from workbench.report.html import render
from workbench.report.monitor.drift import build_drift_report, describe_drift

pytestmark = pytest.mark.stan


def test_the_posterior_after_is_that_of_all_rows(registry):  # noqa: F811
    rows = draw(150, 1, slope=0.5)
    found = registry.diagnose_drift("line", rows, progress=False)
    mean, covariance = posterior(FITTED, rows)
    before, spread = posterior(FITTED)
    moves = {move.name: move for move in found.evidence.moves}
    for place, name in enumerate(("mu", "beta")):
        sd = np.sqrt(covariance[place, place])
        assert abs(moves[name].mean_after - mean[place]) < 0.25 * sd
        assert moves[name].sd_after == pytest.approx(sd, rel=0.15)
        assert abs(moves[name].mean_before - before[place]) < 0.25 * np.sqrt(spread[place, place])
    assert (found.decision.kind, found.decision.move.name) == ("parameter", "beta")
    assert found.evidence.moves[0].name == "beta"
    assert describe_drift(found)[0].startswith("Drift of a parameter: in 150 rows of data `beta` is higher")
    residuals = rows["y"] - before[0] - before[1] * rows["x"]
    farthest = int(residuals.abs().argmax()) + 1
    elements = found.evidence.elements
    assert elements.rows[np.argmax(np.abs(elements.distances))] == farthest
    assert "Which parameters move?" in render(build_drift_report(found))


def test_batches_since_the_onset_are_diagnosed_by_default(registry, call, tmp_path):  # noqa: F811
    for day in (1, 2):
        watch(registry, draw(80, day), day)
    for day in (3, 4):
        account = watch(registry, draw(80, day, shift=1.0), day)
    assert account.is_alarm
    found = registry.diagnose_drift("line", progress=False)
    assert found.rows in ("batches 3 to 4", "batches 2 to 4")
    assert (found.decision.kind, found.decision.move.name) == ("parameter", "mu")
    place = ("--registry", registry.folder, "-q")
    done = call("diagnose-drift", "line", "1..2", "--json", "--html", "d.html", *place)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert (values["decision"]["kind"], values["count"]) == ("none", 160)
    assert {each["name"] for each in values["parameters"]} == {"mu", "beta"}
    assert "No drift found" in (tmp_path / "d.html").read_text()
    frame = draw(60, 9)
    frame.loc[7, "y"] = 40.0
    frame.to_csv(tmp_path / "odd.csv", index=False)
    done = call("diagnose-drift", "line", "odd.csv", *place)
    assert (
        "Drift of single rows: 1 value of 60 rows of odd.csv does not fit line@1 (row 8 of odd.csv)"
        in done.stdout
    )
    done = call("diagnose-drift", "line", "9", *place)
    assert done.returncode == 2
    assert "has had 4 batches, and none is `9`" in done.stderr
    with pytest.raises(RequestError, match="no row of"):
        registry.diagnose_drift("line", pd.DataFrame({"x": [1.0, 2.0]}), progress=False)
