"""The priors of a fit.

From top to bottom::

    hyperparameters    the value of each hyperparameter, and where it comes from
    vectors            a number of its own for each element, where the program has one for all
    carried            a normal on the unconstrained scale in place of all priors
    forms              whole prior statements replaced, added or removed
"""

from workbench.priors.carried import (
    CarriedPosterior,
    carry_posterior,
    check_can_carry,
    count_free,
    list_free_names,
)
from workbench.priors.forms import (
    check_form,
    find_prior_statement,
    list_flat_parameters,
    replace_priors,
    restore_replaced,
)
from workbench.priors.hyperparameters import (
    Priors,
    check_value,
    describe_unknown,
    get_value,
    list_aliases,
    replace_values,
    resolve_name,
    settle,
)
from workbench.priors.vectors import check_lengths, is_vector, write_vectors

__all__ = [
    "CarriedPosterior",
    "Priors",
    "carry_posterior",
    "check_can_carry",
    "check_form",
    "check_lengths",
    "check_value",
    "count_free",
    "describe_unknown",
    "find_prior_statement",
    "get_value",
    "is_vector",
    "list_aliases",
    "list_flat_parameters",
    "list_free_names",
    "replace_priors",
    "replace_values",
    "resolve_name",
    "restore_replaced",
    "settle",
    "write_vectors",
]
