"""The context of a study: its programs, the backend, and where finished work is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Backend
from workbench.errors import WorkbenchError
from workbench.estimation.context import FitContext
from workbench.execution import Executor, LocalExecutor, Workplace
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_texts
from workbench.request import FitRequest
from workbench.studies.plan.plan import Plan, Point
from workbench.toolchain import CompiledModel

NamedDraws = tuple[tuple[str, ...], NDArray[np.float64]]
"""Stan's names of all parameters, and their values `(S, column)`."""


@dataclass(frozen=True)
class ProgramVariant:
    """A program with one set of prior statements: the request at the base's values, and the executable."""

    request: FitRequest
    model: CompiledModel


@dataclass(frozen=True)
class StudyContext:
    """The context of one study.

    Attributes
    ----------
    plan
        What the study asks.
    variants
        By forms of priors, as `make_form_key` writes them; the program as it stands has none.
    backend
        What runs the executables.
    cache_folder
        The folder of finished work, each piece under a hash of what decides it.
    scratch
        A folder for Stan's files.
    progress
        Where to report.
    jobs
        Processes of this machine at a time; it changes no number.
    executor
        Who runs what can run elsewhere; it changes no number either.
    failures
        Why pieces of work have failed during this study, by their keys.
    trial
        One draw of the base fit, at which executables are tried on other machines.
    is_reduced
        Whether log densities leave out the terms that no point changes.
    """

    plan: Plan
    variants: Mapping[str, ProgramVariant]
    backend: Backend
    cache_folder: Path
    scratch: Path
    progress: Progress = field(default=SILENT)
    jobs: int = 1
    executor: Executor = field(default_factory=LocalExecutor, repr=False)
    failures: dict[str, WorkbenchError] = field(default_factory=dict, repr=False)
    trial: NamedDraws | None = field(default=None, repr=False)
    is_reduced: bool = False

    @property
    def base(self) -> ProgramVariant:
        """The program as it stands."""
        return self.variants[make_form_key({})]

    @property
    def program(self) -> Program:
        """The program as it stands."""
        return self.base.request.program

    def make_key(self, kind: str, *parts: str) -> str:
        """Return the name of a piece of work in the cache: a hash of everything that decides it."""
        return hash_texts(kind, self.base.request.key, self.base.model.key, *parts)

    def find_variant(self, point: Point) -> ProgramVariant:
        """Return the program of a point."""
        return self.variants[make_form_key(point.forms)]

    def move_to(self, place: Workplace) -> StudyContext:
        """Return the context of a task of this study, where the task runs.

        A worker has one scratch folder for all studies, so each study has a part of it.
        """
        scratch = place.scratch / self.make_key("scratch")[:24]
        return replace(self, cache_folder=place.folder, scratch=scratch, jobs=place.cores, progress=SILENT)

    def make_fit_context(self, request: FitRequest, exe: Path, name: str) -> FitContext:
        """Return the context of a single piece of work, with a scratch folder of its own."""
        folder = self.scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        return FitContext(request, exe, self.backend, folder, SILENT)


def make_form_key(forms: Mapping[str, str]) -> str:
    """Return alternative prior statements as one text.

    >>> make_form_key({"b": "cauchy(0,1)"})
    '[["b", "cauchy(0,1)"]]'
    """
    return json.dumps(sorted(forms.items()))
