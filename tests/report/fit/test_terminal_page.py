"""The page of a fit: numbers whole at any width, what failed and what was left out said."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.report.simulated import simulate_fit
from workbench.report.fit.terminal_page import build_diagnosis_page, build_fit_page, describe_place
from workbench.report.terminal import print_document
from workbench.results import Fit, store


@pytest.fixture(scope="module")
def fit():
    return replace(simulate_fit(), folder=Path("run"))


def with_nuts(fit, **changes):
    """Return a fit with other results of NUTS."""
    return store.with_entries(fit, {"nuts": {**fit.record["nuts"], **changes}})


def with_estimate(fit, **changes):
    """Return a fit with other numbers of `mu`."""
    estimates = fit.record["nuts"]["estimates"]
    return with_nuts(fit, estimates={**estimates, "mu": {**estimates["mu"], **changes}})


def print_page(document, width, *, is_terminal=False):
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=is_terminal, _environ={"TERM": "xterm"})
    print_document(document, console)
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())


def find_row(text, name):
    return next(line for line in text.splitlines() if line.startswith(name))


@pytest.mark.parametrize("width", [80, 100, 160])
def test_numbers_are_never_cut(fit, width):
    text = print_page(build_fit_page(fit), width, is_terminal=True)
    assert "…" not in text
    assert f"{fit.results.nuts.estimates['mu'].rhat:.3f}" in find_row(text, "mu ")
    assert max(map(len, text.splitlines())) <= width


def test_a_narrow_terminal_says_which_columns_it_left_out(fit):
    narrow = " ".join(print_page(build_fit_page(fit), 52).split())
    assert "too narrow for" in narrow
    assert "they are in summary.csv" in narrow
    assert "too narrow for" not in print_page(build_fit_page(fit), 160)


def test_what_has_no_number_is_a_dash(fit):
    nowhere = dict.fromkeys(("mean", "median", "sd", "lower", "upper", "rhat"), float("nan"))
    row = find_row(print_page(build_fit_page(with_estimate(fit, **nowhere)), 160), "mu ")
    assert "nan" not in row
    assert "– to –" not in row


def test_a_missing_mode_is_said_between_the_tables(fit):
    failed = {"status": "failed", "reason": "the optimiser gave up [at once].", "estimates": {}}
    text = print_page(build_fit_page(store.with_entries(fit, {"mle": failed})), 120)
    lines = text.splitlines()
    said = lines.index("No maximum-likelihood estimate: the optimiser gave up [at once]; use the posterior.")
    assert lines.index("posterior by NUTS, 4 chains of 100 draws") < said
    assert said < lines.index("modes and Laplace approximation")
    assert " MLE " not in text


def test_steps_of_auto_and_attempts_are_told(fit):
    steps = [
        {"method": "laplace", "accepted": False, "why": "k-hat is 1.2.", "seconds": 0.5},
        {"method": "pathfinder", "accepted": True, "why": "k-hat is 0.3.", "seconds": 1.0},
    ]
    attempts = [{"number": 1, "words": "4 divergences."}, {"number": 2, "words": "kept."}]
    entries = {"ladder": steps, "ladder_words": "NUTS was skipped.", "attempts": attempts}
    lines = print_page(build_fit_page(store.with_entries(fit, entries)), 160).splitlines()
    assert "Laplace approximation not accepted (0.5 s): k-hat is 1.2." in lines
    assert "Pathfinder accepted (1.0 s): k-hat is 0.3." in lines
    assert {"auto: NUTS was skipped.", "attempt 1: 4 divergences.", "attempt 2: kept."} <= set(lines)


def test_elements_of_a_large_array_share_a_row_and_no_other_parameter_is_left_out():
    fit = simulate_fit(schools=500, draws=25)
    estimates = fit.record["nuts"]["estimates"]
    for name, key, value in (
        ("321", "rhat", 3.2),
        ("5", "ess_bulk", 2.0),
        ("7", "mean", -17),
        ("8", "mean", 9),
    ):
        estimates[f"theta_raw[{name}]"][key] = value
    for gap in fit.record["gaps"].values():
        gap["in_sd"] = 0.1
    fit.record["gaps"]["theta_raw[44]"]["in_sd"] = -2.5
    text = print_page(build_fit_page(fit), 120)
    posterior, modes = text.split("modes and Laplace approximation")
    rows, mode_rows = (
        [line for line in part.splitlines() if re.match(r"(mu|tau|theta_raw\[\S+\]) ", line)]
        for part in (posterior, modes)
    )
    names = ["mu", "tau", "theta_raw[1..500]"]
    assert [row.split()[0] for row in rows] == [*names, "theta_raw[7]", "theta_raw[321]"]
    assert re.search(r"-17\S* … 9\S* .* 3.200 +2$", rows[2])
    assert [row.split()[0] for row in mode_rows] == [*names, "theta_raw[44]"]
    assert mode_rows[2].endswith("-2.50")
    assert "theta_raw[1..500]: smallest … largest of all elements" in " ".join(text.split())


def test_of_many_arrays_each_has_one_row():
    fit = simulate_fit(draws=25)
    theta = fit.record["nuts"]["estimates"]["theta_raw[1]"]
    fit.record["nuts"]["estimates"] |= {f"v{k}[{i}]": theta for k in range(30) for i in range(1, 10)}
    rows = [line.split()[0] for line in print_page(build_fit_page(fit), 120).splitlines() if line]
    assert [row for row in rows if row.startswith("v")][:-1] == [f"v{k}[1..9]" for k in range(30)]
    assert {"mu", "tau"} <= set(rows)


def test_the_verdict_is_that_of_the_report(fit):
    lines = print_page(build_fit_page(fit), 120).splitlines()
    verdict = next(line for line in lines if line.startswith("verdict: "))
    assert verdict == "verdict: caution. These results can be used, with the reservations below."
    finding = next(place for place, line in enumerate(lines) if line.startswith("  issue WB201: "))
    assert lines[finding + 1].startswith("      ")


def test_the_place_of_a_fit_is_its_report_or_its_folder(fit):
    assert describe_place(fit) == "report: run/report.html"
    assert describe_place(fit, has_report=False) == "run: run"
    assert describe_place(replace(fit, folder=None)) == ""


def test_a_very_long_name_leaves_room_for_its_numbers_in_a_terminal_and_is_whole_in_a_pipe(fit):
    label = "start" + "x" * 400 + "end"
    fit = with_estimate(fit, label=label)
    row = find_row(print_page(build_fit_page(fit), 80, is_terminal=True), "start")
    assert f"{fit.results.nuts.estimates['mu'].rhat:.3f}" in row
    assert "xend" in row
    assert label in print_page(build_fit_page(fit), 10_000)


def test_a_diagnosis_tells_each_finding_with_its_title(fit):
    lines = print_page(build_diagnosis_page(fit), 160).splitlines()
    assert any(line.startswith("passed: WB") for line in lines)
    assert any(re.match(r"  issue WB201 .+: ", line) for line in lines)


def test_a_diagnosis_gives_the_reason_of_each_check_that_did_not_decide(fit):
    found = (
        ("WB302", "skipped", "No Pathfinder approximation was requested."),
        ("WB506", "n/a", "There is no outcome."),
        ("WB507", "n/a", "There is no outcome."),
        ("WB509", "n/a", "No column is left."),
        ("WB101", "passed", "The chains agree."),
        ("WB102", "passed", "There are enough draws."),
    )
    checks = [{"code": code, "status": status, "message": message} for code, status, message in found]
    diagnosis = {"verdict": "ok", "reasons": [], "checks": checks}
    lines = print_page(
        build_diagnosis_page(store.with_entries(fit, {"diagnosis": diagnosis})), 160
    ).splitlines()
    assert "skipped: WB302 (No Pathfinder approximation was requested)" in lines
    assert "does not apply: WB506, WB507 (There is no outcome); WB509 (No column is left)" in lines
    assert "passed: WB101, WB102" in lines


def test_a_diagnosis_counts_every_tip(fit):
    tips = [{"code": code, "status": "tip", "message": f"About {code}."} for code in ("WB401", "WB402")]
    diagnosis = {"verdict": "ok", "reasons": [], "checks": tips}
    text = print_page(build_diagnosis_page(store.with_entries(fit, {"diagnosis": diagnosis})), 160)
    assert "with the 2 tips below in mind" in text
    assert "About WB402." in text


def test_a_run_that_was_never_checked_says_so(fit):
    record = {key: value for key, value in fit.record.items() if key != "diagnosis"}
    text = print_page(build_diagnosis_page(Fit(record, fit.tree)), 160)
    assert "verdict: caution. This run has not been checked" in text


def test_without_any_result_there_is_neither_a_table_nor_advice(fit):
    reason = "Stan stopped 13 times with the same exception: index 6 out of range (line 10: `y ~ f(a[g]);`)"
    failed = {"status": "failed", "reason": "stopped by the same exception.", "estimates": {}}
    methods = dict.fromkeys(("mle", "map", "map_unconstrained", "laplace"), failed)
    checks = [{"code": "WB402", "status": "tip", "message": "No mode.", "advice": "Use NUTS."}]
    diagnosis = {"verdict": "fail", "reasons": [f"There is no posterior: {reason}"], "checks": checks}
    nuts = {"nuts": {**failed, "reason": reason}}
    broken = store.with_entries(fit, {**methods, **nuts, "diagnosis": diagnosis})
    text = " ".join(print_page(build_fit_page(broken), 100).split())
    assert text.count("index 6 out of range") == 1
    assert text.count("stopped by the same exception") == 1
    assert "There are no results." in text
    assert "parameter" not in text
    assert "Use NUTS" not in text
