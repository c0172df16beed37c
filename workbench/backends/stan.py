"""Stan: chains by cmdstanpy, everything else by processes that keep the program and its data loaded."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends.base import (
    DEFAULT_START,
    Algorithm,
    Curvature,
    Floats,
    Job,
    RawRun,
    Selection,
    Start,
)
from workbench.backends.cmdstan import (
    DIGITS,
    NEWTON_ITERATIONS,
    OPTIMISER_ITERATIONS,
    TOLERANCES,
    Chains,
    CmdStanBackend,
    make_call_folder,
    read_curvature,
    write_inits,
)
from workbench.backends.draw_table import ChosenColumns, DrawTable, check_memory, select
from workbench.backends.evaluator import EVALUATING, GENERATING, Columns, Evaluator, Flag, call_method
from workbench.backends.evaluators import Evaluators
from workbench.backends.interrupt import run_interruptibly
from workbench.backends.nutpie import NutpieChains, refuse_nutpie
from workbench.backends.stan_csv import read_stan_csv
from workbench.backends.stan_messages import ITERATIONS_USED_UP, extract_error, translate_errors
from workbench.errors import ChainFailed
from workbench.late_imports import LateModule
from workbench.methods import Laplace, Nuts, Pathfinder
from workbench.progress import SILENT, Progress

if TYPE_CHECKING:
    from scipy import linalg
else:
    linalg = LateModule("scipy.linalg")

_OPTIMISING, _APPROXIMATING = "optimisation", "the Laplace approximation"
"""What Stan does, for messages."""


class StanBackend(CmdStanBackend):
    """Runs executables built with our driver; one of the user's own CmdStan is run as `CmdStanBackend` does.

    Samplers write unconstrained parameters only. Transformed and generated quantities are computed afterwards
    from many draws at a time, on all processors.
    """

    def __init__(self) -> None:
        super().__init__()
        self._evaluators = Evaluators()

    def dimension(self, job: Job) -> int:
        """Return the number of unconstrained parameters."""
        with self._evaluators.borrow(job, EVALUATING) as evaluator:
            return super().dimension(job) if evaluator is None else len(evaluator.describe(job).free)

    def release(self, job: Job) -> None:
        """End the processes that keep a program and its data loaded."""
        self._evaluators.release(job)

    def end_idle(self) -> None:
        """End the processes that nobody uses, of all programs and data."""
        self._evaluators.end_idle()

    def free(self, exe: Path) -> None:
        """Keep the processes of a program, for other data than they have loaded."""
        self._evaluators.free(exe)

    def log_density(self, job: Job, points: Floats, *, jacobian: bool) -> tuple[Floats, Floats]:
        """Return log density and gradient at unconstrained points."""
        with self._evaluators.borrow(job, EVALUATING) as evaluator:
            if evaluator is None:
                return super().log_density(job, points, jacobian=jacobian)
            flags = Flag.GRADIENTS | (Flag.JACOBIAN if jacobian else Flag.NONE)
            answer = evaluator.compute_log_density(job, points, flags)
        if answer.failures and len(points) == 1:
            raise ChainFailed(f"the log density cannot be evaluated: {extract_error(answer.text)}")
        table = answer.numbers.reshape(len(points), -1)
        return table[:, 0], table[:, 1:]

    def log_density_at(self, job: Job, columns: tuple[str, ...], draws: Floats) -> tuple[Floats, Floats]:
        """Return log density and gradient, without Jacobian, for parameter values."""
        with self._evaluators.borrow(job, EVALUATING) as evaluator:
            if evaluator is None:
                return super().log_density_at(job, columns, draws)
            points = unconstrain(evaluator, job, draws)
        return self.log_density(job, points, jacobian=False)

    def compute_normalised(self, job: Job, points: Floats) -> Floats:
        """Return the log density with all constants and the Jacobian at unconstrained points."""
        with self._evaluators.borrow(job, EVALUATING) as evaluator:
            if evaluator is None:
                return super().compute_normalised(job, points)
        flags = Flag.NORMALISED | Flag.JACOBIAN
        return run_interruptibly(lambda: self._evaluators.compute_log_density(job, points, flags))

    def unconstrain_values(self, job: Job, columns: tuple[str, ...], draws: Floats) -> Floats:
        """Return unconstrained points of parameter values."""
        with self._evaluators.borrow(job, EVALUATING) as evaluator:
            if evaluator is None:
                return super().unconstrain_values(job, columns, draws)
            names = evaluator.describe(job)
            answer = evaluator.unconstrain(job, draws[:, : len(names.parameters)])
        return answer.numbers.reshape(len(draws), len(names.free))

    def compute_quantities(
        self, job: Job, points: Floats, names: tuple[str, ...] | None = None, *, jobs: int | None = None
    ) -> RawRun:
        """Return quantities at unconstrained points."""
        with self._evaluators.borrow(job, GENERATING) as evaluator:
            if evaluator is None:
                return super().compute_quantities(job, points, names, jobs=jobs)
            known = evaluator.describe(job)
        flags = Flag.TRANSFORMED | Flag.GENERATED
        if names is not None and not set(names) & set(known.transformed):
            flags = Flag.GENERATED  # fewer numbers that are thrown away
        columns, kept = known.list_names(flags), Selection(left_out=job.selection.left_out)
        table = (
            DrawTable(kept, columns, 1, len(points))
            if names is None
            else ChosenColumns(columns, names, len(points))
        )
        console = run_interruptibly(lambda: self._evaluators.generate(job, points, table, flags, jobs=jobs))
        return table.fill(RawRun((), points, console=console))

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return generated quantities of parameter values."""
        started = time.monotonic()
        with self._evaluators.borrow(job, GENERATING) as evaluator:
            if evaluator is None:
                return super().generate(job, columns, draws)
            names = evaluator.describe(job)
            points = unconstrain(evaluator, job, draws)
        kept = Selection(left_out=job.selection.left_out)
        table = DrawTable(kept, names.list_names(Flag.GENERATED), 1, len(points))
        console = run_interruptibly(lambda: self._evaluators.generate(job, points, table, Flag.GENERATED))
        run = table.fill(RawRun((), points, console=console, seconds=time.monotonic() - started))
        count = len(names.parameters)
        return replace(run, columns=run.columns[count:], draws=run.draws[:, :, count:])

    def optimize(
        self, job: Job, *, jacobian: bool, algorithm: Algorithm = "lbfgs", start: Start = DEFAULT_START
    ) -> RawRun:
        """Find a mode from one random or given start."""
        started = time.monotonic()
        with self._evaluators.borrow(job, _OPTIMISING) as evaluator:
            if evaluator is None:
                return super().optimize(job, jacobian=jacobian, algorithm=algorithm, start=start)
            method = ["method=optimize", f"algorithm={algorithm}"]
            if algorithm != "newton":
                method += [f"{name}={value}" for name, value in TOLERANCES.items()]
            limit = NEWTON_ITERATIONS if algorithm == "newton" else OPTIMISER_ITERATIONS
            method += [f"iter={limit}", f"jacobian={int(jacobian)}"]
            folder = job.folder
            if start.inits:
                folder = make_call_folder(job)
                method.append(f"init={write_inits(start, 1, folder)[0]}")
            folder.mkdir(parents=True, exist_ok=True)
            names = evaluator.describe(job)
            answer, _ = call_method(evaluator, job, _OPTIMISING, method, folder, DIGITS)
        log_density, values = answer.numbers[:1], answer.numbers[1:]
        if np.isnan(values[: len(names.parameters + names.transformed)]).any() or not len(values):
            reason = extract_error(answer.text)
            raise ChainFailed(f"{_OPTIMISING} stopped: {reason}", console=answer.text)
        return RawRun(
            names.parameters + names.transformed + names.generated,
            values[None, None, :],
            {"lp": log_density[None, :]},
            answer.text,
            time.monotonic() - started,
            answer.status == 0 and ITERATIONS_USED_UP not in answer.text,
        )

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Return the curvature at a mode, and draws of the normal approximation around it."""
        started = time.monotonic()
        with self._evaluators.borrow(job, _APPROXIMATING) as evaluator:
            if evaluator is None:
                return super().laplace(job, mode, method, jacobian=jacobian)
            names = evaluator.describe(job)
            folder = make_call_folder(job)
            mode_file = _write_mode(names, mode, folder / "mode.csv")
            arguments = ["method=laplace", f"mode={mode_file}", "draws=1", f"jacobian={int(jacobian)}"]
            answer, _ = call_method(evaluator, job, _APPROXIMATING, arguments, folder, DIGITS)
            with translate_errors(_APPROXIMATING, folder, job.places, job.timeout):
                curvature = read_curvature(folder)
            if curvature is None:
                raise ChainFailed(f"{_APPROXIMATING} stopped: {extract_error(answer.text)}")
        points, log_q = _draw_normal(curvature, method.draws, job.seed)
        flags = Flag.JACOBIAN if jacobian else Flag.NONE
        log_p = self._evaluators.compute_log_density(job, points, flags)
        table = DrawTable(job.selection, names.parameters + names.transformed, 1, len(points))
        self._evaluators.generate(job, points, table, Flag.TRANSFORMED)
        return table.fill(
            RawRun(
                (),
                points,
                {"log_p": log_p[None], "log_q": log_q[None]},
                answer.text,
                time.monotonic() - started,
                len(points) > 0 and not np.isnan(log_p).any(),
                curvature=curvature,
            )
        )

    def pathfinder(self, job: Job, method: Pathfinder) -> RawRun:
        """Run Pathfinder without resampling its draws, then compute transformed parameters."""
        with self._evaluators.borrow(job, "Pathfinder") as evaluator:
            if evaluator is None:
                return super().pathfinder(job, method)
        run = self._run_pathfinder(job, method, is_unconstrained=True)
        return self._add_quantities(job, run, Flag.TRANSFORMED)

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
        """Run NUTS, then compute transformed and generated quantities."""
        chains = Chains(method, start, jobs, threads, progress)
        started = time.monotonic()
        with self._evaluators.borrow(job, "sampling") as evaluator:
            if evaluator is None:
                refuse_nutpie(method)
                return select(job.selection, self._run_nuts(job, chains, is_unconstrained=False))
            names = evaluator.describe(job)
        columns = names.parameters + names.transformed + names.generated
        check_memory(job.selection, columns, method.chains, method.draws)
        if method.sampler == "nutpie" and names.free:
            run = NutpieChains(self._evaluators, job, chains).sample()
        else:
            run = self._run_nuts(job, chains, is_unconstrained=True)
        complete = self._add_quantities(job, run, Flag.TRANSFORMED | Flag.GENERATED, jobs, progress)
        return replace(complete, seconds=time.monotonic() - started)

    def sample_in_turn(self, job: Job, method: Nuts) -> RawRun:
        """Run NUTS one chain after the other in a process that has the data loaded: for many short fits.

        The numbers are those of `sample` with the same seed, but its draws are of the unconstrained
        parameters alone.

        Raises
        ------
        ChainFailed
            A chain failed, or the executable was not built with our driver.
        """
        started = time.monotonic()
        folder = make_call_folder(job)
        printed, rows = [], []
        with self._evaluators.borrow(job, "sampling") as evaluator:
            if evaluator is None:
                raise ChainFailed(f"sampling stopped: {job.exe} does not keep its data loaded.")
            names = evaluator.describe(job)
            for chain in range(1, method.chains + 1):
                arguments = [f"id={chain}", *_list_arguments(method)]
                answer, output = call_method(evaluator, job, "sampling", arguments, folder, DIGITS)
                if answer.status != 0:
                    raise ChainFailed(f"sampling stopped: {extract_error(answer.text)}", console=answer.text)
                columns, table, _ = read_stan_csv(output)
                output.unlink()
                printed.append(answer.text)
                rows.append(table)
        draws = np.stack(rows)
        own = sum(name.endswith("__") for name in columns)
        stats = {name[:-2]: draws[:, :, i] for i, name in enumerate(columns[:own])}
        step_size = stats["stepsize"][:, -1] if "stepsize" in stats else None
        seconds = time.monotonic() - started
        return RawRun(names.free, draws[:, :, own:], stats, "\n".join(printed), seconds, step_size=step_size)

    def list_columns(self, job: Job) -> tuple[str, ...]:
        """Return Stan's names of parameters, transformed parameters and generated quantities."""
        with self._evaluators.borrow(job, GENERATING) as evaluator:
            if evaluator is None:
                raise ChainFailed(f"{GENERATING} stopped: {job.exe} does not keep its data loaded.")
            return evaluator.describe(job).list_names(Flag.TRANSFORMED | Flag.GENERATED)

    def constrain_points(self, job: Job, points: Floats, flags: Flag) -> tuple[tuple[str, ...], Floats]:
        """Return the names and values, `(P, column)`, of parameters and what the flags add at points.

        Where the program rejects a point, what it did not compute is NaN.
        """
        with self._evaluators.borrow(job, GENERATING) as evaluator:
            if evaluator is None:
                raise ChainFailed(f"{GENERATING} stopped: {job.exe} does not keep its data loaded.")
            names = evaluator.describe(job)
            answer = evaluator.generate(job, points, flags)
        columns = names.list_names(flags)
        return columns, answer.numbers.reshape(len(points), len(columns))

    def _add_quantities(
        self, job: Job, run: RawRun, flags: Flag, jobs: int = 1, progress: Progress = SILENT
    ) -> RawRun:
        """Return a run of unconstrained draws on the declared scale, with what the flags add."""
        with self._evaluators.borrow(job, GENERATING) as evaluator:
            if evaluator is None:
                raise ChainFailed(f"{GENERATING} stopped: {job.exe} does not answer.")
            names = evaluator.describe(job)
        columns = names.list_names(flags)
        chains, count, size = run.draws.shape
        points = np.ascontiguousarray(run.draws).reshape(chains * count, size)
        table = DrawTable(job.selection, columns, chains, count)
        printed = run_interruptibly(
            lambda: self._evaluators.generate(job, points, table, flags, jobs=jobs, progress=progress)
        )
        warmup = None if run.warmup is None else self._add_quantities(job, run.warmup, flags, jobs)
        console = f"{run.console}\n{printed}" if printed else run.console
        return replace(table.fill(run), console=console, warmup=warmup)


