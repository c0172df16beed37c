"""The conclusion of a study: its verdict, which reasons are a caution, and every sentence."""

from pathlib import Path

import pytest

from tests.snapshot import assert_recorded
from tests.studies.outcomes.measurements import make_measurements, make_outcome, make_point, make_tip
from workbench.results.view import Sensitivity
from workbench.studies.outcomes.conclusion import conclude
from workbench.studies.outcomes.moves import find_largest_moves
from workbench.studies.view import BaseVerdict, PlanResult, ScalingResult, TippingSide

SENTENCES = Path(__file__).with_name("sentences.txt")
"""Every conclusion of the studies below."""

QUIET = [make_outcome(0, 1.0), make_outcome(1, 1.1)]
MOVED = [make_outcome(0, 1.0), make_outcome(1, 1.6)]
TEXT = "mean(mu)<5"
DECIDING = PlanResult(methods=("nuts",), decisions=(TEXT,))
MODES = PlanResult(methods=("map", "laplace"))
FOUND = TippingSide(status="found", value=4.0, lower=3.5, upper=4.6)
FAILED = TippingSide(status="failed", reason="at 0.1: no.")


def draw_conclusion(points, outcomes, **fields):
    """Return the conclusion of a study in which `mu` has a posterior SD of 1."""
    study = make_measurements(points, **fields)
    moves = find_largest_moves(outcomes, study.points, study.leading_method, {"mu": 1.0})
    return conclude(study, outcomes, moves)


def list_points(*hows, **fields):
    return [make_point(number, how, **fields) for number, how in enumerate(hows)]


def decide(*answers):
    """Return points at which the decision holds or not."""
    return [make_point(number, decisions={TEXT: answer}) for number, answer in enumerate(answers)]


def scale(*diagnoses, **fields):
    """Return power-scaling with one quantity for each diagnosis."""
    parameters = {
        f"beta[{place}]": Sensitivity(prior=0.2, diagnosis=diagnosis)
        for place, diagnosis in enumerate(diagnoses, start=1)
    }
    return ScalingResult(parameters=parameters, **fields)


CONFLICT = "prior-data conflict"
REFITTED = scale(
    khat={"prior": 1.43, "mu ~ normal(0, 1)": 1.2},
    how={"prior": "refit", "mu ~ normal(0, 1)": "refit"},
    powers={"prior": (0.99, 1.01), "mu ~ normal(0, 1)": (0.99, 1.01, 0.5, 2.0)},
)
NOT_REFITTED = scale(
    khat={"prior": 1.3},
    how={"prior": "failed"},
    failures={"prior": "at power(prior) = 0.99: the machine was unplugged."},
)
LAPLACE = [make_outcome(number, 1.0 + 0.8 * number, method="laplace") for number in (0, 1)]
POOR = [
    make_outcome(0, 1.0, method="laplace", khat=0.9),
    make_outcome(1, 1.1, method="laplace", khat=0.2),
    make_outcome(1, None, method="map", status="failed", reason="the density has no maximum."),
]

