"""A wrong question is refused in words, before anything is run."""

from dataclasses import asdict, replace

import pytest
import xarray as xr

from tests.studies import normal_mean
from workbench import binding, priors
from workbench.binding import BindingOptions
from workbench.errors import RequestError
from workbench.methods import Nuts
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.studies import include_data_hyperparameters, parse_axis, replace_priors
from workbench.studies.fits.context import compute_term_weights, set_constants
from workbench.studies.plan import forms
from workbench.studies.plan.plan import Point
from workbench.studies.plan.scenarios import read_scenarios
from workbench.workflow import study_options


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(normal_mean.STAN, "normal_mean")


@pytest.fixture
def request_(program, table_from):
    settled = priors.settle(program, {}, {}, "card")
    return FitRequest(program, binding.bind(program, table_from(normal_mean.TABLE)), settled, (Nuts(),))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"axes": (parse_axis("tau=1,2"),)},
            "`tau` is not a hyperparameter of `normal_mean.stan`; its hyperparameters are `mu.mu`",
        ),
        ({"axes": (parse_axis("power(nu)=1,2"),)}, r"power\(nu\) names no part of `normal_mean.stan`"),
        ({"methods": ("vb",)}, "--methods was expected to be among map, laplace, nuts, found `vb`"),
        ({"refit": "never"}, "--refit was expected to be one of needed, all, found `never`"),
        ({"axes": (parse_axis("mu.mu=1,2"),), "design": "star"}, "--design was expected to be one of grid"),
        ({"decisions": ("mu is big",)}, "`mu is big` was expected to be a decision"),
        ({"decisions": ("P(nu[1]>0)>0.9",)}, r"`nu\[1\]` is no quantity of `normal_mean.stan`; it has `mu`"),
        ({"parameters": ("sigma",)}, "`sigma` is no quantity of `normal_mean.stan`"),
        (
            {"forms": (("sigma", "normal(0, 1)"),)},
            "`sigma` has 0 prior statements in `normal_mean.stan`, not one",
        ),
        (
            {"forms": (("mu", "normal(0, 1); mu ~ normal(3, 1)"),)},
            "the prior of `mu` was expected to be one distribution with its arguments, found `normal",
        ),
        ({"forms": (("mu", "normal(0, 1"),)}, "the prior of `mu` was expected to be one distribution"),
        ({"above": float("nan")}, "--above was expected to be a number, found nan"),
        (
            {"decisions": ("P(y_rep>0)>0.9",)},
            r"a decision is about single numbers, and `y_rep` is declared `array\[N\] real`",
        ),
        (
            {"axes": (parse_axis("power(prior)=-1,1"),)},
            r"power\(prior\) was expected to be 0 or more, found -1",
        ),
        ({"scenarios": (Point({"nu": 1.0}, name="s"),)}, "`nu` is not a hyperparameter"),
    ],
)
def test_what_there_is_not(request_, asked, words):
    with pytest.raises(RequestError, match=words):
        study_options.check_question(study_options.StudyOptions(**asked), request_)


@pytest.mark.parametrize(
    ("asked", "near"),
    [({"axes": (parse_axis("mu.sigm=1,2"),)}, "mu.sigma"), ({"decisions": ("mean(muu)>0",)}, "mu")],
)
def test_what_was_meant(request_, asked, near):
    with pytest.raises(RequestError) as refused:
        study_options.check_question(study_options.StudyOptions(**asked), request_)
    assert refused.value.hint == f"did you mean `{near}`?"


def test_stan_refuses_a_form_in_its_own_words(program, tools, tmp_path):
    with pytest.raises(RequestError, match=r"Stan does not accept `mu ~ nonsense\(1\)`: .*nonsense"):
        replace_priors(program, {"mu": "nonsense(1)"}, tools.stanc, tmp_path)


def test_stans_words_about_a_form_are_brief(program, tools, tmp_path):
    with pytest.raises(RequestError) as refused:
        replace_priors(program, {"mu": "student_t(3)"}, tools.stanc, tmp_path)
    assert "student_t" in refused.value.message
    assert refused.value.message.endswith("Expected 4 arguments but found 2 arguments.")
    assert "\n" not in refused.value.message
    assert str(tmp_path) not in refused.value.message


@pytest.mark.parametrize("form", ["normal(0, 1)", "student_t(3, 0, 2.5);", "normal(0, 1) T[0, ]", "flat"])
def test_distributions_are_let_through(form):
    forms.check_form("mu", form)


def test_a_flat_form_takes_the_statement_away(program, tools, tmp_path):
    flat = replace_priors(program, {"mu": "flat"}, tools.stanc, tmp_path)
    assert [term.role for term in flat.terms] == ["likelihood"]
    heavy = replace_priors(program, {"mu": "student_t(3, 0, 0.2)"}, tools.stanc, tmp_path)
    assert [term.text for term in heavy.terms if term.role == "prior"] == ["mu ~ student_t(3, 0, 0.2);"]
    assert {item.name: item.default for item in heavy.hyperparameters}["mu.sigma"] == 0.2


def test_constants_and_powers_become_data(request_):
    changed = set_constants(request_, {"mu.sigma": 3.0})
    assert changed.priors.values["mu.sigma"] == 3.0
    assert request_.priors.values["mu.sigma"] == 1.0
    prior, likelihood = (term.index for term in request_.program.terms)
    assert compute_term_weights(request_.program, {"mu": 2.0}) == {prior: 2.0}
    assert compute_term_weights(request_.program, {"mu": 2.0, "prior": 3.0}) == {prior: 6.0}
    assert compute_term_weights(request_.program, {"likelihood": 0.5}) == {likelihood: 0.5}


