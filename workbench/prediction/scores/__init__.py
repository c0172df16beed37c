"""How well a fit predicted rows whose outcome is known."""

from workbench.prediction.scores.frames import tabulate_rows, tabulate_summary
from workbench.prediction.scores.outcome_scores import (
    OutcomeScores,
    keep_rows,
    score_predictions,
    score_side_by_side,
)
from workbench.prediction.scores.own_rows import score_own_rows
from workbench.prediction.scores.scored import (
    ComponentScores,
    OwnRows,
    ScoredOutcome,
    ScoredSteps,
    ScoredTable,
    UnscoredMethod,
    build_scored_outcome,
    compare_with_own,
)

__all__ = [
    "ComponentScores",
    "OutcomeScores",
    "OwnRows",
    "ScoredOutcome",
    "ScoredSteps",
    "ScoredTable",
    "UnscoredMethod",
    "build_scored_outcome",
    "compare_with_own",
    "keep_rows",
    "score_own_rows",
    "score_predictions",
    "score_side_by_side",
    "tabulate_rows",
    "tabulate_summary",
]
