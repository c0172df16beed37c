"""Runs compared: which predicts unseen rows better, and which program the data favour."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import files
from workbench.comparison.cross_validation import CrossValidation
from workbench.comparison.predictions import PredictionComparison
from workbench.comparison.predictions import compare as compare_predictions
from workbench.comparison.row_differences import list_row_differences
from workbench.comparison.standings import find_doubts
from workbench.comparison.weights import WEIGHT_KINDS, WeightKind
from workbench.errors import RequestError
from workbench.evidence.bayes_factors import EvidenceComparison, compare_evidences
from workbench.evidence.comparable import find_shared_data
from workbench.evidence.log_evidence import LogEvidence
from workbench.late_imports import LateModule
from workbench.progress import SILENT, Progress
from workbench.provenance import read_workbench_version
from workbench.report.comparison import build_comparison_report, evidence, prediction
from workbench.report.comparison.report import FEWEST_RUNS, MOST_RUNS
from workbench.report.document import Document, Section
from workbench.report.figure_files import write_figures
from workbench.report.html import render
from workbench.results import Fit
from workbench.toolchain import ToolchainSettings
from workbench.workflow.evidence import find_evidence
from workbench.workflow.output_file import check_output_file
from workbench.workflow.report import check_report_place

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

SCHEMA = 2
"""The version of what `Comparison.to_dict` returns; it rises when a key changes its meaning."""

_NUMBERS = (
    "elpd",
    "se",
    "p",
    "difference",
    "difference_se",
    "p_worse",
    "weight",
    "bad_units",
    "khat_max",
)
"""What is listed of a run's predictions: attributes of its standing."""


