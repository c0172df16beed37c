"""`workbench.fit` from Python: the same fit as from the command line, and words for what it cannot take."""

import inspect
import subprocess
import sys
import traceback
from dataclasses import fields
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import api
from workbench.api.arguments import NAMES_ELSEWHERE, explain_options
from workbench.cli import fit as command
from workbench.errors import BindingError, MethodError, RequestError, RunIncomplete
from workbench.methods import DEFAULT_METHODS, Auto, Laplace, Map, Mle, Nuts

SCHOOLS = STAN_MODELS / "hierarchical" / "eight_schools.stan"
TABLE = DATA / "eight_schools.csv"
QUICK: dict[str, Any] = {"draws": 100, "warmup": 100, "chains": 1}


@pytest.mark.usefixtures("tools")
def test_a_path_a_frame_and_a_dict_give_the_same_fit(tmp_path):
    frame = pd.read_csv(TABLE)
    columns = {name: frame[name].tolist() for name in frame.columns}
    stan = {"J": 8, "y": columns["y"], "sigma": columns["sigma"]}
    sources: tuple[Any, ...] = (TABLE, str(TABLE), frame, columns, stan)
    runs = [
        workbench.fit(SCHOOLS, data, output=tmp_path / str(position), prior={"mu_prior_sd": 3}, **QUICK)
        for position, data in enumerate(sources)
    ]
    first = runs[0].tree["posterior"]["mu"].to_numpy()
    for position, run in enumerate(runs):
        np.testing.assert_array_equal(run.tree["posterior"]["mu"], first)
        assert (tmp_path / str(position) / "report.html").exists()
        assert run.record["priors"]["mu_prior_sd"] == 3
    assert runs[2].record["nuts"]["estimates"]["theta[1]"]["label"] == "theta[A]"
    assert runs[2].tree["log_likelihood"]["log_lik"].coords["J"].values.tolist() == list("ABCDEFGH")


def test_its_options_are_those_of_the_command_line():
    command_line = inspect.signature(command.command).parameters
    ours = inspect.signature(workbench.fit).parameters
    of_a_terminal = {"dry_run", "json_", "metrics", "strict", "quiet", "unpack_limit"}
    others = {"columns": "column", "optimise": "no_optimise", "report": "no_report"}
    names = {others.get(name, name) for name in ours} - {"progress"}
    assert names == set(command_line) - of_a_terminal
    for name in ("seed", "starts", *(field.name for field in fields(Nuts))):
        assert ours[name].default == command_line[name].default, name


def test_options_of_the_model_and_of_the_fit_are_written_once():
    keywords = [
        parameter.name
        for parameter in inspect.signature(workbench.Model.fit).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    assert keywords == list(api.model.FitKeywords.__annotations__)
    assert [name for name in keywords if name not in str(workbench.Model.fit.__doc__)] == []


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("iter_sampling", "draws=1000"),
        ("iter_warmup", "warmup=1000"),
        ("parallel_chains", "jobs=4"),
        ("inits", "init={'mu': 0.5}"),
        ("show_progress", "progress=False"),
        ("tune", "warmup=1000"),
        ("nonsense", "the options are"),
    ],
)
@pytest.mark.parametrize("called", [workbench.fit, workbench.Model.fit], ids=["fit", "Model.fit"])
def test_an_option_of_other_software_is_refused_with_ours(called, name, ours):
    with pytest.raises(MethodError, match=f"`{name}` is not an option of") as refused:
        called(SCHOOLS, TABLE, **{name: 1})
    assert ours in str(refused.value.hint)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"seed": None}, "seed"),
        ({"seed": -1}, "seed"),
        ({"level": 95}, "level"),
        ({"jobs": -1}, "jobs"),
        ({"threads": 0}, "threads"),
        ({"timeout": -1}, "timeout"),
        ({"missing": "dropp"}, "missing"),
        ({"scale": "priors"}, "scale"),
        ({"columns": "y"}, "columns"),
    ],
)
def test_a_setting_that_no_fit_can_have_is_refused_by_its_name(read, settings, name):
    with pytest.raises(MethodError, match=f"`{name}` was expected to be"):
        workbench.fit(SCHOOLS, TABLE, **settings)


