"""The report of a study, section by section."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

import msgspec

from workbench.report.document import Document, Items, Section, Tone, Verdict, VerdictReason
from workbench.report.fit import sensitivity
from workbench.report.numbers import choose_decimals, format_number, join_with_and, pluralise
from workbench.report.study import (
    curves,
    effects,
    moves,
    points,
    prior_alone,
    provenance,
    reweighted,
    tipping,
)
from workbench.results.view import DrawsEstimate, NutsResult, Results
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.table import select_outcomes

_MOST_ESTIMATES = 2
"""Estimates that stand with the verdict. Ours: a table has all."""

_MOST_CAUSES = 2
"""Reasons that stand with the verdict. Ours: a section has the others."""

_EARLIER_RUN = (
    "The run in this folder has been replaced since: the study is about the earlier one. "
    "`workbench sensitivity RUN` studies the new one."
)
"""What stands first with the verdict of a study whose run is another by now."""


def build_study_report(study: Study) -> Document:
    """Return the report of a study; everything in it comes from the study directory."""
    results = study.results
    created = results.created.replace("T", " at ").replace("+00:00", " UTC")
    moved = moves.build_section(study)
    point_count = pluralise(len(results.points), "point")
    return Document(
        title=results.model.name,
        subtitle=f"and its priors, on {PurePath(results.data.path).name}{describe_scale(results)}",
        byline=f"Written {created} by workbench {results.workbench}, {point_count}",
        verdict=build_verdict(study),
        sections=(
            effects.build_section(study),
            *((tipping.build_section(results), moved) if results.tipping else (moved,)),
            *_list_other_findings(results),
            curves.build_section(study),
            *reweighted.build_sections(study),
            _build_scaling_section(results),
            prior_alone.build_section(study),
            points.build_section(study),
            *(() if results.tipping else (tipping.build_section(results),)),
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


def build_verdict(study: Study) -> Verdict:
    """Return the conclusion of a study: what was found, whether to trust it, the first causes, what to do."""
    conclusion = study.results.conclusion
    trust = (conclusion.trust,) if conclusion.trust else ()
    remedy = conclusion.remedy
    advice = (f"What to do: {remedy[0].lower()}{remedy[1:]}",) if remedy else ()
    earlier = (_EARLIER_RUN,) if study.is_of_earlier_run else ()
    texts = (*earlier, *_describe_estimates(study), *trust, *_choose_causes(study.results), *advice)
    return Verdict(Tone(conclusion.verdict), conclusion.sentence, tuple(map(VerdictReason, texts)))


def _describe_estimates(study: Study) -> Iterator[str]:
    """Yield what the quantities that matter most are in the base fit, and between what they move."""
    results = study.results
    effects, moves = results.conclusion.effects, results.conclusion.moves
    if not effects:
        return
    decided = (name for tip in results.tipping for name in tip.about)
    names = dict.fromkeys(name for name in (*decided, effects[0].quantity) if name in moves)
    outcomes = select_outcomes(study.outcomes, results.leading_method)
    for name in list(names)[:_MOST_ESTIMATES]:
        base = outcomes.get((0, name))
        if base is None:
            continue
        decimals = choose_decimals(base.sd)
        numbers = (base.mean, base.lower, base.upper, moves[name].lowest, moves[name].highest)
        mean, lower, upper, lowest, highest = (format_number(number, decimals) for number in numbers)
        interval = "" if base.lower is None else f" ({lower} to {upper})"
        yield (
            f"In the base fit the {LEADING_MEANS[results.leading_method]} of `{results.find_label(name)}` is "
            f"{mean}{interval}; over all points it lies between {lowest} and {highest}."
        )


def _choose_causes(results: StudyResults) -> tuple[str, ...]:
    """Return the reasons that stand with the verdict; a study without a remedy of its own shows all."""
    conclusion = results.conclusion
    return conclusion.reasons[:_MOST_CAUSES] if conclusion.trust else conclusion.reasons


def _list_other_findings(results: StudyResults) -> Iterator[Section]:
    """Yield a section of everything that was found and does not stand with the verdict."""
    rest = results.conclusion.reasons[len(_choose_causes(results)) :]
    if rest:
        yield Section("findings", "What else was found", (Items(rest),))


def _build_scaling_section(results: StudyResults) -> Section:
    """Return the section on power-scaling of a run's report; k-hats of refitted components do not matter."""
    scaling = results.power_scaling
    khat = {name: khat for name, khat in scaling.khat.items() if scaling.how.get(name) != "refit"}
    estimates = {name: DrawsEstimate(label=label) for name, label in results.labels.items()}
    run = Results(
        nuts=NutsResult(estimates=estimates), power_scaling=msgspec.structs.replace(scaling, khat=khat)
    )
    return replace(sensitivity.build_section(run), title="Power-scaling")
