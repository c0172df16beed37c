"""Stan's executables: one call after another, the longest through cmdstanpy."""

from __future__ import annotations

import json
import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from workbench import process
from workbench.backends.base import DEFAULT_START, Algorithm, Curvature, Floats, Job, RawRun, Start
from workbench.backends.chain_progress import follow_chains
from workbench.backends.draw_table import select
from workbench.backends.interrupt import run_interruptibly
from workbench.backends.stan_csv import read_stan_csv, write_draws, write_mode
from workbench.backends.stan_messages import (
    ITERATIONS_USED_UP,
    extract_error,
    make_timeout,
    name_places,
    translate_errors,
)
from workbench.errors import ChainFailed, RunError, RunTimedOut
from workbench.methods import Laplace, Nuts, Pathfinder
from workbench.progress import SILENT, Progress

if TYPE_CHECKING:
    from workbench.backends.cmdstan_model import Executable

DIGITS = 17
"""Significant digits of modes and curvature: they restore the same double."""

DIGITS_DRAWS = 10
"""Significant digits of draws: Stan's own constraint tolerance is 1e-8."""

OPTIMISER_ITERATIONS = 20_000
"""The most iterations of L-BFGS; Stan's default of 2000 is too low for badly scaled regressions."""

NEWTON_ITERATIONS = 100
"""The most iterations of Newton's method: it converges within tens, or never. Each takes a Hessian. Ours."""

TOLERANCES = {"tol_rel_obj": 1.0, "tol_rel_grad": 1e2, "tol_param": 1e-12, "tol_obj": 1e-14}
"""When optimisation stops: tighter than Stan's defaults, so that modes are accurate to about seven digits. If
rounding stops the line search earlier, estimation judges the point by its gradient and curvature."""

_DIMENSION = re.compile(r"(\d+)\W* unconstrained param")
"""The number of unconstrained parameters in Stan's message about a point of the wrong length."""

Order = Literal["C", "F"]
"""Whether an array is stored by rows (`C`) or by columns (`F`)."""


@dataclass(frozen=True)
class _Activity:
    """What one of Stan's methods does: its name, and what cannot be done if it fails."""

    name: str
    failure: str


_EVALUATING = _Activity("evaluating the log density", "the log density cannot be evaluated")
"""Stan's `log_prob`."""

_GENERATING = _Activity("computing generated quantities", "quantities cannot be generated")
"""Stan's `generate_quantities`."""


@dataclass(frozen=True)
class Chains:
    """How NUTS is run: the arguments of `Backend.sample`."""

    method: Nuts
    start: Start
    jobs: int
    threads: int
    progress: Progress


def name_in_stan(column: str) -> str:
    """Return the name of a quantity in a Stan program from that of a column.

    Indices are split by full stops, members of tuples by colons (CmdStan's guide, Stan CSV files).

    >>> name_in_stan("theta.1.2"), name_in_stan("pair:2.3"), name_in_stan("mu")
    ('theta[1,2]', 'pair.2[3]', 'mu')
    """
    return ".".join(map(_write_indices, column.split(":")))


def _write_indices(part: str) -> str:
    name, *indices = part.split(".")
    return f"{name}[{','.join(indices)}]" if indices else name