def test_an_option_close_to_ours_is_guessed():
    with pytest.raises(MethodError) as refused:
        workbench.fit(SCHOOLS, TABLE, chain=3)  # type: ignore[call-arg]
    assert "did you mean `chains`" in str(refused.value.hint)
    with pytest.raises(MethodError) as refused:
        workbench.load("run", iter_sampling=3)  # type: ignore[call-arg]
    assert "draws" not in str(refused.value.hint)  # it is not an option of `load`


def test_a_hint_is_shown_where_python_prints_the_error():
    with pytest.raises(MethodError) as refused:
        workbench.fit(SCHOOLS, TABLE, iter_sampling=3)  # type: ignore[call-arg]
    assert "hint: draws=1000" in "".join(traceback.format_exception_only(refused.value))


def test_errors_name_options_as_python_does():
    @explain_options
    def verb():
        raise BindingError("`y` has no column (--column).", hint="name it with --column y=score")

    with pytest.raises(BindingError, match=r"`y` has no column \(columns\)") as refused:
        verb()
    printed = "".join(traceback.format_exception_only(refused.value))
    assert 'hint: name it with columns={"y": "score"}' in printed
    assert "--" not in printed


def test_names_elsewhere_are_not_options_here():
    assert set(inspect.signature(workbench.fit).parameters).isdisjoint(NAMES_ELSEWHERE)


@pytest.fixture
def read(monkeypatch):
    """A model that needs no Stan: its program is read from its path alone."""
    program = SimpleNamespace(name="eight_schools", path=SCHOOLS, is_optimised=True)
    monkeypatch.setattr(api.model, "provision", lambda *_: None)
    monkeypatch.setattr(api.model, "read_program", lambda *_, **__: program)


@pytest.fixture
def asked(read, monkeypatch):
    """Return what the workflow is asked, in place of a fit."""
    options = []

    def stop(_program, _tools, _table, asked, _progress):
        options.append(asked)
        raise RequestError("stopped here")

    monkeypatch.setattr(api.model, "fit_program", stop)

    def ask(**settings):
        with pytest.raises(RequestError, match="stopped here"):
            workbench.fit(SCHOOLS, TABLE, **settings)
        return options[-1]

    return ask


def test_without_a_word_it_asks_what_the_command_line_asks(asked):
    assert asked().methods == DEFAULT_METHODS


def test_initial_values_come_from_a_dict_or_a_file(asked, tmp_path):
    path = tmp_path / "start.json"
    path.write_text('{"mu": 1.5}')
    for init, origin in (({"mu": 1.5}, "`init`"), (path, "`start.json`")):
        options = asked(init=init, method="nuts")
        assert options.inits == ({"mu": 1.5}, origin)
        assert options.methods == (Nuts(init="given"),)
    assert asked(init="map").inits is None


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ("modes", "`init` was expected to be random, map, pathfinder or a JSON file, found `modes`"),
        ("nowhere.json", "initial values were expected at `nowhere.json`, but there is no such file"),
        (TABLE, "`init` was expected to be a JSON file of values, found"),
    ],
)
def test_what_is_not_initial_values_is_refused(read, init, words):
    with pytest.raises(MethodError, match=words):
        workbench.fit(SCHOOLS, TABLE, init=init)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"standardize": True}, "initial values are on the scale of the program's data"),
        ({"method": "auto"}, "initial values are for chains of NUTS"),
    ],
)
def test_initial_values_that_no_chain_could_start_at_are_refused(settings, words):
    with pytest.raises(MethodError, match=words):
        workbench.fit(SCHOOLS, TABLE, init={"mu": 1.0}, **settings)


def test_its_settings_reach_the_methods(asked, tmp_path):
    nuts: dict[str, Any] = {"draws": 50, "init": "map", "metric": "dense", "retry": 3, "save_warmup": True}
    options = asked(method=("mle", "nuts"), starts=7, profile="mu", figures=tmp_path, native=True, **nuts)
    assert options.methods == (Mle(7, ("mu",)), Nuts(**nuts))
    assert options.figures == tmp_path
    assert options.toolchain.native
    assert asked(method="auto", retry=True, starts=7).methods == (Auto(Nuts(retry=2), 7),)
    assert asked(method="laplace", starts=2).methods == (Map(True, 2), Laplace())


