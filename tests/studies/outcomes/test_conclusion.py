"""The conclusion of a study: its verdict, which reasons are a caution, and every sentence."""

from pathlib import Path

import pytest
from msgspec import structs

from tests.snapshot import assert_recorded
from tests.studies.outcomes.measurements import make_measurements, make_outcome, make_point, make_tip
from workbench.results.view import Sensitivity
from workbench.studies.outcomes.conclusion import conclude
from workbench.studies.outcomes.moves import find_largest_moves, find_prior_effects
from workbench.studies.view import (
    AxisResult,
    BaseVerdict,
    HyperparameterSlopes,
    Margin,
    PlanResult,
    ScalingResult,
    Slope,
    TippingSide,
)

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
    compared = (outcomes, study.points, study.leading_method, sds or {"mu": 1.0})
    effects = find_prior_effects(*compared, {axis.name: axis.base for axis in study.plan.axes})
    return conclude(study, outcomes, find_largest_moves(*compared), effects)


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


def sweep(moves, errors=None, decisions=(), **fields):
    """Return the conclusion of a study that varies `a` and `b` from 2; moves of `mu` are by their values."""
    axes = tuple(AxisResult(name=name, values=(0.5, 8.0), base=2.0) for name in "ab")
    points = [make_point(0), *(make_point(n, values=dict(at)) for n, at in enumerate(moves, start=1))]
    outcomes = [make_outcome(0, 0.0)]
    outcomes += [
        make_outcome(number, move, mcse_move=(errors or {}).get(at))
        for number, (at, move) in enumerate(moves.items(), start=1)
    ]
    plan = PlanResult(methods=("nuts",), decisions=decisions, axes=axes, sampler=VARIED.sampler)
    return draw_conclusion(points, outcomes, plan=plan, **fields)


def at(**values):
    """Return where a point is, as a key."""
    return tuple(values.items())


def make_slopes(**per_doubling):
    return {
        name: HyperparameterSlopes(
            status="ok", value=2.0, estimates={"mu": Slope(mean=size, mcse=0.01, per_doubling=size)}
        )
        for name, size in per_doubling.items()
    }


