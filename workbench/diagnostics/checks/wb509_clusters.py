"""WB509: are residuals alike within groups that the model leaves out?"""

from __future__ import annotations

from workbench.diagnostics.check import (
    Check,
    Finding,
    format_p_value,
    requires_predictions,
    split_paragraphs,
)
from workbench.results import Fit
from workbench.results.view import ClusterDependence
from workbench.thresholds import DEPENDENCE_P_VALUE_LIMIT, DESIGN_EFFECT_LIMIT


@requires_predictions
def _assess(fit: Fit) -> Finding:
    measured = [
        (outcome.name, cluster)
        for outcome in fit.results.predictive.outcomes
        for cluster in outcome.clusters
        if cluster.p_value is not None
    ]
    if not measured:
        message = "The table has no column of repeated texts or whole numbers that the program leaves out."
        return Finding("n/a", message)
    name, cluster = min(measured, key=lambda item: _get_p_value(item[1]))
    p_value = min(1.0, len(measured) * _get_p_value(cluster))
    description = (
        f"their correlation within its {cluster.levels} levels is {cluster.correlation:.2f} "
        f"({format_p_value(p_value)})"
    )
    is_clear = p_value < DEPENDENCE_P_VALUE_LIMIT
    if is_clear and (cluster.design_effect or 0.0) >= DESIGN_EFFECT_LIMIT:
        message = (
            f"Residuals of `{name}` are alike within `{cluster.column}`, which the program leaves out: "
            f"{description}."
        )
        return Finding("issue", message, cluster.correlation, "caution", _advise(cluster))
    degree = "hardly more" if is_clear else "no more"
    message = (
        f"Residuals of `{name}` are {degree} alike within columns that the program leaves out than between; "
        f"most within `{cluster.column}`: {description}."
    )
    return Finding("passed", message, cluster.correlation)


def _get_p_value(cluster: ClusterDependence) -> float:
    return 1.0 if cluster.p_value is None else cluster.p_value


def _advise(cluster: ClusterDependence) -> str:
    return (
        f"Give each level of `{cluster.column}` an effect of its own that varies around a common mean "
        "(hierarchical), or add what distinguishes the levels as a predictor."
    )


CHECK = Check(
    code="WB509",
    title="Residuals independent within columns left out",
    threshold=(
        f"p-value at least {DEPENDENCE_P_VALUE_LIMIT}, shared among all columns, or a design effect below "
        f"{DESIGN_EFFECT_LIMIT}"
    ),
    reference=(
        "Fisher (1925), Statistical Methods for Research Workers, chapter VII; Kish (1965), Survey Sampling, "
        "section 8.2; limits ours"
    ),
    meaning=(
        "Rows of the same level have similar residuals, so that they carry less information than the model "
        "takes from them: intervals are too narrow, and predictions for a level can be wrong."
    ),
    advice=(
        "Give each level an effect of its own that varies around a common mean (hierarchical), or add what "
        "distinguishes the levels as a predictor."
    ),
    page=split_paragraphs("""
    The residual of a row is the normal quantile of its probability integral transform given all other rows.
    For each column of texts or whole numbers that the program does not use, and whose levels have at least
    two rows on average, a one-way analysis of variance compares residuals between levels with those within.
    The correlation is the intraclass correlation that follows from it.

    Of a hundred right models one is flagged. With many rows even a tiny correlation shows: it counts only if
    it makes the variance of a mean a tenth larger than the model says. Columns of measurements are left out:
    look at residuals against them for predictors that are missing.
    """),
    assess=_assess,
)