@pytest.mark.skipif(find_spec("nutpie") is None, reason="nutpie is not installed")
def test_another_sampler_reaches_the_methods(asked):
    options = asked(sampler="nutpie", metric="low_rank", method="nuts")
    assert options.methods == (Nuts(sampler="nutpie", metric="low_rank"),)
    with pytest.raises(MethodError, match="one of diag, low_rank with nutpie"):
        workbench.fit(SCHOOLS, TABLE, sampler="nutpie", metric="dense")


@pytest.mark.usefixtures("tools")
def test_what_it_cannot_take_is_refused():
    with pytest.raises(RequestError, match="data were expected as a path, a DataFrame or a dict, found int"):
        workbench.fit(SCHOOLS, 3)  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="or auto, found `gibbs`"):
        workbench.fit(SCHOOLS, TABLE, method="gibbs")
    with pytest.raises(RequestError, match="auto chooses the methods itself"):
        workbench.fit(SCHOOLS, TABLE, method=["auto", "mle"])
    with pytest.raises(RequestError, match="`beta` cannot be profiled: the parameters are `mu`, `tau`"):
        workbench.fit(SCHOOLS, TABLE, profile="beta")
    with pytest.raises(MethodError, match="`warmup` was expected to be at least 20, found 0"):
        workbench.fit(SCHOOLS, TABLE, warmup=0)
    with pytest.raises(MethodError, match="`chains` was expected to be between 1 and 256"):
        workbench.fit(SCHOOLS, TABLE, chains=0)
    with pytest.raises(RequestError, match="no column `efect`"):
        workbench.fit(SCHOOLS, TABLE, columns={"y": "efect"})


@pytest.fixture(scope="module")
def schools(tools, tmp_path_factory):
    """The centred eight schools, which have no joint mode, without a run directory."""
    return workbench.fit(SCHOOLS, TABLE, draws=200, warmup=300, chains=2, output=False, progress=False)


@pytest.fixture(scope="module")
def kidiq(tools):
    """A linear regression by its point estimates alone."""
    return workbench.fit("linear", method=["mle", "map"], output=False, progress=False)


def test_a_fit_says_in_a_few_words_what_it_is(schools):
    assert repr(schools) == (
        "<workbench.Fit eight_schools on eight_schools.csv (8 rows): NUTS 2 x 200 draws; verdict "
        f"{schools.diagnosis.verdict}>"
    )
    assert "verdict" in schools._repr_html_()
    assert len(repr(schools.results)) < 200
    assert len(repr(schools.diagnosis)) < 2000


