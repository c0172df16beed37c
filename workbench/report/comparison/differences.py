"""Everything in which the runs differ before a draw was made: program, data, priors, settings, versions."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from workbench.report.document import (
    Block,
    Cell,
    Code,
    Column,
    Disclosure,
    Notice,
    Paragraph,
    Section,
    TableBlock,
)
from workbench.report.numbers import MISSING, format_number, format_percentage
from workbench.results.view import Results

_MOST_LINES = 400
"""Lines of the difference between two programs that are shown."""

_DIGEST_LENGTH = 12
"""Characters of a hash that are shown: enough to distinguish files."""


def build_section(results: Mapping[str, Results]) -> Section:
    """Return a table of what differs, and the programs line by line where they are not the same."""
    facts = {name: dict(_iterate_facts(run)) for name, run in results.items()}
    keys = list(dict.fromkeys(key for of_run in facts.values() for key in of_run))
    differing = [key for key in keys if len({of_run.get(key, MISSING) for of_run in facts.values()}) > 1]
    if not differing:
        notice = Notice("Program, data, priors, settings and versions are the same in all runs.")
        return Section("differences", "What differs", (notice,))
    table = TableBlock(
        key="differences-table",
        caption="Where the runs differ",
        columns=(Column("What", "text"), *(Column(f"`{name}`", "prose") for name in results)),
        rows=tuple(
            (Cell(key), *(Cell(of_run.get(key) or MISSING) for of_run in facts.values())) for key in differing
        ),
        note="What is not listed is the same in all runs.",
        is_prose=True,
    )
    return Section("differences", "What differs", (table, *_compare_programs(results)))


def _iterate_facts(run: Results) -> Iterator[tuple[str, str]]:
    """Yield everything that decides the numbers of a run, as text."""
    yield "program", _identify(run.model.path, run.model.sha256)
    yield "data", _identify(run.data.path, run.data.sha256)
    yield "rows", format_number(run.data.rows, 0)
    yield "seed", MISSING if run.seed is None else str(run.seed)
    yield "interval", format_percentage(run.interval.level)
    for name, origin in run.data.binding.items():
        yield f"data for {name}", "default of the model" if origin.startswith("default of ") else origin
    yield from ((f"prior {name}", _format_value(value)) for name, value in run.priors.items())
    yield from _iterate_settings(run)
    yield "Stan", run.toolchain.stan or MISSING
    yield from ((f"version of {name}", version) for name, version in run.versions.items())


def _iterate_settings(run: Results) -> Iterator[tuple[str, str]]:
    nuts = run.nuts
    settings = {
        "status": nuts.status,
        "chains": nuts.chains,
        "draws": nuts.draws,
        "warmup": nuts.warmup,
        "adapt_delta": nuts.adapt_delta,
        "max_treedepth": nuts.max_treedepth,
        **(nuts.settings or {}),
    }
    yield from ((f"NUTS {key.replace('_', ' ')}", _format_value(value)) for key, value in settings.items())


def _identify(path: str, digest: str) -> str:
    return f"`{path or MISSING}` ({digest[:_DIGEST_LENGTH] or MISSING})"


def _format_value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_format_value(item) for item in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format_number(value) if is_number else MISSING if value is None else str(value)


def _compare_programs(results: Mapping[str, Results]) -> Iterator[Block]:
    """Yield the changes from the first program to each other that is not the same."""
    (first, reference), *others = results.items()
    before = reference.model.source
    for place, (name, run) in enumerate(others):
        after = run.model.source
        if not before or not after or before == after:
            continue
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), first, name, lineterm=""))
        explanation = Paragraph(f"Lines with `-` are only in `{first}`, lines with `+` only in `{name}`.")
        code = Code(f"changes-{place}", "\n".join(lines[:_MOST_LINES]), "console")
        yield Disclosure(f"The program of `{name}` compared with that of `{first}`", (explanation, code))
