"""A comparison of runs, as a table, as JSON, and as a page; and the folder that holds it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import files
from workbench.comparison.predictions import PredictionComparison
from workbench.comparison.row_differences import list_row_differences
from workbench.comparison.standings import find_doubts
from workbench.evidence.bayes_factors import EvidenceComparison
from workbench.evidence.curve import EvidenceCurve
from workbench.evidence.log_evidence import LogEvidence
from workbench.late_imports import LateModule
from workbench.likelihood.criteria import CriteriaComparison
from workbench.provenance import read_workbench_version
from workbench.report.comparison import (
    build_comparison_report,
    criteria,
    evidence,
    evidence_curve,
    prediction,
)
from workbench.report.comparison.report import FEWEST_RUNS, describe_answer
from workbench.report.document import Document, Section
from workbench.report.figure_files import write_figures
from workbench.report.html import render
from workbench.results import Fit
from workbench.results.store import LEAST_SPACE, dump, refuse_folders
from workbench.workflow.output_file import check_output_file
from workbench.workflow.report import check_report_place

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

SCHEMA = 2
"""The version of what `Comparison.to_dict` returns; it rises when a key changes its meaning."""

RECORD = "comparison.json"
"""The file with everything, as `Comparison.to_dict` has it."""

REPORT = "comparison.html"
"""The page."""

KEPT = "kept"
"""The folder of finished fits without some rows, from which an interrupted comparison continues."""

_FILES = frozenset({RECORD, REPORT})
"""The files of a finished comparison: what is replaced by the next one."""

_NUMBERS = (
    "elpd",
    "se",
    "p",
    "difference",
    "difference_se",
    "mcse",
    "p_worse",
    "weight",
    "bad_units",
    "khat_max",
)
"""What is listed of a run's predictions: attributes of its standing."""


