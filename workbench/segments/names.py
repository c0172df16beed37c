"""The folder of each group's run: a name that people recognise and every file system takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from workbench.provenance import hash_texts

_LONGEST = 80
"""The most bytes of the part that people recognise; a name may have 255. Ours."""

_DIGITS = 12
"""Hexadecimal digits of the hash. Ours: of a million groups with one and the same name, the chance that two
share a folder is 0.2 %; names that differ need not fear it."""

RUN = re.compile(rf"^(?P<stem>.+)-[0-9a-f]{{{_DIGITS}}}$")
"""The name of a group's run."""


def name_run(values: Sequence[str], key: str) -> str:
    """Return the name of a group's run: its values as far as they suit a file, and a hash.

    Names differ even where upper and lower case are the same, as groups with equal letters have other hashes.

    Parameters
    ----------
    values
        The values of the group.
    key
        A hash of everything that decides its numbers.

    >>> name_run(["St. Louis/MO", "2024"], "k")
    'St._Louis_MO-2024-e2f56b4e838d'
    >>> name_run([".."], "k"), name_run(["a"], "k")[:2] == name_run(["a"], "l")[:2]
    ('group-b2f9640081cf', True)
    """
    return f"{name_stem(values)}-{hash_texts(key, *values)[:_DIGITS]}"


def name_stem(values: Sequence[str]) -> str:
    r"""Return the values of a group as far as they suit the name of a file.

    >>> name_stem(["a b", "é\u202e"]), name_stem(["..", ".x"]), len(name_stem(["ü" * 300]).encode())
    ('a_b-é', '-.x', 80)
    """
    text = "-".join(re.sub(r"[^\w.+-]", "_", unicodedata.normalize("NFC", value)) for value in values)
    text = re.sub(r"\.{2,}", "_", text).lstrip(".-").strip("_ ") or "group"
    return text.encode()[:_LONGEST].decode(errors="ignore")
