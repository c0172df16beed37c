"""Varying effects: which arrays they are, their centre, and what they are without pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tests.report.documents import list_figures
from tests.report.fit.arrays import Numbers, draw_normal, make_fit
from workbench.report.document import Section
from workbench.report.figures import Drawing, GroupEffect, Population
from workbench.report.fit import groups
from workbench.report.fit.arrays import PosteriorArrays
from workbench.results import Fit

MEANS = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 0.0])
GROUPS = np.repeat(np.arange(1, 7), [1, 2, 3, 4, 5, 6])
RNG = np.random.default_rng(4)


def _build(fit: Fit) -> tuple[Section, ...]:
    return groups.build_section(fit, PosteriorArrays(fit))


def _read_draws(fit: Fit) -> Numbers:
    return np.asarray(fit.tree["posterior"]["theta"])


def _explain(fit: Fit) -> str:
    return list_figures(_build(fit)[0])[0].explanation


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, GroupEffect], Population]]:
    """Keep what the drawings were asked to show."""
    kept: list[Any] = []

    def keep(effects: Sequence[GroupEffect], population: Population) -> Drawing:
        kept.append(({effect.label: effect for effect in effects}, population))
        return Drawing(lambda figure, palette: None)

    monkeypatch.setattr("workbench.report.figures.draw_caterpillar", keep)
    return kept


def _make_effects(latent: str, likelihood: str = "", source: str = "", **others: Any) -> Fit:
    posterior = {"mu": draw_normal(2.0), "tau": draw_normal(1.0), "theta": draw_normal(MEANS)}
    terms = [("latent", latent), *([("likelihood", likelihood)] if likelihood else [])]
    text = " ".join([source, *(f"{statement};" for _, statement in terms)])
    return make_fit({**posterior, **others.pop("more", {})}, source=text, terms=terms, **others)


def test_effects_have_the_numbers_of_their_draws(drawn):
    fit = _make_effects("theta ~ normal(mu, tau)")
    _build(fit)
    ((effects, population),) = drawn
    pooled = _read_draws(fit).reshape(-1, 6)
    for place in range(6):
        effect = effects[str(place + 1)]
        assert effect.mean == pytest.approx(pooled[:, place].mean())
        assert effect.outer == pytest.approx(tuple(np.quantile(pooled[:, place], [0.05, 0.95])))
        assert effect.inner == pytest.approx(tuple(np.quantile(pooled[:, place], [0.25, 0.75])))
        assert effect.unpooled is None
    assert population.mean == pytest.approx(float(fit.tree["posterior"]["mu"].mean()))
    assert population.interval is not None


@pytest.mark.parametrize(
    ("latent", "source", "type_", "center"),
    [
        ("theta ~ normal(mu, tau)", "", "vector[J]", "`mu`, the centre of their distribution"),
        ("theta ~ student_t(4, mu, tau)", "", "vector[J]", "`mu`, the centre of their distribution"),
        ("theta ~ normal(0, tau)", "", "vector[J]", "zero, the centre of their distribution"),
        ("theta ~ std_normal()", "", "vector[J]", "zero, the centre of their distribution"),
        ("theta ~ normal(0, tau)", "", "vector<lower=0>[J]", "the average of the groups"),
        ("theta ~ normal(mu + x * b, tau)", "", "vector[J]", "the average of the groups"),
        ("theta ~ gamma(mu, tau)", "", "vector<lower=0>[J]", "the average of the groups"),
    ],
)
def test_the_centre_is_that_of_their_distribution_where_it_is_plain(latent, source, type_, center):
    fit = _make_effects(latent, source=source, types={"theta": type_})
    assert f"`theta`: dashed is {center}" in _explain(fit)


@pytest.mark.parametrize(
    ("formula", "center"),
    [
        ("mu + tau * z", "`mu`, the centre of their distribution"),
        ("tau * z + mu", "`mu`, the centre of their distribution"),
        ("tau * z", "zero, the centre of their distribution"),
        ("mu + x * b + tau * z", "the average of the groups"),
    ],
)
def test_effects_made_from_standardised_ones_are_drawn_in_their_place(formula, center):
    fit = _make_effects(
        "z ~ std_normal()", source=f"vector[J] theta = {formula};", more={"z": draw_normal(MEANS / 5)}
    )
    pictures = list_figures(_build(fit)[0])[0].figures
    assert [figure.caption for figure in pictures] == ["`theta`"]
    assert f"dashed is {center}" in _explain(fit)


@pytest.mark.parametrize("formula", ["L * z", "cholesky_decompose(K) * z", "to_vector(L * z)", "B * z + mu"])
def test_a_gaussian_process_is_not_an_array_of_groups(formula):
    fit = _make_effects(
        "z ~ std_normal()", source=f"vector[J] theta = {formula};", more={"z": draw_normal(MEANS / 5)}
    )
    assert _build(fit) == ()


@pytest.mark.parametrize(
    ("latent", "source"),
    [
        ("mu ~ normal(0, 1)", "y ~ normal(X * theta, 1);"),
        ("theta ~ normal(theta0, tau)", "for (t in 2 : T) theta[t] ~ normal(theta[t - 1], tau);"),
    ],
)
def test_coefficients_and_sequences_are_no_groups(latent, source):
    assert _build(_make_effects(latent, source=source)) == ()


def test_fewer_than_five_are_not_drawn():
    posterior = {"mu": draw_normal(2.0), "theta": draw_normal(MEANS[:4])}
    assert _build(make_fit(posterior, terms=[("latent", "theta ~ normal(mu, 1)")])) == ()


def test_measured_effects_have_their_measurement_and_its_interval(drawn):
    y, sigma = RNG.normal(size=6), RNG.uniform(1, 2, size=6)
    _build(
        _make_effects(
            "theta ~ normal(mu, tau)", "y ~ normal(theta, sigma)", observed={"y": y}, data={"sigma": sigma}
        )
    )
    effects = drawn[0][0]
    for place in range(6):
        expected = stats.norm(y[place], sigma[place]).interval(0.9)
        assert effects[str(place + 1)].unpooled == y[place]
        assert effects[str(place + 1)].unpooled_interval == pytest.approx(expected)


def test_proportions_have_their_share(drawn):
    y, n = np.array([1, 2, 0, 0, 5, 3]), np.array([2, 2, 4, 0, 10, 3])
    _build(_make_effects("theta ~ beta(mu, tau)", "y ~ binomial(n, theta)", observed={"y": y}, data={"n": n}))
    assert [effect.unpooled for effect in drawn[0][0].values()] == [0.5, 1.0, 0.0, None, 0.5, 1.0]


def test_the_level_of_a_group_has_the_mean_of_its_outcomes(drawn):
    y = RNG.normal(size=21)
    _build(
        _make_effects(
            "theta ~ normal(mu, tau)",
            "y ~ normal(theta[group], sigma)",
            observed={"y": y},
            data={"group": GROUPS},
        )
    )
    means = [y[group == GROUPS].mean() for group in range(1, 7)]
    assert [effect.unpooled for effect in drawn[0][0].values()] == pytest.approx(means)


@pytest.mark.parametrize(
    "statement",
    [
        "y ~ normal(theta[group] + x * b, sigma)",
        "y[n] ~ normal(theta[group[n]] .* x[n], sigma)",
        "y ~ normal(2 * theta[group], sigma)",
        "y ~ poisson_log(theta[group])",
        "y ~ lognormal(theta[group], sigma)",
    ],
)
def test_there_is_no_estimate_without_pooling_where_it_is_not_plain(drawn, statement):
    """The first is not for lack of replicates; the others are on another scale than the outcome."""
    _build(
        _make_effects(
            "theta ~ normal(mu, tau)",
            statement,
            source="for (n in 1 : N)",
            observed={"y": RNG.normal(size=21)},
            data={"group": GROUPS, "x": RNG.normal(size=21)},
        )
    )
    assert all(effect.unpooled is None for effect in drawn[0][0].values())


def test_beside_predictors_it_is_the_effect_that_fits_best_given_all_else(drawn):
    x, slope = RNG.normal(size=21), 1.5
    y = MEANS[GROUPS - 1] + slope * x + RNG.normal(size=21)
    fit = _make_effects(
        "theta ~ normal(mu, tau)",
        "y ~ normal(theta[group] + x * b, sigma)",
        observed={"y": y},
        data={"group": GROUPS, "x": x},
    )
    fit.record["model"]["outcomes"] = [{"name": "y", "replicate": "y_rep"}]
    draws = _read_draws(fit)
    replicates = xr.Dataset({"y_rep": (("chain", "draw", "axis_21"), draws[..., GROUPS - 1] + slope * x)})
    fit.tree["posterior_predictive"] = xr.DataTree(replicates)
    _build(fit)
    best = [(y - slope * x)[group == GROUPS].mean() for group in range(1, 7)]
    assert [effect.unpooled for effect in drawn[0][0].values()] == pytest.approx(best)


def test_effects_in_two_statements_have_no_estimate_from_one_of_them(drawn):
    fit = _make_effects(
        "theta ~ normal(mu, tau)",
        "y ~ normal(theta[group], sigma)",
        observed={"y": RNG.normal(size=21)},
        data={"group": GROUPS},
    )
    fit.record["model"]["terms"].append({"role": "likelihood", "statement": "z ~ normal(theta[group], 1)"})
    _build(fit)
    assert all(effect.unpooled is None for effect in drawn[0][0].values())


def test_draws_that_failed_a_check_are_not_drawn_without_a_word():
    assert _explain(_make_effects("theta ~ normal(mu, tau)", diagnosis={"verdict": "fail"})).startswith(
        "The draws failed a check"
    )


def test_the_description_names_the_largest_and_the_smallest():
    fit = _make_effects("theta ~ normal(mu, tau)")
    alt = list_figures(_build(fit)[0])[0].figures[0].alt
    assert "6 effects in order of their posterior means. Largest: 4, 4.992" in alt
    assert "Smallest: 6, 0.013" in alt
