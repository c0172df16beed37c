"""Every method and its options, on programs whose results are known."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.executables import MODELS, REFERENCE, compile_model, read_draws, run
from workbench.toolchain import CompiledModel, Toolchain

DATA = f"data file={REFERENCE / 'bernoulli.json'} random seed=1"


def test_info_prints_version_and_threads(bernoulli: CompiledModel, tmp_path: Path) -> None:
    lines = run(bernoulli, "info", tmp_path).stdout.splitlines()

    facts = dict(line.replace(" ", "").split("=") for line in lines)
    assert facts["stan_version_major"] == "2"
    assert facts["STAN_THREADS"] == "false"


@pytest.mark.parametrize("metric", ["diag_e", "dense_e", "unit_e"])
def test_chains_in_one_process_equal_chains_in_separate_processes(
    metric: str, bernoulli: CompiledModel, tmp_path: Path
) -> None:
    sampling = f"sample num_samples=20 num_warmup=50 algorithm=hmc metric={metric}"
    assert run(bernoulli, f"{sampling} num_chains=2 {DATA} output file=shared.csv", tmp_path).returncode == 0
    for chain in (1, 2):
        run(bernoulli, f"id={chain} {sampling} {DATA} output file=separate_{chain}.csv", tmp_path)

        shared = read_draws(tmp_path / f"shared_{chain}.csv")
        assert shared.rows == read_draws(tmp_path / f"separate_{chain}.csv").rows


def test_a_saved_metric_can_be_used_again(bernoulli: CompiledModel, tmp_path: Path) -> None:
    first = run(bernoulli, f"sample num_samples=5 adapt save_metric=1 {DATA} output file=a.csv", tmp_path)
    metric = json.loads((tmp_path / "a_metric.json").read_text())
    again = f"sample num_warmup=0 num_samples=5 adapt engaged=0 algorithm=hmc stepsize={metric['stepsize']}"
    second = run(bernoulli, f"{again} metric_file=a_metric.json {DATA} output file=b.csv", tmp_path)

    assert (first.returncode, second.returncode) == (0, 0)
    assert metric["metric_type"] == "diag_e"
    comments = read_draws(tmp_path / "b.csv").comments
    used = comments[comments.index("# Diagonal elements of inverse mass matrix:") + 1]
    assert float(used.removeprefix("#")) == pytest.approx(metric["inv_metric"][0], rel=1e-5)


def test_each_chain_has_its_numbered_initial_values(bernoulli: CompiledModel, tmp_path: Path) -> None:
    for chain, theta in ((1, 0.2), (2, 0.7)):
        (tmp_path / f"init_{chain}.json").write_text(json.dumps({"theta": theta}))
    sampling = "sample num_samples=1 num_warmup=0 num_chains=2 algorithm=fixed_param"
    run(bernoulli, f"{sampling} {DATA} init=init.json output file=x.csv", tmp_path)

    for chain, theta in ((1, 0.2), (2, 0.7)):
        assert read_draws(tmp_path / f"x_{chain}.csv").column("theta") == pytest.approx([theta])


def test_the_number_of_rows_follows_from_warmup_and_thinning(
    bernoulli: CompiledModel, tmp_path: Path
) -> None:
    options = "sample num_samples=100 num_warmup=50 thin=3 save_warmup=1"
    run(bernoulli, f"{options} {DATA} output file=x.csv", tmp_path)

    assert len(read_draws(tmp_path / "x.csv").rows) == math.ceil(100 / 3) + math.ceil(50 / 3)


def test_the_diagnostic_file_holds_momenta_and_gradients(bernoulli: CompiledModel, tmp_path: Path) -> None:
    run(bernoulli, f"sample num_samples=10 {DATA} output file=x.csv diagnostic_file=d.csv", tmp_path)

    diagnostics = read_draws(tmp_path / "d.csv")
    assert diagnostics.names[-3:] == ["theta", "p_theta", "g_theta"]
    assert len(diagnostics.rows) == 10
    assert not [line for line in diagnostics.comments if "start_datetime" in line or "stanc_version" in line]
    assert "# model = bernoulli_model" in diagnostics.comments


def test_the_saved_config_holds_the_arguments(bernoulli: CompiledModel, tmp_path: Path) -> None:
    run(bernoulli, f"sample num_samples=10 {DATA} output file=x.csv save_cmdstan_config=1", tmp_path)

    config = json.loads((tmp_path / "x_config.json").read_text())
    assert config["method"]["value"] == "sample"
    assert config["method"]["sample"]["num_samples"] == 10
    assert config["method"]["sample"]["algorithm"]["hmc"]["engine"]["nuts"]["max_depth"] == 10
    assert config["stanc_version"].startswith("stanc3 v2.")


def test_a_metric_file_for_a_unit_metric_is_ignored_with_a_warning(
    bernoulli: CompiledModel, tmp_path: Path
) -> None:
    sampling = f"sample num_samples=5 num_warmup=5 algorithm=hmc metric=unit_e {{}} {DATA} output file={{}}"
    run(bernoulli, sampling.format("", "a.csv"), tmp_path)
    with_file = run(bernoulli, sampling.format("metric_file=none.json", "b.csv"), tmp_path)

    assert with_file.returncode == 0
    assert "Warning: metric_file=none.json is not used: metric=unit_e is fixed." in with_file.stdout
    assert read_draws(tmp_path / "a.csv").rows == read_draws(tmp_path / "b.csv").rows


@pytest.mark.parametrize("algorithm", ["lbfgs", "bfgs", "newton"])
@pytest.mark.parametrize(("jacobian", "mode"), [(0, 2 / 10), (1, 3 / 12)])
def test_optimizers_find_the_mode(
    algorithm: str, jacobian: int, mode: float, bernoulli: CompiledModel, tmp_path: Path
) -> None:
    """The posterior is beta(3, 9); the mode is that of theta or of its logit."""
    options = f"optimize algorithm={algorithm} jacobian={jacobian}"
    result = run(bernoulli, f"{options} {DATA} output file=x.csv", tmp_path)

    assert result.returncode == 0
    assert read_draws(tmp_path / "x.csv").column("theta") == pytest.approx([mode], abs=1e-5)


@pytest.mark.parametrize("save_iterations", [0, 1])
def test_laplace_starts_from_the_last_row(
    save_iterations: int, bernoulli: CompiledModel, tmp_path: Path
) -> None:
    options = f"optimize jacobian=1 save_iterations={save_iterations}"
    run(bernoulli, f"{options} {DATA} output file=mode.csv", tmp_path)
    run(bernoulli, f"laplace mode=mode.csv draws=10 {DATA} output file=x.csv", tmp_path)

    curvature = json.loads((tmp_path / "x_hessian.json").read_text())
    assert curvature["values"] == pytest.approx([0.25], abs=1e-5)


def test_laplace_writes_the_curvature(bernoulli: CompiledModel, tmp_path: Path) -> None:
    """On the logit scale, 3 log p + 9 log(1 - p) has the second derivative -12 p (1 - p)."""
    run(bernoulli, f"optimize jacobian=1 {DATA} output file=mode.csv", tmp_path)
    run(bernoulli, f"laplace mode=mode.csv draws=10 {DATA} output file=x.csv", tmp_path)

    curvature: dict[str, Any] = json.loads((tmp_path / "x_hessian.json").read_text())
    theta = curvature["values"][0]
    assert curvature["names"] == curvature["unconstrained_names"] == ["theta"]
    assert curvature["unconstrained"] == pytest.approx([math.log(theta / (1 - theta))])
    assert curvature["lp"] == pytest.approx(3 * math.log(theta) + 9 * math.log(1 - theta))
    assert curvature["gradient"] == pytest.approx([3 - 12 * theta], abs=1e-9)
    assert curvature["hessian"][0] == pytest.approx([-12 * theta * (1 - theta)], rel=1e-6)
    assert curvature["constrain_jacobian"][0] == pytest.approx([theta * (1 - theta)], rel=1e-8)


def test_laplace_writes_a_diagnostic_file(bernoulli: CompiledModel, tmp_path: Path) -> None:
    run(bernoulli, f"optimize jacobian=1 {DATA} output file=mode.csv", tmp_path)
    run(
        bernoulli, f"laplace mode=mode.csv draws=10 {DATA} output file=x.csv diagnostic_file=d.json", tmp_path
    )

    diagnostics = json.loads((tmp_path / "d.json").read_text())
    curvature = json.loads((tmp_path / "x_hessian.json").read_text())
    assert list(diagnostics) == ["lp_mode", "gradient", "Hessian"]
    assert diagnostics["Hessian"] == [pytest.approx(curvature["hessian"][0], rel=1e-6)]


def test_the_curvature_of_a_hundred_parameters(toolchain: Toolchain, tmp_path: Path) -> None:
    hundred = compile_model(toolchain, MODELS / "driver_hundred.stan")
    run(hundred, "optimize output file=mode.csv", tmp_path)
    result = run(hundred, "laplace mode=mode.csv jacobian=0 draws=500 output file=x.csv", tmp_path)

    curvature = json.loads((tmp_path / "x_hessian.json").read_text())
    assert result.returncode == 0
    for n in (1, 37, 100):
        row = curvature["hessian"][n - 1]
        assert row[n - 1] == pytest.approx(-((n / 10) ** -2), rel=1e-5)
        assert sum(map(abs, row)) - abs(row[n - 1]) == pytest.approx(0, abs=1e-5)
        spread = statistics.stdev(read_draws(tmp_path / "x.csv").column(f"x.{n}"))
        assert spread == pytest.approx(n / 10, rel=0.15)


def test_laplace_without_a_maximum_fails_and_writes_the_curvature(
    toolchain: Toolchain, tmp_path: Path
) -> None:
    saddle = compile_model(toolchain, MODELS / "driver_saddle.stan")
    (tmp_path / "mode.json").write_text('{"x": 0, "y": 0}')
    result = run(saddle, "laplace mode=mode.json output file=x.csv", tmp_path)

    assert result.returncode != 0
    assert "Error: the Hessian at the mode is not negative definite" in result.output
    assert json.loads((tmp_path / "x_hessian.json").read_text())["hessian"][1] == [0, 0]


def test_the_start_decides_which_of_two_modes_is_found(toolchain: Toolchain, tmp_path: Path) -> None:
    two = compile_model(toolchain, MODELS / "driver_two_modes.stan")
    for start in (-2, 2):
        (tmp_path / "init.json").write_text(json.dumps({"x": start}))
        run(two, "optimize init=init.json output file=x.csv", tmp_path)
        assert read_draws(tmp_path / "x.csv").column("x") == pytest.approx([1.5 * start], abs=1e-3)


@pytest.mark.parametrize("options", ["", "psis_resample=0", "calculate_lp=0", "save_single_paths=1"])
def test_pathfinder_options(options: str, bernoulli: CompiledModel, tmp_path: Path) -> None:
    result = run(
        bernoulli,
        f"pathfinder num_draws=50 num_psis_draws=50 {options} {DATA} output file=x.csv",
        tmp_path,
    )

    assert result.returncode == 0, result.output
    draws = read_draws(tmp_path / "x.csv")
    assert len(draws.rows) == (200 if options in ("psis_resample=0", "calculate_lp=0") else 50)
    assert (tmp_path / "x_path_4.csv").exists() == (options == "save_single_paths=1")


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ("num_paths=1 save_single_paths=1", {"x.csv", "x.json"}),
        ("num_paths=1 output diagnostic_file=d.csv", {"x.csv", "d.json"}),
        (
            "num_paths=2 save_single_paths=1",
            {"x.csv", "x_path_1.csv", "x_path_2.csv", "x_path_1.json", "x_path_2.json"},
        ),
        (
            "num_paths=2 output diagnostic_file=d.json",
            {"x.csv", "x_path_1.csv", "x_path_2.csv", "d_path_1.json", "d_path_2.json"},
        ),
    ],
)
def test_files_of_single_paths_have_the_names_that_cmdstan_uses(
    options: str, files: set[str], bernoulli: CompiledModel, tmp_path: Path
) -> None:
    result = run(
        bernoulli, f"pathfinder num_draws=50 num_psis_draws=50 {options} output file=x.csv {DATA}", tmp_path
    )

    assert result.returncode == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == files
    for path in tmp_path.glob("*.csv"):
        assert len(read_draws(path).rows) == 50
    for path in tmp_path.glob("*.json"):
        assert "unconstrained_parameters" in json.loads(path.read_text())["0"]


def test_resampling_more_draws_than_there_are_is_warned_about(
    bernoulli: CompiledModel, tmp_path: Path
) -> None:
    result = run(bernoulli, f"pathfinder num_draws=50 num_psis_draws=201 {DATA} output file=x.csv", tmp_path)

    assert "Warning: Number of PSIS draws is larger than the total number" in result.stdout


@pytest.mark.parametrize("algorithm", ["meanfield", "fullrank"])
@pytest.mark.parametrize("engaged", [0, 1])
def test_variational_writes_its_step_size(
    algorithm: str, engaged: int, bernoulli: CompiledModel, tmp_path: Path
) -> None:
    options = f"variational algorithm={algorithm} eta=0.1 adapt engaged={engaged}"
    result = run(bernoulli, f"{options} output_samples=30 {DATA} output file=x.csv", tmp_path)

    draws = read_draws(tmp_path / "x.csv")
    assert result.returncode == 0
    assert len(draws.rows) == 31  # the mean comes first
    after = draws.comments[draws.comments.index("# Stepsize adaptation complete.") + 1]
    assert after == "# eta = 0.1" or engaged == 1


@pytest.mark.parametrize("jacobian", [0, 1])
def test_log_prob_reads_either_scale(jacobian: int, bernoulli: CompiledModel, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"theta": 0.3}')
    (tmp_path / "u.json").write_text(json.dumps({"params_r": [[math.log(0.3 / 0.7)], [0.0]]}))
    for kind, file in (("constrained", "c.json"), ("unconstrained", "u.json")):
        options = f"log_prob {kind}_params={file} jacobian={jacobian}"
        run(bernoulli, f"{options} {DATA} output file={kind}.csv", tmp_path)

    expected = (2 + jacobian) * math.log(0.3) + (8 + jacobian) * math.log(0.7)
    for kind in ("constrained", "unconstrained"):
        assert read_draws(tmp_path / f"{kind}.csv").column("lp__")[0] == pytest.approx(expected, rel=1e-7)
    assert len(read_draws(tmp_path / "unconstrained.csv").rows) == 2


def test_log_prob_of_several_points_equals_that_of_each_point(toolchain: Toolchain, tmp_path: Path) -> None:
    hundred = compile_model(toolchain, MODELS / "driver_hundred.stan")
    points = [[(row + 1) * math.sin(column) for column in range(100)] for row in range(3)]
    densities = []
    for name, content in [("all", points), *((f"point{row}", point) for row, point in enumerate(points))]:
        (tmp_path / "u.json").write_text(json.dumps({"params_r": content}))
        run(hundred, f"log_prob unconstrained_params=u.json output file={name}.csv", tmp_path)
        densities.append(read_draws(tmp_path / f"{name}.csv").column("lp__"))

    together, *separate = densities
    assert list(together) == [density[0] for density in separate]


def test_quantities_of_several_chains_equal_those_of_each_chain(
    eight_schools: CompiledModel, tmp_path: Path
) -> None:
    data = f"data file={REFERENCE / 'eight_schools.json'} random seed=1"
    run(eight_schools, f"sample num_samples=5 num_warmup=20 num_chains=2 {data} output file=x.csv", tmp_path)
    again = "generate_quantities fitted_params=x.csv num_chains=2"
    result = run(eight_schools, f"{again} {data} output file=q.csv", tmp_path)

    assert result.returncode == 0, result.output
    for chain in (1, 2):
        draws, quantities = (read_draws(tmp_path / f"{kind}_{chain}.csv") for kind in "xq")
        assert len(quantities.rows) == 5
        assert all(len(row) == len(quantities.names) for row in quantities.rows)
        assert quantities.column("log_lik.3") == pytest.approx(draws.column("log_lik.3"), rel=1e-5)


def test_diagnose_compares_gradients(bernoulli: CompiledModel, tmp_path: Path) -> None:
    result = run(bernoulli, f"diagnose test=gradient {DATA} output file=x.csv", tmp_path)
    strict = run(
        bernoulli, f"diagnose test=gradient epsilon=0.1 error=1e-12 {DATA} output file=y.csv", tmp_path
    )

    assert result.returncode == 0
    assert strict.returncode != 0
    assert "Error: the gradient differs" in strict.output


def test_a_program_without_parameters_runs_fixed_param(toolchain: Toolchain, tmp_path: Path) -> None:
    empty = compile_model(toolchain, MODELS / "driver_empty.stan")
    result = run(empty, "sample num_samples=400 random seed=1 output file=x.csv", tmp_path)

    draws = read_draws(tmp_path / "x.csv")
    assert "running fixed_param sampler" in result.stdout
    assert draws.names == ["lp__", "accept_stat__", "y"]
    assert statistics.mean(draws.column("y")) == pytest.approx(3, abs=0.2)


def test_a_program_without_parameters_cannot_be_optimized(toolchain: Toolchain, tmp_path: Path) -> None:
    empty = compile_model(toolchain, MODELS / "driver_empty.stan")
    result = run(empty, "optimize output file=x.csv", tmp_path)

    assert result.returncode != 0
    assert "Error: driver_empty_model has no parameters, so optimize has nothing to work on." in result.stderr


def test_quantities_of_every_type_are_written(toolchain: Toolchain, tmp_path: Path) -> None:
    outputs = compile_model(toolchain, MODELS / "driver_outputs.stan")
    run(outputs, "sample num_samples=10 output file=x.csv profile_file=p.csv", tmp_path)

    draws = read_draws(tmp_path / "x.csv")
    assert draws.names[7:10] == ["x", "direction.1", "direction.2"]
    assert draws.names[10:16] == ["z.real", "z.imag", "M.1.1", "M.2.1", "M.1.2", "M.2.2"]
    assert draws.names[16:] == [
        *("pairs.1:1", "pairs.1:2.1", "pairs.1:2.2", "pairs.2:1", "pairs.2:2.1", "pairs.2:2.2"),
        *("counts.1.1", "counts.2.1"),
    ]
    assert draws.column("z.imag") == [-x for x in draws.column("x")]
    ends = zip(draws.column("direction.1"), draws.column("direction.2"), strict=True)
    assert [math.hypot(*end) for end in ends] == pytest.approx([1] * 10)
    assert (tmp_path / "p.csv").read_text().splitlines()[1].startswith("prior,")


def test_an_ode_is_solved(toolchain: Toolchain, tmp_path: Path) -> None:
    ode = compile_model(toolchain, MODELS / "driver_ode.stan")
    run(ode, "sample num_samples=50 random seed=1 output file=x.csv sig_figs=12", tmp_path)

    draws = read_draws(tmp_path / "x.csv")
    solved = [math.exp(-2 * rate) for rate in draws.column("rate")]
    assert draws.column("y.1") == pytest.approx(solved, rel=1e-4)


def test_constrained_draws_have_the_log_density_of_their_unconstrained_values(
    toolchain: Toolchain, tmp_path: Path
) -> None:
    constraints = compile_model(toolchain, MODELS / "driver_constraints.stan")
    run(constraints, "sample num_samples=50 random seed=1 output file=x.csv sig_figs=17", tmp_path)
    result = run(constraints, "log_prob constrained_params=x.csv output file=lp.csv sig_figs=17", tmp_path)

    draws = read_draws(tmp_path / "x.csv")
    assert result.returncode == 0, result.output
    assert read_draws(tmp_path / "lp.csv").column("lp__") == pytest.approx(draws.column("lp__"), rel=1e-9)
    assert min(draws.column("above")) > 1
    shares = zip(*(draws.column(f"share.{k}") for k in (1, 2, 3)), strict=True)
    assert [sum(share) for share in shares] == pytest.approx([1] * 50)


def test_threads_do_not_change_draws(embedded: Toolchain, tmp_path: Path) -> None:
    plain = compile_model(embedded, MODELS / "driver_two_modes.stan")
    threaded = compile_model(embedded, MODELS / "driver_two_modes.stan", threads=True)
    options = "sample num_samples=30 num_chains=2 random seed=1"
    run(plain, f"{options} output file=plain.csv", tmp_path)
    run(threaded, f"{options} num_threads=2 output file=threaded.csv", tmp_path)

    assert "STAN_THREADS=true" in run(threaded, "info", tmp_path).stdout
    for chain in (1, 2):
        expected = read_draws(tmp_path / f"plain_{chain}.csv").rows
        assert read_draws(tmp_path / f"threaded_{chain}.csv").rows == expected


def test_reduce_sum_works_in_two_threads(embedded: Toolchain, tmp_path: Path) -> None:
    model = compile_model(embedded, MODELS / "driver_reduce_sum.stan", threads=True)
    result = run(model, "optimize num_threads=2 output file=x.csv", tmp_path)

    assert result.returncode == 0, result.output
    assert read_draws(tmp_path / "x.csv").column("mu") == pytest.approx([1], abs=1e-4)
