"""Documents: what a report says, whatever it looks like.

A document has sections, a section has blocks, and every block is a plain value. Text is plain text with names
in `` `backticks` ``; nothing here is HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:  # a document without figures needs none of the libraries that draw them
    from workbench.report.figures import Drawing


class Tone(StrEnum):
    """Whether something is good or bad for the results; shown in words too, never by colour alone."""

    OK = "ok"
    CAUTION = "caution"
    FAIL = "fail"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    text: str
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]
    kind: ClassVar[str] = "items"


@dataclass(frozen=True)
class Notice:
    """A sentence that stands out, such as why a part of the report is missing."""

    text: str
    tone: Tone = Tone.NEUTRAL
    kind: ClassVar[str] = "notice"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title
        The heading.
    form
        `number` (right-aligned), `text`, `name` (an identifier) or `prose` (sentences).
    group
        A heading above neighbouring columns of the same group.
    help
        What the heading means.
    drop_order
        0 for a column that every page shows; of the others, those with the smallest number are left out first
        where a page is too narrow.
    """

    title: str
    form: Literal["number", "text", "name", "prose"] = "text"
    group: str = ""
    help: str = ""
    drop_order: int = 0


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `anchor` is the address of a place in the document that it links to."""

    text: str
    tone: Tone | None = None
    anchor: str = ""


@dataclass(frozen=True)
class TableBlock:
    """A table; the first column names the row.

    Attributes
    ----------
    key
        Unique in the document, and an HTML id.
    is_interactive
        Rows can be sorted and searched.
    is_prose
        Cells contain sentences: on a narrow page each row becomes a small list.
    full_table
        Where all columns are, if a page leaves some of them out.
    is_listing
        There can be thousands of rows: a page shows them as plain text, and as a table where scripts run.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    is_interactive: bool = False
    is_prose: bool = False
    full_table: str = ""
    is_listing: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption and its description.

    Attributes
    ----------
    drawing
        The drawing.
    alt
        What the drawing shows, for a reader who cannot see it.
    caption
        What is drawn, and in which unit.
    """

    drawing: Drawing
    alt: str
    caption: str


@dataclass(frozen=True)
class Figures:
    """Figures side by side, with an explanation of how to read them.

    Attributes
    ----------
    size
        How wide they are drawn. Those that are wide hold numbers to read: on a narrow page they keep their
        size and scroll sideways.
    """

    key: str
    figures: tuple[Figure, ...]
    explanation: str
    size: Literal["small", "medium", "wide"] = "small"
    kind: ClassVar[str] = "figures"


@dataclass(frozen=True)
class Sliders:
    """Controls with which a reader weights draws for another prior, where scripts may run.

    Attributes
    ----------
    explanation
        How to use them.
    otherwise
        What is said where scripts are switched off.
    numbers
        What the script needs, as values that JSON has.
    """

    key: str
    explanation: str
    otherwise: str
    numbers: Mapping[str, Any]
    kind: ClassVar[str] = "sliders"


@dataclass(frozen=True)
class Facts:
    """Names and values, such as versions and hashes."""

    facts: tuple[tuple[str, str], ...]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Code:
    """A program or a command line.

    Attributes
    ----------
    language
        What it is written in.
    is_numbered
        Each line shows its number and has the address `<key>-<number>`.
    """

    key: str
    text: str
    language: Literal["stan", "console"]
    is_numbered: bool = False
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Quote:
    """Text for the reader to copy; `is_verbatim` keeps its lines as they are."""

    key: str
    text: str
    is_verbatim: bool = False
    kind: ClassVar[str] = "quote"


@dataclass(frozen=True)
class Disclosure:
    """Blocks that are hidden until a reader opens them; `key` is their address, where they have one."""

    title: str
    blocks: tuple[Block, ...]
    key: str = ""
    kind: ClassVar[str] = "disclosure"


Block = Paragraph | Items | Notice | TableBlock | Figures | Facts | Code | Quote | Disclosure | Sliders
"""Any kind of block."""


@dataclass(frozen=True)
class Section:
    """A part of a document with a heading; `key` is its address."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class VerdictReason:
    """A sentence behind a verdict.

    Attributes
    ----------
    text
        The sentence.
    place, anchor
        Where there is more about it: the name of that place, and its address.
    advice
        What to do about it.
    consequences
        What follows from it, or cannot be judged because of it.
    """

    text: str
    place: str = ""
    anchor: str = ""
    advice: str = ""
    consequences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether the results can be relied on.

    Attributes
    ----------
    tone, sentence
        Good or bad, and what that means.
    reasons
        The reasons, the first cause first.
    found
        What was found.
    scope
        What was checked, and what was not.
    """

    tone: Tone
    sentence: str
    reasons: tuple[VerdictReason, ...] = ()
    found: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Document:
    """A whole report, or a page in the terminal.

    Attributes
    ----------
    title, subtitle
        What it is about.
    byline
        When and with what it was made, or where there is more.
    verdict
        Whether the results can be relied on; `None` where there is nothing to judge.
    sections
        Its parts.
    opening
        A summary in a few paragraphs.
    kicker
        What kind of document it is.
    """

    title: str
    subtitle: str = ""
    byline: str = ""
    verdict: Verdict | None = None
    sections: tuple[Section, ...] = ()
    opening: tuple[str, ...] = ()
    kicker: str = "Report of a fit"
