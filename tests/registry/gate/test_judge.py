"""Each criterion with data that must pass, must fail, and to which it does not apply."""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.report.simulated import simulate_fit
from workbench.registry.gate import GateLimits, HeldOutOutcome, judge

RNG = np.random.default_rng(8)
OBSERVED = RNG.normal(size=200)


def results_of(**changes):
    diagnosis = {"verdict": changes.pop("verdict", "ok"), "reasons": [], "checks": []}
    return simulate_fit(diagnosis=diagnosis, **changes).results


def normal_rows(mean=0.0, sd=1.0, before=(0.0, 1.0), observed=OBSERVED):
    """Return rows as two normal distributions predicted them."""
    from scipy import stats

    ends = (before, (mean, sd))
    full = np.ones(len(observed))
    return HeldOutOutcome(
        name="y",
        rows=np.arange(len(observed)),
        observed=observed,
        densities=tuple(stats.norm.logpdf(observed, *each) for each in ends),
        means=tuple(each[0] * full for each in ends),
        sds=tuple(each[1] * full for each in ends),
        transforms=tuple(stats.norm.cdf(observed, *each) for each in ends),
    )


def ask(challenger=None, champion=None, held_out=(), **limits):
    result = judge(
        challenger or results_of(), champion or results_of(), held_out, GateLimits(**limits), ("new", "old")
    )
    return {each.name: each for each in result.criteria}, result


def status(name, *args, **options):
    return ask(*args, **options)[0][name].status


def test_a_fit_that_equals_the_champion_passes_everything():
    found, result = ask(held_out=[normal_rows()])
    assert {each.status for each in found.values()} == {"passed"}
    assert result.is_passed
    assert result.rows == 200


def test_another_program_fails_unless_any_is_accepted():
    model = simulate_fit().record["model"]
    other = results_of(model={**model, "source": model["source"] + "// changed"})
    assert status("program", other) == "failed"
    assert status("program", other, program="any") == "passed"


def test_columns_and_lost_levels_are_named():
    data = simulate_fit().record["data"]
    other = results_of(data={**data, "binding": {**data["binding"], "y": "another column"}})
    assert "the columns of `y`" in ask(other)[0]["program"].found
    with_levels = results_of(data={**data, "levels": {"school": ["A", "B"]}})
    fewer = results_of(data={**data, "levels": {"school": ["A"]}})
    assert "(B)" in ask(fewer, with_levels)[0]["program"].found
    assert status("program", with_levels, fewer) == "passed", "further levels are no loss"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("ok", "ok", "passed"),
        ("ok", "caution", "failed"),
        ("caution", "caution", "passed"),
        ("caution", "ok", "passed"),
        ("fail", "fail", "failed"),
        ("fail", "caution", "passed"),
    ],
)
def test_a_verdict_may_not_be_worse_and_never_fail(before, after, expected):
    assert status("verdict", results_of(verdict=after), results_of(verdict=before)) == expected


def test_a_verdict_can_be_demanded_to_be_ok_and_must_be_there():
    assert (
        status("verdict", results_of(verdict="caution"), results_of(verdict="caution"), verdict="ok")
        == "failed"
    )
    assert status("verdict", simulate_fit(diagnosis=None).results) == "failed"


def test_far_fewer_rows_fail():
    data = simulate_fit().record["data"]
    for rows, expected in ((100, "passed"), (50, "passed"), (49, "failed")):
        other = results_of(data={**data, "rows": rows})
        assert status("data", other, results_of(data={**data, "rows": 100})) == expected
    assert status("data", results_of(data={**data, "rows": None})) == "not applicable"


def test_each_change_of_a_prior_must_be_acknowledged():
    priors = {"mu.mu": 0.0, "mu.sigma": 1.0, "tau.sigma": 2.0}
    found, _ = ask(results_of(priors=priors), accept_priors=("mu.sigma",))
    assert found["prior mu.sigma"].status == "passed"
    assert found["prior tau.sigma"].status == "failed"
    assert "--accept-prior tau.sigma" in found["prior tau.sigma"].reason


def with_means(shift):
    """Return results whose `mu` is shifted by SDs of its own."""
    record = simulate_fit().record["nuts"]
    mu = record["estimates"]["mu"]
    shifted = {**mu, "mean": mu["mean"] + shift * mu["sd"]}
    return results_of(nuts={**record, "estimates": {**record["estimates"], "mu": shifted}})


def test_a_parameter_may_move_as_far_as_chance_moves_the_largest():
    from scipy import stats

    limit = stats.norm.isf(0.01 / 2 / 5) * 2**0.5
    assert status("parameters", with_means(0.99 * limit)) == "passed"
    found, _ = ask(with_means(1.01 * limit))
    assert found["parameters"].status == "failed"
    assert "of `mu`" in found["parameters"].found


def test_a_point_is_judged_by_the_sds_of_the_champion():
    skipped = {"status": "skipped", "reason": "not requested"}
    champion = results_of(**dict.fromkeys(("laplace", "mle", "map"), skipped))
    for shift, expected in ((0.5, "passed"), (4.0, "failed")):
        means = {name: one.mean + shift * one.sd for name, one in champion.nuts.estimates.items()}
        point = {"status": "ok", "jacobian": False, "estimates": {k: {"value": v} for k, v in means.items()}}
        challenger = results_of(**dict.fromkeys(("nuts", "laplace", "mle"), skipped), map=point)
        assert status("parameters", challenger, champion) == expected


