"""Prior sensitivity: how far the posterior moves when the prior counts a little more or less."""

from __future__ import annotations

from workbench.report import reading
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, Table, Tone
from workbench.report.numbers import MISSING, format_number, format_share, plural
from workbench.report.reading import Record

MAX_ROWS = 200
_MOST_STATEMENTS = 4
_TITLE = "Does the prior matter?"


def section(record: Record) -> Section:
    """Return the power-scaling table, the most sensitive first; or why there is none."""
    part = reading.part(record, "power_scaling")
    found = part.get("parameters") if reading.is_ok(part) else None
    if not found:
        return Section("sensitivity", _TITLE, (Notice(_absence(part)),))
    blocks = (Paragraph(_WORDS), *_refitted(part), *_unreliable(part), _table(record, part))
    return Section("sensitivity", _TITLE, blocks)


_WORDS = (
    "Each number says how far the posterior of a quantity moves when the prior, or the likelihood, is raised "
    "to a power a little above or below one. Moved by the prior alone: the prior is informative, or the data "
    "say little. Moved by both: prior and data pull against each other."
)


def _absence(part: Record) -> str:
    if part.get("status") == "skipped":
        return "The sensitivity to the prior was not measured on this run."
    return f"The sensitivity to the prior is not known: {part.get('reason') or 'no reason was recorded.'}"


def _unreliable(part: Record) -> tuple[Block, ...]:
    limit = reading.number(part, "khat_threshold")
    khats = reading.part(part, "khat")
    high = [
        f"{name} ({format_number(value, 2)})"
        for name in khats
        if (value := reading.number(khats, name)) is not None and limit is not None and value > limit
    ]
    if not high:
        return ()
    words = (
        f"The reweighting is not reliable for {', '.join(high)}: its k-hat is above "
        f"{format_number(limit, 2)}. Fit again with another prior to see the effect itself."
    )
    return (Notice(words, Tone.CAUTION),)


def _refitted(part: Record) -> tuple[Block, ...]:
    """Return which components a study fitted again, since reweighting would not do."""
    names = [name for name, how in reading.part(part, "how").items() if how == "refit"]
    if not names:
        return ()
    powers = sorted({float(one) for name in names for one in part["powers"][name]})
    verb = "was" if len(names) == 1 else "were"
    words = (
        f"{_listed([_component(name) for name in names])} {verb} fitted again at the powers "
        f"{_listed([format_number(one) for one in powers])}: the draws of the base fit could not be "
        "reweighted that far."
    )
    return (Notice(words[0].upper() + words[1:]),)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _component(name: str) -> str:
    return {"prior": "the prior", "likelihood": "the likelihood"}.get(name, f"`{name}`")


def _table(record: Record, part: Record) -> Table:
    found = {name: one for name, one in part["parameters"].items() if isinstance(one, dict)}
    ranked = sorted(found, key=lambda name: -(reading.number(found[name], "prior") or 0.0))
    statements = reading.entries(part, "statements")
    shown = statements if 1 < len(statements) <= _MOST_STATEMENTS else []
    return Table(
        key="sensitivity-table",
        caption=f"Power-scaling sensitivity of {plural(len(found), 'quantity')}, the most sensitive first",
        columns=_columns(shown),
        rows=tuple(_row(record, part, name, len(shown)) for name in ranked[:MAX_ROWS]),
        note=_note(part, len(ranked)),
        is_interactive=True,
    )


def _columns(statements: list[Record]) -> tuple[Column, ...]:
    each = (
        Column(f"`{one.get('statement') or MISSING}`", "number", "Each prior statement") for one in statements
    )
    return (
        Column("Quantity", "name"),
        Column("Prior", "number", "Sensitivity to"),
        Column("Likelihood", "number", "Sensitivity to"),
        *each,
        Column("Diagnosis", "prose"),
    )


def _row(record: Record, part: Record, name: str, statements: int) -> tuple[Cell, ...]:
    one = part["parameters"][name]
    each = list(one.get("statements") or ())[:statements]
    return (
        Cell(reading.label(record, name)),
        _sensitivity(part, one.get("prior")),
        Cell(format_share(one.get("likelihood"))),
        *(_sensitivity(part, value) for value in each),
        *(Cell(MISSING) for _ in range(statements - len(each))),
        Cell(str(one.get("diagnosis") or MISSING)),
    )


def _sensitivity(part: Record, value: object) -> Cell:
    known, threshold = reading.number({"value": value}, "value"), reading.number(part, "threshold")
    is_large = known is not None and threshold is not None and known >= threshold
    return Cell(format_share(known), Tone.CAUTION if is_large else None)


def _note(part: Record, count: int) -> str:
    left = f" Shown are the first {MAX_ROWS}; the others are in run.json." if count > MAX_ROWS else ""
    return (
        f"Above {format_number(part.get('threshold'), 2)} a quantity counts as sensitive: Kallioinen, "
        f"Paananen, Bürkner and Vehtari (2024), doi:10.1007/s11222-023-10366-5.{left}"
    )
