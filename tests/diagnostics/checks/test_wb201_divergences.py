"""WB201: did transitions diverge, and where?"""

import numpy as np

from tests.diagnostics.checks.records import FAILED, NO_PARAMETERS, UNREQUESTED, examine
from tests.diagnostics.fits import change_record, make_fit


def divergent_fit(count, shift):
    """Divergent transitions sit `shift` standard deviations away in `tau`, and nowhere special in `mu`."""
    rng = np.random.default_rng(2)
    mu, tau = rng.normal(size=(2, 4, 1000))
    diverging = np.zeros((4, 1000), dtype=bool)
    diverging[0, :count] = True
    tau[diverging] += shift
    record = change_record("nuts", "divergences", count)
    record["model"]["parameters"] = [{"name": name, "type": "real", "line": 1} for name in ("mu", "tau")]
    record["nuts"]["estimates"]["tau"] = {"label": "spread of schools"}
    return make_fit(record, posterior={"mu": mu, "tau": tau}, sample_stats={"diverging": diverging})


def test_a_few_are_an_issue_and_a_percent_fails():
    assert examine("WB201", change_record("nuts", "divergences", 3)).severity == "caution"
    assert examine("WB201", change_record("nuts", "divergences", 40)).severity == "fail"


def test_it_names_the_parameters_where_they_differ():
    result = examine("WB201", divergent_fit(30, -2.0))
    assert "differ from the others in `spread of schools` (-2." in result.message
    assert "`mu`" not in result.message


def test_scattered_ones_have_no_location():
    assert "differ from the others" not in examine("WB201", divergent_fit(100, 0.0)).message


def test_a_few_have_no_location():
    assert "differ from the others" not in examine("WB201", divergent_fit(3, -3.0)).message


def test_none_is_fine():
    assert examine("WB201").status == "passed"


def test_without_draws_it_does_not_apply():
    assert examine("WB201", FAILED).status == "n/a"
    assert examine("WB201", UNREQUESTED).status == "skipped"


def test_it_does_not_apply_to_a_program_without_parameters():
    assert examine("WB201", NO_PARAMETERS).status == "n/a"
