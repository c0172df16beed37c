"""The conclusion of a study: its verdict, which reasons are a caution, and every sentence."""

from pathlib import Path

import pytest

from tests.snapshot import assert_recorded
from tests.studies.outcomes.measurements import make_measurements, make_outcome, make_point, make_tip
from workbench.results.view import Sensitivity
from workbench.studies.outcomes.conclusion import conclude
from workbench.studies.outcomes.moves import find_largest_moves
from workbench.studies.view import AxisResult, BaseVerdict, Margin, PlanResult, ScalingResult, TippingSide

SENTENCES = Path(__file__).with_name("sentences.txt")
"""Every conclusion of the studies below."""

QUIET = [make_outcome(0, 1.0), make_outcome(1, 1.1)]
MOVED = [make_outcome(0, 1.0), make_outcome(1, 1.6)]
TEXT = "mean(mu)<5"
DECIDING = PlanResult(methods=("nuts",), decisions=(TEXT,))
MODES = PlanResult(methods=("map", "laplace"))
FOUND = TippingSide(status="found", value=4.0, lower=3.5, upper=4.6)
FAILED = TippingSide(status="failed", reason="at 0.1: no.")
HIDDEN = TippingSide(status="unclear", reason="no.", searched=0.5, value=0.6, upper=1.2, draws_needed=36000)
SMALL = TippingSide(status="unclear", reason="no.", searched=8.0, lower=5.0)
VARIED = PlanResult(
    methods=("nuts",),
    decisions=(TEXT,),
    axes=(AxisResult(name="a", values=(0.5, 8.0), base=2.0),),
    sampler={"chains": 4, "draws": 1000},
)


def draw_conclusion(points, outcomes, sds=None, **fields):
    """Return the conclusion of a study in which `mu` has a posterior SD of 1."""
    study = make_measurements(points, **fields)
    moves = find_largest_moves(outcomes, study.points, study.leading_method, sds or {"mu": 1.0})
    return conclude(study, outcomes, moves)


def list_points(*hows, **fields):
    return [make_point(number, how, **fields) for number, how in enumerate(hows)]


def decide(*answers):
    """Return points at which the decision holds or not."""
    return [make_point(number, decisions={TEXT: answer}) for number, answer in enumerate(answers)]


def decide_by(*ratios, draws_needed=None):
    """Return points at which the decision has a margin of so many Monte Carlo standard errors."""
    margins = [
        Margin(value=0.01 * ratio, mcse=0.01, draws_needed=draws_needed if abs(ratio) <= 2 else None)
        for ratio in ratios
    ]
    return [
        make_point(number, decisions={TEXT: margin.value > 0}, margins={TEXT: margin})
        for number, margin in enumerate(margins)
    ]


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
NO_SCALING = ScalingResult(status="not available", reason="why.")
NEAR = make_tip(
    "a", "above", above=TippingSide(status="found", value=2.2, lower=1.6, upper=2.9), below=HIDDEN
)
OTHER = [make_outcome(0, 1.0, "tau"), make_outcome(1, 1.2, "tau", mcse_move=0.01)]
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
    "no power-scaling": draw_conclusion(list_points("base", "weights"), QUIET, power_scaling=NO_SCALING),
    "clear margins": draw_conclusion(decide_by(5, 4, 3), QUIET, plan=DECIDING),
    "a clear margin at the base alone": draw_conclusion(decide_by(5), QUIET[:1], plan=DECIDING),
    "an unclear tipping point beyond what was asked": draw_conclusion(
        decide_by(5, 4), QUIET, plan=DECIDING, tipping=(make_tip("b", below=HIDDEN),)
    ),
    "a move within its error": draw_conclusion(
        list_points("base", "weights"), [QUIET[0], make_outcome(1, 1.1, mcse_move=0.06)]
    ),
    "power-scaling by refits": draw_conclusion(list_points("base", "weights"), QUIET, power_scaling=REFITTED),
    "a decision that a mode cannot answer": draw_conclusion(
        [make_point(number, "skipped", decisions={}) for number in (0, 1)],
        [make_outcome(number, 1.0, method="map") for number in (0, 1)],
        plan=PlanResult(methods=("map",), decisions=("P(mu>0)>0.9",)),
    ),
}

DECISION_DEPENDS = {
    "a decision changes": draw_conclusion(decide(True, False, True), QUIET, plan=DECIDING),
    "a decision changes clearly": draw_conclusion(decide_by(5, -5, 1), QUIET, plan=DECIDING),
    "a decision tips between the points": draw_conclusion(
        decide_by(5, 4), QUIET, plan=VARIED, tipping=(make_tip("a", "above", above=FOUND),)
    ),
    "a tipping point within noise of the base": draw_conclusion(
        decide_by(0.5, -4, draws_needed=36000), QUIET, plan=VARIED, tipping=(NEAR,)
    ),
}

