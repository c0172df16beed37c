"""A table bound to the data block of a program: every Stan variable gets a value, with its origin.

The rules are in `rules.RULES`, in the words that `workbench fit --dry-run` prints. From top to bottom::

    append_rows     new rows below the old ones
    rebind          new data bound as the old were
    bind            all rules in order; every problem is collected
    initial_values  initial values of parameters, checked against their declarations
    stan_input/     the data file that Stan reads; arrays of tuples in the order that it expects
    run_record      the binding as `run.json` keeps it
    tips            what may not be as it seems            used_rules: the rules that were followed
    draft           a binding under construction
    columns/        match: the columns of each variable      fill: the value from them
                    levels: texts as codes                   groups: the groups that a size counts
                    predictors: scales and collinearity      labels: names for the indices of sizes
    values/         convert: values given by name            sizes: derived from what is declared with them
                    check: values against declarations       sourced_value: a value and its source
    context         program, table, options and earlier rules together
    group_sizes     which sizes count groups
    options, bound_data, phrases, rules
"""

from workbench.binding.append_rows import append_rows, find_row_axes, name_both, take_rows
from workbench.binding.bind import BindingAttempt, bind, try_bind
from workbench.binding.bound_data import BoundData, BoundVariable, Standardization
from workbench.binding.initial_values import bind_initial_values
from workbench.binding.options import BindingOptions
from workbench.binding.rebind import rebind, require_columns, restrict_hint
from workbench.binding.rules import RULES
from workbench.binding.run_record import to_record
from workbench.binding.stan_input.tuple_order import order_tuples
from workbench.binding.stan_input.write import extend_stan_data, format_stan_data, write_stan_data
from workbench.binding.values.sizes import evaluate_shape, expand_axes

__all__ = [
    "RULES",
    "BindingAttempt",
    "BindingOptions",
    "BoundData",
    "BoundVariable",
    "Standardization",
    "append_rows",
    "bind",
    "bind_initial_values",
    "evaluate_shape",
    "expand_axes",
    "extend_stan_data",
    "find_row_axes",
    "format_stan_data",
    "name_both",
    "order_tuples",
    "rebind",
    "require_columns",
    "restrict_hint",
    "take_rows",
    "to_record",
    "try_bind",
    "write_stan_data",
]