def test_points_without_sds_are_judged_by_their_size():
    skipped = {"status": "skipped", "reason": "not requested"}
    parts = dict.fromkeys(("nuts", "laplace", "mle"), skipped)
    champion = results_of(**parts)
    estimates = msgspec.to_builtins(champion.map.estimates)
    for factor, expected in ((1.05, "passed"), (1.2, "failed")):
        moved = {name: {"value": factor * each["value"]} for name, each in estimates.items()}
        other = results_of(**parts, map={"status": "ok", "jacobian": False, "estimates": moved})
        assert status("parameters", other, champion) == expected


def test_a_clearly_worse_score_fails_and_a_better_one_can_be_demanded():
    assert status("held-out score", held_out=[normal_rows(mean=0.05)]) == "passed"
    assert status("held-out score", held_out=[normal_rows(mean=0.8)]) == "failed"
    better = normal_rows(before=(0.8, 1.0))
    assert status("held-out score", held_out=[better], score="better") == "passed"
    assert status("held-out score", held_out=[normal_rows(mean=0.05)], score="better") == "failed"


def test_the_standard_error_of_a_score_is_that_of_paired_rows():
    rows = normal_rows(mean=0.3)
    difference = rows.densities[1] - rows.densities[0]
    expected = f"−{-difference.sum():.1f} ± {difference.std(ddof=1) * 200**0.5:.1f} nats on 200 rows"
    criterion = ask(held_out=[rows])[0]["held-out score"]
    assert criterion.found == expected
    assert criterion.numbers["difference"] == pytest.approx(difference.sum())
    assert criterion.numbers["standard_error"] == pytest.approx(difference.std(ddof=1) * 200**0.5)
    pairs = dataclasses.replace(rows, rows=np.arange(200) // 2)
    sums = difference.reshape(-1, 2).sum(axis=1)
    assert (
        f"± {sums.std(ddof=1) * 100**0.5:.1f} nats on 100 rows"
        in ask(held_out=[pairs])[0]["held-out score"].found
    )


def test_what_only_the_challenger_holds_for_impossible_fails():
    rows = normal_rows()
    rows.densities[1][3] = -np.inf
    assert status("held-out score", held_out=[rows]) == "failed"
    rows = normal_rows()
    rows.densities[0][3] = -np.inf
    found, _ = ask(held_out=[rows])
    assert found["held-out score"].status == "passed"
    assert "the champion held 1" in found["held-out score"].reason


def test_calibration_fails_where_the_champions_is_better():
    narrow = normal_rows(sd=0.3)
    assert status("calibration", held_out=[narrow]) == "failed"
    assert status("calibration", held_out=[normal_rows(sd=0.3, before=(0.0, 0.25))]) == "passed"


def test_calibration_of_probabilities_is_spiegelhalters():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.1, 0.9, 500)
    y = (rng.uniform(size=500) < p).astype(float)
    sharper = 1 / (1 + np.exp(-3 * np.log(p / (1 - p))))
    flat = np.zeros(500)

    def rows(challenger):
        means = (p, challenger)
        densities: Any = tuple(np.log(np.where(y == 1, each, 1 - each)) for each in means)
        return HeldOutOutcome(
            "y", np.arange(500), y, densities, means, (flat, flat), (flat, flat), is_yes_or_no=True
        )

    found, _ = ask(held_out=[rows(p)])
    assert found["calibration"].status == "passed"
    z = ((y - p) * (1 - 2 * p)).sum() / np.sqrt(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    from scipy import stats

    assert f"p = {2 * stats.norm.sf(abs(z)):.3f}" in found["calibration"].found
    assert status("calibration", held_out=[rows(sharper)]) == "failed"


def test_predictions_that_moved_fail():
    assert status("predictions", held_out=[normal_rows(mean=0.24)]) == "passed"
    assert status("predictions", held_out=[normal_rows(mean=0.26)]) == "failed"
    rows = normal_rows()
    rows.means[1][:11] += 1.5
    assert status("predictions", held_out=[rows]) == "failed", "5.5% of the rows moved by more than an SD"


def test_criteria_that_do_not_apply_say_why():
    found, result = ask()
    for name in ("held-out score", "calibration", "predictions"):
        assert found[name].status == "not applicable"
        assert "--data" in found[name].reason
    assert result.is_passed
    few = normal_rows(observed=OBSERVED[:10])
    assert "10 held-out rows are too few" in ask(held_out=[few])[0]["held-out score"].reason
    found, result = ask(held_out="column `x` is missing.")
    assert found["held-out score"].status == "failed"
    assert not result.is_passed
    only = judge(results_of(), None, [], GateLimits())
    assert {each.status for each in only.criteria} == {"passed", "not applicable"}
    assert only.is_passed
    assert not judge(results_of(verdict="fail"), None, [], GateLimits()).is_passed
