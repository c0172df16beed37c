"""Options that put other prior statements into a program: `--prior-form`, and `--prior` with vectors."""

from __future__ import annotations

from dataclasses import replace

from workbench import priors
from workbench.errors import PriorError
from workbench.program import Program, Stanc
from workbench.workflow.options import FitOptions


def apply_prior_options(program: Program, options: FitOptions, stanc: Stanc) -> tuple[Program, FitOptions]:
    """Return the program with the priors that the options write into it, and the options still to follow.

    The file of the program is not touched. What is replaced stands in `Program.replaced_priors`.

    Raises
    ------
    PriorError
        A form is no distribution, a parameter has no prior that can be replaced, or Stan does not accept it.
    """
    if options.carried is not None and (options.prior_forms or options.standardize):
        raise PriorError(
            "a carried posterior stands in place of all priors, on the scale of the program's own data.",
            hint="leave --prior-form and --standardize out",
        )
    if options.carried is not None:
        program = priors.carry_posterior(program, options.carried, stanc)
    for name, form in options.prior_forms.items():
        priors.check_form(name, form)
    if options.prior_forms:
        program = priors.replace_priors(program, options.prior_forms, stanc)
    vectors = {name: value for name, value in options.priors.items() if priors.is_vector(value)}
    written = priors.write_vectors(program, vectors, stanc) if vectors else program
    return written, replace(options, prior_forms={})
