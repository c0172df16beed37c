"""Everything in which the runs differ before a draw was made: program, data, priors, settings, versions."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from workbench.report import reading
from workbench.report.document import Block, Cell, Code, Column, Disclosure, Notice, Paragraph, Section, Table
from workbench.report.numbers import MISSING, format_number
from workbench.report.reading import Record

_MOST_LINES = 400


def section(records: Mapping[str, Record]) -> Section:
    """Return what differs as a table, and the programs line by line where they are not the same."""
    facts = {name: dict(_facts(one)) for name, one in records.items()}
    keys = list(dict.fromkeys(key for each in facts.values() for key in each))
    differing = [key for key in keys if len({each.get(key, MISSING) for each in facts.values()}) > 1]
    if not differing:
        same = Notice("Program, data, priors, settings and versions are the same in all runs.")
        return Section("differences", "What differs", (same,))
    table = Table(
        key="differences-table",
        caption="Where the runs differ",
        columns=(Column("What", "text"), *(Column(f"`{name}`", "prose") for name in records)),
        rows=tuple(
            (Cell(key), *(Cell(each.get(key) or MISSING) for each in facts.values())) for key in differing
        ),
        note="What is not listed is the same in all runs.",
        is_prose=True,
    )
    return Section("differences", "What differs", (table, *_programs(records)))


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    """Yield everything that decides the numbers of a run, as words."""
    model, data, nuts = (reading.part(record, key) for key in ("model", "data", "nuts"))
    yield "program", _short(model.get("sha256"), model.get("path"))
    yield "data", _short(data.get("sha256"), data.get("path"))
    yield "rows", format_number(data.get("rows"), 0)
    yield "seed", str(record.get("seed", MISSING))
    yield "interval", reading.level(record)
    for name, origin in (data.get("binding") or {}).items():
        yield f"data for {name}", str(origin)
    for name, value in (record.get("priors") or {}).items():
        yield f"prior {name}", _value(value)
    for key in ("status", "chains", "draws", "warmup", "adapt_delta", "max_treedepth"):
        yield f"NUTS {key.replace('_', ' ')}", _value(nuts.get(key))
    for key, value in (nuts.get("settings") or {}).items():
        yield f"NUTS {key.replace('_', ' ')}", _value(value)
    yield "Stan", str(reading.part(record, "toolchain").get("stan") or MISSING)
    for name, version in (record.get("versions") or {}).items():
        yield f"version of {name}", str(version)


def _short(digest: object, path: object) -> str:
    return f"`{path or MISSING}` ({str(digest or MISSING)[:12]})"


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_value(one) for one in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format_number(value) if is_number else MISSING if value is None else str(value)


def _programs(records: Mapping[str, Record]) -> Iterator[Block]:
    """Yield the changes from the first program to each other that is not the same."""
    (first, reference), *others = records.items()
    before = str(reading.part(reference, "model").get("source") or "")
    for place, (name, one) in enumerate(others):
        after = str(reading.part(one, "model").get("source") or "")
        if not before or not after or before == after:
            continue
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), first, name, lineterm=""))
        text = "\n".join(lines[:_MOST_LINES])
        words = Paragraph(f"Lines with `-` are only in `{first}`, lines with `+` only in `{name}`.")
        code = Code(f"changes-{place}", text, "console")
        yield Disclosure(f"The program of `{name}` beside that of `{first}`", (words, code))
