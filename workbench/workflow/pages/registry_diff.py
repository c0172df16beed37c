"""The page that `workbench registry diff` prints: what differs between two fits."""

from __future__ import annotations

from workbench.methods import RESULTS
from workbench.registry.differences import EstimateMove, FitDifferences, PriorChange
from workbench.registry.summary import RememberedEstimate
from workbench.report.audit.words import show_prior_change
from workbench.report.document import Block, Cell, Code, Column, Document, Paragraph, Section, TableBlock
from workbench.report.numbers import MISSING, format_number, pluralise

_MOST_MOVES = 30
"""The most estimates that the page shows, those that moved most. Ours."""


def build_diff_page(found: FitDifferences, before: str, after: str) -> Document:
    """Return the page of the differences between two fits."""
    sections = [
        Section("program", "Program", _show_program(found)),
        Section("priors", "Priors", _show_priors(found.priors, before, after)),
        Section("facts", "What else differs", _show_facts(found, before, after)),
        Section("estimates", "Estimates", _show_moves(found, before, after)),
    ]
    return Document(
        title="diff", subtitle=f"{before} and {after}", sections=tuple(sections), kicker="Registry"
    )


def _show_program(found: FitDifferences) -> tuple[Block, ...]:
    if not found.program:
        return (Paragraph("The program is the same."),)
    return (Code("program-diff", found.program, "console"),)


def _show_priors(changes: tuple[PriorChange, ...], before: str, after: str) -> tuple[Block, ...]:
    if not changes:
        return (Paragraph("All priors are the same."),)
    columns = (Column("prior", "name"), Column(before), Column(after), Column("set by", drop_order=1))
    rows = tuple(
        (Cell(change.name), *map(Cell, show_prior_change(change)), Cell(_describe_origins(change)))
        for change in changes
    )
    return (TableBlock("priors-diff", "", columns, rows),)


def _describe_origins(change: PriorChange) -> str:
    origins = [text or MISSING for text in (change.set_before, change.set_after)]
    return origins[0] if origins[0] == origins[1] else f"{origins[0]}; then {origins[1]}"


def _show_facts(found: FitDifferences, before: str, after: str) -> tuple[Block, ...]:
    if not found.facts:
        return (Paragraph("Nothing."),)
    columns = (Column("what"), Column(before), Column(after))
    rows = tuple(
        (Cell(name), Cell(one or MISSING), Cell(other or MISSING)) for name, one, other in found.facts
    )
    return (TableBlock("facts-diff", "", columns, rows, is_prose=True),)


def _show_moves(found: FitDifferences, before: str, after: str) -> tuple[Block, ...]:
    if not found.method:
        return (Paragraph("The fits have no method in common."),)
    columns = (
        Column("quantity", "name"),
        Column(before, "number"),
        Column(after, "number"),
        Column("moved", "number", help="in combined SDs"),
    )
    rows = tuple(_build_row(move) for move in found.moves[:_MOST_MOVES])
    distance = found.distance
    blocks: list[Block] = []
    if distance is not None:
        largest = found.moves[0]
        blocks.append(
            Paragraph(
                f"By {RESULTS[found.method].label}, {pluralise(len(found.moves), 'quantity')} moved by "
                f"{distance:.2f} combined SDs (root mean square); the largest move is "
                f"{abs(largest.in_sd or 0.0):.2f}, of `{largest.name}`."
            )
        )
    rest = len(found.moves) - len(rows)
    note = f"{rest:,} more moved less" if rest > 0 else ""
    blocks.append(TableBlock("moves", "mean and SD; moves in combined SDs", columns, rows, note=note))
    for names, what in ((found.gone, before), (found.new, after)):
        if names:
            blocks.append(Paragraph(f"Only {what} has {', '.join(f'`{name}`' for name in names[:10])}."))
    return tuple(blocks)


def _build_row(move: EstimateMove) -> tuple[Cell, ...]:
    moved = MISSING if move.in_sd is None else f"{move.in_sd:+.2f}".replace("-", "−")
    return Cell(move.name), Cell(_show_estimate(move.before)), Cell(_show_estimate(move.after)), Cell(moved)


def _show_estimate(estimate: RememberedEstimate) -> str:
    spread = "" if estimate.sd is None else f" ({format_number(estimate.sd)})"
    return f"{format_number(estimate.estimate)}{spread}"
