"""What the record of a run alone says against new rows: told before draws are read or a program is built."""

from __future__ import annotations

import re

from workbench import binding
from workbench.errors import RequestError
from workbench.results.view import Results
from workbench.tables import Table


def require_rules(results: Results) -> None:
    """Refuse a run whose data came without a table.

    Raises
    ------
    RequestError
        Nothing says how to bind new rows.
    """
    if not results.data.rules.get("variables"):
        message = "the run was fitted to Stan's own data, which say nothing about how to bind a table."
        raise RequestError(message, hint="fit a table to predict tables")


def check_new_rows(results: Results, table: Table | None, *, in_order: bool = False) -> None:
    """Refuse new rows as far as the record of a run tells that they cannot be predicted.

    Parameters
    ----------
    results
        The record.
    table
        The new rows; columns of outcomes may be missing. `None` where no table is needed.
    in_order
        Whether they follow those of the fit in time; otherwise they are predicted one by one.

    Raises
    ------
    BindingError
        The table has not all columns that the fit used.
    RequestError
        An outcome is stated given earlier rows, or the data of the fit came without a table.
    """
    require_rules(results)
    source = results.model.source
    series = (
        item.name for item in results.model.outcomes if item.conditional and steps_through(source, item.name)
    )
    conditional = next(series, "")
    is_other = table is not None and table.rows != results.data.rows  # own rows of a series are predicted
    if conditional and is_other and not in_order:
        raise describe_conditional(conditional)
    if table is not None:
        _check_columns(results, table)


def steps_through(source: str, name: str) -> bool:
    """Return whether the text of a program steps through earlier values of a variable where it states it.

    Outcomes that are given values of themselves in another way may yet be given statistics of them alone,
    such as their mean: the program that predicts tells.

    >>> steps_through("model { for (t in 2 : T) y[t] ~ normal(b * y[t - 1], s); }", "y")
    True
    >>> steps_through("model { y ~ normal(mean(y), s); }", "y")
    False
    >>> steps_through("model { y[2 : N] ~ normal(b * y[1 : N - 1], s); }", "y")
    True
    """
    text = "".join(_read_block(source, block) for block in ("transformed parameters", "model"))
    own = re.escape(name)
    if re.search(rf"\b{own}\s*\[\s*1?\s*:\s*\(?\s*\w+\s*-|\bhead\s*\(\s*{own}\s*,", text):
        return True
    steps = re.findall(rf"\b{own}\s*\[\s*(\w+)\s*-", text)
    return any(re.search(rf"\bfor\s*\(\s*{step}\s+in\b", text) for step in steps)


def _read_block(source: str, name: str) -> str:
    """Return the text of a block of a program; empty where it has none."""
    opening = re.search(rf"\b{name}\s*{{", re.sub(r"//.*", "", source))
    if opening is None:
        return ""
    text, depth = opening.string[opening.end() :], 1
    for place, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if not depth:
            return text[:place]
    return text


def _check_columns(results: Results, table: Table) -> None:
    """Refuse new rows without a column that the fit used, other than those of outcomes and groups.

    Raises
    ------
    BindingError
        The message names the columns.
    """
    rules, outcomes = results.data.rules, results.model.outcomes
    unknown = {name for one in outcomes for name in (one.name, one.variable, *one.columns)}
    if unknown:
        binding.require_columns(rules, table, unknown | set(rules.get("by_group", {})))


def describe_conditional(outcome: str) -> RequestError:
    """Return the error for an outcome whose values are stated given others of them, and rows one by one."""
    message = (
        f"`{outcome}` cannot be predicted row by row: the program states its values given other values of "
        f"`{outcome}`, such as earlier ones, which new rows do not have."
    )
    hint = (
        "`predict` with --horizon H forecasts the H rows after those of the fit, if one statement of the "
        "program says how they go on"
    )
    return RequestError(message, hint=hint)
