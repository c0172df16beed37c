"""Compare runs: which predicts left-out rows better, and which program the data favour."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench.comparison.cross_validation import LEAVE_ONE_OUT, CrossValidation
from workbench.comparison.folds import Folds
from workbench.comparison.predictions import PredictionComparison, refuse
from workbench.comparison.predictions import compare as compare_predictions
from workbench.comparison.standings import explain_no_comparison
from workbench.comparison.weights import WEIGHT_KINDS, WeightKind
from workbench.diagnostics.common_scale import explain_other_outcome
from workbench.errors import RequestError
from workbench.evidence.bayes_factors import EvidenceComparison, compare_evidences, compute_probabilities
from workbench.evidence.comparable import find_shared_data
from workbench.execution import Executor
from workbench.files import make_scratch
from workbench.likelihood.criteria import compute_criteria
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_texts
from workbench.report.comparison.report import FEWEST_RUNS, MOST_RUNS
from workbench.results import Fit
from workbench.studies.plan.plan import Axis
from workbench.toolchain import ToolchainSettings
from workbench.workflow.comparison import KEPT, Comparison, check_comparison_place
from workbench.workflow.cross_validate import cross_validate
from workbench.workflow.evidence import find_evidence
from workbench.workflow.evidence_curve import trace_evidence
from workbench.workflow.repair import explain_no_repair, repair_leave_one_out


@dataclass(frozen=True)
class ComparisonOptions:
    """How runs are compared.

    Attributes
    ----------
    with_evidence
        Whether log evidences are computed: the programs of the runs are built again, or found in the cache.
    weights
        How their predictions would be averaged.
    repair
        Whether rows with a large k-hat are left out in other ways.
    folds
        How rows are left out by fits without them; by default none are.
    observations
        The sample size of AICc and BIC; by default the rows of the likelihood.
    settings
        Which Stan and compiler to use.
    jobs
        Processes of this machine at a time.
    executor
        Who runs fits without some rows; by default this machine.
    folder
        Where these are kept, so that none is run twice; a scratch folder by default.
    vary
        A hyperparameter along which evidences are computed too, and its values.
    """

    with_evidence: bool = False
    weights: WeightKind = "stacking"
    repair: bool = False
    folds: Folds | None = None
    observations: int | None = None
    settings: ToolchainSettings | None = None
    jobs: int = 1
    executor: Executor | None = field(default=None, repr=False)
    folder: Path | None = None
    vary: Axis | None = None

    def __post_init__(self) -> None:
        """Refuse weights of an unknown kind.

        Raises
        ------
        RequestError
            The message names the option.
        """
        if self.weights not in WEIGHT_KINDS:
            known = ", ".join(WEIGHT_KINDS)
            raise RequestError(f"--weights was expected to be one of {known}, found `{self.weights}`.")
        if self.repair and self.folds is not None:
            message = f"--repair mends leave-one-out, and rows were to be left out by {self.folds.name}."
            raise RequestError(message, hint="give one of them")

    @property
    def needs_fits(self) -> bool:
        """Whether programs may be fitted again, without some rows."""
        return self.repair or self.folds is not None


def choose_folder(fits: Mapping[str, Fit]) -> Path:
    """Return where a comparison is kept by default: a folder in `reports/`, the same for the same runs."""
    places = (str(name if fit.folder is None else fit.folder.resolve()) for name, fit in fits.items())
    return Path("reports") / f"comparison-{hash_texts(*places)[:8]}"


def compare_in_folder(
    fits: Mapping[str, Fit],
    options: ComparisonOptions,
    folder: Path | None,
    progress: Progress = SILENT,
) -> tuple[Comparison, Path | None]:
    """Compare runs and publish the comparison, where it is wanted or rests on further fits.

    Finished fits are kept in the folder, from which an interrupted comparison goes on.

    Parameters
    ----------
    fits, options, progress
        As `compare_runs` has them.
    folder
        Where the comparison is published; by default in `reports/` if programs are fitted again.

    Returns
    -------
    The comparison, and where it was published.

    Raises
    ------
    WorkbenchError
        As `compare_runs`, and where the folder cannot be written.
    """
    if folder is None and not options.needs_fits:
        return compare_runs(fits, options, progress), None
    place = folder or choose_folder(fits)
    check_comparison_place(place)
    kept = place / KEPT
    comparison = compare_runs(fits, replace(options, folder=kept if options.needs_fits else None), progress)
    comparison.publish(place)
    return comparison, place


def compare_runs(
    fits: Mapping[str, Fit], options: ComparisonOptions | None = None, progress: Progress = SILENT
) -> Comparison:
    """Compare runs by what they say of left-out rows, and by their evidence where that is wanted.

    Parameters
    ----------
    fits
        The runs by name; a single one has a log evidence alone.
    options
        How they are compared.
    progress
        Where to report.

    Raises
    ------
    RequestError
        There are too many runs, or a single one and nothing that is known of one alone; weights by evidence
        are wanted, and there are none.
    """
    options = options or ComparisonOptions()
    if len(fits) > MOST_RUNS or not fits:
        raise RequestError(f"1 to {MOST_RUNS} runs can be compared, found {len(fits)}.")
    has_evidence = options.with_evidence or options.weights == "evidence" or options.vary is not None
    if len(fits) < FEWEST_RUNS and not has_evidence and not options.needs_fits:
        hint = "give another run, or ask what is known of one: --evidence, --repair, --kfold 10"
        raise RequestError("a single run was given, and nothing to compare it with.", hint=hint)
    predictions = _compare_predictions(fits, options, progress)
    criteria = compute_criteria(fits, options.observations) if len(fits) >= FEWEST_RUNS else None
    if not has_evidence:
        return Comparison(fits, predictions, criteria=criteria)
    found = {
        name: find_evidence(fit, options.settings, jobs=options.jobs, progress=progress)
        for name, fit in fits.items()
    }
    shared = find_shared_data(fits, {name: each.unmodelled for name, each in found.items()})
    evidences = compare_evidences(found, shared)
    if options.weights == "evidence" and predictions is not None:
        predictions = _weight_by_evidence(predictions, evidences)
    curve = None
    if options.vary is not None:
        curve = trace_evidence(
            fits, found, options.vary, options.settings, jobs=options.jobs, progress=progress
        )
    return Comparison(fits, predictions, evidences, curve, criteria)


def _compare_predictions(
    fits: Mapping[str, Fit], options: ComparisonOptions, progress: Progress
) -> PredictionComparison | None:
    """Return how well runs predict left-out rows; `None` of a single one of which none are left out.

    Nothing is fitted where the runs cannot be compared anyway.
    """
    if not options.needs_fits:
        return compare_predictions(fits, weights=options.weights) if len(fits) >= FEWEST_RUNS else None
    missing = {} if options.folds is not None else _find_unrepaired(fits)
    known = {name: fit for name, fit in fits.items() if name not in missing}
    if len(fits) >= FEWEST_RUNS:
        has_folds = options.folds is not None
        obstacle = explain_other_outcome(fits)
        if not obstacle and len(known) >= FEWEST_RUNS:
            obstacle = explain_no_comparison(known, has_folds=has_folds)
        if obstacle:
            scheme = LEAVE_ONE_OUT if options.folds is None else options.folds.name
            return refuse(fits, obstacle, scheme, options.weights)
    first_refused = {name: fits[name] for name in (*missing, *known)}
    left_out, refused = _leave_out(first_refused, options, progress)
    return compare_predictions(fits, left_out, weights=options.weights, missing=refused)


def _find_unrepaired(fits: Mapping[str, Fit]) -> dict[str, str]:
    """Return why runs have no leave-one-out of all rows, by run."""
    return {name: reason for name, fit in fits.items() if (reason := explain_no_repair(fit))}


def _leave_out(
    fits: Mapping[str, Fit], options: ComparisonOptions, progress: Progress
) -> tuple[dict[str, CrossValidation], dict[str, str]]:
    """Return what each run says of units that its own draws, or fits without them, predict.

    Runs whose rows cannot be left out have the reason in the place of that, in a sentence.

    Raises
    ------
    WorkbenchError
        Programs cannot be built, or there is nothing to compare: too few runs are left.
    """
    found: dict[str, CrossValidation] = {}
    refused: dict[str, RequestError] = {}
    with ExitStack() as stack:
        folder = options.folder or stack.enter_context(make_scratch())
        for name, fit in fits.items():
            try:
                found[name] = _leave_out_of(fit, options, folder, progress)
            except RequestError as reason:
                refused[name] = reason
                if len(fits) - len(refused) < FEWEST_RUNS:
                    raise
    return found, {name: f"`{name}`: {reason.message}" for name, reason in refused.items()}


def _leave_out_of(fit: Fit, options: ComparisonOptions, folder: Path, progress: Progress) -> CrossValidation:
    """Return what a run says of its left-out units.

    Raises
    ------
    WorkbenchError
        Its rows cannot be left out, or its program cannot be built.
    """
    if options.folds is not None:
        return cross_validate(
            fit,
            options.folds,
            options.settings,
            jobs=options.jobs,
            executor=options.executor,
            folder=folder,
            progress=progress,
        )
    return repair_leave_one_out(
        fit,
        options.settings,
        jobs=options.jobs,
        executor=options.executor,
        folder=folder,
        progress=progress,
    )


def _weight_by_evidence(
    predictions: PredictionComparison, evidences: EvidenceComparison
) -> PredictionComparison:
    """Return the comparison with the probability of each program among those that are compared as its weight.

    Raises
    ------
    RequestError
        There are no such probabilities.
    """
    if not evidences.probabilities:
        unknown = (each.reason for each in evidences.evidences.values() if not each.is_known)
        reason = evidences.obstacle or next(unknown, "their evidences are not known.")
        raise RequestError(
            f"runs were to be weighted by evidence, but {reason}", hint="--weights stacking needs no evidence"
        )
    shown = predictions.standings or {}
    values = {name: evidences.evidences[name].value or 0.0 for name in shown}
    found = compute_probabilities(values, dict.fromkeys(shown)) if shown else {}
    standings = {name: replace(standing, weight=found[name].value) for name, standing in shown.items()}
    return replace(predictions, standings=standings or None)
