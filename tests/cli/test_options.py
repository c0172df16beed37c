"""Options reach the fit: the same words mean the same for `fit` and for the base fit of a study."""

import pytest

from tests.cli.conftest import SCHOOLS
from tests.cli.test_bad_input import assert_refused
from workbench.errors import RequestError
from workbench.methods import Laplace, Map, Mle, Nuts
from workbench.toolchain import ToolchainSettings
from workbench.workflow import fit as fit_workflow
from workbench.workflow import sensitivity
from workbench.workflow.options import FitOptions

SHARED = (
    *("--column", "y=effect", "--columns", 'X=a,"b, c"', "--set", "K=3", "--reference", "region=south"),
    *("--missing", "drop", "--prior", "mu.sigma=2", "--role", "line 12=prior", "--scale", "latent"),
    *("--seed", "7", "--starts", "9", "--chains", "2", "--draws", "50", "--warmup", "60"),
    *("--adapt-delta", "0.9", "--max-treedepth", "8", "--init", "start.json", "--metric", "dense"),
    *("--sampler", "stan"),
    *("--retry", "--jobs", "3", "--threads", "2", "--timeout", "5", "--level", "0.5"),
    *("--compiler", "zig", "--native", "--toolchain", "embedded", "--quiet"),
    "--no-optimise",
)
"""Every option of a base fit, with a value that is not its default."""

SAMPLER = Nuts(2, 50, 60, 0.9, 8, "dense", "given", retry=2)
"""What the sampler's options among them say."""


@pytest.fixture
def given_options(monkeypatch, workbench, tmp_path):
    """Run a command up to where it would start, and return the options of the fit."""
    (tmp_path / "start.json").write_text('{"mu": 1.5}')
    taken: list[FitOptions] = []

    def stop(*arguments, **settings):
        taken.extend(argument for argument in arguments if isinstance(argument, FitOptions))
        raise RequestError("stopped here")

    monkeypatch.setattr(fit_workflow, "fit_files", stop)
    monkeypatch.setattr(sensitivity, "study_files", stop)
    monkeypatch.setattr(sensitivity, "study_run", stop)

    def run(*arguments):
        assert_refused(workbench(*arguments), 2, "stopped here")
        return taken.pop()

    return run


def test_all_reach_the_fit_and_the_base_fit_of_a_study(given_options):
    fit = given_options("fit", *SCHOOLS, *SHARED)
    base = given_options("sensitivity", *SCHOOLS, *SHARED, "--vary", "tau=1,2")
    for options in (fit, base):
        assert options.columns == {"y": ("effect",), "X": ("a", "b, c")}
        assert options.given == {"K": 3}
        assert options.reference == {"region": "south"}
        assert options.missing == "drop"
        assert options.priors == {"mu.sigma": 2.0}
        assert options.roles == {"line 12": "prior"}
        assert options.scaled == ("prior", "latent")
        assert (options.seed, options.level, options.jobs, options.threads) == (7, 0.5, 3, 2)
        assert options.timeout == 5.0
        assert options.inits == ({"mu": 1.5}, "`start.json`")
        assert options.methods == (Mle(9), Map(False, 9), Map(True, 9), Laplace(), SAMPLER)
        assert options.toolchain == ToolchainSettings(compiler="zig", source="embedded", native=True)
        assert not options.is_optimised


def test_a_study_of_nuts_alone_needs_no_modes(given_options):
    base = given_options("sensitivity", *SCHOOLS, "--methods", "nuts")
    assert base.methods == (Mle(), Nuts())


def test_a_run_takes_the_toolchain_and_what_concerns_further_fits(given_options, tmp_path):
    (tmp_path / "run").mkdir()
    further = ("--threads", "2", "--timeout", "5", "--compiler", "zig", "--quiet")
    options = given_options("sensitivity", "run", *further)
    assert (options.threads, options.timeout, options.toolchain.compiler) == (2, 5.0, "zig")


@pytest.mark.parametrize(
    "option",
    [
        ("--column", "y=effect"), ("--set", "K=3"), ("--reference", "region=south"), ("--missing", "refuse"),
        ("--prior", "mu.sigma=2"), ("--role", "line 12=prior"), ("--scale", "latent"), ("--seed", "1"),
        ("--starts", "4"), ("--chains", "2"), ("--draws", "50"), ("--warmup", "60"), ("--adapt-delta", "0.9"),
        ("--max-treedepth", "8"), ("--init", "map"), ("--sampler", "stan"), ("--metric", "dense"),
        ("--retry",), ("--level", "0.5"), ("--standardize",), ("--no-optimise",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_run_refuses_what_decides_its_fit(workbench, tmp_path, option):
    (tmp_path / "run").mkdir()
    assert_refused(workbench("sensitivity", "run", *option), 2, option[0], "`run`", hint="program")


def test_priors_of_a_file_reach_the_fit_and_single_ones_come_before_them(given_options, tmp_path):
    path = tmp_path / "priors.toml"
    path.write_text(
        '[prior]\n"mu.sigma" = 9\n"mu.mu" = [1, 2]\n[prior-form]\ntau = "flat"\nmu = "cauchy(0, 1)"\n'
    )
    given = ("--priors", str(path), "--prior", "mu.sigma=2", "--prior-form", "mu ~ normal(0, 2) T[0, ]")
    options = given_options("fit", *SCHOOLS, *given)
    assert options.priors == {"mu.sigma": 2.0, "mu.mu": (1.0, 2.0)}
    assert options.prior_forms == {"tau": "flat", "mu": "normal(0, 2) T[0, ]"}


def test_a_missing_file_of_priors_is_refused(workbench, tmp_path):
    refused = workbench("fit", *SCHOOLS, "--priors", str(tmp_path / "none.toml"))
    assert_refused(refused, 2, "a TOML file of priors was expected at")
