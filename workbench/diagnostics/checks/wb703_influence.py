"""WB703: does any single row carry the result?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, needs_draws, paragraphs
from workbench.results import Fit

SHOWN = 5
"""Rows named in the sentence; the report lists more."""


@needs_draws
def _examine(fit: Fit) -> Finding:
    entry = fit.record["loo"]
    if entry["status"] != "ok":
        return Finding("n/a", f"The influence of single rows is not known: {entry['reason']}")
    strong = [row for row in entry["rows"] if row["khat"] > entry["khat_limit"]]
    if strong:
        named = ", ".join(f"{row['label']} ({row['khat']:.2f})" for row in strong[:SHOWN])
        more = f" and {entry['bad'] - SHOWN} more" if entry["bad"] > SHOWN else ""
        return Finding("tip", f"Single rows move the posterior much: {named}{more}.", entry["bad"])
    first = entry["rows"][0]
    message = (
        f"No row moves the posterior much; the most influential is {first['label']} ({first['khat']:.2f})."
    )
    return Finding("passed", message, 0)


CHECK = Check(
    code="WB703",
    title="No row too influential (Pareto k-hat)",
    threshold="k-hat at most min(1 - 1/log10(S), 0.7) for every row, S draws",
    reference=(
        "Vehtari, Gelman and Gabry (2017), doi:10.1007/s11222-016-9696-4; Bradlow and Zaslavsky (1997), "
        "doi:10.1080/10618600.1997.10474746"
    ),
    meaning="Without one of these rows the posterior would look different.",
    advice="Check these rows for errors; if they are right, report the result with and without them.",
    page=paragraphs("""
    The same k-hat that says whether a row can be left out by reweighting measures how much the posterior
    depends on it. Rows are named by the labels of the table where it has any, otherwise by their number.

    A row can be influential because it is extreme, or because it is the only one of its group.
    """),
    examine=_examine,
)
