"""Every check: a record on which it fires, one on which it does not, and one to which it does not apply."""

import pytest

from tests.diagnostics.fits import ABSENT, PARAMETER, RECORD, SKIPPED, fit_of
from tests.diagnostics.fits import record_with as changed
from workbench import diagnostics
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.checks import wb301_laplace

NO_PARAMETERS = {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}}


FIRING = [
    ("WB101", changed("nuts", "estimates", "mu", {**PARAMETER, "rhat": 1.02}), "issue", "fail"),
    ("WB102", changed("nuts", "estimates", "mu", {**PARAMETER, "ess_tail": 399.0}), "issue", "caution"),
    ("WB201", changed("nuts", "divergences", 3), "issue", "caution"),
    ("WB201", changed("nuts", "divergences", 40), "issue", "fail"),
    ("WB202", changed("nuts", "max_treedepth_hits", 1), "issue", "caution"),
    ("WB203", changed("nuts", "ebfmi", [1.0, 0.29]), "issue", "caution"),
    ("WB301", changed("laplace", "khat", 0.71), "tip", "ok"),
    ("WB301", changed("laplace", "khat", None), "tip", "ok"),
    ("WB301", changed("laplace", ABSENT), "tip", "ok"),
    ("WB401", changed("gaps", "mu", {"map_minus_mean": -0.6, "in_sd": -0.6}), "tip", "ok"),
    ("WB402", changed("map", ABSENT), "tip", "ok"),
    ("WB501", changed("model", "instrumented", False), "tip", "ok"),
    ("WB501", changed("nuts", "terms_differ", 1e-3), "tip", "ok"),
]

NOT_APPLICABLE = [
    (code, {**RECORD, "nuts": part, "gaps": {}})
    for code in ("WB101", "WB102", "WB201", "WB202", "WB203", "WB401")
    for part in (ABSENT, NO_PARAMETERS)
]


def diagnose(record):
    return diagnostics.diagnose(fit_of(record))


def finding_of(code, record):
    return {check.code: finding for check, finding in diagnose(record).findings}[code]


def test_nothing_fires_on_a_good_run():
    diagnosis = diagnose(RECORD)
    assert diagnosis.verdict == "ok"
    assert {finding.status for _, finding in diagnosis.findings} == {"passed"}


@pytest.mark.parametrize(("code", "record", "status", "verdict"), FIRING)
def test_it_fires(code, record, status, verdict):
    assert finding_of(code, record).status == status
    assert diagnose(record).verdict == verdict


def test_every_check_is_seen_firing():
    assert {code for code, *_ in FIRING} == {check.code for check in CATALOGUE}


@pytest.mark.parametrize(("code", "record"), NOT_APPLICABLE)
def test_it_does_not_apply(code, record):
    assert finding_of(code, record).status == "n/a"


@pytest.mark.parametrize("code", [check.code for check in CATALOGUE])
def test_what_was_not_asked_for_is_skipped(code):
    parts = dict.fromkeys(("mle", "map", "map_unconstrained", "laplace", "nuts"), SKIPPED)
    model = {**RECORD["model"], "proof": {"status": "not available", "reason": "it was not asked for."}}
    assert finding_of(code, {**RECORD, **parts, "model": model}).status == "skipped"


def test_without_a_posterior_the_verdict_is_fail_and_says_why():
    diagnosis = diagnose(changed("nuts", ABSENT))
    assert diagnosis.verdict == "fail"
    assert diagnosis.reasons[0] == "There is no posterior: a chain stopped."


def test_generated_quantities_do_not_decide_convergence():
    """A quantity that is constant in all but one draw has a poor R-hat and says nothing of the chains."""
    record = changed("nuts", "estimates", "is_large", {**PARAMETER, "rhat": 1.5})
    assert finding_of("WB101", record).status == "passed"


def test_messages_carry_the_number_and_the_label():
    record = changed("nuts", "estimates", "mu", {**PARAMETER, "rhat": 1.25, "label": "mean effect"})
    assert finding_of("WB101", record).message == (
        "The chains disagree: R-hat is 1.250 for `mean effect`, above 1.01."
    )


@pytest.mark.parametrize(("draws", "limit"), [(100, 0.5), (1000, 2 / 3), (10_000, 0.7)])
def test_the_khat_threshold_of_vehtari_et_al(draws, limit):
    """min(1 - 1/log10(S), 0.7), by hand."""
    assert wb301_laplace.limit(draws) == pytest.approx(limit)


def test_codes_are_unique_and_each_file_bears_its_code():
    codes = [check.code for check in CATALOGUE]
    assert len(set(codes)) == len(codes)
    for check in CATALOGUE:
        assert check.examine.__module__.rpartition(".")[2].startswith(check.code.lower())
