"""A document as one HTML file that needs nothing else: the only importer of jinja2.

Every string is escaped by the template engine. Characters that would act on the page instead of showing on
it, such as those that reverse the direction of text, are replaced by their names. A content security policy
allows the one script whose hash it names and no network at all, whatever the strings hold.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from workbench.report.document import Code, Column, Document
from workbench.report.figures import Drawing, to_svg

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_BACKTICKS = re.compile(r"`([^`]+)`")
_IDENTIFIER = re.compile(r'(\bid="|\burl\(#|\bhref="#)')


def render(document: Document) -> str:
    """Return a document as the text of a self-contained HTML file.

    Parameters
    ----------
    document
        What to show.
    """
    environment = _environment()
    script = _asset("report.js")
    return environment.get_template("report.html.j2").render(
        document=document,
        style=Markup(_asset("report.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        scoped=_Scope(),
    )


def render_summary(**values: object) -> str:
    """Return a fit's summary for a notebook as a piece of HTML."""
    return _environment().get_template("summary.html.j2").render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("workbench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"prose": _prose, "highlighted": _highlighted, "runs_of_groups": _runs_of_groups}
    return environment


@cache
def _asset(name: str) -> str:
    return (resources.files("workbench.report") / "templates" / name).read_text(encoding="utf-8")


def _visible(value: object) -> object:
    """Return text with characters that act instead of showing replaced by their code points."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _CONTROL.sub(lambda match: f"\u27e8U+{ord(match[0]):04X}\u27e9", value)
    return value


def _prose(text: str) -> Markup:
    """Return escaped text in which what stood in backticks is set as a name."""
    parts = _BACKTICKS.split(str(_visible(text)))
    spans = [
        Markup("<code><bdi>{}</bdi></code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(parts)
    ]
    return Markup("").join(spans)


def _highlighted(code: Code) -> list[Markup]:
    """Return the lines of a program, coloured by class."""
    text = str(_visible(code.text.replace("\r\n", "\n")))
    if code.language == "console":
        return [escape(line) for line in text.split("\n")]
    lexer = get_lexer_by_name(code.language, stripnl=False)
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
    html = highlight(text, lexer, formatter).removesuffix("\n")
    return [Markup(line) for line in html.split("\n")]  # noqa: S704 - pygments escapes what it is given


def _runs_of_groups(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """Return neighbouring columns of the same group together."""
    return [(group, list(run)) for group, run in itertools.groupby(columns, key=lambda column: column.group)]


class _Scope:
    """Draws, and gives the identifiers inside each drawing a prefix of their own."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def __call__(self, drawing: Drawing) -> Markup:
        prefix = f"f{next(self._count)}-"
        return Markup(_IDENTIFIER.sub(lambda match: match[0] + prefix, to_svg(drawing)))  # noqa: S704 - ours
