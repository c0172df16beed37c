"""What is left out at a time: a row of the table, a value of one of several outcomes, or another density."""

from __future__ import annotations

import numpy as np

from workbench.results import Fit
from workbench.results.view import OutcomeDescription

OUT_OF_ORDER = frozenset({"rows", "order"})
"""What a program's limits say where its log densities are not the rows of the table in their order."""


def is_in_row_order(fit: Fit, count: int) -> bool:
    """Return whether the log densities of a run are known to be those of the table's rows, in their order.

    Parameters
    ----------
    fit
        The run.
    count
        How many log densities a draw has.
    """
    results = fit.results
    if results.nuts.log_lik.source == "program":
        return True
    if any(limit.feature in OUT_OF_ORDER for limit in results.model.limits):
        return False
    known = _list_known(fit)
    if len(known) == len(results.model.outcomes) == 1:
        return (known[0].first_row, known[0].row_step) == (0, 1)
    return results.data.rows in {None, count} and len(results.model.outcomes) < 2


def is_weighted(fit: Fit, *, by_author: bool = True) -> bool:
    """Return whether log densities of rows are multiplied by weights.

    Parameters
    ----------
    fit
        The run.
    by_author
        Whether those of the draws are meant, which the author's program may state without weights.
    """
    own = fit.results.nuts.log_lik
    if by_author and own.source == "program" and own.scale == "unknown":
        return False
    return any(limit.feature == "weighted" for limit in fit.results.model.limits)


def name_values(fit: Fit, count: int) -> list[tuple[str, int]]:
    """Return the outcome and the number from 1 of each log density; nothing where these are of one outcome.

    Parameters
    ----------
    fit
        The run.
    count
        How many log densities a draw has.
    """
    outcomes = _list_known(fit)
    if len(outcomes) < 2 or fit.results.nuts.log_lik.source == "program":
        return []
    found: list[tuple[str, int]] = [("", 0)] * count
    for outcome in outcomes:
        size = _count_values(fit, outcome)
        places = (outcome.first_row or 0) + (outcome.row_step or 1) * np.arange(size)
        if not size or places[-1] >= count:
            return []
        for number, place in enumerate(places.tolist(), start=1):
            found[place] = (outcome.name, number)
    return found if all(name for name, _ in found) else []


def describe_units(fit: Fit, count: int) -> str:
    """Return what is left out at a time, in a sentence, where it is no row of the table; else nothing.

    Parameters
    ----------
    fit
        The run.
    count
        How many log densities a draw has.
    """
    values, rows = name_values(fit, count), fit.results.data.rows
    if values:
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(name for name, _ in values))
        return (
            f"Left out at a time is one of {count:,} values of {names}, while the others of its row stay: it "
            "is predicted from these too, and the standard error takes the values of a row for independent."
        )
    if is_weighted(fit):
        return (
            "The program weights the log densities of rows: the elpd is the sum of these products, and not a "
            "log predictive density."
        )
    if is_in_row_order(fit, count):
        return ""
    of_rows = "" if rows in {None, count} else f", which are not the {rows:,} rows of the table"
    return (
        f"Left out at a time is one of the {count:,} log densities that the program adds up, in its order"
        f"{of_rows}: which of them is of which row is not known."
    )


def _list_known(fit: Fit) -> list[OutcomeDescription]:
    return [outcome for outcome in fit.results.model.outcomes if outcome.first_row is not None]


def _count_values(fit: Fit, outcome: OutcomeDescription) -> int:
    name = outcome.variable or outcome.name
    group = fit.tree["observed_data"] if "observed_data" in fit.tree.children else None
    return 0 if group is None or name not in group.data_vars else int(group[name].size)
