"""A document as one self-contained HTML file: the only importer of jinja2.

The template engine escapes every string. Characters that would act on the page instead of being shown, such
as those that reverse the direction of text, are replaced by their code points. Whatever the strings contain,
a content security policy allows only the script whose hash it names, and no network access.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from workbench.report.document import Code, Column, Document, Sliders, TableBlock
from workbench.report.explore.page import DrawsPage, to_script_json
from workbench.report.figures import Drawing, to_svg
from workbench.report.numbers import MISSING

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
"""Characters that act on a page, or that HTML does not allow."""

_BACKTICKS = re.compile(r"`([^`]+)`")
"""A name in backticks."""

_IDENTIFIER = re.compile(r'(\bid="|\burl\(#|\bhref="#)')
"""What stands before an identifier in SVG."""


def render(document: Document, draw: Callable[[Drawing], str] = to_svg) -> str:
    """Return a document as the text of a self-contained HTML file.

    Parameters
    ----------
    document
        The document.
    draw
        What makes an `<svg>` element of a drawing.
    """
    environment = _make_environment()
    names = ("report.js", "sliders.js") if _has_sliders(document) else ("report.js",)
    script = "\n".join(_read_template(name) for name in names)
    return environment.get_template("report.html.j2").render(
        document=document,
        style=Markup(_read_template("report.css")),  # noqa: S704 - part of the package
        script=Markup(script),  # noqa: S704 - part of the package
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        draw=_DrawingWriter(draw),
    )


def _has_sliders(document: Document) -> bool:
    return any(isinstance(block, Sliders) for section in document.sections for block in section.blocks)


def render_draws_page(page: DrawsPage, draw: Callable[[Drawing], str] = to_svg) -> str:
    """Return the page of draws as the text of a self-contained HTML file; `draw` as in `render`."""
    script = _read_template("explore.js")
    return (
        _make_environment()
        .get_template("explore.html.j2")
        .render(
            page=page,
            style=Markup(_read_template("report.css") + _read_template("explore.css")),  # noqa: S704 - our own
            script=Markup(script),  # noqa: S704 - part of the package
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            draw=_DrawingWriter(draw),
            numbers=_format_script_json(page.numbers),
            draws=Markup("\n".join(page.draws)),  # noqa: S704 - base64
        )
    )


def render_summary(**values: object) -> str:
    """Return the summary of a fit for a notebook as a piece of HTML."""
    return _make_environment().get_template("summary.html.j2").render(**values)


@cache
def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("workbench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_replace_control_characters,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"prose": _format_prose, "highlight": _highlight, "group": _group_columns}
    environment.filters |= {"align": _align, "script_json": _format_script_json}
    return environment


@cache
def _read_template(name: str) -> str:
    return (resources.files("workbench.report") / "templates" / name).read_text(encoding="utf-8")


def _replace_control_characters(value: object) -> object:
    """Return text with characters that would act on the page replaced by their code points."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _CONTROL.sub(lambda match: f"\u27e8U+{ord(match[0]):04X}\u27e9", value)
    return value


def _format_script_json(value: object) -> Markup:
    """Return a value as JSON for a script element."""
    return Markup(to_script_json(_replace_inside(value)))  # noqa: S704 - it cannot end the script


def _replace_inside(value: object) -> object:
    """Return a value with the texts in it made safe to show."""
    if isinstance(value, Mapping):
        return {key: _replace_inside(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_replace_inside(one) for one in value]
    return _replace_control_characters(value)


def _format_prose(text: str) -> Markup:
    """Return escaped text with names in backticks marked up as code."""
    pieces = _BACKTICKS.split(str(_replace_control_characters(text)))
    spans = [
        Markup("<code><bdi>{}</bdi></code>").format(piece) if position % 2 else escape(piece)
        for position, piece in enumerate(pieces)
    ]
    return Markup("").join(spans)


def _highlight(code: Code) -> list[Markup]:
    """Return the lines of a program with its syntax highlighted."""
    text = str(_replace_control_characters(code.text.replace("\r\n", "\n")))
    if code.language == "console":
        return [escape(line) for line in text.split("\n")]
    lexer = get_lexer_by_name(code.language, stripnl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
    html = highlight(text, lexer, formatter).removesuffix("\n")
    return [Markup(line) for line in html.split("\n")]  # noqa: S704 - pygments has escaped it


def _group_columns(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """Return neighbouring columns of the same group together, with the name of the group."""
    return [(group, list(run)) for group, run in itertools.groupby(columns, key=lambda column: column.group)]


def _align(table: TableBlock) -> str:
    """Return a table as lines of text in columns, which two spaces and more separate."""
    heads = [f"{column.group} {column.title}".replace("`", "").strip() for column in table.columns]
    lines = [heads, *([cell.text or MISSING for cell in row] for row in table.rows)]
    cells = [[" ".join(str(_replace_control_characters(text)).split()) for text in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    )


class _DrawingWriter:
    """Writes drawings as SVG; the identifiers of each drawing get a prefix that is unique on the page."""

    def __init__(self, draw: Callable[[Drawing], str]) -> None:
        self._draw = draw
        self._count = itertools.count(1)

    def __call__(self, drawing: Drawing) -> Markup:
        prefix = f"f{next(self._count)}-"
        return Markup(_IDENTIFIER.sub(lambda match: match[0] + prefix, self._draw(drawing)))  # noqa: S704 - made by to_svg
