"""Why a search ended without a mode, in few words.

The sentences are those of `estimation/optimum/convergence.py`.
"""

from __future__ import annotations

import re

_VALUE = re.compile(r" \(last value [^)]*\)")
"""Where a parameter was last."""

_NAME = r"(?P<name>`[^`]+`)"
"""A parameter in a sentence."""

_SHORTENED = (
    (re.compile(rf"{_NAME} is separated:"), "{name} is separated by the predictors"),
    (re.compile(rf"keeps rising as {_NAME} grows and the standardized effects"), "{name} grows without end"),
    (
        re.compile(rf"keeps rising as {_NAME} approaches (?P<bound>.+?)\.(?=\s|$)"),
        "{name} runs to {bound}",
    ),
    (
        re.compile(rf"the optimiser took {_NAME} to its bound(?P<bound>, .+?)?\.(?=\s|$)"),
        "{name} runs to its bound{bound}",
    ),
    (
        re.compile(r"along a combination of (?P<names>.+?), which is not identified"),
        "a combination of {names} is not identified",
    ),
    (re.compile(rf"flat or still rising along {_NAME}\."), "the density is flat along {name}"),
    (re.compile(rf"keeps rising along {_NAME}\."), "the density keeps rising along {name}"),
)
"""What is found in a sentence, and its short form; the first that is found counts."""

_FIRST_SENTENCE = re.compile(r"(.+?)\.(?=\s|$)", re.DOTALL)
"""A sentence without its full stop."""


def shorten_reason(reason: str) -> str:
    """Return why there is no mode as a clause: which parameter runs where, else the first sentence.

    >>> shorten_reason(
    ...     "the log density has no maximum inside the support: it keeps rising as `tau` (last value 2e-06) "
    ...     "approaches its lower bound, 0."
    ... )
    '`tau` runs to its lower bound, 0'
    """
    plain = _VALUE.sub("", reason.strip())
    for pattern, words in _SHORTENED:
        if match := pattern.search(plain):
            parts = {key: found or "" for key, found in match.groupdict().items()}
            if names := sorted(re.findall("`[^`]+`", parts.get("names", ""))):
                parts["names"] = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
            return words.format_map(parts)
    first = _FIRST_SENTENCE.match(plain)
    return first[1] if first else plain
