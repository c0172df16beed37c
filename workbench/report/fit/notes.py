"""What pages of a fit say first: units, priors other than the file's, densities of the program's own."""

from __future__ import annotations

from pathlib import PurePath

from workbench.report.numbers import format_count, format_number, format_percentage, pluralise
from workbench.results.view import LooResult, ReplacedPriorDescription, Results
from workbench.results.view.estimates import UpdateResult
from workbench.thresholds import PROBABILITY_ERROR_LIMIT, format_beside_limit


def describe_scale(results: Results) -> str:
    """Return in which units results are, where that is not the scale of the data; else nothing."""
    units = results.data.standardized.units
    return f"results are {units}, not on the scale of the data" if units else ""


def describe_update(results: Results) -> str:
    """Return from which run and new rows a run was made, and which way; empty for any other run."""
    updated = results.updated
    if updated is None:
        return ""
    rows = f"{pluralise(updated.new_rows, 'new row')}" if updated.new_rows is not None else "new rows"
    old = f" ({pluralise(updated.old_rows, 'row')})" if updated.old_rows is not None else ""
    parent = f"`{updated.parent}`{old}" if updated.parent else f"an earlier fit{old}"
    head = f"Updated from {parent} with {rows} of `{PurePath(updated.data).name}`"
    if updated.way == "normal":
        return f"{head}, without its rows: {_describe_normal(updated)}."
    return f"{head}: {_describe_way(updated)}.{_describe_frozen_scale(results)}"


def _describe_way(updated: UpdateResult) -> str:
    """Return how the posterior given all rows was found."""
    if updated.way == "weights":
        number, limit = format_beside_limit(updated.khat or 0.0, updated.khat_limit or 0.0, 2)
        return (
            f"its draws were weighted (k-hat {number}, at most {limit}; "
            f"{format_count(updated.effective_draws)} effective draws), not sampled anew"
        )
    return f"all rows were fitted together, because {updated.reason}"


def _describe_frozen_scale(results: Results) -> str:
    """Return on which scale the priors of standardized predictors are."""
    if not results.data.standardized.matrices:
        return ""
    return (
        " The priors of standardized predictors are those of the first fit, whose means and standard "
        "deviations stay in use."
    )


def _describe_normal(updated: UpdateResult) -> str:
    """Return what stands for the earlier posterior, and how well."""
    what = "a normal on the unconstrained scale stands for its posterior"
    error = updated.probability_error
    off = format_percentage(error, 1)
    shown = "k-hat is infinite"
    if updated.khat is not None and updated.khat_limit is not None:
        number, limit = format_beside_limit(updated.khat, updated.khat_limit, 2)
        if updated.khat <= updated.khat_limit:
            return f"{what} (k-hat {number}, at most {limit})"
        shown = f"k-hat {number}, above {limit}"
    if error is not None and error <= PROBABILITY_ERROR_LIMIT:
        return f"{what} ({shown}, but no probability is off by more than {off})"
    return (
        f"{what} badly ({shown}; probabilities can be off by {off}): fit old and new rows together if you can"
    )


def list_replaced_priors(results: Results) -> tuple[str, ...]:
    """Return a sentence for each prior that is not that of the program's file."""
    return tuple(map(_describe_replaced_prior, results.model.replaced_priors))


def _describe_replaced_prior(prior: ReplacedPriorDescription) -> str:
    statement = f"`{prior.statement}`" if prior.statement else f"no prior for `{prior.parameter}`"
    origin = f"in place of `{prior.original}` (line {prior.line})" if prior.original else "added"
    return f"{prior.option}: {statement}, {origin}."


def describe_log_lik(results: Results) -> str:
    """Return what the pointwise log likelihood is, where that is not plain: its source and its scale."""
    source = results.nuts.log_lik
    if source.source == "program":
        head = f"The pointwise log likelihood is the program's own `{source.name}`"
        if source.scale == "column":
            return f"{head}, a density of `{source.column}`."
        if source.scale == "unknown":
            return f"{head}: {source.reason}"
        return f"{head}, which equals the terms of the likelihood."
    mapped = [outcome for outcome in results.model.outcomes if outcome.density_of]
    if not mapped:
        return ""
    return (
        f"The pointwise log likelihood is a density of `{mapped[0].density_of}`, on another scale than one "
        "of the data themselves; `workbench report RUN RUN` puts runs on one scale."
    )


def describe_pointwise(results: Results) -> str:
    """Return of which draws log-likelihoods and replicates are stored, where these are not all."""
    kept, draws = results.nuts.pointwise_draws, results.nuts.draws
    if kept is None or draws is None:
        return ""
    return (
        f"Log-likelihoods and replicates of single rows are stored for {format_count(kept)} of the "
        f"{format_count(draws)} draws of each chain (`--pointwise-draws`); "
        f"{_list_uses(results.loo)} computed from these."
    )


def _list_uses(loo: LooResult) -> str:
    """Return what is computed from these draws, and what is not."""
    if loo.sampled is None:
        return "checks of predictions and leave-one-out are"
    return (
        f"leave-one-out is estimated from {pluralise(loo.sampled, 'row')} at all draws (standard error by "
        f"choosing them: {format_number(loo.sampling_se, 2)} nats), and checks of predictions are"
    )


def describe_log_prior(results: Results) -> str:
    """Return that the program's own `lprior` is scaled, where it differs from the prior statements."""
    if results.nuts.log_prior_from != "program":
        return ""
    return "The log prior is the program's own `lprior`, which is not the sum of its prior statements."


def list_own_densities(results: Results) -> tuple[str, ...]:
    """Return a sentence for each density of the program's own that takes the place of another one."""
    log_lik = describe_log_lik(results) if results.nuts.log_lik.source == "program" else ""
    changes = log_lik if results.nuts.log_lik.scale != "outcome" else ""
    return tuple(sentence for sentence in (changes, describe_log_prior(results)) if sentence)
