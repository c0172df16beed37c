"""What every page of a fit says first: a scale other than that of the data, priors other than the file's."""

from __future__ import annotations

from workbench.report.numbers import join_with_and
from workbench.results.view import ReplacedPriorDescription, Results


def describe_scale(results: Results) -> str:
    """Return in which units results are, where that is not the scale of the data; else nothing."""
    standardized = results.data.standardized
    if standardized.is_on_data_scale or not standardized.matrices:
        return ""
    names = join_with_and([f"`{name}`" for name in standardized.matrices])
    return f"results are per standard deviation of the predictors in {names}, not on the scale of the data"


def list_replaced_priors(results: Results) -> tuple[str, ...]:
    """Return a sentence for each prior that is not that of the program's file."""
    return tuple(map(_describe_replaced_prior, results.model.replaced_priors))


def _describe_replaced_prior(prior: ReplacedPriorDescription) -> str:
    statement = f"`{prior.statement}`" if prior.statement else f"no prior for `{prior.parameter}`"
    origin = f"in place of `{prior.original}` (line {prior.line})" if prior.original else "added"
    return f"{prior.option}: {statement}, {origin}."
