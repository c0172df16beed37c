"""The report of a study, section by section."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from workbench.report.document import Document, Reason, Tone, Verdict
from workbench.report.fit import sensitivity
from workbench.report.numbers import plural
from workbench.report.study import curves, tables
from workbench.studies import Study


def study_report(study: Study) -> Document:
    """Return what is to be said about a study; everything comes from its directory.

    Parameters
    ----------
    study
        With `record` as in `study.json` and `frame` as in `study.parquet`.
    """
    record = study.record
    found = record["conclusion"]
    made = str(record["created"]).replace("T", " at ").replace("+00:00", " UTC")
    return Document(
        title=record["model"]["name"],
        subtitle=f"and its priors, on {PurePath(record['data']['path']).name}",
        byline=f"Written {made} by workbench {record['workbench']}, {plural(len(record['points']), 'point')}",
        verdict=Verdict(
            Tone(found["verdict"]), found["sentence"], tuple(Reason(words) for words in found["reasons"])
        ),
        sections=(
            tables.decisions(study),
            tables.moves(study),
            curves.section(study),
            sensitivity.section(_as_run(study)),
            tables.prior_alone(study),
            tables.points(study),
            tables.provenance(study),
        ),
        kicker="Report of a sensitivity study",
    )


def _as_run(study: Study) -> dict[str, Any]:
    """Return what the section on power-scaling reads of a run."""
    scaling = study.record["power_scaling"]
    estimates = {name: {"label": label} for name, label in study.record["labels"].items()}
    how = scaling.get("how", {})
    khat = {name: value for name, value in scaling.get("khat", {}).items() if how.get(name) != "refit"}
    return {"power_scaling": {**scaling, "khat": khat}, "nuts": {"status": "ok", "estimates": estimates}}