def test_without_output_no_folder_is_left(tools, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit = workbench.fit(SCHOOLS, TABLE, method="mle", output=False, progress=False)
    assert fit.folder is None
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RequestError, match="no run directory"):
        fit.report()
    assert fit.report(tmp_path / "alone.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_fit_that_is_saved_is_read_back_whole(schools, tmp_path):
    saved = schools.save(tmp_path / "run")
    again = workbench.load(tmp_path / "run")
    assert saved.folder == again.folder == tmp_path / "run"
    np.testing.assert_array_equal(again.draws("theta"), schools.draws("theta"))
    assert again.results.nuts == schools.results.nuts
    assert again.check().verdict == schools.diagnosis.verdict


def test_draws_go_by_variable_element_and_label(schools):
    theta = schools.draws("theta")
    assert theta.shape == (2, 200, 8)
    np.testing.assert_array_equal(schools.draws("theta[2]"), theta[:, :, 1])
    np.testing.assert_array_equal(schools.draws("theta[B]"), theta[:, :, 1])
    with pytest.raises(RequestError, match="`rho` is not a quantity of this posterior") as refused:
        schools.draws("rho")
    assert "`theta`" in str(refused.value.hint)
    assert schools.draws_frame("theta[B]").columns.tolist() == ["chain", "draw", "theta[2]"]
    for take in (schools.draws_frame, schools.summary):
        with pytest.raises(RequestError, match="`rho` is not a variable of this posterior"):
            take("rho")
    frame = schools.draws_frame("theta")
    assert frame.columns.tolist() == ["chain", "draw", *(f"theta[{k}]" for k in range(1, 9))]
    np.testing.assert_array_equal(frame.loc[frame["chain"] == 1, "theta[2]"], theta[1, :, 1])


def test_the_summary_is_arvizs(schools):
    import arviz_stats

    theirs = arviz_stats.summary(schools.tree, round_to="none", ci_prob=0.95, ci_kind="eti")
    pd.testing.assert_frame_equal(schools.summary(), theirs)
    assert schools.summary(["mu", "tau"]).index.tolist() == ["mu", "tau"]
    assert schools.summary("mu").index.tolist() == ["mu"]


@pytest.mark.filterwarnings("ignore")  # ArviZ warns of a large k-hat, and of what it asks of Matplotlib
def test_arviz_itself_takes_the_data(schools):
    import arviz as az
    import matplotlib as mpl

    mpl.use("Agg")
    assert az.summary(schools.data, var_names=["mu", "tau"]).index.tolist() == ["mu", "tau"]
    elpd = az.loo(schools.data)
    value = elpd.elpd_loo if hasattr(elpd, "elpd_loo") else elpd.elpd
    assert value == pytest.approx(schools.results.loo.elpd, abs=0.01)  # older ArviZ: another r_eff
    draw = getattr(az, "plot_trace_dist", None) or az.plot_trace
    draw(schools.data, var_names=["mu", "tau"])


def test_estimates_are_tables_by_method(schools):
    nuts = schools.estimates()
    assert nuts.loc["theta[A]", "parameter"] == "theta[1]"
    assert nuts.loc["mu", "mean"] == pytest.approx(schools.draws("mu").mean(), rel=1e-6)
    assert "corrected_mean" not in nuts.columns
    with pytest.raises(RunIncomplete, match="no estimates by map: the log density has no maximum"):
        schools.estimates("map")
    with pytest.raises(MethodError, match="`gibbs` is not a method of a fit"):
        schools.estimates("gibbs")
    assert "unconstrained_in_sd" in schools.gaps.columns


def test_maximum_likelihood_reads_as_in_statsmodels(kidiq):
    import statsmodels.api as sm

    table = pd.read_csv(DATA / "kidiq.csv")
    names = ["mom_hs", "mom_iq", "mom_age"]
    theirs = sm.OLS(table["kid_score"], sm.add_constant(table[names])).fit()
    ours = [f"beta[{name}]" for name in names]
    np.testing.assert_allclose(kidiq.params[ours], theirs.params[names], rtol=1e-5)
    # The maximum-likelihood variance divides by the rows, least squares by the degrees of freedom.
    ratio = np.sqrt(theirs.df_resid / theirs.nobs)
    np.testing.assert_allclose(kidiq.bse[ours], theirs.bse[names] * ratio, rtol=1e-4)
    wider = kidiq.conf_int(0.01)
    half = (wider[1] - wider[0]) / 2
    np.testing.assert_allclose(half[ours], 2.5758293035489 * kidiq.bse[ours], rtol=1e-9)
    with pytest.raises(RunIncomplete, match="no posterior draws"):
        kidiq.draws("beta")


def test_no_maximum_likelihood_is_said(schools):
    with pytest.raises(RunIncomplete, match="no maximum-likelihood estimate: the log density has no maximum"):
        _ = schools.params


def test_a_model_is_read_once_and_fits_several_tables(tools, tmp_path):
    model = workbench.Model("eight_schools", progress=False)
    assert repr(model).startswith("<workbench.Model eight_schools (")
    assert [parameter.name for parameter in model.inspect().result.parameters] == ["mu", "tau", "theta_raw"]
    assert "hyperparameters" in repr(model.inspect())
    assert model.dry_run().result.problems == ()
    assert "a fit could start" in repr(model.dry_run())
    attempt = model.dry_run({"y": [1.0, 2.0]})
    assert all(problem.message in repr(attempt) for problem in attempt.result.problems)
    assert "a fit could not start" in repr(attempt)
    quick: dict[str, Any] = {**QUICK, "method": "nuts", "output": False, "progress": False}
    own, half = model.fit(**quick), model.fit(pd.read_csv(TABLE).head(4), **quick)
    assert own.results.toolchain.key == half.results.toolchain.key
    assert (own.draws("theta").shape[2], half.draws("theta").shape[2]) == (8, 4)


def test_importing_it_imports_no_statistics():
    code = (
        "import workbench, sys; sys.exit(any(name in sys.modules for name in ('numpy', 'pandas', 'xarray')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