def _list_arguments(method: Nuts) -> list[str]:
    """Return the arguments of the command line for NUTS."""
    return [
        "method=sample",
        f"num_samples={method.draws}",
        f"num_warmup={method.warmup}",
        "algorithm=hmc",
        "engine=nuts",
        f"max_depth={method.max_treedepth}",
        f"metric={method.metric}_e",
        "adapt",
        "engaged=1",
        f"delta={method.adapt_delta}",
    ]


def unconstrain(evaluator: Evaluator, job: Job, draws: Floats) -> Floats:
    """Return unconstrained points of rows that begin with the parameters; all of them must be valid."""
    names = evaluator.describe(job)
    answer = evaluator.unconstrain(job, draws[:, : len(names.parameters)])
    if answer.failures:
        raise ChainFailed(f"parameter values cannot be used: {extract_error(answer.text)}")
    return answer.numbers.reshape(len(draws), len(names.free))


def _draw_normal(curvature: Curvature, count: int, seed: int) -> tuple[Floats, Floats]:
    """Return draws of the normal distribution with this curvature, `(draw, U)`, and their log densities.

    The log densities, `(draw,)`, lack the normal's constant. There are no draws where the curvature is not
    that of a maximum.
    """
    none = np.empty((0, len(curvature.point))), np.empty(0)
    try:
        factor = np.linalg.cholesky(-curvature.hessian)
    except np.linalg.LinAlgError:
        return none
    if not np.isfinite(factor).all():  # of a Hessian that overflows
        return none
    noise = np.random.default_rng(seed).standard_normal((count, len(curvature.point)))
    points = curvature.point + linalg.solve_triangular(factor, noise.T, lower=True, trans="T").T
    return points, -0.5 * (noise**2).sum(axis=1)


def _write_mode(names: Columns, mode: RawRun, path: Path) -> Path:
    """Write the parameters of a mode as if Stan's optimiser had written them, which Stan requires."""
    values = mode.draws[0, 0, : len(names.parameters)].tolist()
    header = ",".join(("lp__", *names.stan_names))
    cells = ",".join(["0", *(f"{value:.17g}" for value in values)])
    path.write_text(f"# method = optimize\n{header}\n{cells}\n", encoding="utf-8")
    return path
