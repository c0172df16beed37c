"""The report of a study, section by section."""

from __future__ import annotations

from pathlib import PurePath

import msgspec

from workbench.report.document import Document, Section, Tone, Verdict, VerdictReason
from workbench.report.fit import sensitivity
from workbench.report.numbers import join_with_and, pluralise
from workbench.report.study import curves, moves, points, prior_alone, provenance, tipping
from workbench.results.view import DrawsEstimate, NutsResult, Results
from workbench.studies import Study, StudyResults


def build_study_report(study: Study) -> Document:
    """Return the report of a study; everything in it comes from the study directory."""
    results = study.results
    created = results.created.replace("T", " at ").replace("+00:00", " UTC")
    point_count = pluralise(len(results.points), "point")
    return Document(
        title=results.model.name,
        subtitle=f"and its priors, on {PurePath(results.data.path).name}{describe_scale(results)}",
        byline=f"Written {created} by workbench {results.workbench}, {point_count}",
        verdict=build_verdict(results),
        sections=(
            tipping.build_section(results),
            moves.build_section(study),
            curves.build_section(study),
            _build_scaling_section(results),
            prior_alone.build_section(study),
            points.build_section(study),
            provenance.build_section(results),
        ),
        kicker="Report of a sensitivity study",
    )


def describe_scale(results: StudyResults) -> str:
    """Return in which units priors and results are, where predictors were standardized; else nothing."""
    names = join_with_and([f"`{name}`" for name in results.data.standardized])
    if not names:
        return ""
    units = f"per standard deviation of the predictors in {names}"
    if results.data.on_data_scale:
        return f"; priors of coefficients are {units}, results are on the scale of the data"
    return f"; priors and results are {units}, not on the scale of the data"


def build_verdict(results: StudyResults) -> Verdict:
    """Return the conclusion of a study."""
    conclusion = results.conclusion
    reasons = tuple(VerdictReason(reason) for reason in conclusion.reasons)
    return Verdict(Tone(conclusion.verdict), conclusion.sentence, reasons)


def _build_scaling_section(results: StudyResults) -> Section:
    """Return the section on power-scaling of a run's report; k-hats of refitted components do not matter."""
    scaling = results.power_scaling
    khat = {name: khat for name, khat in scaling.khat.items() if scaling.how.get(name) != "refit"}
    estimates = {name: DrawsEstimate(label=label) for name, label in results.labels.items()}
    run = Results(
        nuts=NutsResult(estimates=estimates), power_scaling=msgspec.structs.replace(scaling, khat=khat)
    )
    return sensitivity.build_section(run)
