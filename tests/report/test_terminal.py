"""Documents printed in a terminal and in a pipe: widths, colours, and names that would act on a terminal."""

import io
import re

import pytest
from rich.console import Console

from workbench.report.document import (
    Cell,
    Code,
    Column,
    Disclosure,
    Document,
    Facts,
    Items,
    Notice,
    Paragraph,
    Quote,
    Section,
    TableBlock,
    Tone,
    Verdict,
    VerdictReason,
)
from workbench.report.terminal import print_document, print_message

SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody knows why. " * 3
"""A sentence wider than a terminal."""

COLOURED = re.compile(r"\x1b\[[0-9;]*3[0-7]")
"""The start of coloured text."""

NUMBERS = TableBlock(
    key="numbers",
    caption="",
    columns=(
        Column("name", "name"),
        Column("first", "number", drop_order=2),
        Column("second", "number", drop_order=1, help="what came second"),
        Column("third", "number", help="what came last"),
    ),
    rows=(
        (Cell("alpha"), Cell("1.0"), Cell("2.0"), Cell("3.0")),
        (Cell("beta"), Cell("10.0"), Cell("20.0"), Cell("30.0")),
    ),
    note="two rows",
    full_table="all.csv",
)

PROSE = TableBlock(
    key="prose",
    caption="",
    columns=(Column("check"), Column("", "prose"), Column("what to do", "prose")),
    rows=(
        (Cell("WB101", Tone.FAIL), Cell(SENTENCE), Cell("Run longer.")),
        (Cell("WB102"), Cell("fine"), Cell("")),
    ),
    is_prose=True,
)


def page(*blocks, **settings):
    return Document("a page", sections=(Section("section", "", blocks),), **settings)


def in_pipe(document):
    stream = io.StringIO()
    print_document(document, Console(file=stream, width=100_000))
    return stream.getvalue()


def in_terminal(document, width=80, **environment):
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=True, _environ={"TERM": "xterm", **environment}
    )
    print_document(document, console)
    return stream.getvalue()


def without_styles(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_sentence_is_one_line_in_a_pipe_and_wrapped_in_a_terminal():
    document = page(Paragraph(SENTENCE), Notice(SENTENCE, Tone.CAUTION), PROSE)
    lines = in_pipe(document).splitlines()
    assert lines[1] == SENTENCE
    assert lines[2] == f"caution: {SENTENCE}"
    assert lines[3] == f"WB101: {SENTENCE}"
    assert lines[4] == "    what to do: Run longer."
    assert lines[5] == "WB102: fine"
    wrapped = without_styles(in_terminal(document)).splitlines()
    assert max(map(len, wrapped)) <= 80
    after = wrapped[next(place for place, line in enumerate(wrapped) if line.startswith("WB101: ")) + 1]
    assert after.startswith("    ")


@pytest.mark.parametrize(
    ("width", "titles", "is_complete"),
    [
        (80, ["name", "first", "second", "third"], True),
        (24, ["name", "first", "third"], False),
        (16, ["name", "third"], False),
    ],
)
def test_columns_are_left_out_where_they_do_not_fit_and_that_is_said(width, titles, is_complete):
    lines = without_styles(in_terminal(page(NUMBERS), width)).splitlines()
    assert lines[1].split() == titles
    assert lines[2].split() == [
        "alpha",
        *(f"{place}.0" for place, title in enumerate(["first", "second", "third"], 1) if title in titles),
    ]
    notes = " ".join(" ".join(lines[4:]).split())
    assert "third: what came last" in notes
    assert ("second: what came second" in notes) == ("second" in titles)
    assert ("they are in all.csv" in notes) == (not is_complete)


def test_rows_of_a_table_do_not_end_in_spaces_in_a_pipe():
    assert not [line for line in in_pipe(page(NUMBERS)).splitlines() if line.endswith(" ")]


def test_names_and_values_stand_side_by_side():
    lines = in_pipe(page(Facts((("Stan", "2.39.0"), ("compiler", SENTENCE.strip()))))).splitlines()
    assert lines[1:] == ["Stan      2.39.0", f"compiler  {SENTENCE.strip()}"]
    wrapped = without_styles(in_terminal(page(Facts((("compiler", SENTENCE),))))).splitlines()
    assert [line.startswith("          ") for line in wrapped[1:]] == [False, *[True] * (len(wrapped) - 2)]


def test_what_belongs_to_a_heading_is_indented():
    section = Section("rules", "rules", (Items(("one", "two")), Code("code", "int N;\n\treal x;\n", "stan")))
    document = Document("a page", sections=(section,))
    assert in_pipe(document).splitlines() == [
        "a page", "", "rules", "  - one", "  - two", "  int N;", "          real x;",
    ]  # fmt: skip


def test_the_verdict_comes_last_but_for_the_place_of_the_report():
    reason = VerdictReason("R-hat is 1.2.", "issue WB101", advice="Run longer.")
    verdict = Verdict(Tone.FAIL, "Do not rely on this.", (VerdictReason("Nothing converged."), reason))
    lines = in_pipe(page(Paragraph("text"), verdict=verdict, byline="report: run/report.html")).splitlines()
    assert lines == [
        "a page",
        "text",
        "",
        "verdict: fail. Do not rely on this.",
        "  - Nothing converged.",
        "  issue WB101: R-hat is 1.2.",
        "      -> Run longer.",
        "report: run/report.html",
    ]


def test_disclosures_and_quotations_are_printed_whole():
    document = page(Disclosure("more", (Paragraph("inside"),)), Quote("quote", "cite\nthis"))
    assert in_pipe(document).splitlines() == ["a page", "more", "  inside", "cite", "this"]


def test_colours_are_for_terminals_that_want_them():
    document = page(Notice("careful", Tone.CAUTION), PROSE, verdict=Verdict(Tone.OK, "Fine."))
    assert len(COLOURED.findall(in_terminal(document))) == 3
    assert not COLOURED.search(in_terminal(document, NO_COLOR="1"))
    assert "\x1b" not in in_pipe(document)


@pytest.mark.parametrize("text", ["\x1b[31mred", "\u202egnp.exe", "bell\x07", "two\nlines", "[bold]x[/bold]"])
def test_no_text_acts_on_the_terminal(text):
    table = TableBlock(
        "t", text, (Column(text), Column(text, help=text)), ((Cell(text), Cell(text)),), note=text
    )
    prose = TableBlock(
        "p", text, (Column(text), Column(text, "prose")), ((Cell(text), Cell(text)),), is_prose=True
    )
    document = Document(
        text,
        subtitle=text,
        byline=text,
        opening=(text,),
        verdict=Verdict(Tone.FAIL, text, (VerdictReason(text, text, advice=text),)),
        sections=(
            Section(
                "all",
                text,
                (
                    Paragraph(text),
                    Items((text,)),
                    Notice(text),
                    table,
                    prose,
                    Facts(((text, text),)),
                    Disclosure(text, (Paragraph(text),)),
                ),
            ),
        ),
    )
    printed = in_pipe(document)
    assert not set("\x1b\u202e\x07") & set(printed)
    assert printed.count("<U+" if text != "[bold]x[/bold]" else text) >= 20


def test_an_error_keeps_its_lines_and_its_characters_harmless():
    stream = io.StringIO()
    print_message(Console(file=stream, width=40), "error", f"Syntax error:\n\t{SENTENCE}\x1b[2J", "red")
    assert stream.getvalue().splitlines() == ["error: Syntax error:", f"        {SENTENCE}<U+001B>[2J"]
