"""What every method of one fit shares: the request, the executable and the data files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.backends import Backend, Job
from workbench.binding import extend_stan_data, order_tuples, write_stan_data
from workbench.progress import Progress
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results.outcomes import is_replicated

_METHODS = ("mle", "map", "map_unconstrained", "laplace", "nuts", "pathfinder")


@dataclass(frozen=True)
class FitContext:
    """The place where a fit is worked out.

    Attributes
    ----------
    request
        What was asked.
    exe
        The compiled program.
    backend
        Who runs it.
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

    def job(
        self, method: str, *, start: int = 0, prior_weight: float = 1.0, has_replicates: bool = True
    ) -> Job:
        """Return the call for a method: its data file written and its seed derived.

        Parameters
        ----------
        method
            Key of the method in `run.json`; each has seeds of its own.
        start
            Number of the start, for methods with several.
        prior_weight
            0 switches every prior off.
        has_replicates
            Whether NUTS draws replicated data, where the program lets it.
        """
        seed = derive_seeds(self.request.seed, (start + 1) * len(_METHODS))[
            start * len(_METHODS) + _METHODS.index(method)
        ]
        replicating = has_replicates and method == "nuts" and is_replicated(self.request)
        name = f"data-prior-{prior_weight:g}{'-replicating' if replicating else ''}"
        path = self._data_file(name, self._data(prior_weight, replicating))
        return Job(self.exe, path, self.folder / method, seed, self.request.timeout)

    def plain_job(self, exe: Path, name: str = "instrumented") -> Job:
        """Return a call with unit weights and the program's own constants, to compare programs.

        Parameters
        ----------
        exe
            The executable.
        name
            `original` for the program as written, which has no data of ours.
        """
        instrumented = self.request.program.instrumented
        if instrumented is None or name == "original":
            return self.job_on(exe, name, {})
        # By name, as every method gives them: two constants under one name would show in the comparison.
        literals = {one.name: one.default for one in instrumented.hyperparameters if one.default is not None}
        return self.job_on(exe, name, instrumented.data(hyperparameters=literals))

    def job_on(self, exe: Path, name: str, ours: Mapping[str, Any]) -> Job:
        """Return a call on the user's data and further data of ours, with files of its own."""
        path = self._data_file(f"data-{name}", ours)
        return Job(exe, path, self.folder / f"proof-{name}", derive_seeds(self.request.seed, 1)[0])

    def _data_file(self, name: str, ours: Mapping[str, Any]) -> Path:
        """Return the user's data with ours added; the user's are formatted once and then copied."""
        path, users = self.folder / f"{name}.json", self.folder / "data-bound.json"
        if not path.exists():
            self.folder.mkdir(exist_ok=True)
            if not users.exists():
                values = order_tuples(self.request.data.values, self.request.program.data)
                write_stan_data(users, values)
            extend_stan_data(users, path, ours)
        return path

    def _data(self, prior_weight: float, replicating: bool) -> dict[str, Any]:
        instrumented = self.request.program.instrumented
        if instrumented is None:
            return {}
        lifted: Mapping[str, Any] = self.request.priors.lifted
        weights = dict(self.request.weights)
        if prior_weight != 1:
            scaled = (term.index for term in instrumented.terms if term.role in self.request.scaled)
            weights |= dict.fromkeys(scaled, prior_weight)
        return instrumented.data(weights=weights, hyperparameters=lifted, replicating=replicating)
