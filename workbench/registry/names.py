"""What versions are called: `NAME`, `NAME@3`, `NAME@champion`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.errors import RequestError

CHAMPION = "champion"
"""The alias of the version that is in use."""

LATEST = "latest"
"""Stands for the newest version; it is no alias that can be set."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NUMBER = re.compile(r"[0-9]{1,9}")
"""How names and aliases are spelt, and the numbers of versions."""


@dataclass(frozen=True)
class VersionReference:
    """What somebody calls a version.

    Attributes
    ----------
    name
        The name of the model.
    which
        The number of a version, an alias, or `latest`; empty where none was given.
    """

    name: str
    which: str = ""

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.name}@{self.which}" if self.which else self.name


def parse_reference(text: str) -> VersionReference:
    """Return what a text refers to.

    Raises
    ------
    RequestError
        A name or an alias is not spelt as they are.

    >>> parse_reference("radon@champion")
    VersionReference(name='radon', which='champion')
    """
    if not isinstance(text, str):
        raise RequestError(f"a version was expected as a text such as `radon@3`, found {text!r}.")
    name, separator, which = text.partition("@")
    check_name(name)
    if separator and not _NUMBER.fullmatch(which):
        check_name(which, "an alias or the number of a version")
    return VersionReference(name, which)


def check_name(text: str, what: str = "a name") -> str:
    """Return a name or an alias as it is.

    Raises
    ------
    RequestError
        It is not spelt as one.
    """
    if not _NAME.fullmatch(text):
        hint = "letters, digits, `.`, `_` and `-`, at most 64 of them, a letter or a digit first"
        raise RequestError(f"{what} was expected in the registry, found `{text}`.", hint=hint)
    return text


def check_alias(text: str) -> str:
    """Return an alias as it is.

    Raises
    ------
    RequestError
        It is not spelt as one, looks like a number, or is `latest`.
    """
    check_name(text, "an alias")
    if _NUMBER.fullmatch(text) or text == LATEST:
        message = f"`{text}` cannot be an alias: numbers are versions, and `{LATEST}` is always the newest."
        raise RequestError(message)
    return text
