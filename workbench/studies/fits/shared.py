"""What the tasks of a study share: its context, and the draws of its full fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from workbench.errors import RunError
from workbench.execution import LocalExecutor, Shared, Workplace, name_function
from workbench.execution.executables import SentExecutable, pack_executable, provide_executable
from workbench.progress import SILENT
from workbench.provenance import hash_texts
from workbench.studies.fits.context import NamedDraws, ProgramVariant, StudyContext
from workbench.studies.fits.posterior import Posterior, collect_draws
from workbench.studies.plan.plan import Plan
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT


@dataclass(frozen=True)
class SourceDraws:
    """The parameters of a full fit: all that densities at other points need of it.

    Attributes
    ----------
    key
        The name of the fit in the cache.
    draws
        Stan's names of the parameters, and their values `(S, column)`.
    """

    key: str
    draws: NamedDraws = field(repr=False)

    @property
    def size(self) -> int:
        """The number of draws."""
        return len(self.draws[1])


def collect_source_draws(context: StudyContext, source: Posterior) -> SourceDraws:
    """Return the parameters of a full fit."""
    return SourceDraws(source.key, collect_draws(source.tree, context.program))


@dataclass(frozen=True)
class _PackedContext:
    """A context on its way to another machine.

    Attributes
    ----------
    context
        The context, without what only this machine has.
    executables
        By forms of priors, the executable that is sent.
    densities
        By forms of priors, its log density at the trial draw; `None` where it has none.
    """

    context: StudyContext
    executables: Mapping[str, SentExecutable]
    densities: Mapping[str, float | None]


def share_context(context: StudyContext) -> Shared:
    """Return the context as a value that tasks share."""
    request = context.base.request
    decisive = (
        _leave_out_decisions(context.plan),
        context.is_reduced,
        request.threads,
        request.timeout,
        context.cache_folder,
    )
    models = (model.key for variant in context.variants.values() for model in [variant.model])
    key = hash_texts("study", context.make_key("shared"), repr(decisive), *models)
    return Shared(key, context, _pack, name_function(unpack_context))


def unpack_context(place: Workplace, packed: _PackedContext) -> StudyContext:
    """Return the context on another machine, with executables that were tried there."""
    context = packed.context.move_to(place)
    variants = {}
    for form, variant in context.variants.items():

        def is_right(exe: Path, variant: ProgramVariant = variant, form: str = form) -> bool:
            return _has_density(context, variant, exe, packed.densities[form])

        exe = provide_executable(packed.executables[form], place.scratch, is_right)
        variants[form] = replace(variant, model=replace(variant.model, exe=exe))
    return replace(context, variants=variants)


def _pack(context: StudyContext) -> _PackedContext:
    executables, densities = {}, {}
    for form, variant in context.variants.items():
        program = variant.request.program
        source = program.source if program.instrumented is None else program.instrumented.source
        executables[form] = pack_executable(variant.model, source)
        densities[form] = _evaluate_trial(context, variant, variant.model.exe)
    plan = _leave_out_decisions(context.plan)
    sent = replace(context, plan=plan, executor=LocalExecutor(), failures={}, progress=SILENT)
    return _PackedContext(sent, executables, densities)


def _leave_out_decisions(plan: Plan) -> Plan:
    """Return a plan without its decisions: they are functions, and no task needs them."""
    return replace(plan, decisions=())


def _evaluate_trial(context: StudyContext, variant: ProgramVariant, exe: Path) -> float | None:
    """Return the log density of a program at the trial draw; `None` where it has none."""
    if context.trial is None:
        return None
    name = hash_texts("trial", str(exe), context.base.model.key)
    job = context.make_fit_context(variant.request, exe, f"trial-{name[:24]}").make_job("nuts")
    try:
        return float(context.backend.log_density_at(job, *context.trial)[0][0])
    except RunError:
        return None


def _has_density(context: StudyContext, variant: ProgramVariant, exe: Path, known: float | None) -> bool:
    """Return whether an executable gives the known log density; without one, whether it starts."""
    if known is None or not np.isfinite(known):
        job = context.make_fit_context(variant.request, exe, f"start-{hash_texts(str(exe))[:24]}").make_job(
            "nuts"
        )
        return context.backend.dimension(job) >= 0
    found = _evaluate_trial(context, variant, exe)
    return found is not None and abs(found - known) <= DENSITY_DIFFERENCE_LIMIT * max(1.0, abs(known))


def share_draws(source: SourceDraws) -> Shared:
    """Return the draws of a full fit as a value that tasks share."""
    return Shared(hash_texts("draws", source.key), source)
