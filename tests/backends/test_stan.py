"""The backend that keeps programs loaded, compared with the executables called one at a time."""

import json

import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

from tests.conformance.executables import MODELS
from workbench import toolchain
from workbench.backends import Curvature, Job, Start
from workbench.backends.cmdstan import CmdStanBackend
from workbench.backends.stan import StanBackend, _draw_normal
from workbench.errors import ChainFailed
from workbench.methods import Laplace, Nuts, Pathfinder

RANDOM = """
data { int N; }
parameters { real<lower=0> scale; simplex[3] share; }
model { scale ~ gamma(3, 2); share ~ dirichlet([2, 3, 4]'); }
generated quantities {
  array[N] real y = normal_rng(rep_vector(0, N), scale);
  real twice = 2 * scale;
}
"""
"""A program with constraints and random quantities."""


@pytest.fixture(scope="module")
def compile_model(tools):
    return lambda name, source: toolchain.build(name, source, tools).exe


@pytest.fixture
def make_job(compile_model, tmp_path):
    def make(name, source=None, *, data=None, seed=7, **options):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(data or {}))
        exe = compile_model(name, source or (MODELS / f"{name}.stan").read_text())
        return Job(exe, path, tmp_path / "calls", seed, **options)

    return make


def compare_backends(job, *, optimises=True):
    """Compare all that both backends can do with a program."""
    ours, theirs = StanBackend(), CmdStanBackend()
    size = ours.dimension(job)
    assert size == theirs.dimension(job)
    points = np.random.default_rng(1).uniform(-1, 1, (6, size))
    for jacobian in (False, True):
        for mine, other in zip(
            ours.log_density(job, points, jacobian=jacobian),
            theirs.log_density(job, points, jacobian=jacobian),
            strict=True,
        ):
            np.testing.assert_allclose(mine, other, rtol=1e-13, atol=1e-13)
    run = ours.sample(job, Nuts(2, 30, 50), jobs=2)
    reference = theirs.sample(job, Nuts(2, 30, 50), jobs=2)
    assert run.columns == reference.columns
    assert run.draws.shape == reference.draws.shape
    density, _ = ours.log_density_at(job, run.columns, run.draws[0])
    np.testing.assert_allclose(density, theirs.log_density_at(job, run.columns, run.draws[0])[0], rtol=1e-12)
    if optimises:
        mode = ours.optimize(job, jacobian=True)
        reference = theirs.optimize(job, jacobian=True)
        assert mode.columns == reference.columns
        assert mode.converged == reference.converged
        np.testing.assert_array_equal(mode.stats["lp"], reference.stats["lp"])
        known = np.isfinite(reference.draws)
        np.testing.assert_allclose(mode.draws[known], reference.draws[known], rtol=1e-13, atol=1e-13)
    return run


def test_parameters_of_every_type_are_those_of_the_executable(make_job):
    compare_backends(make_job("driver_constraints"))


@pytest.mark.truth
@pytest.mark.parametrize("path", sorted(MODELS.glob("*.json")), ids=lambda path: path.stem)
def test_both_backends_agree_on_every_test_program(path, tools, tmp_path):
    source = path.with_suffix(".stan")
    exe = toolchain.build(source.stem, source.read_text(), tools, include_paths=(MODELS,)).exe
    data = tmp_path / "data.json"
    data.write_text(path.read_text())
    compare_backends(Job(exe, data, tmp_path / "calls", 3), optimises=False)


def test_outputs_of_every_shape_keep_their_names(make_job):
    job = make_job("driver_outputs")
    names = {
        backend: backend().sample(job, Nuts(1, 5, 20)).columns for backend in (StanBackend, CmdStanBackend)
    }
    assert names[StanBackend] == names[CmdStanBackend]


def test_the_same_sampler_runs_where_nothing_else_draws_random_numbers(make_job):
    job = make_job("driver_hundred")
    ours, theirs = (backend().sample(job, Nuts(2, 20, 30)) for backend in (StanBackend, CmdStanBackend))
    np.testing.assert_allclose(ours.draws, theirs.draws, rtol=1e-9)
    np.testing.assert_allclose(ours.stats["lp"], theirs.stats["lp"], rtol=1e-9)


def test_initial_values_may_be_given_for_some_parameters(make_job):
    """Stan draws the others, and passes them through the transforms of their constraints."""
    job = make_job("random", RANDOM, data={"N": 2})
    start = Start(({"scale": 0.01},), np.array([1e-9]), np.ones((1, 3)))
    method = Nuts(1, 4, 0, max_treedepth=1)
    ours, theirs = (backend().sample(job, method, start=start) for backend in (StanBackend, CmdStanBackend))
    assert ours.draws[0, 0, 0] == pytest.approx(0.01, rel=1e-6)
    np.testing.assert_allclose(ours.draws[..., :4], theirs.draws[..., :4], rtol=1e-6)


