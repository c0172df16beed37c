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

from workbench.binding.bind import Examined, bind, examine
from workbench.binding.bound_data import BindingOptions, BoundData, BoundVariable, Standardization
from workbench.binding.initial_values import starting_values
from workbench.binding.rebind import rebind
from workbench.binding.record import as_record
from workbench.binding.rules import RULES
from workbench.binding.stan_input.tuple_order import in_stans_order
from workbench.binding.stan_input.write import extend_stan_data, write_stan_data
from workbench.binding.values.check import expected_shape
from workbench.binding.values.sizes import axes_of

__all__ = [
    "RULES",
    "BindingOptions",
    "BoundData",
    "BoundVariable",
    "Examined",
    "Standardization",
    "as_record",
    "axes_of",
    "bind",
    "examine",
    "expected_shape",
    "extend_stan_data",
    "in_stans_order",
    "rebind",
    "starting_values",
    "write_stan_data",
]
