"""Stan's executables, driven by cmdstanpy: its only importer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
import pandas as pd
from cmdstanpy.utils.stancsv import munge_varname

from workbench import process
from workbench.backends.base import ANYWHERE, Curvature, Floats, Job, RawRun, Start
from workbench.backends.interrupt import interruptible
from workbench.backends.words import in_stan_words, stan_words
from workbench.errors import ChainFailed, RunError
from workbench.methods import Laplace, Nuts
from workbench.progress import SILENT, Progress, Stage

_DIGITS = 17
"""Significant digits of modes and curvature: enough to give back the same double."""

_DIGITS_DRAWS = 10
"""Significant digits of draws: Stan's own constraint tolerance is 1e-8."""

_ITERATIONS = 20_000
"""L-BFGS iterations before giving up; Stan's 2000 are too few for ill-scaled regressions."""

_TOLERANCES = {"tol_rel_obj": 1.0, "tol_rel_grad": 1e2, "tol_param": 1e-12, "tol_obj": 1e-14}
"""Tighter than Stan's: a mode good to about seven digits. Where rounding then stops the line search
first, estimation judges the point by its gradient and curvature."""

_ITERATION = re.compile(r"(?:Chain \[(\d+)\] )?Iteration:\s+(\d+) / \d+.*\((\w+)\)")
_COUNTED = re.compile(r"(\d+)\W* unconstrained param")

cmdstanpy.disable_logging()


class _Model(cmdstanpy.CmdStanModel):  # type: ignore[misc]
    """A model whose console lines can be followed while it runs; cmdstanpy shows them in bars of its own."""

    follow: Callable[[str, int], None] | None = None

    def _run_cmdstan(self, runset: Any, idx: int, **options: Any) -> None:
        super()._run_cmdstan(runset, idx, **{**options, "progress_hook": self.follow})