def test_laplace_draws_from_the_same_and_pathfinder_draws_the_same(make_job, monkeypatch):
    job = make_job("random", RANDOM, data={"N": 2})
    ours, theirs = StanBackend(), CmdStanBackend()
    mode = ours.optimize(job, jacobian=True)
    method = Laplace(draws=4000)
    mine = ours.laplace(job, mode, method, jacobian=True)
    other = theirs.laplace(job, theirs.optimize(job, jacobian=True), method, jacobian=True)
    assert mine.curvature is not None
    assert other.curvature is not None
    np.testing.assert_array_equal(mine.curvature.hessian, other.curvature.hessian)
    np.testing.assert_array_equal(mine.curvature.names, other.curvature.names)
    assert mine.columns == other.columns[:4]
    pairs = [(mine.draws[0, :, i], other.draws[0, :, i]) for i in range(4)]
    pairs += [(mine.stats[name][0], other.stats[name][0]) for name in ("log_p", "log_q")]
    for first, second in pairs:
        assert stats.ks_2samp(first, second).pvalue > 1e-5
    monkeypatch.setattr("workbench.backends.evaluators._WORTH_SHARING", 0)
    shared = ours.laplace(job, mode, method, jacobian=True)
    np.testing.assert_array_equal(shared.stats["log_p"], mine.stats["log_p"])
    paths = Pathfinder(paths=2, draws=100)
    mine, other = ours.pathfinder(job, paths), theirs.pathfinder(job, paths)
    assert mine.columns == other.columns[:4]
    np.testing.assert_allclose(mine.stats["lp"], other.stats["lp"], rtol=1e-9)


@pytest.mark.parametrize("curvature", [-np.inf, np.inf, np.nan, 1.0])
def test_a_hessian_that_is_not_that_of_a_maximum_has_no_draws(curvature):
    """A Cholesky factor of numbers that overflow is made without an error, and holds NaN."""
    hessian = np.array([[-1.0, 0.0], [0.0, curvature]])
    two = np.zeros(2)
    around = Curvature(0.0, two, hessian, ("a", "b"), two, ("a", "b"), two, np.eye(2))
    points, log_q = _draw_normal(around, 10, seed=1)
    assert points.shape == (0, 2)
    assert log_q.shape == (0,)


def test_generated_quantities_follow_from_their_own_draw(make_job):
    run = StanBackend().sample(make_job("random", RANDOM, data={"N": 40}), Nuts(2, 500, 200), jobs=2)
    values = dict(zip(run.columns, np.moveaxis(run.draws, 2, 0), strict=True))
    np.testing.assert_allclose(values["twice"], 2 * values["scale"], rtol=1e-14)
    ratios = np.stack([values[f"y[{n}]"] / values["scale"] for n in range(1, 41)])
    assert abs(ratios.mean()) < 5 / np.sqrt(ratios.size)
    assert abs(ratios.std() - 1) < 5 / np.sqrt(2 * ratios.size)
    assert abs(np.corrcoef(ratios.reshape(40, -1))[np.triu_indices(40, 1)]).max() < 6 / np.sqrt(1000)
    assert array_stats.rhat(values["scale"]) < 1.1


def test_random_quantities_do_not_depend_on_how_many_processes_compute_them(make_job, monkeypatch):
    job = make_job("random", RANDOM, data={"N": 3})
    draws = {}
    for jobs, size in ((1, 1 << 23), (1, 1), (2, 1), (3, 5000)):
        monkeypatch.setattr("workbench.backends.evaluators._BLOCK_BYTES", size)
        draws[jobs, size] = StanBackend().sample(job, Nuts(2, 220, 50), jobs=jobs).draws
    for other in draws.values():
        np.testing.assert_array_equal(other, draws[1, 1 << 23])


def test_several_points_may_be_rejected_and_the_others_are_kept(make_job):
    job = make_job("driver_throws", data={"where": 5})
    points = np.array([[0.5], [2.0], [-1.0]])
    values, gradients = StanBackend().log_density(job, points, jacobian=True)
    np.testing.assert_allclose(values[[0, 2]], [-0.125, -0.5])
    np.testing.assert_allclose(gradients[[0, 2], 0], [-0.5, 1.0])
    assert np.isnan(values[1])
    assert np.isnan(gradients[1, 0])


