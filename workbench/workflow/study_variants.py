"""The program of a study with other forms of priors: read, compiled and proved as the base is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.backends import Backend
from workbench.estimation.estimate import choose_program
from workbench.estimation.standardize.copies import copy_dependents
from workbench.priors import replace_priors
from workbench.program import Program
from workbench.request import FitRequest
from workbench.studies import ProgramVariant
from workbench.workflow.builds import Builds, take_program


def build_variant(
    request: FitRequest, builds: Builds, backend: Backend, forms: Mapping[str, str]
) -> ProgramVariant:
    """Return a program with other forms of priors and its executable.

    Parameters
    ----------
    request, builds
        The request of the base fit, and the executables of its program.
    backend
        What runs them.
    forms
        By parameter, a whole prior statement; empty for the program as it stands.
    """
    if forms:
        program = replace_priors(request.program, forms, builds.tools.stanc)
        values = _choose_hyperparameters(request, program, forms)
        data_names = tuple(request.priors.user_data)
        changed = replace(request.priors, values=values, data_names=data_names)
        request = copy_dependents(replace(request, program=program, priors=changed))
        builds = Builds(request, builds.tools, builds.progress)
    builds, executable, original = builds.build_or_keep_loops()
    request = take_program(request, builds)
    trusted, model = choose_program(
        request,
        executable,
        backend,
        original=original,
        unoptimized=builds.build_unoptimized,
        in_one_sum=builds.build_in_one_sum,
        with_loops=builds.build_with_loops,
    )
    return ProgramVariant(trusted, model)


def _choose_hyperparameters(
    request: FitRequest, program: Program, forms: Mapping[str, str]
) -> dict[str, Any]:
    """Return the hyperparameters of a program: those of the other forms, and the base's for the rest."""
    known = request.priors
    changed = {term.index for term in program.terms if forms.keys() & {term.outcome, *term.outcomes}}
    values = {
        argument.name: argument.default
        if argument.term in changed
        else known.values.get(argument.name, argument.default)
        for argument in program.hyperparameters
        if argument.default is not None
    }
    return {**values, **known.user_data}