OWN_DATA = """
data {
  int<lower=0> N;
  vector[N] y;
  real<lower=0> mu_prior_sd;
  vector[2] centre;
}
parameters {
  real mu;
  vector[2] d;
}
model {
  mu ~ normal(0, mu_prior_sd);
  d ~ normal(centre, 1);
  y ~ normal(mu + sum(d), 1);
}
"""


@pytest.fixture(scope="module")
def own_program(program_from):
    return program_from(OWN_DATA, "own_data")


@pytest.fixture
def own_data(own_program, table_from):
    program = own_program
    given = {"mu_prior_sd": 2.0, "centre": [0.0, 1.0]}
    data = binding.bind(program, table_from(normal_mean.TABLE), BindingOptions(given=given))
    return include_data_hyperparameters(
        FitRequest(program, data, priors.settle(program, {}, {}, "card"), (Nuts(),))
    )


def test_hyperparameters_that_the_data_give_can_be_varied_by_either_name(own_data):
    asked = study_options.StudyOptions(
        axes=(parse_axis("mu.sigma=1,2"), parse_axis("centre[2]=0,1")),
        scenarios=(Point({"mu.sigma": 0.1}, name="sceptical"),),
    )
    named = study_options.resolve_names(asked, own_data)
    assert [one.name for one in named.axes] == ["mu_prior_sd", "centre[2]"]
    assert named.scenarios[0].values == {"mu_prior_sd": 0.1}
    study_options.check_question(named, own_data)
    with pytest.raises(RequestError) as refused:
        study_options.resolve_names(study_options.StudyOptions(axes=(parse_axis("mu.sigm=1,2"),)), own_data)
    assert refused.value.hint == "did you mean `mu.sigma`?"
    changed = set_constants(own_data, {"mu_prior_sd": 1.0, "centre[2]": 5.0})
    assert changed.data.values["mu_prior_sd"] == 1.0
    assert changed.data.values["centre"] == [0.0, 5.0]
    assert changed.priors.lifted == own_data.priors.lifted


def test_a_scenario_with_another_form_may_use_the_names_of_that_form(own_data):
    point = Point({"mu.sigma": 0.1}, {"mu": "student_t(3, 0, 1)"}, "heavy")
    named = study_options.resolve_names(study_options.StudyOptions(scenarios=(point,)), own_data)
    assert named.scenarios[0].values == {"mu.sigma": 0.1}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"axes": (parse_axis("centre=1,2"),)}, "`centre` holds 2 numbers; only a single one can be varied"),
        (
            {"axes": (parse_axis("centre[3]=1,2"),)},
            r"`centre\[3\]` is no element of `centre`, whose size is 2",
        ),
        ({"axes": (parse_axis("mu.sigma=0,2"),)}, "`mu_prior_sd` must be positive, but 0 was given"),
        (
            {"axes": (parse_axis("mu.sigma=1,2"), parse_axis("mu_prior_sd=1,2"))},
            "--vary names `mu_prior_sd` twice",
        ),
        (
            {"scenarios": (Point({"mu.sigma": 1.0, "mu_prior_sd": 2.0}, name="s"),)},
            r"\[s\] gives `mu_prior_sd` two values: `mu.sigma` and `mu_prior_sd` both mean it",
        ),
    ],
)
def test_what_the_data_do_not_hold(own_data, asked, words):
    with pytest.raises(RequestError, match=words):
        study_options.check_question(
            study_options.resolve_names(study_options.StudyOptions(**asked), own_data), own_data
        )


def test_elements_of_a_vector_are_named_in_the_hint(own_data):
    with pytest.raises(RequestError) as refused:
        set_constants(own_data, {"centre": 1.0})
    assert refused.value.hint == "its elements are `centre[1]` to `centre[2]`"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a]\n'mu.sigma' = 'big'", r"`mu.sigma` of \[a\] in .* was expected to be a number"),
        ("a = 1", r"`a` in .* was expected to be a table, \[a\]"),
        ("[a", "was expected to be TOML"),
        ("[a]\nprior = 3", r"`prior` of \[a\] in"),
        (None, "which cannot be read"),
        ("[a]\n'mu.sigma' = inf", r"`mu.sigma` of \[a\] in .* was expected to be finite, found inf"),
    ],
)
def test_scenarios_are_checked(tmp_path, text, words):
    path = tmp_path / "s.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RequestError, match=words):
        read_scenarios(path)


def test_unasked_the_ranges_of_the_card_are_varied(request_, tmp_path):
    text = '[sweep]\n"mu.mu" = "-1:1:lin:3"\nnu = "1:2:lin:2"\n'
    (tmp_path / "normal_mean.toml").write_text(text)
    request = replace(request_, program=replace(request_.program, path=tmp_path / "normal_mean.stan"))
    nuts = {"status": "ok", "estimates": {}, "settings": asdict(Nuts())}
    fitted = Fit({"nuts": nuts, "interval": {"level": 0.95}}, xr.DataTree())
    plan = study_options.make_plan(study_options.StudyOptions(), fitted, request)
    assert {axis.name: axis.values for axis in plan.axes} == {
        "mu.sigma": (0.25, 0.5, 2.0, 4.0),
        "mu.mu": (-1.0, 0.0, 1.0),
    }
    assert plan.design == "one"
