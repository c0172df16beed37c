"""A table bound to the data block of a program: every Stan variable gets its value, and says from where.

The rules are written in `rules.RULES`, in the words that `workbench fit --dry-run` prints. The way through::

    bound      the nouns: what was asked, and the data block, bound
    grouping   which sizes count groups             matching   which columns each variable takes
    levels     texts and group numbers made codes   filling    columns made vectors, groups and matrices
    given      values given by name, Stan's JSON    sizes      sizes derived from what is declared with them
    checks     values against declarations          predictors scales, constants, collinearity
    labels     names for the indices of sizes       remember   what binding new data needs
    record     the binding as `run.json` keeps it
    bind       all of it in order; every problem kept          rebind     new data bound as the old were
    starting   values of parameters to start at, held against their declarations
    stan_data  the data file that Stan reads          tuple_order  arrays of tuples as it takes them
"""

from workbench.binding.bind import BindingAttempt, bind, try_bind
from workbench.binding.bound_data import BindingOptions, BoundData, BoundVariable, Standardization
from workbench.binding.initial_values import bind_initial_values
from workbench.binding.rebind import rebind
from workbench.binding.record import to_record
from workbench.binding.rules import RULES
from workbench.binding.stan_input.tuple_order import order_tuples
from workbench.binding.stan_input.write import extend_stan_data, write_stan_data
from workbench.binding.values.check import evaluate_shape
from workbench.binding.values.sizes import expand_axes

__all__ = [
    "RULES",
    "BindingOptions",
    "BoundData",
    "BoundVariable",
    "BindingAttempt",
    "Standardization",
    "to_record",
    "expand_axes",
    "bind",
    "try_bind",
    "evaluate_shape",
    "extend_stan_data",
    "order_tuples",
    "rebind",
    "bind_initial_values",
    "write_stan_data",
]