ESTIMATE_DEPENDS = {
    "a mean moves far": draw_conclusion(list_points("base", "weights"), MOVED),
    "a mean moves far and no decision changes": draw_conclusion(decide_by(5, 4), MOVED, plan=DECIDING),
    "a mean moves far and a decision is unclear": draw_conclusion(
        decide_by(5, 1, draws_needed=36000), MOVED, plan=VARIED
    ),
    "a conflict": draw_conclusion(
        list_points("base", "weights"), QUIET, power_scaling=scale(*[CONFLICT] * 7, "")
    ),
    "a mean by Laplace moves far": draw_conclusion(list_points("skipped", "skipped"), LAPLACE, plan=MODES),
}

CANNOT_TELL = {
    "a margin within its error": draw_conclusion(
        decide_by(5, 4, 1.5, draws_needed=16000), QUIET, plan=VARIED
    ),
    "no margin beyond its error": draw_conclusion(decide_by(0.1, -0.1), QUIET, plan=VARIED),
    "an unclear decision at the base alone": draw_conclusion(
        decide_by(1, draws_needed=36000), QUIET[:1], plan=VARIED
    ),
    "a tipping point that may be there": draw_conclusion(
        decide_by(5, 4), QUIET, plan=VARIED, tipping=(make_tip("a", below=HIDDEN, above=SMALL),)
    ),
    "a far move that may be chance": draw_conclusion(
        list_points("base", "refit"),
        [*MOVED[:1], make_outcome(1, 1.6, mcse_move=0.4), *OTHER],
        sds={"mu": 1.0, "tau": 1.0},
    ),
}

NOT_KNOWN = {
    "power-scaling whose refit failed": draw_conclusion(
        list_points("base", "weights"), QUIET, power_scaling=NOT_REFITTED
    ),
    "no other prior and no power-scaling": draw_conclusion(
        list_points("base"), QUIET[:1], power_scaling=NO_SCALING
    ),
    "a search that failed within what was asked": draw_conclusion(
        decide(True, True), QUIET, plan=VARIED, tipping=(make_tip("a", below=FAILED),)
    ),
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


@pytest.mark.parametrize(
    ("conclusions", "sentence"),
    [
        (DECISION_DEPENDS, "Some conclusions depend on the prior"),
        (ESTIMATE_DEPENDS, "estimates depend on the prior"),
        (CANNOT_TELL, "cannot be told at this number of draws"),
        (NOT_KNOWN, "known"),
    ],
    ids=["a decision depends", "an estimate depends", "cannot tell", "not known"],
)
def test_dependence_on_the_prior_or_doubt_about_it_is_a_caution(conclusions, sentence):
    for conclusion in conclusions.values():
        assert conclusion.verdict == "caution"
        assert sentence in conclusion.sentence


def test_conclusions_depend_on_the_prior_only_where_a_decision_changes():
    for conclusions in (OK, ESTIMATE_DEPENDS, CANNOT_TELL, NOT_KNOWN, IN_DOUBT):
        for conclusion in conclusions.values():
            assert not conclusion.sentence.startswith("Some conclusions")


def test_more_draws_are_advised_with_the_option_that_gives_them():
    reasons = CANNOT_TELL["a margin within its error"].reasons
    assert any("16,000 draws in each fit would tell (--draws 4000)" in reason for reason in reasons)
    hopeless = CANNOT_TELL["no margin beyond its error"].reasons
    assert any(reason.startswith("Even 100 times as many draws") for reason in hopeless)


def test_a_decision_holds_everywhere_only_if_each_margin_exceeds_its_error():
    assert any("holds at all 3 points" in reason for reason in OK["clear margins"].reasons)
    for conclusion in CANNOT_TELL.values():
        assert not any("holds at all" in reason for reason in conclusion.reasons)


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
    groups = (OK, DECISION_DEPENDS, ESTIMATE_DEPENDS, CANNOT_TELL, NOT_KNOWN, IN_DOUBT)
    conclusions = {name: group[name] for group in groups for name in group} | {"no posterior": NOTHING}
    pages = [
        "\n".join([f"# {name}: {conclusion.verdict}", conclusion.sentence, *conclusion.reasons])
        for name, conclusion in conclusions.items()
    ]
    assert_recorded(SENTENCES, "\n\n".join(pages) + "\n")
