"""What has drifted: the posterior before and after some rows, their predictions, and their predictors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import files, tables
from workbench.errors import RequestError, WorkbenchError
from workbench.files import make_scratch
from workbench.monitoring.account import make_account
from workbench.monitoring.drift import (
    DriftEvidence,
    ParameterMove,
    PredictedElements,
    PredictorShift,
    compare_columns,
    compare_levels,
    judge_drift,
    list_levels,
)
from workbench.monitoring.drift_diagnosis import DriftDiagnosis, OutcomeFigures
from workbench.monitoring.predictors import Predictors, list_predictors
from workbench.monitoring.state import MonitoredBatch, Period
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.levels import NewGroups
from workbench.prediction.scores import OutcomeScores, score_predictions
from workbench.prediction.scores.scored import measure_outcome
from workbench.prediction.table_checks import describe_units
from workbench.progress import SILENT, Progress
from workbench.registry import CHAMPION, ModelRegistry
from workbench.registry.differences import compare_fits
from workbench.report.html import render
from workbench.report.monitor.drift import build_drift_report, describe_drift
from workbench.results import Fit, run_directory
from workbench.results.quantities import owner
from workbench.results.view import DrawsEstimate
from workbench.tables import Table
from workbench.thresholds import CLASSIFICATION_THRESHOLD
from workbench.toolchain import ToolchainSettings
from workbench.workflow.fit_again import fit_again
from workbench.workflow.monitor import find_folder
from workbench.workflow.monitor_batch import join_batches, read_rows
from workbench.workflow.predict_rows import bind_table, iterate_chunks, open_predictor
from workbench.workflow.score import find_unknown_outcomes
from workbench.workflow.update import UpdateOptions, update

_NUMBERS = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9}))?")
"""How batches are named: `7`, or `7..9`."""

_MOST_MOVES = 200
"""The most parameters that are compared. Ours."""


@dataclass(frozen=True)
class DriftOptions:
    """Everything about a diagnosis but its model and its rows.

    Attributes
    ----------
    state
        The folder of the monitor; by default one in the registry.
    new_groups
        What happens to groups that the fit has not seen.
    toolchain, jobs, timeout
        Which Stan to use, chains at a time, and the time limit of each process of Stan [s].
    """

    state: Path | None = None
    new_groups: NewGroups = "refuse"
    toolchain: ToolchainSettings | None = None
    jobs: int = 1
    timeout: float | None = None


@dataclass(frozen=True)
class _Rows:
    """Rows that are diagnosed, with the name and the row of each in its batch, `(n,)`."""

    table: Table
    names: NDArray[np.object_]
    numbers: NDArray[np.int64]
    what: str


def diagnose_drift(
    registry: ModelRegistry,
    name: str,
    rows: str | Path | Table = "",
    options: DriftOptions | None = None,
    progress: Progress = SILENT,
) -> DriftDiagnosis:
    """Return what has drifted in some rows.

    Parameters
    ----------
    registry, name
        The model, whose champion is asked.
    rows
        Batches of its monitor, as `7`, `7..9` or `all`; or a table of rows with outcomes. By default the
        batches since which the leading statistic has moved.
    options
        Everything else.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: there is no such batch, or the rows cannot be predicted.
    """
    options = options or DriftOptions()
    version = registry.find(f"{name}@{CHAMPION}")
    champion = run_directory.read_whole(registry.require_run(version))
    chosen = _choose_rows(registry, name, rows, champion, options)
    settings = options.toolchain or ToolchainSettings()
    with make_scratch() as scratch:
        asked = UpdateOptions(
            has_report=False,
            output=scratch / "made" / "run",  # the scratch folder itself is locked
            jobs=options.jobs,
            toolchain=settings,
            timeout=options.timeout,
        )
        after = update(champion, chosen.table, asked, progress)
        alone, reason = _fit_alone(champion, chosen.table, asked, progress)
        before_scores, predictors, levels, units = _score(champion, chosen.table, settings, options, progress)
        after_scores, _, _, _ = _score(after, chosen.table, settings, options, progress)
    moves = _list_moves(champion, after, alone)
    evidence = DriftEvidence(
        fitted=champion.results.data.rows or 0,
        moves=moves,
        elements=_collect_elements(before_scores, after_scores, chosen),
        levels=_spread_levels(levels, before_scores),
        predictors=predictors,
    )
    updated = after.results.updated
    return DriftDiagnosis(
        model=name,
        version=version.reference,
        rows=chosen.what,
        count=chosen.table.rows,
        way="refit" if updated is None else updated.way,
        khat=None if updated is None else updated.khat,
        evidence=evidence,
        decision=judge_drift(evidence),
        outcomes=_compare_scores(before_scores, after_scores),
        reason=reason,
        units=units,
    )


def _fit_alone(
    champion: Fit, table: Table, options: UpdateOptions, progress: Progress
) -> tuple[Fit | None, str]:
    """Return the fit of the rows alone by the champion's program, or why there is none."""
    try:
        alone = fit_again(champion, table, replace(options, output=None), progress)
    except WorkbenchError as reason:
        return None, reason.message
    diagnosis = alone.results.diagnosis
    if not alone.results.nuts.is_ok or diagnosis is None or diagnosis.verdict == "fail":
        return None, "their posterior alone could not be sampled well."
    return alone, ""


