"""WB508: are residuals independent in the order of the rows, and in time?"""

from __future__ import annotations

from workbench.diagnostics.check import (
    Check,
    Finding,
    format_p_value,
    requires_predictions,
    split_paragraphs,
)
from workbench.diagnostics.dependence import ROW_ORDER
from workbench.results import Fit
from workbench.results.view import SerialDependence
from workbench.thresholds import DEPENDENCE_P_VALUE_LIMIT, DESIGN_EFFECT_LIMIT, FEWEST_ORDERED_ROWS


@requires_predictions
def _assess(fit: Fit) -> Finding:
    measured = [
        (outcome.name, order)
        for outcome in fit.results.predictive.outcomes
        for order in outcome.serial
        if order.p_value is not None
    ]
    if not measured:
        message = (
            f"No outcome has a value for each row of the table, at least {FEWEST_ORDERED_ROWS} of them, that "
            "are not sorted."
        )
        return Finding("n/a", message)
    name, order = min(measured, key=lambda item: _get_p_value(item[1]))
    p_value = min(1.0, len(measured) * _get_p_value(order))
    description = f"{_describe_correlation(order)} ({format_p_value(p_value)})"
    is_clear = p_value < DEPENDENCE_P_VALUE_LIMIT
    if is_clear and (order.design_effect or 0.0) >= DESIGN_EFFECT_LIMIT:
        message = f"Residuals of `{name}` depend on each other along {_describe_order(order)}: {description}."
        return Finding("issue", message, order.neighbours, "caution")
    verb = "hardly depend" if is_clear else "do not depend"
    message = f"Residuals of `{name}` {verb} on each other along {_describe_order(order)}: {description}."
    return Finding("passed", message, order.neighbours)


def _get_p_value(order: SerialDependence) -> float:
    return 1.0 if order.p_value is None else order.p_value


def _describe_order(order: SerialDependence) -> str:
    return order.along if order.along == ROW_ORDER else f"`{order.along}`"


def _describe_correlation(order: SerialDependence) -> str:
    return (
        f"the correlation of neighbours is {order.neighbours:.2f}, that of rows up to {order.lags} apart "
        f"{order.average:.2f} on average"
    )


CHECK = Check(
    code="WB508",
    title="Residuals independent in row order and in time",
    threshold=(
        f"p-value at least {DEPENDENCE_P_VALUE_LIMIT}, shared among all orders, or a design effect below "
        f"{DESIGN_EFFECT_LIMIT}"
    ),
    reference=(
        "Ljung and Box (1978), doi:10.1093/biomet/65.2.297; Dunn and Smyth (1996), "
        "doi:10.1080/10618600.1996.10474708; limits ours"
    ),
    meaning=(
        "Rows that follow each other have similar residuals, so that they carry less information than the "
        "model takes from them: intervals are too narrow. Or the rows are in the order of something that the "
        "model misses, such as a trend."
    ),
    advice=(
        "Model the order: an autoregressive term, a trend, a random walk or a Gaussian process over it. If "
        "the rows are in the order of a predictor, its effect may be curved."
    ),
    page=split_paragraphs("""
    The residual of a row is the normal quantile of its probability integral transform given all other rows.
    If the model is right, any order of the rows is as good as another. The autocorrelation at the first lag,
    and the sum over the first ten, are compared with those of 1,999 random orders; the larger counts. The
    rows are taken in the order of the table, and along each of its columns that holds dates, or numbers with
    a name such as day, week, year or time, whether the program uses it or not. Rows that are sorted by the
    outcome itself are in no order that says anything.

    Only positive correlation is a finding: a model that smooths over time leaves residuals that lean away
    from their neighbours even if it is right. Of a hundred right models one is flagged. With many rows even a
    tiny correlation shows: it counts only if it makes the variance of a mean a tenth larger than the model
    says.
    """),
    assess=_assess,
)
