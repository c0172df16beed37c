"""Compare runs: which predicts left-out rows better, and which program the data favour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from workbench.comparison.cross_validation import CrossValidation
from workbench.comparison.predictions import PredictionComparison
from workbench.comparison.predictions import compare as compare_predictions
from workbench.comparison.weights import WEIGHT_KINDS, WeightKind
from workbench.errors import RequestError
from workbench.evidence.bayes_factors import EvidenceComparison, compare_evidences
from workbench.evidence.comparable import find_shared_data
from workbench.progress import SILENT, Progress
from workbench.report.comparison.report import FEWEST_RUNS, MOST_RUNS
from workbench.results import Fit
from workbench.toolchain import ToolchainSettings
from workbench.workflow.comparison import Comparison
from workbench.workflow.evidence import find_evidence


@dataclass(frozen=True)
class ComparisonOptions:
    """How runs are compared.

    Attributes
    ----------
    with_evidence
        Whether log evidences are computed: the programs of the runs are built again, or found in the cache.
    weights
        How their predictions would be averaged.
    settings
        Which Stan and compiler to use.
    jobs
        Programs compiled at a time.
    """

    with_evidence: bool = False
    weights: WeightKind = "stacking"
    settings: ToolchainSettings | None = None
    jobs: int = 1

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
    has_evidence = options.with_evidence or options.weights == "evidence"
    if len(fits) < FEWEST_RUNS and not has_evidence:
        hint = "give another run, or ask for the evidence of this one: --evidence"
        raise RequestError("a single run was given, and nothing to compare it with.", hint=hint)
    left_out: dict[str, CrossValidation] | None = None
    predictions = (
        compare_predictions(fits, left_out, weights=options.weights)
        if len(fits) >= FEWEST_RUNS or left_out is not None
        else None
    )
    if not has_evidence:
        return Comparison(fits, predictions)
    found = {
        name: find_evidence(fit, options.settings, jobs=options.jobs, progress=progress)
        for name, fit in fits.items()
    }
    shared = find_shared_data(fits, {name: each.unmodelled for name, each in found.items()})
    evidences = compare_evidences(found, shared)
    if options.weights == "evidence" and predictions is not None:
        predictions = _weight_by_evidence(predictions, evidences)
    return Comparison(fits, predictions, evidences)


def _weight_by_evidence(
    predictions: PredictionComparison, evidences: EvidenceComparison
) -> PredictionComparison:
    """Return the comparison with the probability of each program as its weight.

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
    standings = {
        name: replace(standing, weight=evidences.probabilities[name].value)
        for name, standing in (predictions.standings or {}).items()
    }
    return replace(predictions, standings=standings or None)