def _choose_rows(
    registry: ModelRegistry, name: str, rows: str | Path | Table, champion: Fit, options: DriftOptions
) -> _Rows:
    """Return the rows that are diagnosed.

    Raises
    ------
    WorkbenchError
        There are none, or none with an outcome.
    """
    if isinstance(rows, Table) or (rows and _read_numbers(str(rows)) is None):
        table = read_rows(rows if isinstance(rows, Table) else Path(rows))
        return _take_known(champion, table, table.path.name)
    folder = find_folder(registry, name, options.state)
    account = make_account(folder, folder.read())
    batches = _choose_batches(
        account.period, str(rows), None if account.onset is None else account.onset.number
    )
    if account.period.begun.version != registry.find(f"{name}@{CHAMPION}").number:
        message = (
            f"the monitor knows batches of {account.period.reference}, which is not the champion any more."
        )
        raise RequestError(message, hint=f"`workbench diagnose-drift {name} FILE` takes rows of a file")
    known = [batch for batch in batches if batch.event.with_outcome]
    if not known:
        raise RequestError("none of these batches has outcomes.", hint="name others, or a file of rows")
    parts = []
    for batch in known:
        table = folder.read_table(batch.event.table, batch.event.name)
        parts.append(_take_known(champion, table, f"batch {batch.number}"))
    return _Rows(
        join_batches(folder, champion, known),
        np.concatenate([part.names for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        _name_batches(known),
    )


def _read_numbers(text: str) -> tuple[int, int] | None:
    """Return the first and the last batch that a text names; `None` where it names none."""
    match = _NUMBERS.fullmatch(text)
    if text == "all":
        return (1, 10**9)
    return None if match is None else (int(match[1]), int(match[2] or match[1]))


def _choose_batches(period: Period, text: str, onset: int | None) -> list[MonitoredBatch]:
    ends = _read_numbers(text) if text else (onset or 1, 10**9)
    assert ends is not None  # noqa: S101 - asked by the caller
    counted = [batch for batch in period.batches if batch.is_counted or text]
    found = [batch for batch in counted if ends[0] <= batch.number <= ends[1]]
    if not found:
        last = len(period.batches)
        message = f"{period.reference} has had {last} batches, and none is `{text or 'since the onset'}`."
        raise RequestError(message, hint="name one as 7, some as 7..9, or all")
    return found


def _name_batches(batches: Sequence[MonitoredBatch]) -> str:
    first, last = batches[0].number, batches[-1].number
    return f"batch {first}" if first == last else f"batches {first} to {last}"


def _take_known(fit: Fit, table: Table, name: str) -> _Rows:
    """Return the rows of a table that have outcomes.

    Raises
    ------
    RequestError
        There are none.
    """
    is_unknown = find_unknown_outcomes(fit, table)
    if is_unknown.all():
        message = f"no row of `{table.path.name}` has an outcome."
        raise RequestError(message, hint="drift is diagnosed by rows with their outcomes")
    kept = tables.drop_rows(table, is_unknown) if is_unknown.any() else table
    numbers = np.array([kept.row_number(row) for row in range(kept.rows)], dtype=np.int64)
    return _Rows(kept, np.full(kept.rows, name, dtype=object), numbers, name)


def _score(
    fit: Fit, table: Table, settings: ToolchainSettings, options: DriftOptions, progress: Progress
) -> tuple[
    tuple[OutcomeScores, ...], tuple[PredictorShift, ...], dict[str, NDArray[np.object_]], tuple[str, ...]
]:
    """Return the scores of rows by a fit, how predictors differ from its own, their levels and units."""
    with open_predictor(
        fit, settings=settings, progress=progress, table=table, new_groups=options.new_groups
    ) as opened:
        chunks = iterate_chunks(opened, table, new_groups=options.new_groups, progress=progress)
        scores = score_predictions(chunks)
        new = _list_predictors(opened, bind_table(opened, table, options.new_groups).bound.values)
        old = _list_predictors(opened, opened.predictor.request.data.values)
        units = tuple(describe_units(fit.results.data, opened.predictor.request.data, table))
    if not scores:
        raise RequestError("no outcome of these rows is known, so that there is nothing to diagnose.")
    levels = {
        name: _name_levels(table, name, new.values[:, place])
        for place, name in enumerate(new.names)
        if new.is_level[place]
    }
    return scores, _compare_predictors(old, new, levels), levels, units


def _list_predictors(opened: OpenPredictor, values: Mapping[str, Any]) -> Predictors:
    predictor = opened.predictor
    rules = opened.fit.results.data.rules
    return list_predictors(predictor.request, predictor.growth, rules, values)


def _name_levels(table: Table, name: str, codes: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return the level of each row as the table writes it, or else its code."""
    if table.has_column(name):
        return np.array(tables.to_texts(table, name).to_pylist(), dtype=object)
    return np.array([f"{code:g}" for code in codes], dtype=object)


def _compare_predictors(
    old: Predictors, new: Predictors, levels: Mapping[str, NDArray[np.object_]]
) -> tuple[PredictorShift, ...]:
    found = []
    for place, name in enumerate(new.names):
        before, after = old.values[:, place], new.values[:, place]
        if name in levels:
            known = {float(code): str(text) for code, text in zip(after, levels[name], strict=True)}
            named = np.array([known.get(float(code), f"{code:g}") for code in before], dtype=object)
            found.append(compare_levels(named, levels[name], name))
        else:
            found.append(compare_columns(before, after, name))
    return tuple(sorted(found, key=lambda shift: shift.p_value))


def _list_moves(before: Fit, after: Fit, alone: Fit | None) -> tuple[ParameterMove, ...]:
    """Return how far the posterior of each parameter moves, those that move most first."""
    by_rows = (
        {}
        if alone is None
        else {alone.results.label(name): each for name, each in alone.results.nuts.estimates.items()}
    )
    declared = {item.name for item in before.results.model.parameters if item.block == "parameters"}
    labels = {before.results.label(name): name for name in before.results.estimates(_method(before))}
    found = []
    for move in compare_fits(before.results, after.results).moves:
        one, other = move.before, move.after
        if owner(labels.get(move.name, move.name)) not in declared:
            continue
        if one.estimate is None or other.estimate is None or not one.sd or other.sd is None:
            continue
        own = by_rows.get(move.name, DrawsEstimate())
        found.append(
            ParameterMove(move.name, one.estimate, one.sd, other.estimate, other.sd, own.mean, own.sd)
        )
    return tuple(sorted(found, key=lambda move: -abs(move.apart or move.in_sd))[:_MOST_MOVES])


def _method(fit: Fit) -> str:
    return next((key for key in ("nuts", "laplace", "pathfinder") if fit.results.estimates(key)), "nuts")


def _collect_elements(
    before: Sequence[OutcomeScores], after: Sequence[OutcomeScores], chosen: _Rows
) -> PredictedElements:
    later = {scores.name: scores.elements for scores in after}
    parts = []
    for scores in before:
        one = scores.elements
        other = later.get(scores.name)
        has_means = scores.has_mean and not scores.categories
        is_same = other is not None and len(other) == len(one) and bool((other.rows == one.rows).all())
        missing = np.full(len(one), np.nan)
        parts.append(
            PredictedElements(
                outcome=np.full(len(one), scores.name, dtype=object),
                rows=chosen.numbers[one.rows],
                batches=chosen.names[one.rows],
                observed=one.observed,
                mean=one.mean if has_means else missing,
                sd=one.sd if has_means else missing,
                transform=one.transform,
                mean_after=other.mean if other is not None and is_same and has_means else missing,
            )
        )
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in PredictedElements.__dataclass_fields__
    }
    is_known = ~np.isnan(joined["transform"].astype(float))
    return PredictedElements(**{name: values[is_known] for name, values in joined.items()})


def _spread_levels(
    levels: Mapping[str, NDArray[np.object_]], scores: Sequence[OutcomeScores]
) -> dict[str, NDArray[np.object_]]:
    """Return the level of each element whose transform is known."""
    rows = np.concatenate([one.elements.rows for one in scores])
    is_known = ~np.isnan(np.concatenate([one.elements.transform for one in scores]))
    return {name: values[rows[is_known]] for name, values in levels.items()}


def _compare_scores(
    before: Sequence[OutcomeScores], after: Sequence[OutcomeScores]
) -> tuple[OutcomeFigures, ...]:
    """Return the scores of the rows before and after, by outcome."""
    later = {scores.name: measure_outcome(scores, CLASSIFICATION_THRESHOLD) for scores in after}
    return tuple(
        OutcomeFigures(
            scores.name,
            {
                name: (measure.value, later[scores.name][name].value)
                for name, measure in measure_outcome(scores, CLASSIFICATION_THRESHOLD).items()
                if measure.count and name in later.get(scores.name, {})
            },
        )
        for scores in before
    )


def write_drift_page(diagnosis: DriftDiagnosis, target: Path) -> None:
    """Write what has drifted as one HTML file.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    files.replace_file(target, render(build_drift_report(diagnosis)))


def describe_drift_values(diagnosis: DriftDiagnosis) -> dict[str, Any]:
    """Return a diagnosis as values that JSON has."""
    decision, evidence = diagnosis.decision, diagnosis.evidence
    level = decision.level
    return {
        "model": diagnosis.model,
        "version": diagnosis.version,
        "rows": diagnosis.rows,
        "count": diagnosis.count,
        "after": {"way": diagnosis.way, "khat": diagnosis.khat},
        "not_alone": diagnosis.reason,
        "conclusion": list(describe_drift(diagnosis)),
        "decision": {
            "kind": decision.kind,
            "parameter": None if decision.move is None else decision.move.name,
            "group": None if level is None else {"column": level.column, "level": level.level},
            "odd": [
                {"row": int(evidence.elements.rows[place]), "of": str(evidence.elements.batches[place])}
                for place in decision.odd
            ],
            "predictors": [shift.name for shift in decision.predictors],
            "location": decision.location,
            "dispersion": decision.dispersion,
            "improvement": decision.improvement,
        },
        "parameters": [
            {
                **asdict(move),
                "in_sd": move.in_sd,
                "by_chance": move.by_chance,
                "score": move.score,
                "apart": move.apart,
            }
            for move in evidence.moves
        ],
        "predictors": [asdict(shift) for shift in evidence.predictors],
        "groups": [asdict(level) for level in list_levels(evidence)],
        "scores": [
            {
                "outcome": scores.outcome,
                "before": {name: pair[0] for name, pair in scores.measures.items()},
                "after": {name: pair[1] for name, pair in scores.measures.items()},
            }
            for scores in diagnosis.outcomes
        ],
    }
