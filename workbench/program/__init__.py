"""What a Stan program says: its signature, the terms of its density, and one program for every estimator.

The way through this room, one file for each step::

    stanc      asks Stan's own compiler for the syntax tree
    sexp       reads its form          decode (_parts, _expressions, _statements)   makes our tree of it
    nodes      the tree                traverse    walks it         printer    writes it as Stan again
    source     the author's text, and the lines each statement stands on
    signature  what is declared        expression  sizes and bounds, evaluated once the data are known
    flow       what flows into each contribution to target (values: what it keeps)
    summands, roles, terms             each contribution: prior, latent or likelihood, and why
    hyperparameters                    the constants of priors
    names, rewrite, adding             the model block with a weight on every term
    densities, distributions, shapes, observations, replay, counting
                                       each term's log density and each observation's, in generated quantities
    cells, random, drawing, replicates, redraw
                                       outcomes drawn anew where their densities stand, likewise
    entries                            which entry of log_lik belongs to which outcome
    instrument                         all of it in one program, and the data it needs
    analysis, reading, model           a file becomes a `Program`
    describe                           what there is to say about it
"""

from workbench.program.describe import Capability, Description, ParameterPrior, as_record, describe
from workbench.program.instrument import Instrumented, Outputs
from workbench.program.model import Obstacle, Program
from workbench.program.predictive.replicates import Replicate, is_predictive
from workbench.program.read import read, settle_roles
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.expression import Expression
from workbench.program.syntax.stanc import Stanc
from workbench.program.terms.hyperparameters import Hyperparameter, PriorArgument
from workbench.program.terms.roles import Role
from workbench.program.terms.terms import Term

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
    "PriorArgument",
    "Program",
    "Replicate",
    "Role",
    "Stanc",
    "Term",
    "as_record",
    "describe",
    "is_predictive",
    "read",
    "settle_roles",
]
