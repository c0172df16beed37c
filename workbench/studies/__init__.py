"""Prior sensitivity: how far the conclusions depend on the prior, at the cost of a few fits.

The way through this room::

    plan, scenarios, decision   what is asked: points among the hyperparameters, conclusions to watch
    forms                       programs whose prior statements have another form
    pace                        how far a stage is, in words
    workshop                    programs, backend and finished pieces (kept); a point as a question
    posterior, densities        a full fit as a matrix; one point's log density at another's draws
    importance, sweep           weights of the nearest full fit first, refits (execute) where they fail
    compare                     outcomes: one row for each point, method and quantity
    powerscale, derivative, tipping, predictive
                                what else is asked of the same fits
    study, record, conclusion, store
                                all of it in order, and what it leaves behind
"""

from workbench.studies.fits.context import StudyContext, Variant, include_data_hyperparameters, make_form_key
from workbench.studies.plan.forms import replace_priors
from workbench.studies.plan.plan import (
    BASE,
    Axis,
    Plan,
    Point,
    drop_repeated_points,
    make_axis,
    make_points,
    parse_axis,
)
from workbench.studies.record import axes_apart, leading_method
from workbench.studies.study import Study, run_study

__all__ = [
    "BASE",
    "Axis",
    "Plan",
    "Point",
    "Study",
    "Variant",
    "StudyContext",
    "axes_apart",
    "make_axis",
    "drop_repeated_points",
    "make_form_key",
    "leading_method",
    "parse_axis",
    "make_points",
    "run_study",
    "replace_priors",
    "include_data_hyperparameters",
]
