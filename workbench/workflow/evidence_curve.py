"""Evidences along the scale of a prior: draws weighted where that is good enough, else fits of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from workbench.backends.base import DEFAULT_START, Floats, Job
from workbench.errors import PriorError, RequestError, RunIncomplete, WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.evidence.comparable import find_shared_data
from workbench.evidence.curve import EvidenceAt, EvidenceCurve
from workbench.evidence.log_evidence import LogEvidence, estimate_evidence
from workbench.evidence.reweighted import average_ratios
from workbench.methods import Nuts
from workbench.priors import check_value, get_value, resolve_name
from workbench.progress import SILENT, Progress
from workbench.results import Fit
from workbench.studies.fits.point_request import include_data_hyperparameters, set_constants
from workbench.studies.fits.posterior import collect_chains
from workbench.studies.fits.sampling import run_sampler
from workbench.studies.plan.plan import Axis, is_power
from workbench.toolchain import ToolchainSettings
from workbench.workflow.evidence import find_prior_mass
from workbench.workflow.run_context import open_context
from workbench.workflow.saved_run import SavedRun, open_run


@dataclass(frozen=True)
class _VariedRun:
    """A run whose program has the hyperparameter.

    Attributes
    ----------
    saved
        The run, whose priors have the hyperparameters that its data give.
    evidence
        Its log evidence.
    name, fitted
        The hyperparameter, and its value in the run.
    """

    saved: SavedRun
    evidence: LogEvidence
    name: str
    fitted: float


def trace_evidence(
    fits: Mapping[str, Fit],
    evidences: Mapping[str, LogEvidence],
    axis: Axis,
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> EvidenceCurve:
    """Return the evidences of runs along a hyperparameter of those whose program has it.

    Parameters
    ----------
    fits
        The runs by name.
    evidences
        Their log evidences, as `find_evidence` returns them.
    axis
        The hyperparameter and its values; those of the runs are added.
    settings
        Which Stan and compiler to use.
    jobs
        Chains and builds at a time.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        No run has the hyperparameter as a single number, or it cannot have such a value.
    """
    if is_power(axis.name):
        message = (
            f"--vary `{axis.name}` is a power, and with another power than 1 priors do not integrate to 1."
        )
        raise RequestError(message, hint="vary a hyperparameter, such as beta.sigma")
    with ExitStack() as stack:
        opened = {
            name: stack.enter_context(open_run(fit, settings, jobs=jobs, progress=progress))
            for name, fit in fits.items()
        }
        varied = _find_varied(opened, evidences, axis)
        fitted = {name: run.fitted for name, run in varied.items()}
        values = tuple(sorted({*axis.values, *fitted.values()}))
        curve = EvidenceCurve(axis.name, values, axis.is_log, fitted)
        shared = find_shared_data(fits, {name: each.unmodelled for name, each in evidences.items()})
        obstacle = shared.obstacle or _explain_missing(evidences)
        if obstacle:
            return replace(curve, obstacle=obstacle)
        found = {}
        for name, base in evidences.items():
            constant = EvidenceAt(base.value, base.error, "the run")
            along = _trace(varied[name], values, progress) if name in varied else [constant] * len(values)
            offset = shared.offsets.get(name, 0.0)
            found[name] = tuple(
                each if each.value is None else replace(each, value=each.value + offset) for each in along
            )
        return replace(curve, evidences=found)


def _find_varied(
    opened: Mapping[str, SavedRun], evidences: Mapping[str, LogEvidence], axis: Axis
) -> dict[str, _VariedRun]:
    """Return the runs that have a hyperparameter.

    Raises
    ------
    WorkbenchError
        None has it as a single number, or it cannot have such a value.
    """
    found, known = {}, dict[str, None]()
    for name, run in opened.items():
        request = include_data_hyperparameters(run.request)
        priors = request.priors.values
        known |= dict.fromkeys(own for own in priors if get_value(priors, own) is not None)
        try:
            own_name = resolve_name(request.program, axis.name, priors)
        except PriorError:
            if any(argument.name == axis.name for argument in request.program.arguments):
                raise  # the program has it, and not as one number
            continue
        fitted = get_value(priors, own_name)
        if fitted is None:
            continue
        for value in axis.values:
            check_value(request.program, own_name, value)
        found[name] = _VariedRun(replace(run, request=request), evidences[name], own_name, fitted)
    if not found:
        listed = ", ".join(f"`{own}`" for own in known) or "nothing"
        message = f"--vary names `{axis.name}`, which is no hyperparameter of these runs."
        raise RequestError(message, hint=f"as single numbers they have {listed}")
    return found


def _explain_missing(evidences: Mapping[str, LogEvidence]) -> str:
    """Return which run has no evidence, and why; empty where all have one."""
    missing = next(((name, each) for name, each in evidences.items() if not each.is_known), None)
    return "" if missing is None else f"there is no log evidence of `{missing[0]}`: {missing[1].reason}"


def _trace(run: _VariedRun, values: Sequence[float], progress: Progress) -> list[EvidenceAt]:
    """Return the evidence of a run at each value."""
    if not run.saved.fit.results.nuts.is_ok:
        reason = "the run has no draws of NUTS, which are weighted."
        return [_read_fitted(run) if value == run.fitted else EvidenceAt(reason=reason) for value in values]
    found = []
    with (
        open_context(run.saved, progress) as opened,
        progress.stage(f"Evidence along {run.name}", total=len(values)) as stage,
    ):
        tracer = _Tracer(run, opened.context)
        for place, value in enumerate(values):
            found.append(_read_fitted(run) if value == run.fitted else tracer.find(value))
            stage.update(float(place + 1), f"{place + 1} of {len(values)} values")
    return found


def _read_fitted(run: _VariedRun) -> EvidenceAt:
    return EvidenceAt(run.evidence.value, run.evidence.error, "the run")


class _Tracer:
    """Finds the evidence of one run at other values of its hyperparameter."""

    def __init__(self, run: _VariedRun, context: FitContext) -> None:
        self._run = run
        self._context = replace(context, request=include_data_hyperparameters(context.request))
        self._count = 0
        columns, draws = collect_chains(run.saved.fit.tree, context.request.program)
        self._shape = draws.shape[:2]
        self._points = context.backend.unconstrain_values(
            self._make_job(self._context), columns, draws.reshape(-1, len(columns))
        )
        self._base = self._evaluate(self._context)
        self._base_mass = find_prior_mass(run.saved)

    def find(self, value: float) -> EvidenceAt:
        """Return the evidence at a value: by weights where they have a finite variance, else by a fit."""
        constants = {self._run.name: value}
        try:
            mass = find_prior_mass(self._run.saved, constants)
            if reason := mass.reason or self._base_mass.reason:
                return EvidenceAt(reason=reason)
            context = self._set(constants)
            ratio = average_ratios((self._evaluate(context) - self._base).reshape(self._shape))
            if ratio.is_reliable:
                base, error = self._run.evidence.value or 0.0, self._run.evidence.error
                moved = base + ratio.log_value - (mass.log_mass - self._base_mass.log_mass)
                total = None if error is None else (error**2 + ratio.error**2) ** 0.5
                return EvidenceAt(moved, total, "weights", ratio.khat)
            refitted = self._refit(context)
            found = estimate_evidence(context, self._run.saved.fit, *refitted, mass)
        except WorkbenchError as reason:
            return EvidenceAt(reason=str(reason))
        if found.value is None:
            return EvidenceAt(reason=found.reason, khat=ratio.khat)
        return EvidenceAt(found.value, found.error, "refit", ratio.khat)

    def _set(self, constants: Mapping[str, float]) -> FitContext:
        """Return the program with other values, and with files of its own: what is loaded stays as it is."""
        self._count += 1
        folder = self._context.folder / f"value-{self._count}"
        folder.mkdir(parents=True)
        return replace(self._context, request=set_constants(self._context.request, constants), folder=folder)

    def _make_job(self, context: FitContext) -> Job:
        return context.make_job("nuts", has_replicates=False)

    def _evaluate(self, context: FitContext) -> Floats:
        """Return the log density at the draws of the run, with all constants, `(S,)`."""
        return context.backend.compute_normalised(self._make_job(context), self._points)

    def _refit(self, context: FitContext) -> tuple[tuple[str, ...], Floats]:
        """Return Stan's names of the parameters and their draws, `(chain, draw, column)`, sampled anew."""
        program, tree = context.request.program, self._run.saved.fit.tree
        sampler = next((one for one in context.request.methods if isinstance(one, Nuts)), Nuts())
        try:
            start = extract_warm_start(tree, program)
        except RunIncomplete:
            start = DEFAULT_START
        again = run_sampler(context, sampler, start, ("posterior",), jobs=context.request.jobs)
        return collect_chains(again, program)
