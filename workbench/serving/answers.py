"""Predictions and scores of some rows, as values that JSON has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.errors import RequestError
from workbench.prediction import OutcomePrediction, Predictions
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.levels import find_absent
from workbench.prediction.monte_carlo import measure_errors
from workbench.prediction.outcome_summaries import find_missing_share, summarise_outcomes
from workbench.prediction.quantities import list_used_names, parse_quantities, tabulate_quantities
from workbench.prediction.scores import (
    ScoredTable,
    build_scored_outcome,
    score_predictions,
    tabulate_rows,
    tabulate_summary,
)
from workbench.prediction.table_checks import describe_unused
from workbench.serving.bodies import RowsRequest
from workbench.serving.versions import ServedVersion
from workbench.tables import Table
from workbench.thresholds import CLASSIFICATION_THRESHOLD
from workbench.workflow.predict import describe_missing, describe_simulated
from workbench.workflow.predict_quantities import check_names_of_run, find_generated
from workbench.workflow.predict_rows import iterate_chunks
from workbench.workflow.score import keep_rows_with_outcomes

Row = dict[str, Any]


@dataclass(frozen=True)
class Scored:
    """Scores of some rows, as an answer and as numbers to be counted.

    Attributes
    ----------
    answer
        The answer.
    rows
        How many rows have a log score.
    log_score
        The sum of their log scores [nats].
    """

    answer: Row
    rows: int
    log_score: float


def predict_rows(served: ServedVersion, request: RowsRequest) -> Row:
    """Return the answer to rows that are to be predicted.

    Raises
    ------
    WorkbenchError
        As `workbench predict` refuses rows.
    """
    opened = replace(served.opened, scoring=False)
    expressions = parse_quantities(request.quantities)
    generated: tuple[str, ...] = ()
    if expressions:
        check_names_of_run(expressions, opened.fit, request.table)
        absent = find_absent(opened.fit, opened.predictor.request.program, request.table)
        generated = find_generated(opened, list_used_names(expressions), absent)
    chunks = list(iterate_chunks(opened, request.table, new_groups=request.new_groups, generated=generated))
    answer = describe_version(served)
    answer["remarks"] = _list_remarks(opened, request.table, chunks, list_used_names(expressions))
    answer["predictions"] = [row for chunk in chunks for row in _list_predictions(chunk, opened.chains)]
    if expressions:
        found = tabulate_quantities(
            chunks,
            expressions,
            table=request.table,
            names_by_label=opened.fit.results.names_by_label,
            by_row=generated,
            chains=opened.chains,
        )
        answer["quantities"] = _to_rows(found.to_dict("records"))
    return answer


def predict_plainly(served: ServedVersion, request: RowsRequest) -> list[Row]:
    """Return the rows of `workbench predict` alone."""
    chunks = iterate_chunks(
        replace(served.opened, scoring=False), request.table, new_groups=request.new_groups
    )
    return [row for chunk in chunks for row in summarise_outcomes(chunk)]


def score_rows(served: ServedVersion, request: RowsRequest) -> Scored:
    """Return the scores of rows whose outcome is known.

    Raises
    ------
    WorkbenchError
        As `workbench score` refuses rows.
    """
    opened = served.opened
    kept, left_out = keep_rows_with_outcomes(opened.fit, request.table)
    scores = score_predictions(iterate_chunks(opened, kept, new_groups=request.new_groups))
    if not scores:
        raise RequestError("no outcome of these rows is known, so that there is nothing to score.")
    columns: Mapping[str, Sequence[str]] = opened.fit.results.data.rules.get("variables", {})
    outcomes = tuple(
        build_scored_outcome([one], CLASSIFICATION_THRESHOLD, None, "", columns.get(one.name, ()))
        for one in scores
    )
    table = ScoredTable(outcomes, left_out, (), kept.row_numbers)
    rows = tabulate_rows(table).sort_values("row", kind="stable")
    summary = tabulate_summary(table)
    known = [one.elements.log_density[~np.isnan(one.elements.log_density)] for one in scores]
    answer = describe_version(served)
    answer["remarks"] = [opened.stored.remark] if opened.stored.remark else []
    answer["left_out"] = left_out
    answer["scores"] = _to_rows(rows.astype(object).to_dict("records"))
    answer["summary"] = _to_rows(
        summary.drop(columns=["rows", "method", "gain", "gain_se"]).to_dict("records")
    )
    return Scored(answer, max((len(one) for one in known), default=0), float(sum(one.sum() for one in known)))


def describe_version(served: ServedVersion) -> Row:
    """Return which version answers, and from how many draws."""
    origin = served.origin
    return {
        "model": origin.model,
        "version": origin.number,
        "alias": None if origin.alias.isdecimal() else origin.alias or None,
        "run": origin.run,
        "level": served.opened.fit.results.interval.level,
        "method": served.opened.stored.method,
        "draws": served.draws,
        "draws_of_fit": served.draws_of_fit,
        "thinning_error_ratio": round(math.sqrt(served.draws_of_fit / served.draws), 4),
    }


def _list_remarks(
    opened: OpenPredictor, table: Table, chunks: Sequence[Predictions], used: set[str]
) -> list[str]:
    """Return what must be known about predictions."""
    missing = max((find_missing_share(chunk) for chunk in chunks), default=0.0)
    simulated = {outcome.quantity for chunk in chunks for outcome in chunk.outcomes if outcome.is_simulated}
    description = opened.fit.results.data
    names = [name for columns in description.rules.get("variables", {}).values() for name in columns]
    unused = describe_unused([*description.columns, *names], used, table.columns)
    return [
        *([opened.stored.remark] if opened.stored.remark else []),
        *([f"{unused[:1].upper()}{unused[1:]}"] if unused else []),
        *describe_missing(missing),
        *describe_simulated(simulated),
    ]


def _list_predictions(chunk: Predictions, chains: int) -> Iterator[Row]:
    """Yield the rows of `workbench predict`, each with the Monte Carlo error of its mean and expectation."""
    errors = [error for outcome in chunk.outcomes for error in _measure_errors(outcome, chains)]
    for row, (mean, expected) in zip(summarise_outcomes(chunk), errors, strict=True):
        yield {**row, "mcse": mean, "expected_mcse": expected}


def _measure_errors(outcome: OutcomePrediction, chains: int) -> Iterator[tuple[float, float]]:
    """Yield the Monte Carlo standard errors of the mean and the expectation of each row of a summary."""
    if outcome.probabilities is not None:
        errors = measure_errors(outcome.probabilities.reshape(len(outcome.probabilities), -1), chains)
        yield from zip(errors.tolist(), errors.tolist(), strict=True)
        return
    means = measure_errors(outcome.draws, chains)
    if outcome.expectation is None:
        yield from ((mean, math.nan) for mean in means.tolist())
        return
    expected = measure_errors(outcome.expectation, chains)
    if outcome.is_yes_or_no:  # its mean is that of its expectation
        means = expected
    yield from zip(means.tolist(), expected.tolist(), strict=True)


def _to_rows(records: Sequence[Mapping[Any, Any]]) -> list[Row]:
    """Return rows of a table with Python's own values; what is missing is nothing."""
    return [{str(name): _to_plain(value) for name, value in record.items()} for record in records]


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (str, bool, int, float)) else None
