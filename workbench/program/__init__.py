"""What a Stan program says: its declarations, the terms of its density, and one program for every estimator.

From the text to the description, file by file::

    syntax/     stanc              runs Stan's own compiler for the syntax tree
                sexp, decode       parse what it prints, with a rule for each construct (decode_leaves,
                                   _expressions, _declared_types, _statements)
                nodes, traverse    the tree, and how it is visited and copied
                printer            prints the tree as Stan
                source             the author's text, and the lines of each statement
                edit_source        statements replaced in that text
                declarations       the declared variables
                expression         sizes and bounds, evaluated once the data are known
                identifiers        names that are not in use
    terms/      data_flow, values  what flows into each contribution to target
                summands, roles    the parts of a statement, and the rules for prior, latent and likelihood
                terms              each contribution with its role and the reason for it
                hyperparameters    the constants of priors
        element_priors     which elements of each parameter have a prior
                undeclared_ranges  parameters whose declaration allows values that a density refuses
                densities, distributions
                                   densities as Stan, and what is known about Stan's distributions
    rewrite/    plan               the names and terms of the instrumented program
                weights            the model block with a weight on each term
                lp_functions       functions that add to target
                observations, shapes
                                   likelihood statements split into observations, and sizes
                log_densities      the log density of each term and observation
                observation_count  how many observations there are
                splice             several statements in the place of one
                vectorise/         loops over rows as vectorised statements, linear predictors as GLMs
                partial_sums, row_slices
                                   likelihoods over rows as partial sums, for several threads
    predictive/ outcome_elements   which elements of the data an outcome is
                outcome_maps       the map from the data to what a density is of, such as a logarithm
                outcome_scales     outcomes on the scale of the data, with the Jacobian of the map
                authors_replicates which outcome each replicate of the author's is of
                rng_functions, outcome_draws
                                   how a density draws its outcome
                replicates, draw_replicates
                                   which outcomes are replicated, and the statements that draw them
                log_lik_order      which entry of log_lik belongs to which outcome
                row_axes           which axes of an expression grow with the table
                frozen_statistics  statistics of all rows, such as means, as the fit had them
                means              the mean of each distribution
                new_elements       levels of new groups, drawn from their own density
    instrument                     all of it in one program, and the data that it needs
    model, analysis, read          a file becomes a `Program`
    gradient_memory                how much memory a gradient takes at least
    predictive_program             the program that predicts new rows for given draws
    repeated_likelihood            the program that fits data and a replicate together
    describe                       what `workbench inspect` shows
"""

from workbench.program.analysis import keep_loops, keep_rows, share_rows
from workbench.program.describe import (
    Capability,
    Description,
    ParameterPrior,
    describe,
    describe_lines,
    list_flat_elements,
    list_vectorisations,
    locate_priors,
    to_record,
)
from workbench.program.instrument import InstrumentedProgram, Outputs, copy_transformed_parameters
from workbench.program.model import Obstacle, Program, ReplacedPrior
from workbench.program.predictive.authors_replicates import is_predictive
from workbench.program.predictive.replicates import Replicate
from workbench.program.read import hash_program, read_program, read_terms, read_text, settle_roles
from workbench.program.repeated_likelihood import RepeatedLikelihood, repeat_likelihood
from workbench.program.rewrite.partial_sums import uses_threads
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.expression import Expression
from workbench.program.syntax.stanc import Stanc
from workbench.program.terms.element_priors import ElementPriors, name_elements
from workbench.program.terms.hyperparameters import Hyperparameter, PriorArgument
from workbench.program.terms.roles import Role
from workbench.program.terms.terms import Term

__all__ = [
    "Capability",
    "Declaration",
    "Description",
    "ElementPriors",
    "Expression",
    "Hyperparameter",
    "InstrumentedProgram",
    "Obstacle",
    "Outputs",
    "ParameterPrior",
    "PriorArgument",
    "Program",
    "RepeatedLikelihood",
    "ReplacedPrior",
    "Replicate",
    "Role",
    "Stanc",
    "Term",
    "copy_transformed_parameters",
    "describe",
    "describe_lines",
    "hash_program",
    "is_predictive",
    "keep_loops",
    "keep_rows",
    "list_flat_elements",
    "list_vectorisations",
    "locate_priors",
    "name_elements",
    "read_program",
    "read_terms",
    "read_text",
    "repeat_likelihood",
    "settle_roles",
    "share_rows",
    "to_record",
    "uses_threads",
]
