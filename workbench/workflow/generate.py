"""Generated quantities of a stored posterior under other data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import binding
from workbench.backends import Backend, Job, RawRun
from workbench.binding import order_tuples, write_stan_data
from workbench.errors import RequestError
from workbench.program import Program, describe_lines
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results.quantities import element_name

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Generator:
    """Runs the generated quantities of a program for draws of a stored posterior.

    Attributes
    ----------
    request
        The run's request, on the scale of its results.
    exe, backend
        The executable of the program, and what runs it.
    posterior
        The draws.
    folder
        Where data files go.
    """

    request: FitRequest
    exe: Path
    backend: Backend
    posterior: xr.Dataset
    folder: Path

    def generate(self, data: Mapping[str, Any], draws: slice, *, replicating: bool) -> RawRun:
        """Return the generated quantities of some of the draws under other data."""
        program, priors = self.request.program, self.request.priors
        columns, values = _collect_draws(program, data, self.posterior)
        switches: Mapping[str, Any] = {}
        if program.instrumented is not None:
            switches = program.instrumented.make_data(hyperparameters=priors.lifted, replicating=replicating)
        path = self.folder / f"data-{draws.stop}-{replicating}-{len(list(self.folder.iterdir()))}.json"
        write_stan_data(path, {**order_tuples(data, program.data), **switches})
        seed = derive_seeds(self.request.seed, 2)[1]
        job = Job(self.exe, path, self.folder, seed, places=describe_lines(program))
        return self.backend.generate(job, columns, values[draws])


def _collect_draws(
    program: Program, data: Mapping[str, Any], posterior: xr.Dataset
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of all parameters in Stan's order, and their draws, `(draw, column)`."""
    columns: list[str] = []
    draws: list[np.ndarray] = []
    for parameter in program.parameters:
        if parameter.members or parameter.name not in posterior:
            raise RequestError(
                f"`{parameter.name}` is declared `{parameter.text}`: its draws cannot predict."
            )
        values = posterior[parameter.name].to_numpy()
        lengths = binding.evaluate_shape(parameter, data)
        if any(
            expected not in (None, found) for expected, found in zip(lengths, values.shape[2:], strict=True)
        ):
            message = (
                f"`{parameter.name}` is declared `{parameter.text}`, with an element for each fitted row: "
                "the run says nothing about those of new rows."
            )
            hint = "write the model so that no parameter has an element for each row"
            raise RequestError(message, hint=hint)
        for reversed_index in np.ndindex(values.shape[2:][::-1]):  # Stan counts the first index fastest
            index = reversed_index[::-1]
            columns.append(element_name(parameter.name, index))
            cell: tuple[Any, ...] = (..., *index)
            draws.append(values[cell].ravel())
    return tuple(columns), np.column_stack(draws)
