"""What a Stan program says: its signature, the terms of its density, and one program for every estimator."""

from workbench.program.describe import Capability, Description, ParameterPrior, as_record, describe
from workbench.program.expression import Expression
from workbench.program.hyperparameters import Hyperparameter
from workbench.program.instrument import Instrumented, Outputs
from workbench.program.model import Obstacle, Program
from workbench.program.reading import read, settle_roles
from workbench.program.roles import Role
from workbench.program.signature import Declaration
from workbench.program.stanc import Stanc
from workbench.program.terms import Term

__all__ = [
    "Capability",
    "Declaration",
    "Description",
    "Expression",
    "Hyperparameter",
    "Instrumented",
    "Obstacle",
    "Outputs",
    "ParameterPrior",
    "Program",
    "Role",
    "Stanc",
    "Term",
    "as_record",
    "describe",
    "read",
    "settle_roles",
]
