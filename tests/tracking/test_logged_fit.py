"""What MLflow is told of a fit, against the record of the fit."""

import math
import re

import pytest

from tests.report.simulated import simulate_fit
from workbench.tracking import describe_fit
from workbench.tracking.logged_fit import MOST_ESTIMATES, name_quantities

NAME = re.compile(r"[\w.\- :/]{1,250}")
"""What MLflow takes as a name (mlflow.utils.validation)."""


def test_estimates_and_measures_are_those_of_the_record():
    fit = simulate_fit()
    logged = describe_fit(fit.results)
    nuts = fit.record["nuts"]["estimates"]
    assert logged.metrics["estimate/mu"] == nuts["mu"]["mean"]
    assert logged.metrics["sd/tau"] == nuts["tau"]["sd"]
    assert logged.metrics["estimate/theta_raw.school A"] == nuts["theta_raw[1]"]["mean"]
    assert logged.metrics["divergences"] == 2
    assert logged.metrics["rhat_max"] == max(each["rhat"] for each in nuts.values())
    assert logged.metrics["ess_bulk_min"] == min(each["ess_bulk"] for each in nuts.values())
    assert logged.metrics["elpd"] == fit.record["loo"]["elpd"]
    assert logged.metrics["seconds"] == pytest.approx(sum(fit.record["timings"].values()))


def test_what_went_in_is_a_parameter_and_who_set_it_a_tag():
    logged = describe_fit(simulate_fit().results, {"workbench.run": "3" * 64})
    assert logged.parameters["prior.mu.sigma"] == "5.0"
    assert logged.parameters["seed"] == "20"
    assert logged.parameters["estimates_by"] == "nuts"
    assert "mu.sigma: --prior" in logged.tags["workbench.priors_set_by"]
    assert logged.tags["workbench.program"] == "1" * 64
    assert logged.tags["workbench.data"] == "2" * 64
    assert logged.tags["workbench.run"] == "3" * 64


def test_the_verdict_and_its_findings_are_tags():
    fit = simulate_fit()
    logged = describe_fit(fit.results)
    assert logged.tags["workbench.verdict"] == fit.record["diagnosis"]["verdict"]
    found = [each["code"] for each in fit.record["diagnosis"]["checks"] if each["status"] == "issue"]
    assert logged.tags["workbench.findings"] == ", ".join(found)


def test_a_fit_without_a_verdict_says_so():
    assert describe_fit(simulate_fit(diagnosis=None).results).tags["workbench.verdict"] == "not checked"


def test_settings_of_a_method_that_ran_twice_are_both_there():
    request = {
        "methods": [["Map", {"jacobian": False, "starts": 4}], ["Map", {"jacobian": True, "starts": 4}]]
    }
    logged = describe_fit(simulate_fit(request=request).results)
    assert (logged.parameters["map.jacobian"], logged.parameters["map.starts"]) == ("false, true", "4")


def test_modes_are_said_to_be_modes():
    skipped = {"status": "skipped", "reason": "not requested", "estimates": {}}
    fit = simulate_fit(nuts=skipped, laplace=skipped)
    logged = describe_fit(fit.results)
    assert logged.parameters["estimates_by"] == "map"
    assert "are modes" in logged.tags["mlflow.note.content"]
    assert logged.metrics["estimate/mu"] == fit.record["map"]["estimates"]["mu"]["value"]
    assert "sd/mu" not in logged.metrics, "a mode has no SD here"
    assert "divergences" not in logged.metrics


def test_numbers_that_are_none_are_left_out():
    fit = simulate_fit()
    estimates = {**fit.record["nuts"]["estimates"]}
    estimates["mu"] = {**estimates["mu"], "mean": None, "sd": math.inf, "rhat": None}
    logged = describe_fit(simulate_fit(nuts={**fit.record["nuts"], "estimates": estimates}).results)
    assert all(math.isfinite(value) for value in logged.metrics.values())
    assert "estimate/mu" not in logged.metrics


def test_names_are_those_that_mlflow_takes_and_long_texts_are_cut():
    names = {f"b[{level}]": level for level in ("a/b", "é", "../x", "(1)", "a\nb", "x" * 400, "a b")}
    estimates = {
        f"b[{place}]": {"mean": 1.0, "sd": 1.0, "label": name} for place, name in enumerate(names, 1)
    }
    nuts = {"status": "ok", "chains": 4, "draws": 100, "divergences": 0, "estimates": estimates}
    priors = {"b.sigma": [0.123456789] * 200}
    logged = describe_fit(simulate_fit(nuts=nuts, priors=priors).results, {"note": "x" * 10_000})
    for name in (*logged.metrics, *logged.parameters, *logged.tags):
        assert NAME.fullmatch(name)
        assert "//" not in name
        assert not name.startswith((".", "/"))
    assert len([name for name in logged.metrics if name.startswith("estimate/")]) == len(names)
    assert len(logged.parameters["prior.b.sigma"]) == 500
    assert len(logged.tags["note"]) == 5000


def test_parameters_come_before_generated_quantities_and_what_is_left_out_is_said():
    estimates = {f"later[{place}]": {"mean": 0.0, "sd": 1.0} for place in range(1, 101)}
    estimates["mu"] = {"mean": 1.0, "sd": 1.0}
    nuts = {"status": "ok", "chains": 4, "draws": 100, "divergences": 0, "estimates": estimates}
    logged = describe_fit(simulate_fit(nuts=nuts).results)
    kept = [name for name in logged.metrics if name.startswith("estimate/")]
    assert len(kept) == MOST_ESTIMATES
    assert "estimate/mu" in kept
    assert logged.tags["workbench.estimates_left_out"] == str(101 - MOST_ESTIMATES)


def test_no_two_quantities_share_a_name():
    names = ["a[b]", "a.b", "a[(]", "a[)]", "a[b", "a_", "x" * 300, "x" * 301]
    given = name_quantities(names)
    assert len(set(given.values())) == len(names)
