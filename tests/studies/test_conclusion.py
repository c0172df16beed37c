"""What a study comes to: which sentence, which reasons, and which of them are a caution."""

import pytest

from workbench.studies import axes_apart
from workbench.studies.outcomes.conclusion import conclude, largest_moves

CALM = {"status": "ok", "parameters": {"mu": {"diagnosis": ""}}, "how": {"prior": "weights"}}


def point(number, how="weights", values=None, **more):
    values = {"mu.sigma": float(number)} if values is None else values
    label = ", ".join(f"{name} = {value:g}" for name, value in values.items()) or "as fitted"
    return {"number": number, "how": how, "label": label, "values": values, "reason": "", **more}


def row(number, mean, sd=1.0, name="mu", **more):
    return {
        "method": "nuts", "status": "ok", "parameter": name, "label": name, "point": number, "mean": mean,
        "sd": sd, **more,
    }  # fmt: skip


def concluded(points, rows, **changed):
    hows = [one["how"] for one in points]
    study = {
        "base": {"verdict": "ok", "reasons": []},
        "points": points,
        "plan": {"decisions": [], "methods": ["nuts"]},
        "tipping": [],
        "power_scaling": CALM,
        "fits": {how: hows.count(how) for how in ("base", "refit", "weights", "failed")}
        | {"full": 1 + hows.count("refit"), "points": len(points)},
        **changed,
    }
    return conclude(study, rows, dict.fromkeys({row.get("parameter", "") for row in rows}, 1.0))


BASE = point(0, "base", {})
QUIET = [row(0, 1.0), row(1, 1.1)]


def test_where_nothing_moves_the_conclusions_stand():
    found = concluded([BASE, point(1)], QUIET)
    assert found["verdict"] == "ok"
    assert found["sentence"] == "The conclusions hardly depend on the priors that were tried."


def test_a_mean_that_moves_far_depends_on_the_prior():
    found = concluded([BASE, point(1)], [row(0, 1.0), row(1, 1.6)])
    assert found["verdict"] == "caution"
    assert found["sentence"].startswith("Some conclusions depend on the prior")
    assert found["reasons"][0].startswith("The posterior mean of `mu` moves most: by 0.60 posterior SDs")


@pytest.mark.parametrize(
    ("refit", "words"),
    [
        (
            {"rhat": 1.034},
            "The chains of 1 refit disagree, most at mu.sigma = 1: R-hat is 1.034, above 1.01.",
        ),
        ({"divergences": 12}, "1 refit had divergent transitions, most at mu.sigma = 1: 12."),
    ],
)
def test_a_refit_in_doubt_is_no_dependence_on_the_prior(refit, words):
    found = concluded([BASE, point(1, "refit", **refit)], QUIET)
    assert found["verdict"] == "caution"
    assert found["sentence"] == (
        "No conclusion was seen to depend on the prior, but some of the fits behind this are in doubt."
    )
    assert found["reasons"][0] == words


def test_so_is_a_base_fit_in_doubt():
    base = {"verdict": "fail", "reasons": ["The chains disagree."]}
    found = concluded([BASE, point(1)], QUIET, base=base)
    assert found["verdict"] == "caution"
    assert found["sentence"].startswith("No conclusion was seen to depend on the prior, but")
    assert found["reasons"][0] == "The base fit itself has the verdict fail: The chains disagree."


def test_the_power_of_the_likelihood_says_nothing_about_the_prior():
    moved = [row(0, 1.0), row(1, 9.0, **{"power(likelihood)": 0.1})]
    decided = {"decisions": ["mean(mu)<5"], "methods": ["nuts"]}
    points = [
        {**BASE, "decisions": {"mean(mu)<5": True}},
        {**point(1, values={"power(likelihood)": 0.1}), "decisions": {"mean(mu)<5": False}},
    ]
    found = concluded(points, moved, plan=decided)
    assert found["verdict"] == "ok"
    assert found["sentence"].startswith("No other prior was tried")
    assert "`mean(mu)<5` holds at every one of 1 points." not in found["reasons"]


def test_without_any_posterior_the_study_failed():
    found = concluded([point(0, "failed", {}), point(1, "failed")], [])
    assert (found["verdict"], found["sentence"]) == ("fail", "No point of this study could be fitted.")


def test_what_is_constant_does_not_move():
    rows = [row(0, 1.0, 2e-17, "L[1,1]"), row(1, 1.0 + 2e-16, 2e-17, "L[1,1]"), *QUIET]
    assert set(largest_moves(rows, "nuts", {"mu": 1.0, "L[1,1]": 2e-17})) == {"mu"}


@pytest.mark.parametrize(
    ("hows", "full", "words"),
    [
        (["base", "weights"], 1, "2 points: the base fit and 1 seen through importance weights."),
        (["base", "refit", "refit"], 3, "3 points: the base fit and 2 refits."),
        (
            ["base", "refit", "weights", "weights", "failed"],
            4,
            "5 points: the base fit, 1 refit, 2 seen through importance weights and 1 failed; 2 refits "
            "beside them, at tipping points or other powers.",
        ),
    ],
)
def test_what_the_points_were_had_from_is_said(hows, full, words):
    points = [point(number, how) for number, how in enumerate(hows)]
    fits = {how: hows.count(how) for how in ("base", "refit", "weights", "failed")}
    found = concluded(points, QUIET, fits={**fits, "full": full, "points": len(points)})
    assert found["reasons"][-1] == words