OK = {
    "nothing moves": draw_conclusion(list_points("base", "weights"), QUIET),
    "no other prior": draw_conclusion(
        [make_point(0, decisions={TEXT: True}), make_point(1, values={"power(likelihood)": 0.1})],
        [make_outcome(0, 1.0), make_outcome(1, 9.0)],
        plan=DECIDING,
    ),
    "refits": draw_conclusion(list_points("base", "refit", "refit"), QUIET),
    "refits elsewhere": draw_conclusion(list_points("base", "refit", "weights"), QUIET, further_refits=2),
    "a decision holds everywhere": draw_conclusion(decide(True, True), QUIET, plan=DECIDING),
    "a decision holds nowhere": draw_conclusion(decide(False, False), QUIET, plan=DECIDING),
    "one range without a tipping point": draw_conclusion(
        decide(True, True), QUIET, plan=DECIDING, tipping=(make_tip("a"),)
    ),
    "two ranges": draw_conclusion(
        decide(True, True), QUIET, plan=DECIDING, tipping=(make_tip("a"), make_tip("b"))
    ),
    "many ranges": draw_conclusion(
        decide(True, True), QUIET, plan=DECIDING, tipping=tuple(make_tip(name) for name in "abcd")
    ),
    "a tipping point": draw_conclusion(
        decide(True, True), QUIET, plan=DECIDING, tipping=(make_tip("a", "above", above=FOUND), make_tip("b"))
    ),
    "a search that failed": draw_conclusion(
        decide(True, True), QUIET, plan=DECIDING, tipping=(make_tip("a", below=FAILED),)
    ),
    "no power-scaling": draw_conclusion(
        list_points("base"), QUIET[:1], power_scaling=ScalingResult(status="not available", reason="why.")
    ),
    "power-scaling by refits": draw_conclusion(list_points("base", "weights"), QUIET, power_scaling=REFITTED),
    "a decision that a mode cannot answer": draw_conclusion(
        [make_point(number, "skipped", decisions={}) for number in (0, 1)],
        [make_outcome(number, 1.0, method="map") for number in (0, 1)],
        plan=PlanResult(methods=("map",), decisions=("P(mu>0)>0.9",)),
    ),
}

DEPENDENT = {
    "a mean moves far": draw_conclusion(list_points("base", "weights"), MOVED),
    "a decision changes": draw_conclusion(decide(True, False, True), QUIET, plan=DECIDING),
    "a conflict": draw_conclusion(
        list_points("base", "weights"), QUIET, power_scaling=scale(*[CONFLICT] * 7, "")
    ),
    "power-scaling whose refit failed": draw_conclusion(
        list_points("base", "weights"), QUIET, power_scaling=NOT_REFITTED
    ),
    "a mean by Laplace moves far": draw_conclusion(list_points("skipped", "skipped"), LAPLACE, plan=MODES),
}

IN_DOUBT = {
    "a base fit that failed its checks": draw_conclusion(
        list_points("base", "weights"),
        QUIET,
        base=BaseVerdict(verdict="fail", reasons=("The chains disagree.",)),
    ),
    "chains that disagree": draw_conclusion([make_point(0), make_point(1, "refit", rhat=1.034)], QUIET),
    "divergences": draw_conclusion([make_point(0), make_point(1, "refit", divergences=12)], QUIET),
    "a point that failed": draw_conclusion(
        [make_point(0), make_point(1, "failed", reason="why.")], QUIET[:1]
    ),
    "a poor approximation": draw_conclusion(list_points("skipped", "skipped"), POOR, plan=MODES),
}

NOTHING = draw_conclusion(
    [make_point(0, "failed", reason="why."), make_point(1, "failed", reason="why.")], []
)


@pytest.mark.parametrize("name", OK)
def test_conclusions_that_hold_are_ok(name):
    assert OK[name].verdict == "ok"


@pytest.mark.parametrize("name", DEPENDENT)
def test_dependence_on_the_prior_is_a_caution_and_comes_first(name):
    conclusion = DEPENDENT[name]
    assert conclusion.verdict == "caution"
    assert conclusion.sentence.startswith("Some conclusions depend on the prior")


@pytest.mark.parametrize("name", IN_DOUBT)
def test_fits_in_doubt_are_a_caution_but_no_dependence_on_the_prior(name):
    conclusion = IN_DOUBT[name]
    assert conclusion.verdict == "caution"
    assert conclusion.sentence.startswith("No conclusion appears to depend on the prior")


def test_without_any_posterior_the_study_fails():
    assert NOTHING.verdict == "fail"


def test_points_about_the_likelihood_do_not_count():
    assert OK["no other prior"].moves["mu"].in_sd == 0
    assert not any("2 points" in reason for reason in OK["no other prior"].reasons[:-1])


def test_every_sentence_reads_as_recorded():
    conclusions = {**OK, **DEPENDENT, **IN_DOUBT, "no posterior": NOTHING}
    pages = [
        "\n".join([f"# {name}: {conclusion.verdict}", conclusion.sentence, *conclusion.reasons])
        for name, conclusion in conclusions.items()
    ]
    assert_recorded(SENTENCES, "\n\n".join(pages) + "\n")
