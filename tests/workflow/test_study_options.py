"""The options of a study: what is refused before anything is run, and the plan they become."""

from dataclasses import asdict, replace

import pytest
import xarray as xr

from tests.studies import normal_mean
from tests.studies.requests import make_data_priors_request, make_normal_request
from workbench.errors import RequestError
from workbench.methods import Nuts
from workbench.results import Fit
from workbench.studies import parse_axis
from workbench.studies.plan.plan import Point
from workbench.workflow.study_options import StudyOptions, check_options, make_plan, resolve_names

NO_PRIOR = """
data { int<lower=0> N; vector[N] y; }
parameters { real mu; }
model { y ~ normal(mu, 1); }
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(normal_mean.STAN, "normal_mean")


@pytest.fixture
def normal_request(program, table_from):
    return make_normal_request(program, table_from(normal_mean.TABLE))


@pytest.fixture
def data_priors_request(program_from, table_from):
    return make_data_priors_request(program_from, table_from)


@pytest.fixture
def flat_request(program_from, table_from):
    return make_normal_request(program_from(NO_PRIOR, "no_prior"), table_from(normal_mean.TABLE))


def make_fit():
    """Return a fit that has nothing but posterior draws."""
    nuts = {"status": "ok", "estimates": {}, "settings": asdict(Nuts())}
    return Fit({"nuts": nuts, "interval": {"level": 0.95}}, xr.DataTree())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"axes": (parse_axis("tau=1,2"),)}, "`tau` is not a hyperparameter of `normal_mean.stan`"),
        ({"axes": (parse_axis("power(nu)=1,2"),)}, r"power\(nu\) .*`normal_mean.stan`"),
        ({"axes": (parse_axis("power(prior)=-1,1"),)}, r"power\(prior\) .*found -1"),
        ({"scenarios": (Point({"nu": 1.0}, name="s"),)}, "`nu` is not a hyperparameter"),
        ({"methods": ("vb",)}, "--methods .*map, laplace, nuts, found `vb`"),
        ({"refit": "never"}, "--refit .*needed, all, found `never`"),
        ({"axes": (parse_axis("mu.mu=1,2"),), "design": "star"}, "--design .*found `star`"),
        ({"above": float("nan")}, "--above .*found nan"),
        ({"decisions": ("mu is big",)}, "`mu is big`"),
        (
            {"decisions": ("P(nu[1]>0)>0.9",)},
            r"`nu\[1\]` is not a quantity of `normal_mean.stan`; it has `mu`",
        ),
        ({"decisions": ("P(y_rep>0)>0.9",)}, r"`y_rep` is declared `array\[N\] real`"),
        ({"parameters": ("sigma",)}, "`sigma` is not a quantity of `normal_mean.stan`"),
        (
            {"forms": (("sigma", "normal(0, 1)"),)},
            "`sigma` is not a parameter of `normal_mean.stan`; it has `mu`",
        ),
        ({"forms": (("mu", "normal(0, 1"),)}, r"the prior of `mu` .*found `normal\(0, 1`"),
        (
            {"scenarios": (Point({}, {"mu": "normal(0, 1"}, "s"),)},
            r"the prior of `mu` .*found `normal\(0, 1`",
        ),
    ],
)
def test_what_does_not_exist_is_refused(normal_request, fields, message):
    with pytest.raises(RequestError, match=message):
        check_options(StudyOptions(**fields), normal_request)


@pytest.mark.parametrize(
    ("fields", "near"),
    [({"axes": (parse_axis("mu.sigm=1,2"),)}, "mu.sigma"), ({"decisions": ("mean(muu)>0",)}, "mu")],
)
def test_the_nearest_name_is_suggested(normal_request, fields, near):
    with pytest.raises(RequestError) as refused:
        check_options(StudyOptions(**fields), normal_request)
    assert refused.value.hint == f"did you mean `{near}`?"


def test_hyperparameters_in_the_data_have_either_name(data_priors_request):
    options = StudyOptions(
        axes=(parse_axis("mu.sigma=1,2"), parse_axis("centre[2]=0,1")),
        scenarios=(Point({"mu.sigma": 0.1}, name="sceptical"),),
    )
    resolved = resolve_names(options, data_priors_request)
    assert [axis.name for axis in resolved.axes] == ["mu_prior_sd", "centre[2]"]
    assert resolved.scenarios[0].values == {"mu_prior_sd": 0.1}
    check_options(resolved, data_priors_request)
    with pytest.raises(RequestError) as refused:
        resolve_names(StudyOptions(axes=(parse_axis("mu.sigm=1,2"),)), data_priors_request)
    assert refused.value.hint == "did you mean `mu.sigma`?"


def test_a_scenario_with_another_form_may_use_the_names_of_that_form(data_priors_request):
    point = Point({"mu.sigma": 0.1}, {"mu": "student_t(3, 0, 1)"}, "heavy")
    resolved = resolve_names(StudyOptions(scenarios=(point,)), data_priors_request)
    assert resolved.scenarios[0].values == {"mu.sigma": 0.1}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"axes": (parse_axis("centre=1,2"),)}, "`centre` holds 2 numbers"),
        ({"axes": (parse_axis("centre[3]=1,2"),)}, r"`centre\[3\]` is not an element of `centre`"),
        ({"axes": (parse_axis("mu.sigma=0,2"),)}, "`mu_prior_sd` must be positive.* 0"),
        (
            {"axes": (parse_axis("mu.sigma=1,2"), parse_axis("mu_prior_sd=1,2"))},
            "--vary names `mu_prior_sd` twice",
        ),
        (
            {"scenarios": (Point({"mu.sigma": 1.0, "mu_prior_sd": 2.0}, name="s"),)},
            r"\[s\] gives `mu_prior_sd` two values: `mu.sigma` and `mu_prior_sd`",
        ),
    ],
)
def test_values_that_the_data_cannot_hold_are_refused(data_priors_request, fields, message):
    with pytest.raises(RequestError, match=message):
        check_options(resolve_names(StudyOptions(**fields), data_priors_request), data_priors_request)


def test_by_default_the_ranges_of_the_card_are_varied(normal_request, tmp_path):
    text = '[sweep]\n"mu.mu" = "-1:1:lin:3"\nnu = "1:2:lin:2"\n'
    (tmp_path / "normal_mean.toml").write_text(text)
    program = replace(normal_request.program, path=tmp_path / "normal_mean.stan")
    plan = make_plan(StudyOptions(), make_fit(), replace(normal_request, program=program))
    assert {axis.name: axis.values for axis in plan.axes} == {
        "mu.sigma": (0.25, 0.5, 2.0, 4.0),
        "mu.mu": (-1.0, 0.0, 1.0),
    }
    assert plan.design == "one"


def test_points_keep_only_what_differs_from_the_base(normal_request):
    options = StudyOptions(axes=(parse_axis("mu.sigma=1,2"), parse_axis("power(prior)=1,2")))
    plan = make_plan(options, make_fit(), normal_request)
    assert [dict(point.values) for point in plan.points] == [
        {}, {"power(prior)": 2.0}, {"mu.sigma": 2.0}, {"mu.sigma": 2.0, "power(prior)": 2.0},
    ]  # fmt: skip


def test_a_fit_without_draws_is_refused(normal_request):
    fit = Fit({"nuts": {"status": "failed", "reason": "why."}}, xr.DataTree())
    with pytest.raises(RequestError, match=r"draws by NUTS.*why\."):
        make_plan(StudyOptions(), fit, normal_request)


def test_a_program_without_priors_has_nothing_to_vary(flat_request):
    with pytest.raises(RequestError, match="states no prior") as refused:
        make_plan(StudyOptions(), make_fit(), flat_request)
    assert "--prior-form 'mu=normal(0, 1)'" in str(refused.value.hint)
    with pytest.raises(RequestError, match=r"power\(prior\) .*`no_prior.stan`") as refused:
        check_options(StudyOptions(axes=(parse_axis("power(prior)=1,2"),)), flat_request)
    assert refused.value.hint == "there is power(likelihood)"
    with pytest.raises(
        RequestError, match=r"`nu` is not a parameter of `no_prior\.stan`; it has `mu`"
    ) as refused:
        check_options(StudyOptions(forms=(("nu", "normal(0, 1)"),)), flat_request)
    assert refused.value.hint is None
