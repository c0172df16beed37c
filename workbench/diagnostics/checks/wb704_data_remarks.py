"""WB704: were there remarks when the data were bound?"""

from __future__ import annotations

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.results import Fit


def _assess(fit: Fit) -> Finding:
    data = fit.results.data
    remarks = list(data.tips)
    if not remarks and data.dropped.count:
        remarks = [f"{data.dropped.count} rows were dropped."]
    if not remarks:
        return Finding("passed", "There were no remarks when the data were bound.", 0)
    first, others = remarks[0], len(remarks) - 1
    more = f" There {'is 1 more remark' if others == 1 else f'are {others} more remarks'}." if others else ""
    return Finding("tip", f"{first[:1].upper()}{first[1:]}{more}", len(remarks))


CHECK = Check(
    code="WB704",
    title="Data bound without remarks",
    threshold="no remark",
    reference="the rules of binding: `workbench fit --dry-run` shows where each variable comes from",
    meaning=(
        "Rows were left out, a column is constant or collinear with others, or a text was read as a number."
    ),
    advice="Run the same command with --dry-run, and read where each Stan variable comes from.",
    page=split_paragraphs("""
    Binding gives each variable of the data block its column or value. A remark names what a careful reader
    would want to know: rows dropped for missing values, constant or collinear predictors, or predictors on
    very different scales.
    """),
    assess=_assess,
)