@dataclass(frozen=True)
class Comparison:
    """Runs compared.

    Attributes
    ----------
    fits
        The runs by name.
    predictions
        Which predicts left-out rows better; `None` for a single run of which no row was left out.
    evidence
        The log evidences and what follows from them; `None` where they were not asked for.
    """

    fits: Mapping[str, Fit]
    predictions: PredictionComparison | None = None
    evidence: EvidenceComparison | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """Which run predicts better and which program the data favour, or why that is not known."""
        texts = []
        if self.predictions is not None:
            obstacle = self.predictions.obstacle
            texts.append(
                f"The runs cannot be compared by {self.predictions.scheme}: {obstacle}"
                if obstacle
                else prediction.describe(self.predictions)
            )
        if self.evidence is not None:
            obstacle = self.evidence.obstacle
            texts.append(
                f"There are no Bayes factors: {obstacle}" if obstacle else evidence.describe(self.evidence)
            )
        return tuple(text for text in texts if text)

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each run, the best first by what it says of left-out rows, else by evidence.

        Columns `elpd`, `se`, `p`, `difference`, `difference_se` [nats], `p_worse`, `weight`, `bad_units` and
        `khat_max`; with evidence `log_evidence`, `log_evidence_se` [nats], `method`, `log_bayes_factor`
        (against the best: at most 0), `log_bayes_factor_se`, `probability`, `probability_se` and `reason`.
        """
        rows = {name: {**self._list_prediction(name), **self._list_evidence(name)} for name in self._order()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has: numbers that are not finite are `None`."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "runs": list(self.fits),
            "sentences": list(self.sentences),
        }
        if self.predictions is not None:
            values["prediction"] = {
                "obstacle": self.predictions.obstacle,
                "remark": self.predictions.remark,
                "scheme": self.predictions.scheme,
                "unit": self.predictions.unit,
                "units": self.predictions.rows,
                "weights": self.predictions.weights,
                "may_be_chance": self.predictions.may_be_chance,
                "runs": {
                    name: {**self._list_prediction(name), **self._list_details_of(name)}
                    for name in self.predictions.standings or ()
                },
                "row_differences": [
                    {**asdict(row), "difference": row.difference}
                    for row in list_row_differences(self.fits, self.predictions)
                ],
            }
        if self.evidence is not None:
            compared = self.evidence
            values["evidence"] = {
                "obstacle": compared.obstacle,
                "remark": compared.remark,
                "best": compared.best or None,
                "prior_probability": 1 / len(self.fits) if compared.best else None,
                "runs": {
                    name: {**self._list_evidence(name), **_list_details(each)}
                    for name, each in compared.evidences.items()
                },
            }
        cleaned: dict[str, Any] = _clean(values)
        return cleaned

    def write(self, path: Path, figures: Path | None = None) -> Path:
        """Write the page of the comparison as one HTML file, and return its path.

        Raises
        ------
        WorkbenchError
            The file or a figure cannot be written.
        """
        check_output_file(path)
        check_report_place(path, figures)
        page = self.build_page()
        files.replace_file(path, render(page))
        if figures is not None:
            write_figures(page, figures)
        return path

    def build_page(self) -> Document:
        """Return the page: the runs side by side, or the evidence of a single one."""
        if len(self.fits) >= FEWEST_RUNS:
            return build_comparison_report(self.fits, self.predictions, self.evidence)
        return self.build_summary()

    def build_summary(self) -> Document:
        """Return what a terminal shows: the answers, and the tables that they rest on."""
        sections: list[Section] = []
        if self.predictions is not None:
            sections.append(prediction.build_section(self.predictions))
        if self.evidence is not None:
            sections.append(evidence.build_section(self.evidence))
        now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
        return Document(
            title=" and ".join(self.fits) if len(self.fits) <= FEWEST_RUNS else f"{len(self.fits)} runs",
            subtitle="compared" if len(self.fits) > 1 else "alone",
            opening=self.sentences,
            byline=f"Written {now} by workbench {read_workbench_version()}",
            sections=tuple(sections),
            kicker="Comparison of runs",
        )

    def _order(self) -> list[str]:
        """Return the runs, the best first."""
        if self.predictions is not None and self.predictions.standings:
            return list(self.predictions.standings)
        if self.evidence is not None and self.evidence.best:
            return sorted(self.fits, key=lambda name: -self.evidence.factors[name].log_value)  # type: ignore[union-attr]
        return list(self.fits)

    def _list_prediction(self, name: str) -> dict[str, Any]:
        standings = (self.predictions.standings if self.predictions is not None else None) or {}
        if name not in standings:
            return {}
        each = standings[name]
        return {key: getattr(each, key) for key in _NUMBERS}

    def _list_details_of(self, name: str) -> dict[str, Any]:
        """Return why a run's difference to the best is not clear, and how its units were found."""
        compared = self.predictions
        if compared is None or compared.standings is None:
            return {}
        standing = compared.standings[name]
        best = next(iter(compared.standings.values()))
        return {
            "doubts": [] if standing.p_worse is None else list(find_doubts(standing, compared.rows, best)),
            "khat_limit": standing.khat_limit,
            "ways": dict(standing.ways) or {"importance weights": compared.rows},
            "notes": list(compared.notes.get(name, ())),
            "sampled": standing.sampled,
        }

    def _list_evidence(self, name: str) -> dict[str, Any]:
        compared = self.evidence
        if compared is None:
            return {}
        each, factor = compared.evidences[name], compared.factors.get(name)
        probability = compared.probabilities.get(name)
        return {
            "log_evidence": each.value,
            "log_evidence_se": each.error,
            "method": each.method,
            "log_bayes_factor": None if factor is None else factor.log_value,
            "log_bayes_factor_se": None if factor is None else factor.error,
            "probability": None if probability is None else probability.value,
            "probability_se": None if probability is None else probability.error,
            "reason": each.reason,
        }


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


def _list_details(each: LogEvidence) -> dict[str, Any]:
    """Return what is known of a log evidence beside the numbers of the table."""
    return {
        "includes": list(each.includes),
        "warnings": list(each.warnings),
        "log_prior_mass": each.log_prior_mass,
        "proposals": {
            name: {
                "log_evidence": bridge.log_integral - (each.log_prior_mass or 0.0),
                "log_evidence_se": bridge.error,
                "khat": bridge.khat,
                "khat_limit": bridge.khat_limit,
                "halves": [asdict(half) for half in bridge.halves],
                "draws_in_each_half": bridge.draws,
            }
            for name, bridge in each.bridges.items()
        },
    }


def _clean(value: Any) -> Any:
    """Return values without numbers that are not finite."""
    if isinstance(value, Mapping):
        return {key: _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
