"""What all methods of one fit share: the request, the executable, the backend and the data files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.backends import Backend, Job, Selection
from workbench.binding import extend_stan_data, order_tuples, write_stan_data
from workbench.program import describe_lines
from workbench.progress import Progress
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results.draws import list_left_out, list_predictions
from workbench.results.outcome_scales import choose_log_likelihood
from workbench.results.outcomes import has_pointwise, is_replicated, list_replicates

_SEED_ORDER = ("mle", "map", "map_unconstrained", "laplace", "nuts", "pathfinder")
"""The methods in the order in which seeds are derived for them; another order would change every number."""


@dataclass(frozen=True)
class FitContext:
    """The context of one fit.

    Attributes
    ----------
    request
        The request.
    exe
        The compiled program.
    backend
        What runs it.
    folder
        A scratch folder for Stan's files.
    progress
        Where to report.
    """

    request: FitRequest
    exe: Path
    backend: Backend
    folder: Path
    progress: Progress

    def make_job(
        self, method: str, *, start: int = 0, prior_weight: float = 1.0, has_replicates: bool = True
    ) -> Job:
        """Return the call for a method, with its seed derived and its data file written.

        Parameters
        ----------
        method
            Key of the method in `run.json`; each has seeds of its own.
        start
            Number of the start or attempt, for methods with several.
        prior_weight
            0 switches every prior off.
        has_replicates
            Whether NUTS draws replicated data, where the program can.
        """
        position = start * len(_SEED_ORDER) + _SEED_ORDER.index(method)
        seed = derive_seeds(self.request.seed, (start + 1) * len(_SEED_ORDER))[position]
        is_replicating = has_replicates and method == "nuts" and is_replicated(self.request)
        name = f"data-prior-{prior_weight:g}{'-replicating' if is_replicating else ''}"
        own_data = self.collect_own_data(prior_weight, is_replicating=is_replicating)
        data = self._write_data(name, own_data)
        return Job(
            self.exe,
            data,
            self.folder / method,
            seed,
            self.request.timeout,
            self._describe_lines(),
            select_quantities(self.request),
            self.request.threads,
        )

    def make_comparison_job(self, exe: Path, name: str = "instrumented") -> Job:
        """Return a call with unit weights and the program's own constants, to compare programs.

        Parameters
        ----------
        exe
            The executable.
        name
            `original` for the program as written, which takes the user's data alone.
        """
        instrumented = self.request.program.instrumented
        if instrumented is None or name == "original":
            return self.make_job_with(exe, name, {})
        # By name, as every method passes them: two constants under one name would show in the comparison.
        constants = {
            hyper.name: hyper.default for hyper in instrumented.hyperparameters if hyper.default is not None
        }
        return self.make_job_with(
            exe, name, instrumented.make_data(hyperparameters=constants, pointwise=False)
        )

    def make_job_with(self, exe: Path, name: str, own_data: Mapping[str, Any]) -> Job:
        """Return a call on the user's data and data of the instrumented program, with files of its own."""
        data = self._write_data(f"data-{name}", own_data)
        seed = derive_seeds(self.request.seed, 1)[0]
        places = self._describe_lines() if name != "original" else {}
        folder, timeout = self.folder / f"comparison-{name}", self.request.timeout
        return Job(exe, data, folder, seed, timeout, places, threads=self.request.threads)

    def _describe_lines(self) -> dict[int, str]:
        """Return by line of the compiled program the author's line, as text."""
        return describe_lines(self.request.program)

    def collect_own_data(self, prior_weight: float = 1.0, *, is_replicating: bool = False) -> dict[str, Any]:
        """Return the data of the instrumented program: weights, hyperparameters and switches."""
        instrumented = self.request.program.instrumented
        if instrumented is None:
            return {}
        weights = dict(self.request.weights)
        if prior_weight != 1:
            scaled = (term.index for term in instrumented.terms if term.role in self.request.scaled)
            weights |= dict.fromkeys(scaled, prior_weight)
        hyperparameters: Mapping[str, Any] = self.request.priors.lifted
        return instrumented.make_data(
            weights=weights,
            hyperparameters=hyperparameters,
            replicating=is_replicating,
            pointwise=has_pointwise(self.request),
        )

    def _write_data(self, name: str, own_data: Mapping[str, Any]) -> Path:
        """Write the user's data and those of the instrumented program; the user's are formatted only once."""
        path, users = self.folder / f"{name}.json", self.folder / "data-bound.json"
        if not path.exists():
            self.folder.mkdir(exist_ok=True)
            if not users.exists():
                write_stan_data(users, order_tuples(self.request.data.values, self.request.program.data))
            extend_stan_data(users, path, own_data)
        return path


def select_quantities(request: FitRequest) -> Selection:
    """Return what is kept of the draws of a fit."""
    program = request.program
    source = choose_log_likelihood(program)
    names = {*list_predictions(program), *list_replicates(program)} | ({source.name} if source else set())
    if program.instrumented is not None:
        outputs = program.instrumented.outputs
        names |= {*outputs.observed.values()} | ({outputs.log_lik} if outputs.log_lik else set())
    left_out, draws = list_left_out(request), request.storage.pointwise_draws
    sampled = "" if source is None else source.name
    return Selection(left_out | (names if draws == 0 else set()), frozenset(names), draws, sampled)