FOUND = {"status": "found", "value": 4.0, "lower": 3.5, "upper": 4.6}


def tip(name, nearest=None, **more):
    none = {"status": "none", "searched": 0.5, "reason": "it does not change."}
    sides = {"below": none, "above": {**none, "searched": 8.0}}
    return {
        "decision": "mean(mu)<5", "hyperparameter": name, "base": 2.0, "holds": True, "nearest": nearest,
        **sides, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tips", "words"),
    [
        ([tip("a")], ["`mean(mu)<5` does not tip for any `a` between 0.5 and 8."]),
        (
            [tip("a"), tip("b")],
            ["`mean(mu)<5` does not tip for any `a` between 0.5 and 8, or any `b` between 0.5 and 8."],
        ),
        (
            [tip(name) for name in "abcd"],
            [
                "`mean(mu)<5` does not tip for any of 4 hyperparameters within the ranges that were "
                "searched.",
            ],
        ),
        (
            [
                tip("a", "above", above={"status": "found", "value": 4.0, "lower": 3.5, "upper": 4.6}),
                tip("b"),
            ],
            [
                "`mean(mu)<5` stops holding where `a` is 4 (3.5 to 4.6); now it is 2.",
                "`mean(mu)<5` does not tip for any `b` between 0.5 and 8.",
            ],
        ),
        (
            [tip("a", below={"status": "failed", "reason": "at 0.1: no."})],
            ["Whether `mean(mu)<5` tips as `a` changes is not known: at 0.1: no."],
        ),
    ],
)
def test_where_a_conclusion_tips_is_said_once(tips, words):
    plan = {"decisions": ["mean(mu)<5"], "methods": ["nuts"]}
    points = [{**one, "decisions": {"mean(mu)<5": True}} for one in (BASE, point(1))]
    found = concluded(points, QUIET, plan=plan, tipping=tips)
    assert [one for one in found["reasons"] if "tip" in one or "stops" in one] == words


def test_few_axes_have_columns_of_their_own():
    axes = [{"name": name} for name in "abcd"]
    plain = {"name": "", "forms": {}}
    assert axes_apart({"plan": {"axes": axes[:3]}, "points": [plain]}) == axes[:3]
    assert axes_apart({"plan": {"axes": axes}, "points": [plain]}) == []
    assert axes_apart({"plan": {"axes": axes[:1]}, "points": [{**plain, "name": "sceptical"}]}) == []


def test_modes_alone_are_said_to_be_so():
    points = [point(0, "skipped", {}), point(1, "skipped")]
    rows = [{**one, "method": "laplace"} for one in (row(0, 1.0), row(1, 1.8))]
    plan = {"decisions": [], "methods": ["map", "laplace"]}
    fits = {"base": 0, "refit": 0, "weights": 0, "failed": 0, "skipped": 2, "full": 1, "points": 2}
    found = concluded(points, rows, plan=plan, fits=fits)
    assert found["verdict"] == "caution"
    assert found["reasons"][0].startswith("The Laplace mean of `mu` moves most: by 0.80 posterior SDs")
    assert found["reasons"][-1] == "2 points, seen by their modes alone: NUTS was not asked for."


def test_modes_that_fail_or_mislead_are_said():
    points = [point(0, "skipped", {}), point(1, "skipped")]
    rows = [
        {**row(0, 1.0), "method": "laplace", "khat": 0.9},
        {**row(1, 1.1), "method": "laplace", "khat": 0.2},
        {"method": "map", "status": "failed", "point": 1, "reason": "the density has no maximum."},
    ]
    plan = {"decisions": [], "methods": ["map", "laplace"]}
    fits = {"base": 0, "refit": 0, "weights": 0, "failed": 0, "skipped": 2, "full": 1, "points": 2}
    found = concluded(points, rows, plan=plan, fits=fits)
    assert found["reasons"][0] == (
        "The Laplace approximation cannot be relied on at 1 point: k-hat is up to 0.90."
    )
    assert "There is no MAP at 1 point; the first reason: the density has no maximum." in found["reasons"]
    assert found["sentence"].startswith("No conclusion was seen to depend on the prior, but")


def test_modes_move_in_standard_deviations_of_the_base_fit():
    rows = [{**row(number, 1.0 + 0.7 * number, None), "method": "map"} for number in (0, 1)]
    plan = {"decisions": ["P(mu>0)>0.9", "mean(mu)>0"], "methods": ["map"]}
    fits = {"base": 0, "refit": 0, "weights": 0, "failed": 0, "skipped": 2, "full": 1, "points": 2}
    held = {"mean(mu)>0": True}
    points = [point(0, "skipped", {}, decisions=held), point(1, "skipped", decisions=held)]
    found = concluded(points, rows, plan=plan, fits=fits)
    assert found["reasons"][0].startswith("The MAP of `mu` moves most: by 0.70 posterior SDs")
    assert "`mean(mu)>0` holds at every one of 2 points." in found["reasons"]
    words = "`P(mu>0)>0.9` is about a spread, which a mode alone has not: --methods needs laplace or nuts."
    assert words in found["reasons"]