STUDENT = {"mu": "student_t(3, 0, 2.5)"}
FORMS = [
    make_point(0),
    structs.replace(make_point(1, "refit", {}), label="mu ~ student_t(3, 0, 2.5)", forms=STUDENT),
    structs.replace(make_point(2, "refit", {"a": 1.0}), label="sceptical (a = 1)", name="sceptical"),
]
WIDE = [f"theta[{number}]" for number in range(1, 2001)]
BY_CHANCE = [make_outcome(0, 0.0, name) for name in WIDE] + [
    make_outcome(1, 0.6 if name == "theta[7]" else 0.0, name, mcse_move=0.2) for name in WIDE
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
    "two decisions": draw_conclusion(
        [make_point(number, decisions={TEXT: True, "sd(mu)<1": False}) for number in (0, 1)],
        QUIET,
        plan=PlanResult(methods=("nuts",), decisions=(TEXT, "sd(mu)<1")),
    ),
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
    "no tipping point where it was searched": draw_conclusion(
        decide_by(5, 4, 3),
        QUIET,
        plan=structs.replace(DECIDING, axes=(AxisResult(name="a", values=(0.5, 8.0), base=2.0),)),
        tipping=(make_tip("a"),),
    ),
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
    "two decisions and an estimate": sweep(
        {at(a=1.0): 0.6, at(b=8.0): 0.1},
        decisions=(TEXT, "P(mu>0)>0.9"),
        tipping=(
            make_tip("b", "above", above=FOUND),
            structs.replace(
                make_tip("a", "below", below=TippingSide(status="found", value=1.2, lower=1.1, upper=1.3)),
                decision="P(mu>0)>0.9",
            ),
        ),
    ),
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
    "halving is enough": sweep({at(a=1.0): 0.6, at(a=0.5): 1.4, at(b=0.5): -0.07}),
    "halving is not enough": sweep({at(a=1.0): 0.3, at(a=8.0): -0.9}),
    "doubling is the largest": sweep({at(a=1.0): 0.3, at(a=4.0): -0.9, at(b=0.5): 0.1}),
    "both hyperparameters matter": sweep(
        {at(a=0.5): 0.7, at(b=8.0): -1.2}, {at(a=0.5): 0.02, at(b=8.0): 0.07}
    ),
    "the rest is within error": sweep({at(a=0.5): 0.7, at(b=8.0): 0.3}, {at(b=8.0): 0.2}),
    "several at once": sweep(
        {at(a=0.5, b=8.0): 0.7, at(a=8.0, b=8.0): 0.1}, derivatives=make_slopes(a=0.04, b=-0.3)
    ),
    "another form and a scenario": draw_conclusion(
        FORMS, [make_outcome(number, mean) for number, mean in enumerate((0.0, 0.6, -0.7))]
    ),
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
    "the largest of 2,000 quantities": draw_conclusion(
        list_points("base", "refit"), BY_CHANCE, sds=dict.fromkeys(WIDE, 1.0)
    ),
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

FAILED_BASE = draw_conclusion(
    list_points("base", "weights"),
    MOVED,
    base=BaseVerdict(verdict="fail", reasons=("The chains disagree.",)),
)

IN_DOUBT = {
    "a base fit with a caution": draw_conclusion(
        list_points("base", "weights"),
        QUIET,
        base=BaseVerdict(verdict="caution", reasons=("The chains disagree a little.",)),
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
    "conclusions",
    [DECISION_DEPENDS, ESTIMATE_DEPENDS, CANNOT_TELL, NOT_KNOWN],
    ids=["a decision depends", "an estimate depends", "cannot tell", "not known"],
)
def test_dependence_on_the_prior_or_doubt_about_it_is_a_caution(conclusions):
    for conclusion in conclusions.values():
        assert conclusion.verdict == "caution"
        assert conclusion.remedy or conclusions is NOT_KNOWN


@pytest.mark.parametrize(
    ("name", "clauses"),
    [
        (
            "halving is enough",
            [
                "Halving `a` to 1 moves the posterior mean of `mu` by 0.60 posterior SDs, and `a = 0.5` by",
                "nothing else in the studied ranges moves one by more than 0.1 (the most: `mu`, by 0.07)",
            ],
        ),
        ("halving is not enough", ["Raising `a` from 2 to 8 moves the posterior mean of `mu` by 0.90"]),
        ("doubling is the largest", ["Doubling `a` to 4 moves the posterior mean of `mu` by 0.90 posterior"]),
        (
            "both hyperparameters matter",
            ["Raising `b` from 2 to 8 moves", "by 1.2 posterior SDs; `a = 0.5` moves it by 0.70."],
        ),
        (
            "the rest is within error",
            ["Lowering `a` from 2 to 0.5", "nothing else in the studied ranges clearly moves one by more"],
        ),
        ("several at once", ["Setting `a = 0.5` and `b = 8`", "responds most to `b`: 0.30 per doubling"]),
        (
            "another form and a scenario",
            ["The scenario `sceptical` moves", "`mu ~ student_t(3, 0, 2.5)` moves it by 0.60"],
        ),
    ],
)  # fmt: skip
def test_the_first_sentence_says_which_prior_moves_which_estimate(name, clauses):
    for clause in clauses:
        assert clause in ESTIMATE_DEPENDS[name].sentence


def test_decisions_that_the_prior_reverses_come_first_the_nearest_to_the_base_before_others():
    first, second, *_ = DECISION_DEPENDS["two decisions and an estimate"].sentence.split(". ")
    assert first.startswith(
        "`P(mu>0)>0.9` is reversed once `a` falls below 1.2 (base 2); `mean(mu)<5` is rev"
    )
    assert second.startswith("Halving `a`")


def test_what_the_largest_of_many_may_move_by_chance_is_not_claimed():
    conclusion = CANNOT_TELL["the largest of 2,000 quantities"]
    assert "may be chance" in conclusion.sentence
    alone = draw_conclusion(list_points("base", "refit"), BY_CHANCE, sds={"theta[7]": 1.0})
    assert alone.sentence.startswith("Setting `mu.sigma = 1` moves the posterior mean of `theta[7]` by 0.6")


def test_a_decision_is_reversed_only_where_one_changes():
    for conclusions in (OK, ESTIMATE_DEPENDS, CANNOT_TELL, NOT_KNOWN, IN_DOUBT):
        for conclusion in conclusions.values():
            assert "is reversed" not in conclusion.sentence
            assert "but not with" not in conclusion.sentence


def test_decisions_are_settled_only_where_each_was_told_and_none_changed():
    for conclusions in (DECISION_DEPENDS, CANNOT_TELL, NOT_KNOWN):
        for conclusion in conclusions.values():
            assert "holds at every point" not in conclusion.sentence
            assert "holds at no point" not in conclusion.sentence
            assert "decision changes" not in conclusion.sentence
    assert "`mean(mu)<5` holds at every point." in OK["clear margins"].sentence
    searched = OK["no tipping point where it was searched"].sentence
    assert searched.endswith("holds at every point and is not reversed for any `a` between 0.5 and 8.")
    assert "`mean(mu)<5` holds at no point." in OK["a decision holds nowhere"].sentence
    assert OK["two decisions"].sentence.endswith("neither decision changes.")


def test_the_largest_move_is_told_once():
    assert "by 0.60" in ESTIMATE_DEPENDS["a mean moves far"].sentence
    for conclusion in (ESTIMATE_DEPENDS["a mean moves far"], OK["nothing moves"]):
        assert not any("moves most" in reason for reason in conclusion.reasons)
    assert any("moves most" in reason for reason in OK["a move within its error"].reasons)


def test_a_caution_that_does_not_doubt_the_draws_leaves_the_first_sentence_as_it_is():
    caution = BaseVerdict(verdict="caution", is_about_draws=False, reasons=("Residuals depend.",))
    conclusion = draw_conclusion(list_points("base", "weights"), MOVED, base=caution)
    assert conclusion.verdict == "caution"
    assert conclusion.sentence == ESTIMATE_DEPENDS["a mean moves far"].sentence
    assert "another kind" in conclusion.trust
    assert "Residuals depend" in conclusion.reasons[0]
    modes = draw_conclusion(list_points("skipped", "skipped"), LAPLACE, plan=MODES, base=caution)
    assert modes.sentence.startswith("As far as these fits can be relied on")


def test_more_draws_are_advised_with_the_option_that_gives_them():
    remedy = CANNOT_TELL["a margin within its error"].remedy
    assert "16,000 draws in each fit would tell (--draws 4000)" in remedy
    assert CANNOT_TELL["no margin beyond its error"].remedy.startswith("Even 100 times as many draws")


def test_a_decision_holds_everywhere_only_if_each_margin_exceeds_its_error():
    assert any("holds at all 3 points" in reason for reason in OK["clear margins"].reasons)
    for conclusion in CANNOT_TELL.values():
        assert not any("holds at all" in reason for reason in conclusion.reasons)


@pytest.mark.parametrize("name", IN_DOUBT)
def test_fits_in_doubt_are_a_caution_that_the_sentence_begins_with(name):
    conclusion = IN_DOUBT[name]
    assert conclusion.verdict == "caution"
    assert conclusion.sentence.startswith(("As far as these fits can be relied on", "No other prior could"))
    assert conclusion.trust.startswith("Some of the fits behind this are in doubt")


def test_nothing_is_claimed_where_the_base_fit_failed_its_checks():
    assert FAILED_BASE.verdict == "fail"
    assert "not known yet: the base fit failed its checks" in FAILED_BASE.sentence
    assert "moves" not in FAILED_BASE.sentence


def test_without_any_posterior_the_study_fails():
    assert NOTHING.verdict == "fail"


def test_points_about_the_likelihood_do_not_count():
    assert OK["no other prior"].moves["mu"].in_sd == 0
    assert not any("2 points" in reason for reason in OK["no other prior"].reasons)


def test_every_sentence_reads_as_recorded():
    groups = (OK, DECISION_DEPENDS, ESTIMATE_DEPENDS, CANNOT_TELL, NOT_KNOWN, IN_DOUBT)
    conclusions = {name: group[name] for group in groups for name in group}
    conclusions |= {"a base fit that failed its checks": FAILED_BASE, "no posterior": NOTHING}
    pages = [
        "\n".join(
            [
                f"# {name}: {conclusion.verdict}",
                conclusion.sentence,
                conclusion.trust,
                *conclusion.reasons,
                *([f"-> {conclusion.remedy}"] if conclusion.remedy else []),
            ]
        )
        for name, conclusion in conclusions.items()
    ]
    assert_recorded(SENTENCES, "\n\n".join(pages) + "\n")
