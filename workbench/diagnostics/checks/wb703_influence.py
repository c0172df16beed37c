"""WB703: does a single row carry the result?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.results import Fit
from workbench.results.view import LooRow
from workbench.thresholds import KHAT_RULE

SHOWN = 5
"""Rows that the message names; the report lists more."""


@requires_draws
def _assess(fit: Fit) -> Finding:
    loo = fit.results.loo
    if not loo.is_ok:
        message = f"The influence of single rows is not known: {loo.reason}"
        return Finding("skipped" if loo.status == "skipped" else "n/a", message)
    influential = [row for row in loo.rows if loo.is_influential(row)]
    if influential:
        named = ", ".join(_describe_row(row) for row in influential[:SHOWN])
        more = f" and {(loo.bad or 0) - SHOWN} more" if (loo.bad or 0) > SHOWN else ""
        return Finding("tip", f"Single rows move the posterior strongly: {named}{more}.", loo.bad)
    among = "" if loo.sampled is None else f" among {loo.sampled} examined"
    message = (
        f"No row{among} moves the posterior strongly; the most influential is {_describe_row(loo.rows[0])}."
    )
    return Finding("passed", message, 0)


def _describe_row(row: LooRow) -> str:
    return f"{row.label} ({'infinite' if row.khat is None else f'{row.khat:.2f}'})"


CHECK = Check(
    code="WB703",
    title="No row too influential (Pareto k-hat)",
    threshold=f"k-hat at most {KHAT_RULE} for every row, S draws",
    reference=(
        "Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4; Bradlow and Zaslavsky (1997), "
        "doi:10.1080/10618600.1997.10474746"
    ),
    meaning="Without one of these rows the posterior would look different.",
    advice="Check these rows for errors; if they are right, report the result with and without them.",
    page=split_paragraphs("""
    The k-hat that says whether a row can be left out by reweighting also measures how much the posterior
    depends on it. Rows are named by the labels of the table where it has any, otherwise by their number.

    A row can be influential because it is extreme, or because it is the only one of its group.
    """),
    assess=_assess,
)
