"""The log density of the draws, term by term: what power-scaling moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends import RawRun
from workbench.late_imports import LateModule
from workbench.program import InstrumentedProgram, Term
from workbench.request import FitRequest
from workbench.results.density_sources import read_own_log_prior

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")

_DIMS = ("chain", "draw")

OWN_LOG_PRIOR = "lprior, as the program computes it"
"""The name of the log prior of the author's own program among the prior statements."""
"""The dimensions of draws."""


def build_density_groups(request: FitRequest, run: RawRun) -> dict[str, xr.Dataset]:
    """Return `log_prior` and `log_density` for the draws of an instrumented program.

    `log_prior` holds `lprior`, one entry for each statement that counts as prior, so that its sum is the log
    prior; if the author's program computes an `lprior` that differs from it, that is the only entry.
    `log_density` holds the sum over all latent terms and the sum over all likelihood terms. Both are
    `(chain, draw, ...)`. A program that was run as written has neither.
    """
    instrumented = request.program.instrumented
    if instrumented is None:
        return {}
    values = _values(instrumented, run)
    terms = [term for term in instrumented.terms if term.index in values and not term.is_constant]
    priors = [term for term in terms if term.role in request.scaled]
    groups: dict[str, xr.Dataset] = {}
    if priors:
        statements = np.stack([values[term.index] for term in priors], axis=2)
        own = None
        if request.scaled == ("prior",):
            own = read_own_log_prior(request.program, run, statements.sum(axis=2))
        groups["log_prior"] = (
            _build_log_prior(
                statements,
                name_statements(priors),
                [term.line for term in priors],
                [term.index for term in priors],
            )
            if own is None
            else _build_log_prior(own[:, :, None], [OWN_LOG_PRIOR], [0], [0], source="program")
        )
    sums = {
        role: (_DIMS, np.sum([values[term.index] for term in terms if term.role == role], axis=0))
        for role in ("latent", "likelihood")
        if any(term.role == role for term in terms)
    }
    if sums:
        groups["log_density"] = xr.Dataset(sums)
    chains, count = run.draws.shape[:2]
    numbered = {"chain": np.arange(chains), "draw": np.arange(count)}
    return {name: group.assign_coords(numbered) for name, group in groups.items()}


def _build_log_prior(
    densities: np.ndarray,
    names: Sequence[str],
    lines: Sequence[int],
    indices: Sequence[int],
    source: str = "workbench",
) -> xr.Dataset:
    """Return the group `log_prior`: a density for each statement, with its text, line and term."""
    return xr.Dataset(
        {"lprior": ((*_DIMS, "prior_statement"), densities)},
        coords={
            "prior_statement": np.array(names),
            "prior_line": ("prior_statement", np.array(lines)),
            "prior_term": ("prior_statement", np.array(indices)),
        },
        attrs={"source": source},
    )


def name_statements(terms: Sequence[Term]) -> list[str]:
    """Return the text of each term's statement, with its line where two read alike."""
    texts = [term.text.rstrip("; ") for term in terms]
    count = Counter(texts)
    return [
        text if count[text] == 1 else f"{text} (line {term.line})"
        for text, term in zip(texts, terms, strict=True)
    ]


def _values(instrumented: InstrumentedProgram, run: RawRun) -> dict[int, np.ndarray]:
    """Return the log density of each term, `(chain, draw)`, by its index."""
    place = {column: position for position, column in enumerate(run.columns)}
    name = instrumented.outputs.densities
    columns = {term.index: place.get(f"{name}[{term.index}]") for term in instrumented.terms}
    return {index: run.draws[:, :, column] for index, column in columns.items() if column is not None}