class CmdStanBackend:
    """Runs executables that speak CmdStan's command line, ours or a CmdStan's own."""

    def dimension(self, job: Job) -> int:
        """Return the number of unconstrained parameters, as Stan counts them when it is asked about none."""
        try:
            _, gradient = self.log_density(job, np.zeros((1, 1)), jacobian=True)
            return int(gradient.shape[1])
        except ChainFailed as reason:
            counted = _COUNTED.search(reason.message)
            if counted is None:
                raise
            return int(counted[1])

    def log_density(self, job: Job, at: Floats | Path, *, jacobian: bool) -> tuple[Floats, Floats]:
        """Return log density and gradient at points, by Stan's `log_prob`."""
        folder = _fresh_folder(job)
        if isinstance(at, Path):
            points = f"constrained_params={at}"
        else:
            (folder / "points.json").write_text(json.dumps({"params_r": at.tolist()}))
            points = f"unconstrained_params={folder / 'points.json'}"
        # cmdstanpy's log_prob takes one constrained point at a time, so this call is our own.
        argv = [str(job.exe), "log_prob", points, f"jacobian={int(jacobian)}", "data", f"file={job.data}"]
        done = process.run([*argv, "output", f"file={folder / 'log_prob.csv'}", f"sig_figs={_DIGITS}"])
        if done.returncode != 0:
            raise ChainFailed(f"the log density cannot be evaluated: {stan_words(done.output)}")
        table = pd.read_csv(folder / "log_prob.csv", comment="#").to_numpy(dtype=float)
        return table[:, 0], table[:, 1:]

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return transformed and generated quantities of draws, by Stan's `generate_quantities`."""
        folder = _fresh_folder(job)
        header = [_written(name) for name in columns]
        pd.DataFrame(draws, columns=header).to_csv(folder / "draws.csv", index=False)
        argv = [str(job.exe), "generate_quantities", f"fitted_params={folder / 'draws.csv'}"]
        argv += ["data", f"file={job.data}", "random", f"seed={job.seed}"]
        argv += ["output", f"file={folder / 'generated.csv'}", f"sig_figs={_DIGITS_DRAWS}"]
        done = process.run(argv, timeout=job.timeout)
        if done.returncode != 0:
            raise ChainFailed(f"quantities cannot be generated: {stan_words(done.output)}")
        table = pd.read_csv(folder / "generated.csv", comment="#")
        names = tuple(munge_varname(name) for name in table.columns)
        return RawRun(names, table.to_numpy(dtype=float)[None], console=done.output, seconds=done.seconds)

    def optimize(self, job: Job, *, jacobian: bool) -> RawRun:
        """Climb to a mode by L-BFGS from one random point."""
        started = time.monotonic()
        with in_stan_words("optimisation"):
            fit = interruptible(
                lambda: _model(job).optimize(
                    **_common(job, _DIGITS),
                    algorithm="lbfgs",
                    iter=_ITERATIONS,
                    jacobian=jacobian,
                    require_converged=False,
                    **_TOLERANCES,
                )
            )
        return RawRun(
            tuple(munge_varname(name) for name in fit.column_names if not name.endswith("__")),
            np.asarray(fit.optimized_params_np)[_is_parameter(fit.column_names)][None, None, :],
            {"lp": np.array([[fit.optimized_params_dict["lp__"]]])},
            _console(fit.runset),
            time.monotonic() - started,
            fit.converged,
            output=Path(fit.runset.csv_files[0]),
        )

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Take curvature and normal draws around a mode."""
        started = time.monotonic()
        call = _common(job, _DIGITS_DRAWS)
        folder = Path(call["output_dir"])
        model = _model(job)

        def ask() -> tuple[tuple[str, ...], Floats]:
            fit = model.laplace_sample(**call, mode=str(mode.output), draws=method.draws, jacobian=jacobian)
            return fit.column_names, np.asarray(fit.draws(), dtype=float).reshape(-1, len(fit.column_names))

        try:
            with in_stan_words("the Laplace approximation"):
                names, draws = interruptible(ask)
        except RunError:
            names, draws = ("log_p__", "log_q__"), np.empty((0, 2))
        curvature = _read_curvature(folder)
        console = "\n".join(path.read_text() for path in sorted(folder.glob("*-stdout.txt")))
        if curvature is None and not len(draws):
            raise ChainFailed(f"the Laplace approximation stopped: {stan_words(console)}")
        keep = _is_parameter(names)
        return RawRun(
            tuple(munge_varname(name) for name in np.array(names)[keep]),
            draws[None, :, keep],
            {name: draws[None, :, names.index(f"{name}__")] for name in ("log_p", "log_q")},
            console,
            time.monotonic() - started,
            len(draws) == method.draws,
            curvature=curvature,
        )

    def sample(
        self,
        job: Job,
        method: Nuts,
        *,
        start: Start = ANYWHERE,
        jobs: int = 1,
        threads: int = 1,
        progress: Progress = SILENT,
    ) -> RawRun:
        """Run NUTS: one process for each chain, or with threads all chains in one."""
        started = time.monotonic()
        model = _model(job)
        total = method.chains * (method.warmup + method.draws)
        with progress.stage("Sampling", total=float(total)) as stage, in_stan_words("sampling"):
            call = _common(job, _DIGITS_DRAWS)
            model.follow = _follow(stage)
            fit = interruptible(
                lambda: model.sample(
                    **call,
                    **_sampler(method, start),
                    parallel_chains=min(jobs, method.chains),
                    threads_per_chain=threads if threads > 1 else None,
                    show_progress=False,
                )
            )
            stage.update(float(total))
        return _sampled(fit, time.monotonic() - started, has_warmup=method.save_warmup)


def _model(job: Job) -> _Model:
    return _Model(exe_file=str(job.exe))


def _common(job: Job, digits: int) -> dict[str, Any]:
    return {
        "data": str(job.data),
        "seed": job.seed,
        "output_dir": str(_fresh_folder(job)),
        "sig_figs": digits,
        "timeout": job.timeout,
    }


def _fresh_folder(job: Job) -> Path:
    """Return a folder of its own for a call: cmdstanpy names files by the second."""
    number = 1
    while True:
        folder = job.folder / f"call-{number:03d}"
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
        number += 1


def _written(name: str) -> str:
    """Return a name as Stan's own files write it: `theta.1.2`, a tuple's member after a colon."""
    owner, _, index = name.partition("[")
    return owner.replace(".", ":") + ("." + index[:-1].replace(",", ".") if index else "")


def _is_parameter(names: tuple[str, ...]) -> np.ndarray:
    return np.array([not name.endswith("__") for name in names])


def _sampler(method: Nuts, start: Start) -> dict[str, Any]:
    """Return cmdstanpy's words for the settings of NUTS and where it starts."""
    asked: dict[str, Any] = {
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
        asked["adapt_delta"] = method.adapt_delta
    if start.inits:
        asked["inits"] = [dict(one) for one in start.inits * (method.chains // len(start.inits))]
    if start.step_size is not None:
        asked["step_size"] = [float(one) for one in start.step_size]
    if start.inv_metric is not None:
        asked["inv_metric"] = list(start.inv_metric)
    return asked


def _sampled(fit: Any, seconds: float, *, has_warmup: bool) -> RawRun:
    rows = np.moveaxis(np.asarray(fit.draws(inc_warmup=has_warmup)), 1, 0)
    warmup = rows.shape[1] - fit.num_draws_sampling
    columns, draws, stats = _split(fit.column_names, rows[:, warmup:])
    return RawRun(
        columns,
        draws,
        stats,
        _console(fit.runset),
        seconds,
        step_size=_or_none(fit.step_size),
        inv_metric=_or_none(fit.inv_metric),
        warmup=RawRun(*_split(fit.column_names, rows[:, :warmup])) if warmup else None,
        output=Path(fit.runset.csv_files[0]),
    )


def _split(names: tuple[str, ...], rows: Floats) -> tuple[tuple[str, ...], Floats, dict[str, Floats]]:
    """Return columns, draws and Stan's own statistics of rows `(chain, draw, name)`."""
    keep = _is_parameter(names)
    stats = {name[:-2]: rows[:, :, column] for column, name in enumerate(names) if not keep[column]}
    return tuple(munge_varname(name) for name in np.array(names)[keep]), rows[:, :, keep], stats


def _or_none(values: object) -> Floats | None:
    return None if values is None else np.asarray(values, dtype=float)


def _console(runset: Any) -> str:
    return "\n".join(Path(name).read_text(errors="replace") for name in runset.stdout_files if name)


def _read_curvature(folder: Path) -> Curvature | None:
    """Return what the driver left beside the draws; a CmdStan of the user's own leaves nothing."""
    found = sorted(folder.glob("*_hessian.json"))
    if not found:
        return None
    content = json.loads(found[0].read_text())
    return Curvature(
        float(content["lp"]),
        np.asarray(content["gradient"], dtype=float),
        np.asarray(content["hessian"], dtype=float),
        tuple(munge_varname(name) for name in content["unconstrained_names"]),
        tuple(munge_varname(name) for name in content["names"]),
        np.asarray(content["constrain_jacobian"], dtype=float),
    )


def _follow(stage: Stage) -> Callable[[str, int], None]:
    """Return a listener that adds up the iterations of all chains."""
    done: dict[int, int] = {}

    def hear(line: str, index: int) -> None:
        match = _ITERATION.match(line)
        if match:
            done[int(match[1] or index)] = int(match[2])
            stage.update(float(sum(done.values())), match[3].lower())

    return hear
