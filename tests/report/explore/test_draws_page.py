"""The page of draws as HTML: below its size, honest about what is missing, safe whatever a run holds."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.report.explore.draws import simulate_draws
from tests.report.page import read_page
from tests.report.test_page import HOSTILE, poison
from workbench.errors import RequestError, RunIncomplete, StoreError
from workbench.results import Fit, store
from workbench.workflow.explore import explore_run, make_draws_page, write_draws_page


@pytest.fixture(scope="module")
def fit() -> Fit:
    return simulate_draws()


@pytest.fixture(scope="module")
def html(fit) -> str:
    return make_draws_page(fit)


def read_numbers(html):
    """Return the description of the run, and the codes of each quantity."""
    page = read_page(html)
    scripts = {script.attributes.get("id"): script.text for script in page.all("script")}
    lines = scripts["draws"].split("\n")
    return json.loads(scripts["page"]), [np.frombuffer(base64.b64decode(line), "<u2") for line in lines]


def test_nothing_is_loaded_and_only_our_script_may_run(html):
    page = read_page(html)
    assert [element.tag for element in page.elements if "src" in element.attributes] == []
    policy = next(meta.attributes["content"] for meta in page.all("meta") if "content" in meta.attributes)
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy
    assert not re.search(r"@import|url\((?!#)|https?://(?!www\.w3\.org/(2000/svg|1999/xlink))", html)


def test_every_quantity_is_there_and_declared_ones_come_first(html, fit):
    numbers, codes = read_numbers(html)
    assert set(numbers["name"]) == set(fit.results.nuts.estimates)
    assert numbers["name"][:3] == ["mu", "tau", "theta_raw[1]"]
    assert numbers["label"][2] == "theta_raw[school A]"
    assert {len(one) for one in codes} == {400}
    assert [numbers["isScale"][numbers["name"].index(name)] for name in ("mu", "tau")] == [False, True]


def test_numbers_of_the_run_are_those_of_run_json(html, fit):
    numbers, _ = read_numbers(html)
    for key in ("mean", "median", "sd", "lower", "upper", "rhat", "ess_bulk", "ess_tail"):
        for name, value in zip(numbers["name"], numbers[key], strict=True):
            assert value == fit.record["nuts"]["estimates"][name].get(key)


def test_what_is_said_of_precision_is_true(html, fit):
    numbers, codes = read_numbers(html)
    worst = 0.0
    for i, name in enumerate(numbers["name"][:5]):
        variable, _, rest = name.partition("[")
        values = fit.tree["posterior"][variable].to_numpy()
        values = values[..., int(rest[:-1]) - 1] if rest else values
        read = numbers["offset"][i] + numbers["step"][i] * codes[i].astype(float)
        read = np.exp(read) if numbers["spacing"][i] == "log" else read
        worst = max(worst, np.abs(read - values.ravel()).max() / values.std())
    match = re.search(r"by at most ([\d.e-]+) posterior SD", html)
    assert match is not None
    said = float(match[1])
    assert 0 < worst <= said * 1.06  # one digit is shown


@pytest.mark.parametrize("most", [225_000, 245_000, 315_000])
def test_a_page_stays_below_its_size_and_says_what_it_lacks(most):
    fit = simulate_draws(schools=40, draws=1000)
    html = make_draws_page(fit, most)
    assert len(html.encode()) <= most
    numbers, codes = read_numbers(html)
    assert numbers["every"] > 1
    assert f"one draw in {numbers['every']} is here" in html
    assert len({len(one) for one in codes}) == 1
    left_out = set(fit.results.nuts.estimates) - set(numbers["name"])
    assert bool(left_out) == ("Left out" in html)
    assert left_out
    assert numbers["name"][0] == "mu"


def test_divergent_draws_lost_by_thinning_are_marked():
    fit = simulate_draws(schools=40, draws=1000)  # draws 200 and 500 of the second chain diverged
    numbers, codes = read_numbers(make_draws_page(fit, 245_000))
    kept = np.unpackbits(np.frombuffer(base64.b64decode(numbers["divergent"]), np.uint8), bitorder="little")
    assert kept.sum() + len(numbers["extraDraws"]) == 2
    assert len(codes[0]) == 4 * numbers["length"] + len(numbers["extraDraws"])


def test_hostile_names_end_no_script(fit):
    html = make_draws_page(Fit(poison(fit.record, " ".join(HOSTILE)), fit.tree))
    numbers, _ = read_numbers(html)
    assert html.count("<script") == 3
    assert "\u202e" not in html
    assert any("</script><script>alert(1)</script>" in label for label in numbers["label"])


def test_a_run_without_chains_is_refused(fit):
    failed = {"status": "failed", "reason": "the log density is not finite."}
    with pytest.raises(RunIncomplete, match="no posterior draws: the log density is not finite"):
        make_draws_page(Fit({**fit.record, "nuts": failed}, fit.tree))


def test_the_page_is_a_file_of_the_run_and_a_new_fit_removes_it(fit, tmp_path):
    folder = store.write(fit, "", tmp_path / "run")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    assert explore_run(folder) == folder / "explore.html"
    assert (folder / "explore.html").exists()
    store.write(fit, "", folder)
    assert not (folder / "explore.html").exists()
    assert (folder / "notes.txt").exists()


def test_places_that_are_taken_are_refused_before_anything_is_read(fit, tmp_path):
    folder = store.write(fit, "", tmp_path / "run")
    with pytest.raises(StoreError, match="belongs to the run"):
        explore_run(folder, folder / "run.json")
    (folder / "explore.html").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        explore_run(folder)
    with pytest.raises(RequestError, match="no run directory"):
        write_draws_page(replace(fit, folder=None))
    target = tmp_path / "elsewhere" / "draws.html"
    assert write_draws_page(fit, target) == target
    assert target.exists()
