"""WB201: did the sampler lose its way, and where?"""

import numpy as np

from tests.diagnostics.checks.asking import FAILED, UNASKED, ask
from tests.diagnostics.fits import fit_of, record_with


def divergent_fit(count, shift):
    """Divergent transitions sit `shift` standard deviations away in `tau`, and nowhere special in `mu`."""
    rng = np.random.default_rng(2)
    mu, tau = rng.normal(size=(2, 4, 1000))
    diverging = np.zeros((4, 1000), dtype=bool)
    diverging[0, :count] = True
    tau[diverging] += shift
    record = record_with("nuts", "divergences", count)
    record["model"]["parameters"] = [{"name": name, "type": "real", "line": 1} for name in ("mu", "tau")]
    record["nuts"]["estimates"]["tau"] = {"label": "spread of schools"}
    return fit_of(record, posterior={"mu": mu, "tau": tau}, sample_stats={"diverging": diverging})


def test_a_few_are_an_issue_and_a_percent_fails():
    assert ask("WB201", record_with("nuts", "divergences", 3)).severity == "caution"
    assert ask("WB201", record_with("nuts", "divergences", 40)).severity == "fail"


def test_it_says_where_they_sit():
    found = ask("WB201", divergent_fit(30, -2.0))
    assert "They sit apart from the others in `spread of schools` (-2." in found.message
    assert "`mu`" not in found.message


def test_scattered_ones_are_nowhere():
    assert "sit apart" not in ask("WB201", divergent_fit(100, 0.0)).message


def test_of_a_few_no_place_is_made_up():
    assert "sit apart" not in ask("WB201", divergent_fit(3, -3.0)).message


def test_none_is_well():
    assert ask("WB201").status == "passed"


def test_without_draws_it_does_not_apply():
    assert ask("WB201", FAILED).status == "n/a"
    assert ask("WB201", UNASKED).status == "skipped"


def test_a_program_without_parameters_has_nothing_to_ask():
    none = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}
    assert ask("WB201", record_with("nuts", none)).status == "n/a"