@dataclass(frozen=True, repr=False)
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
    curve
        The evidences along a hyperparameter; `None` where none was varied.
    criteria
        AIC, AICc and BIC of the maximum-likelihood fits, or why there are none; `None` for a single run.
    """

    fits: Mapping[str, Fit]
    predictions: PredictionComparison | None = None
    evidence: EvidenceComparison | None = None
    curve: EvidenceCurve | None = None
    criteria: CriteriaComparison | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """Which run predicts better and which program the data favour, or why that is not known."""
        texts = []
        if self.predictions is not None:
            results = {name: fit.results for name, fit in self.fits.items()}
            texts.append(describe_answer(results, self.predictions))
            texts += [f"Not compared: {reason}" for reason in self.predictions.missing.values()]
        if self.evidence is not None:
            obstacle = self.evidence.obstacle
            texts.append(
                f"There are no Bayes factors: {obstacle}" if obstacle else evidence.describe(self.evidence)
            )
        if self.curve is not None:
            texts += evidence_curve.describe(self.curve)
        return tuple(text for text in texts if text)

    def __repr__(self) -> str:
        """Return the answers, in sentences."""
        return f"<Comparison of {', '.join(self.fits)}: {' '.join(self.sentences)}>"

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each run, the best first by what it says of left-out rows, else by evidence.

        Columns `elpd`, `se`, `p`, `difference`, `difference_se`, `mcse` [nats], `p_worse`, `weight`,
        `bad_units` and `khat_max`; with evidence `log_evidence`, `log_evidence_se` [nats], `method`,
        `log_bayes_factor` (against the best: at most 0), `log_bayes_factor_se`, `probability`,
        `probability_se` and `reason`.
        """
        rows = {name: {**self._list_prediction(name), **self._list_evidence(name)} for name in self._order()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has: numbers that are not finite are `None`."""
        values: dict[str, Any] = {
            "schema": SCHEMA,
            "runs": list(self.fits),
            "folders": {
                name: None if fit.folder is None else str(fit.folder.resolve())
                for name, fit in self.fits.items()
            },
            "sentences": list(self.sentences),
            "verdicts": {
                name: None if fit.results.diagnosis is None else fit.results.diagnosis.verdict
                for name, fit in self.fits.items()
            },
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
                    for name in (*(self.predictions.standings or ()), *self.predictions.missing)
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
        if self.curve is not None:
            values["evidence_curve"] = self.curve.to_dict()
        if self.criteria is not None:
            values["criteria"] = self.criteria.to_dict()
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

    def publish(self, folder: Path, figures: Path | None = None) -> None:
        """Write `comparison.json` and `comparison.html` into a folder in one step; finished work stays there.

        Raises
        ------
        WorkbenchError
            The folder cannot be written; an earlier comparison is as it was.
        """
        check_comparison_place(folder)
        check_report_place(folder / REPORT, figures)
        page = self.build_page()
        with files.publish_folder(folder, _FILES.__contains__) as aside:
            (aside / REPORT).write_text(render(page), encoding="utf-8", errors="backslashreplace")
            (aside / RECORD).write_text(dump(self.to_dict()), encoding="utf-8")
        if figures is not None:
            write_figures(page, figures)

    def build_page(self) -> Document:
        """Return the page: the runs side by side, or the evidence of a single one."""
        if len(self.fits) >= FEWEST_RUNS:
            page = build_comparison_report(self.fits, self.predictions, self.evidence, self.criteria)
            return replace(page, sections=(*page.sections, *self._build_curve()))
        return self.build_summary()

    def build_summary(self) -> Document:
        """Return what a terminal shows: the answers, and the tables that they rest on."""
        sections: list[Section] = []
        if self.predictions is not None:
            sections.append(prediction.build_section(self.predictions))
        if self.evidence is not None:
            sections.append(evidence.build_section(self.evidence))
        sections += self._build_curve()
        if self.criteria is not None:
            sections += filter(None, (criteria.build_section(self.criteria),))
        now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
        return Document(
            title=" and ".join(self.fits) if len(self.fits) <= FEWEST_RUNS else f"{len(self.fits)} runs",
            subtitle="compared" if len(self.fits) > 1 else "alone",
            opening=(*self.sentences, *self._advise()),
            byline=f"Written {now} by workbench {read_workbench_version()}",
            sections=tuple(sections),
            kicker="Comparison of runs",
        )

    def _advise(self) -> tuple[str, ...]:
        """Return what to do about k-hats that are too large; nothing where none is."""
        if self.predictions is None or not prediction.is_unreliable(self.predictions):
            return ()
        return (prediction.advise(self.predictions),)

    def _build_curve(self) -> list[Section]:
        return [] if self.curve is None else [evidence_curve.build_section(self.curve)]

    def _order(self) -> list[str]:
        """Return the runs, the best first."""
        if self.predictions is not None and self.predictions.standings:
            return [*self.predictions.standings, *self.predictions.missing]
        if self.evidence is not None and self.evidence.best:
            return sorted(self.fits, key=lambda name: -self.evidence.factors[name].log_value)  # type: ignore[union-attr]
        return list(self.fits)

    def _list_prediction(self, name: str) -> dict[str, Any]:
        standings = (self.predictions.standings if self.predictions is not None else None) or {}
        if name not in standings:
            return dict.fromkeys(_NUMBERS) if standings else {}
        each = standings[name]
        return {key: getattr(each, key) for key in _NUMBERS}

    def _list_details_of(self, name: str) -> dict[str, Any]:
        """Return why a run's difference to the best is not clear, and how its units were found."""
        compared = self.predictions
        if compared is None or compared.standings is None:
            return {}
        if name in compared.missing:
            return {"obstacle": compared.missing[name]}
        standing = compared.standings[name]
        best = next(iter(compared.standings.values()))
        return {
            "obstacle": "",
            "doubts": []
            if standing.p_worse is None
            else list(find_doubts(standing, compared.rows, best, compared.unit)),
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


def check_comparison_place(folder: Path) -> None:
    """Refuse a place where no comparison can be published.

    Raises
    ------
    StoreError
        It holds something other than a comparison, is a link or too long, or cannot be written.
    """
    files.restore(folder)
    files.check_folder_place(folder, _is_comparison, "a comparison", LEAST_SPACE)
    refuse_folders(folder, _FILES, "a comparison")


def _is_comparison(folder: Path) -> bool:
    """Return whether a folder holds nothing but a comparison, or the finished work of one."""
    names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
    return names <= {*_FILES, KEPT}


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
