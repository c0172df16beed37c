"""WB704: was anything about the data remarkable when they were bound?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.results import Fit


def _examine(fit: Fit) -> Finding:
    tips = list(fit.record["data"].get("tips") or ())
    dropped = (fit.record["data"].get("dropped") or {}).get("count") or 0
    remarks = [*tips, *([f"{dropped} rows were dropped."] if dropped and not tips else [])]
    if not remarks:
        return Finding("passed", "Nothing about the data was remarkable when they were bound.", 0)
    more = f" And {len(remarks) - 1} more remarks." if len(remarks) > 1 else ""
    return Finding("tip", f"{remarks[0][:1].upper()}{remarks[0][1:]}{more}", len(remarks))


CHECK = Check(
    code="WB704",
    title="Data bound without remarks",
    threshold="no remark",
    reference="the rules of binding: `workbench fit --dry-run` shows what each variable is filled from",
    meaning=(
        "Rows were left out, a column is constant or determined by others, or a text was read as a number."
    ),
    advice="Run the same command with --dry-run, and read what each Stan variable was filled from.",
    page=paragraphs("""
    Binding gives each variable of the data block its column or value and notes what a careful reader would
    want to know: rows dropped for missing values, constant or collinear predictors, very different scales.
    """),
    examine=_examine,
)
