"""Chains of nutpie, each in a process of its own that asks an evaluator for log densities.

nutpie's own defaults hold but for the options of ours: its steps are jittered by a tenth, and it adapts to a
symmetric form of the acceptance statistic. A chain holds draws and gradients in memory until it ends.

References
----------
Seyboldt, Carlson and Carpenter (2026), Preconditioning Hamiltonian Monte Carlo by minimizing Fisher
divergence, arXiv:2603.18845: its metrics, diagonal and of low rank.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from workbench import process
from workbench.backends.base import Floats, Job, RawRun
from workbench.backends.chain_progress import ChainReport, describe_chains
from workbench.backends.cmdstan import DIGITS, Chains, make_call_folder, write_inits
from workbench.backends.evaluator import Evaluator, Flag, call_method
from workbench.backends.evaluators import Evaluators
from workbench.backends.interrupt import run_interruptibly
from workbench.backends.stan_csv import read_stan_csv
from workbench.backends.stan_messages import extract_error, make_timeout, name_places
from workbench.errors import ChainFailed, RunError
from workbench.methods import Nuts
from workbench.progress import Stage

_SAMPLING = "sampling"
"""What is done, for messages."""

_PROGRAM = Path(__file__).with_name("nutpie_chain.py")
"""The program that runs a chain."""

_WITHOUT_STEPS = ("method=sample", "num_samples=1", "num_warmup=0", "algorithm=fixed_param")
"""Arguments with which Stan draws initial values, and stays there."""

_STATISTICS = {
    "logp": "lp",
    "mean_tree_accept": "accept_stat",
    "step_size": "stepsize",
    "depth": "treedepth",
    "n_steps": "n_leapfrog",
    "diverging": "divergent",
    "energy": "energy",
}
"""Stan's names of nutpie's statistics."""


@dataclass(frozen=True)
class _Chain:
    """The output of one chain; iterations begin with the warm-up.

    Attributes
    ----------
    draws
        Unconstrained parameters, `(iteration, U)`.
    statistics
        nutpie's statistics, each `(iteration,)`.
    console
        What was printed.
    """

    draws: Floats
    statistics: dict[str, Floats]
    console: str


class _Progress:
    """The progress of all chains together.

    Parameters
    ----------
    stage
        Where to report.
    warmup, total
        Warm-up iterations of each chain, and all iterations.
    """

    def __init__(self, stage: Stage, warmup: int, total: int) -> None:
        self._stage = stage
        self._warmup = warmup
        self._total = total
        self._chains: dict[int, ChainReport] = {}
        self._lock = threading.Lock()

    def read(self, chain: int, line: str) -> None:
        """Take a report of a chain: iterations, divergences, step size."""
        iterations, divergences, step_size = line.split()
        with self._lock:
            report = self._chains.setdefault(chain, ChainReport(self._total))
            report.add(int(iterations), time.monotonic())
            is_adapted = report.done > self._warmup
            report.divergences = int(divergences) if is_adapted else 0
            report.step_size = float(step_size) if is_adapted else None
            reports = self._chains.values()
            phase = "sampling" if any(each.step_size is not None for each in reports) else "warmup"
            done = float(sum(each.done for each in reports))
            self._stage.update(done, f"{phase}{describe_chains(self._chains)}")


class NutpieChains:
    """The chains of one run of nutpie. Once one has failed, the others are ended.

    Parameters
    ----------
    evaluators
        What evaluates the program.
    job
        The program and its data; the seed decides initial values and all draws.
    chains
        Settings and start; a step size and a metric are not used, because nutpie takes neither.
    """

    def __init__(self, evaluators: Evaluators, job: Job, chains: Chains) -> None:
        self._evaluators = evaluators
        self._job = job
        self._chains = chains
        self._folder = make_call_folder(job)
        self._lent: set[Evaluator] = set()
        self._failures: list[BaseException] = []

    def sample(self) -> RawRun:
        """Return unconstrained draws, and statistics under Stan's names.

        Raises
        ------
        ChainFailed
            No initial value can be used, or a chain has failed.
        RunTimedOut
            A chain took longer than the time limit.
        """
        started = time.monotonic()
        method = self._chains.method
        total = float(method.chains * (method.warmup + method.draws))
        with self._chains.progress.stage("Sampling", total=total) as stage:
            points = self._find_initial_points()
            progress = _Progress(stage, method.warmup, method.warmup + method.draws)

            def sample_all() -> list[_Chain]:
                with ThreadPoolExecutor(min(self._chains.jobs, method.chains)) as pool:
                    numbers = range(1, method.chains + 1)
                    sample = process.keep_work(lambda k: self._sample_chain(k, points[k - 1], progress))
                    return list(pool.map(sample, numbers))

            try:
                finished = run_interruptibly(sample_all)
            except BaseException as reason:
                if not self._failures or not isinstance(reason, RunError):
                    raise
                raise self._failures[0] from reason
            stage.update(total)
        return _join_chains(finished, method.warmup, time.monotonic() - started, method.save_warmup)

    def _find_initial_points(self) -> Floats:
        """Return where each chain starts, `(chain, U)`: where Stan's own would, with the same seed.

        Stan's sampler without steps looks for initial values, by Stan's rules and with its messages.
        """
        method, start = self._chains.method, self._chains.start
        files = write_inits(start, method.chains, self._folder) if start.inits else []
        points: list[Floats] = []
        texts: list[str] = []
        failures: list[str] = []
        with self._evaluators.borrow(self._job, _SAMPLING) as evaluator:
            if evaluator is None:
                raise ChainFailed(f"{_SAMPLING} stopped: {self._job.exe} does not answer.")
            for chain in range(1, method.chains + 1):
                arguments = [
                    f"id={chain}",
                    *_WITHOUT_STEPS,
                    *(f"init={path}" for path in files[chain - 1 : chain]),
                ]
                answer, output = call_method(evaluator, self._job, _SAMPLING, arguments, self._folder, DIGITS)
                texts.append(answer.text)
                if answer.status == 0:
                    points.append(read_stan_csv(output)[1][0, 2:])
                else:
                    failures.append(answer.text)
        if failures:
            message = f"{_SAMPLING} stopped: {extract_error(failures[-1])}"
            hint = "console.log holds everything that Stan printed"
            raise ChainFailed(message, hint=hint, console="\n".join(texts))
        self._refuse_flat_points(np.array(points))
        return np.array(points)

    def _refuse_flat_points(self, points: Floats) -> None:
        """Refuse initial points that nutpie cannot use: its first metric divides by each derivative.

        Raises
        ------
        ChainFailed
            A derivative is 0; the message names the first.
        """
        with self._evaluators.borrow(self._job, _SAMPLING) as evaluator:
            if evaluator is None:
                return
            answer = evaluator.compute_log_density(self._job, points, Flag.JACOBIAN | Flag.GRADIENTS)
            names = evaluator.describe(self._job).free
        flat = np.argwhere(answer.numbers.reshape(len(points), -1)[:, 1:] == 0)
        if len(flat):
            chain, position = flat[0]
            message = (
                f"{_SAMPLING} stopped: nutpie cannot start where a derivative of the log density is 0, as "
                f"along `{names[position]}` at the initial value of chain {chain + 1}."
            )
            hint = "start elsewhere, or leave --sampler out: Stan's own sampler can start there"
            raise ChainFailed(message, hint=hint)

    def _sample_chain(self, number: int, point: Floats, progress: _Progress) -> _Chain:
        """Run one chain; if it fails, end all."""
        with self._evaluators.borrow(self._job, _SAMPLING) as evaluator:
            if evaluator is None or self._failures:
                raise ChainFailed(f"{_SAMPLING} stopped.")
            evaluator.describe(self._job)
            self._lent.add(evaluator)
            try:
                return self._run_program(number, point, progress, evaluator)
            except BaseException as reason:
                self._failures.append(reason)
                for other in tuple(self._lent):
                    other.close()
                raise
            finally:
                self._lent.discard(evaluator)

    def _run_program(self, number: int, point: Floats, progress: _Progress, evaluator: Evaluator) -> _Chain:
        job, method = self._job, self._chains.method
        output = self._folder / f"chain_{number}.npz"
        settings = {
            "socket": evaluator.descriptor,
            "data_seed": job.seed,
            "point": point.tolist(),
            "seed": int(np.random.SeedSequence([job.seed, number]).generate_state(1, np.uint64)[0]),
            "draws": method.draws,
            "warmup": method.warmup,
            "adapt_delta": method.adapt_delta,
            "max_treedepth": method.max_treedepth,
            "metric": method.metric,
            "output": str(output),
        }
        path = self._folder / f"chain_{number}.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        done = process.run(
            [sys.executable, "-P", str(_PROGRAM), str(path)],
            timeout=job.timeout,
            descriptors=(evaluator.descriptor,),
            on_line=lambda line: progress.read(number, line),
        )
        console = name_places(done.stderr, job.places)
        if done.timed_out:
            raise make_timeout(_SAMPLING, job.timeout, console)
        if self._failures:
            raise ChainFailed(f"{_SAMPLING} stopped with another chain.", console=console)
        if not evaluator.is_alive():
            raise evaluator.explain_end(job, _SAMPLING)
        if done.returncode != 0:
            reason = extract_error(console or f"nutpie's process ended with code {done.returncode}")
            raise ChainFailed(f"{_SAMPLING} stopped: {reason}", console=console)
        with np.load(output) as arrays:
            statistics = {name: arrays[name] for name in arrays.files}
        output.unlink()
        heading = f"nutpie {read_version()}, chain {number}"
        return _Chain(statistics.pop("draws"), statistics, f"{heading}\n{console}".rstrip())


def refuse_nutpie(method: Nuts) -> None:
    """Refuse nutpie for an executable that does not evaluate the density on request.

    Raises
    ------
    ChainFailed
        nutpie was requested.
    """
    if method.sampler == "nutpie":
        hint = "--toolchain embedded builds the program with the Stan of the package index"
        raise ChainFailed(
            f"{_SAMPLING} stopped: nutpie needs an executable built with our driver.", hint=hint
        )


def read_version() -> str:
    """Return the version of nutpie that is installed; empty where there is none."""
    try:
        return metadata.version("nutpie")
    except metadata.PackageNotFoundError:
        return ""


def _join_chains(chains: list[_Chain], warmup: int, seconds: float, has_warmup: bool) -> RawRun:
    """Return all chains as one run, with the warm-up as a run of its own if it is kept."""
    draws = np.stack([chain.draws for chain in chains])
    stats = {name: np.stack([chain.statistics[own] for chain in chains]) for own, name in _STATISTICS.items()}
    return RawRun(
        (),
        draws[:, warmup:],
        {name: values[:, warmup:] for name, values in stats.items()},
        "\n".join(chain.console for chain in chains),
        seconds,
        step_size=np.array([chain.statistics["step_size_bar"][-1] for chain in chains]),
        warmup=(
            RawRun((), draws[:, :warmup], {name: values[:, :warmup] for name, values in stats.items()})
            if has_warmup
            else None
        ),
        sampler=f"nutpie {read_version()}",
    )