class CmdStanBackend:
    """Runs executables with CmdStan's command line, built with our driver or with a CmdStan."""

    def __init__(self) -> None:
        self._orders: dict[Path, Order] = {}

    def dimension(self, job: Job) -> int:
        """Return the number of unconstrained parameters: Stan states it when a point has another length."""
        try:
            _, gradient = self.log_density(job, np.zeros((1, 1)), jacobian=True)
            return int(gradient.shape[1])
        except ChainFailed as reason:
            dimension = _DIMENSION.search(reason.message)
            if dimension is None:
                raise
            return int(dimension[1])

    def release(self, job: Job) -> None:
        """Do nothing: no process outlives its call."""

    def log_density(self, job: Job, points: Floats, *, jacobian: bool) -> tuple[Floats, Floats]:
        """Return log density and gradient at points, by Stan's `log_prob`."""
        if min(points.shape) > 1 and job.exe not in self._orders:
            self._orders[job.exe] = _detect_order(job, points[:2], jacobian=jacobian)
        return _evaluate(job, points, self._orders.get(job.exe, "C"), jacobian=jacobian)

    def log_density_at(self, job: Job, columns: tuple[str, ...], draws: Floats) -> tuple[Floats, Floats]:
        """Return log density and gradient, without Jacobian, for parameter values, by Stan's `log_prob`."""
        job.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=job.folder) as scratch:
            path = write_draws(columns, draws, Path(scratch) / "draws.csv")
            return _run_log_prob(job, f"constrained_params={path}", jacobian=False)

    def compute_normalised(self, job: Job, points: Floats) -> Floats:
        """Refuse: CmdStan drops the constants of densities."""
        del points
        raise ChainFailed(f"{job.exe.name} cannot compute log densities with their constants.")

    def unconstrain_values(self, job: Job, columns: tuple[str, ...], draws: Floats) -> Floats:
        """Refuse: CmdStan returns no unconstrained values."""
        del columns, draws
        raise ChainFailed(f"{job.exe.name} cannot unconstrain parameter values.")

    def compute_quantities(
        self, job: Job, points: Floats, names: tuple[str, ...] | None = None, *, jobs: int | None = None
    ) -> RawRun:
        """Refuse: executables of your own CmdStan take parameter values only.

        Raises
        ------
        ChainFailed
            Always.
        """
        del points, names, jobs
        raise ChainFailed(f"{job.exe.name} cannot compute quantities at unconstrained points.")

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return transformed and generated quantities of draws, by Stan's `generate_quantities`."""
        started = time.monotonic()
        job.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=job.folder) as scratch:
            path = write_draws(columns, draws, Path(scratch) / "draws.csv")
            method = ["generate_quantities", f"fitted_params={path}"]
            names, table = _run_method(job, method, Path(scratch), _GENERATING)
        seconds = time.monotonic() - started
        return RawRun(tuple(name_in_stan(name) for name in names), table[None], seconds=seconds)

    def optimize(
        self, job: Job, *, jacobian: bool, algorithm: Algorithm = "lbfgs", start: Start = DEFAULT_START
    ) -> RawRun:
        """Find a mode from one random or given start."""
        started = time.monotonic()
        settings: dict[str, Any] = {} if algorithm == "newton" else dict(TOLERANCES)
        if start.inits:
            job.folder.mkdir(parents=True, exist_ok=True)
            (settings["inits"],) = write_inits(start, 1, job.folder)
        with translate_errors("optimisation", places=job.places, timeout=job.timeout):
            fit = run_interruptibly(
                lambda: _open_executable(job).optimize(
                    **_build_arguments(job, DIGITS),
                    algorithm=algorithm,
                    iter=NEWTON_ITERATIONS if algorithm == "newton" else OPTIMISER_ITERATIONS,
                    jacobian=jacobian,
                    require_converged=False,
                    **settings,
                )
            )
        console = _read_console(fit.runset, job)
        return RawRun(
            tuple(name for name in fit.column_names if not name.endswith("__")),
            np.asarray(fit.optimized_params_np)[_is_parameter(fit.column_names)][None, None, :],
            {"lp": np.array([[fit.optimized_params_dict["lp__"]]])},
            console,
            time.monotonic() - started,
            fit.converged and ITERATIONS_USED_UP not in console,  # cmdstanpy counts that as converged
            output=Path(fit.runset.csv_files[0]),
        )

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Return the curvature at a mode, and draws of the normal approximation around it."""
        started = time.monotonic()
        call = _build_arguments(job, DIGITS_DRAWS)
        folder = Path(call["output_dir"])
        model = _open_executable(job)
        mode_file = write_mode(mode, folder / "mode.csv")
        failure: RunError | None = None

        def draw() -> tuple[tuple[str, ...], Floats]:
            fit = model.laplace_sample(**call, mode=str(mode_file), draws=method.draws, jacobian=jacobian)
            _, rows, _ = read_stan_csv(Path(fit._runset.csv_files[0]))  # cmdstanpy reads wide files slowly
            return fit.column_names, rows

        try:
            with translate_errors("the Laplace approximation", places=job.places, timeout=job.timeout):
                names, draws = run_interruptibly(draw)
        except RunError as reason:
            names, draws = ("log_p__", "log_q__"), np.empty((0, 2))
            failure = reason
        curvature = read_curvature(folder)
        console = name_places(
            "\n".join(path.read_text() for path in sorted(folder.glob("*-stdout.txt"))), job.places
        )
        if curvature is None and isinstance(failure, RunTimedOut):
            raise failure
        if curvature is None and not len(draws):
            raise ChainFailed(f"the Laplace approximation stopped: {extract_error(console, job.places)}")
        keep = _is_parameter(names)
        return RawRun(
            tuple(name for name, is_kept in zip(names, keep, strict=True) if is_kept),
            draws[None, :, keep],
            {name: draws[None, :, names.index(f"{name}__")] for name in ("log_p", "log_q")},
            console,
            time.monotonic() - started,
            len(draws) == method.draws,
            curvature=curvature,
        )

    def pathfinder(self, job: Job, method: Pathfinder) -> RawRun:
        """Run Pathfinder without resampling its draws."""
        return self._run_pathfinder(job, method, is_unconstrained=False)

    def _run_pathfinder(self, job: Job, method: Pathfinder, *, is_unconstrained: bool) -> RawRun:
        started = time.monotonic()
        model = _open_executable(job, is_unconstrained=is_unconstrained)
        call = _build_arguments(job, DIGITS if is_unconstrained else DIGITS_DRAWS)
        each = -(-method.draws // method.paths)
        with translate_errors("Pathfinder", Path(call["output_dir"]), job.places, job.timeout):
            fit = run_interruptibly(
                lambda: model.pathfinder(
                    **call,
                    num_paths=method.paths,
                    draws=each * method.paths,
                    num_single_draws=each,
                    max_lbfgs_iters=OPTIMISER_ITERATIONS,
                    psis_resample=False,
                )
            )
            rows = np.asarray(fit.draws(), dtype=float)[None]
        columns, draws, stats = _split_columns(fit.column_names, rows)
        return RawRun(columns, draws, stats, _read_console(fit._runset, job), time.monotonic() - started)

    def sample(
        self,
        job: Job,
        method: Nuts,
        *,
        start: Start = DEFAULT_START,
        jobs: int = 1,
        threads: int = 1,
        progress: Progress = SILENT,
    ) -> RawRun:
        """Run NUTS: a process for each chain, or one for all chains if they have threads."""
        chains = Chains(method, start, jobs, threads, progress)
        return select(job.selection, self._run_nuts(job, chains, is_unconstrained=False))

    def _run_nuts(self, job: Job, chains: Chains, *, is_unconstrained: bool) -> RawRun:
        started = time.monotonic()
        method = chains.method
        model = _open_executable(job, is_unconstrained=is_unconstrained)
        total = method.chains * (method.warmup + method.draws)
        call = _build_arguments(job, DIGITS if is_unconstrained else DIGITS_DRAWS)
        folder = Path(call["output_dir"])
        with (
            chains.progress.stage("Sampling", total=float(total)) as stage,
            translate_errors("sampling", folder, job.places, job.timeout),
        ):
            model.on_line = follow_chains(stage, folder)
            fit = run_interruptibly(
                lambda: model.sample(
                    **call,
                    **_build_sampler_arguments(method, chains.start, folder),
                    parallel_chains=min(chains.jobs, method.chains),
                    threads_per_chain=chains.threads if chains.threads > 1 else None,
                    show_progress=False,
                )
            )
            stage.update(float(total))
        return _collect_chains(fit, job, time.monotonic() - started, has_warmup=method.save_warmup)


def _open_executable(job: Job, *, is_unconstrained: bool = False) -> Executable:
    from workbench.backends.cmdstan_model import Executable  # only here: cmdstanpy takes most of a second

    model = Executable(exe_file=str(job.exe))
    model.is_unconstrained = is_unconstrained
    model.run_process = process.keep_work(process.run)  # cmdstanpy calls it in threads of its own
    return model


def _run_log_prob(job: Job, points: str, *, jacobian: bool) -> tuple[Floats, Floats]:
    """Run Stan's `log_prob` at many points; cmdstanpy's takes one constrained point at a time."""
    job.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.folder) as scratch:
        method = ["log_prob", points, f"jacobian={int(jacobian)}"]
        _, table = _run_method(job, method, Path(scratch), _EVALUATING)
    return table[:, 0], table[:, 1:]


def _evaluate(job: Job, points: Floats, order: Order, *, jacobian: bool) -> tuple[Floats, Floats]:
    job.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=job.folder) as scratch:
        path = Path(scratch) / "points.json"
        path.write_text(json.dumps({"params_r": points.ravel().reshape(points.shape, order=order).tolist()}))
        return _run_log_prob(job, f"unconstrained_params={path}", jacobian=jacobian)


def _detect_order(job: Job, pair: Floats, *, jacobian: bool) -> Order:
    """Return whether an executable reads a list of points by rows; some read it by columns."""
    alone, _ = _evaluate(job, pair[1:], "C", jacobian=jacobian)
    together, _ = _evaluate(job, pair, "C", jacobian=jacobian)
    return "C" if np.isclose(alone[0], together[1], rtol=1e-12, atol=0) else "F"


def _run_method(
    job: Job, method: list[str], scratch: Path, activity: _Activity
) -> tuple[tuple[str, ...], Floats]:
    """Run a method that cmdstanpy does not offer in the form we need; return names and rows of its output."""
    output = scratch / "output.csv"
    argv = [
        str(job.exe.absolute()),
        *method,
        "data",
        f"file={job.data.absolute()}",
        "random",
        f"seed={job.seed}",
    ]
    done = process.run(
        [*argv, "output", f"file={output}", f"sig_figs={DIGITS}"],
        cwd=scratch,  # a program with `profile` writes a file where it runs
        timeout=job.timeout,
    )
    if done.timed_out:
        raise make_timeout(activity.name, job.timeout, name_places(done.output, job.places))
    if done.returncode != 0:
        raise ChainFailed(f"{activity.failure}: {extract_error(done.output, job.places)}")
    names, rows, _ = read_stan_csv(output)
    return names, rows


def _build_arguments(job: Job, digits: int) -> dict[str, Any]:
    return {
        "data": str(job.data),
        "seed": job.seed,
        "output_dir": str(make_call_folder(job)),
        "sig_figs": digits,
        "timeout": job.timeout,
    }


def make_call_folder(job: Job) -> Path:
    """Make a folder for one call: cmdstanpy names files by the second, so two calls could share a name."""
    job.folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="call-", dir=job.folder))


def _is_parameter(names: tuple[str, ...]) -> np.ndarray:
    return np.array([not name.endswith("__") for name in names])


def _build_sampler_arguments(method: Nuts, start: Start, folder: Path) -> dict[str, Any]:
    """Return cmdstanpy's arguments for the settings of NUTS and its start."""
    arguments: dict[str, Any] = {
        "chains": method.chains,
        "iter_warmup": method.warmup,
        "iter_sampling": method.draws,
        "save_warmup": method.save_warmup,
        "max_treedepth": method.max_treedepth,
        "metric": method.metric,
        "adapt_engaged": method.warmup > 0,
        "refresh": max(1, (method.warmup + method.draws) // 50),
    }
    if method.warmup > 0:
        arguments["adapt_delta"] = method.adapt_delta
    if start.inits:
        arguments["inits"] = write_inits(start, method.chains, folder)
    if start.step_size is not None:
        arguments["step_size"] = [float(size) for size in start.step_size]
    if start.inv_metric is not None:
        arguments["inv_metric"] = list(start.inv_metric)
    return arguments


def write_inits(start: Start, chains: int, folder: Path) -> list[str]:
    """Write a file of initial values for each chain; cmdstanpy cannot write tuples of vectors."""
    paths = [folder / f"init_{chain}.json" for chain in range(1, chains + 1)]
    for path, values in zip(paths, start.inits * (chains // len(start.inits)), strict=True):
        path.write_text(json.dumps(values, default=np.ndarray.tolist))
    return [str(path) for path in paths]


def _collect_chains(fit: Any, job: Job, seconds: float, *, has_warmup: bool) -> RawRun:
    with ThreadPoolExecutor() as pool:
        chains = list(pool.map(read_stan_csv, map(Path, fit.runset.csv_files)))
    rows = np.stack([chain for _, chain, _ in chains])
    warmup = fit.num_draws_warmup if has_warmup else 0
    step_size, inv_metric = _parse_adaptation([comments for *_, comments in chains])
    columns, draws, stats = _split_columns(fit.column_names, rows[:, warmup:])
    return RawRun(
        columns,
        draws,
        stats,
        _read_console(fit.runset, job),
        seconds,
        step_size=step_size,
        inv_metric=inv_metric,
        warmup=RawRun(*_split_columns(fit.column_names, rows[:, :warmup])) if warmup else None,
        output=Path(fit.runset.csv_files[0]),
    )


def _split_columns(names: tuple[str, ...], rows: Floats) -> tuple[tuple[str, ...], Floats, dict[str, Floats]]:
    """Split rows `(chain, draw, name)`; return the columns' names, their draws, and Stan's own statistics."""
    keep = _is_parameter(names)
    stats = {name[:-2]: rows[:, :, column] for column, name in enumerate(names) if not keep[column]}
    is_tail = bool(keep[len(stats) :].all())  # Stan's own columns come first: a view, not a copy
    return (
        tuple(name for name, is_kept in zip(names, keep, strict=True) if is_kept),
        rows[:, :, len(stats) :] if is_tail else rows[:, :, keep],
        stats,
    )


def _parse_adaptation(comments: list[list[bytes]]) -> tuple[Floats | None, Floats | None]:
    """Return step size and inverse metric of each chain; `None` if the chains did not adapt them."""
    from cmdstanpy.utils.stancsv import parse_hmc_adaptation_lines  # only here: it takes most of a second

    step_size, inv_metric = zip(*(parse_hmc_adaptation_lines(lines) for lines in comments), strict=True)
    return _stack_chains(step_size), _stack_chains(inv_metric)


def _stack_chains(values: tuple[Any, ...]) -> Floats | None:
    return None if any(value is None for value in values) else np.array(values, dtype=float)


def _read_console(runset: Any, job: Job) -> str:
    """Return what all processes printed, with the author's lines in it."""
    text = "\n".join(Path(name).read_text(errors="replace") for name in runset.stdout_files if name)
    return name_places(text, job.places)


def read_curvature(folder: Path) -> Curvature | None:
    """Return the curvature that our driver writes beside the draws; a CmdStan writes none."""
    files = sorted(folder.glob("*_hessian.json"))
    if not files:
        return None
    content = json.loads(files[0].read_text())
    return Curvature(
        float(content["lp"]),
        np.asarray(content["gradient"], dtype=float),
        np.asarray(content["hessian"], dtype=float),
        tuple(name_in_stan(name) for name in content["unconstrained_names"]),
        np.asarray(content["unconstrained"], dtype=float),
        tuple(name_in_stan(name) for name in content["names"]),
        np.asarray(content["values"], dtype=float),
        np.asarray(content["constrain_jacobian"], dtype=float),
    )
