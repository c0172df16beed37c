"""Prior sensitivity: how far the conclusions depend on the prior, at the cost of a few fits.

The way through this room::

    plan/          what is asked: points among the hyperparameters, other forms of priors, decisions
    fits/          full fits, kept in a cache; importance weights that reach the points between them
    outcomes/      outcomes at each point, slopes, tipping points, power-scaling, and the conclusion
    view/          the results as frozen values, as `study.json` names them
    record, store  `study.json` and a study directory written
    study_directory  a study directory read
    study          all stages in their order
"""

from workbench.studies.fits.context import ProgramVariant, StudyContext, make_form_key
from workbench.studies.fits.point_request import include_data_hyperparameters
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
from workbench.studies.study import Study, run_study
from workbench.studies.view import StudyResults

__all__ = [
    "BASE",
    "Axis",
    "Plan",
    "Point",
    "ProgramVariant",
    "Study",
    "StudyContext",
    "StudyResults",
    "drop_repeated_points",
    "include_data_hyperparameters",
    "make_axis",
    "make_form_key",
    "make_points",
    "parse_axis",
    "run_study",
]
