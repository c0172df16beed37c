"""Statements replaced or added in the author's text; everything else, line numbers too, stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.program.syntax.source import Place, tokenize


@dataclass(frozen=True)
class Edit:
    """A change of one statement.

    Attributes
    ----------
    place
        Where the statement stands.
    statement
        The statement, as the printer writes it.
    replacement
        What stands there instead; `None` leaves the statement as it is.
    addition
        What is written after it, on the same line.
    """

    place: Place
    statement: str
    replacement: str | None = None
    addition: str = ""


def edit_source(text: str, edits: Sequence[Edit]) -> str | None:
    """Return a text with its statements changed; `None` where one of them is not found, or found twice."""
    spans = [_find_statement(text, edit) for edit in edits]
    changes: list[tuple[int, int, str]] = []
    for edit, span in zip(edits, spans, strict=True):
        if span is None:
            return None
        start, end = span
        if edit.addition:
            changes.append((end, end, f" {edit.addition}"))
        if edit.replacement is not None:
            # The lines below keep their numbers.
            lines = text.count("\n", start, end) - edit.replacement.count("\n")
            changes.append((start, end, edit.replacement + "\n" * lines))
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _find_statement(text: str, edit: Edit) -> tuple[int, int] | None:
    """Return where a statement begins and ends, if it stands only once on its lines."""
    wanted = [token.text for token in tokenize(edit.statement)]
    tokens = [
        token for token in tokenize(text) if edit.place.first <= token.line and token.line <= edit.place.last
    ]
    starts = [
        position
        for position in range(len(tokens) - len(wanted) + 1)
        if [token.text for token in tokens[position : position + len(wanted)]] == wanted
    ]
    if not wanted or len(starts) != 1:
        return None
    return tokens[starts[0]].start, tokens[starts[0] + len(wanted) - 1].end