@pytest.mark.parametrize(
    ("where", "call"),
    [
        (1, lambda run, job: run.dimension(job)),
        (2, lambda run, job: run.optimize(job, jacobian=True)),
        (3, lambda run, job: run.log_density(job, np.zeros((1, 1)), jacobian=True)),
        (3, lambda run, job: run.optimize(job, jacobian=True)),
        (3, lambda run, job: run.sample(job, Nuts(1, 5, 20))),
    ],
)
def test_what_a_program_rejects_is_said_in_its_words(make_job, where, call):
    with pytest.raises(ChainFailed, match="thrown in t"):
        call(StanBackend(), make_job("driver_throws", data={"where": where}))


def test_rejected_generated_quantities_leave_the_draws(make_job):
    run = StanBackend().sample(make_job("driver_throws", data={"where": 4}), Nuts(1, 20, 20))
    assert run.columns == ("x", "y", "z")
    assert np.isfinite(run.draws[..., :2]).all()
    assert "thrown in generated quantities" in run.console


def test_each_gradient_prints_what_is_its_own(make_job):
    source = """
    parameters { real x; }
    model { x ~ normal(0, 1); print("at ", x); if (x > 0.5) reject("thrown at ", x); }
    """
    run = StanBackend().sample(make_job("prints", source), Nuts(1, 40, 40))
    printed = [line for line in run.console.splitlines() if line.startswith("at ")]
    assert len(printed) > run.stats["n_leapfrog"].sum()
    assert len(set(printed)) > 0.7 * len(printed)  # a stream that kept earlier words would repeat them
    assert "thrown at " in run.console


def test_data_that_do_not_fit_are_named(make_job):
    with pytest.raises(ChainFailed, match="variable name=where"):
        StanBackend().dimension(make_job("driver_throws"))


def test_changed_data_are_read_again(make_job):
    backend, job = StanBackend(), make_job("driver_throws", data={"where": 0})
    assert backend.log_density(job, np.zeros((1, 1)), jacobian=True)[0] == 0
    job.data.write_text(json.dumps({"where": 3}))
    with pytest.raises(ChainFailed, match="thrown in the model"):
        backend.log_density(job, np.zeros((1, 1)), jacobian=True)


def test_all_quantities_at_unconstrained_points_are_those_of_the_declared_scale(make_job):
    job = make_job("random", RANDOM, data={"N": 3})
    points = np.array([[-0.5, 0.1, 2.0], [0.3, -1.0, 0.4], [1.2, 0.0, -0.7]])
    run = StanBackend().compute_quantities(job, points)
    values = dict(zip(run.columns, np.moveaxis(run.draws[0], 1, 0), strict=True))
    np.testing.assert_allclose(values["twice"], 2 * values["scale"], rtol=1e-14)
    np.testing.assert_allclose(values["scale"], np.exp(points[:, 0]), rtol=1e-14)
    names = ("scale", "share[1]", "share[2]", "share[3]")
    declared = run.draws[0][:, [run.columns.index(name) for name in names]]
    again = StanBackend().unconstrain_values(job, names, declared)
    np.testing.assert_allclose(again, points, atol=1e-12)


SQUARED = """
parameters { real x; }
transformed parameters { real square = x^2; if (x > 1) reject("x is too large"); }
model { x ~ normal(0, 1); }
generated quantities { real fourth = square^2; }
"""
"""A program that rejects some points after it has computed a part of its quantities."""


@pytest.mark.parametrize(
    "names", [("fourth",), ("square", "x"), ("fourth", "square"), ("x", "fourth"), ("square",), ()]
)
def test_named_quantities_are_those_of_all(make_job, names):
    backend, job = StanBackend(), make_job("squared", SQUARED)
    points = np.array([[0.5], [-3.0], [2.0]])
    everything = backend.compute_quantities(job, points)
    assert everything.columns == ("x", "square", "fourth")
    np.testing.assert_allclose(everything.draws[0, :2], [[0.5, 0.25, 0.0625], [-3.0, 9.0, 81.0]])
    assert np.isnan(everything.draws[0, 2, 2])
    run = backend.compute_quantities(job, points, names)
    assert run.columns == names
    np.testing.assert_array_equal(
        run.draws, everything.draws[..., [everything.columns.index(name) for name in names]]
    )


def test_a_quantity_that_a_program_does_not_have_is_named(make_job):
    with pytest.raises(ChainFailed, match="expected to compute `cubed`"):
        StanBackend().compute_quantities(make_job("squared", SQUARED), np.zeros((1, 1)), ("x", "cubed"))
