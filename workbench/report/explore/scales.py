"""Which quantities are scales, and so have logarithmic axes."""

from __future__ import annotations

import re

from workbench.results.view import Results

_FROM_ZERO = re.compile(r"<[^<>]*\blower\s*=\s*0(?:\.0*)?\s*[,>]")
"""The declaration of a variable that cannot be negative."""


def list_scales(results: Results) -> frozenset[str]:
    """Return the parameters and transformed parameters that are declared with the lower bound 0."""
    return frozenset(one.name for one in results.model.parameters if _FROM_ZERO.search(one.type))
