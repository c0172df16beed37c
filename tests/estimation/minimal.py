"""A small fit that needs no Stan: a program of three parameters, built by hand, without data."""

from pathlib import Path

import numpy as np

from workbench import tables
from workbench.backends.base import Curvature, Job, RawRun
from workbench.binding import BoundData
from workbench.estimation.context import FitContext
from workbench.priors import Priors
from workbench.program import Declaration, Expression, Program, Term
from workbench.program.syntax import nodes as n
from workbench.progress import SILENT
from workbench.request import FitRequest

NAMES = ("alpha", "beta[1]", "beta[2]")
"""The parameters' elements, by Stan name."""

JOB = Job(Path("model"), Path("data.json"), Path("scratch"), 1)


def make_expression(value):
    """Return a size or bound that is one number."""
    return Expression(str(value), n.Numeral(str(value), type=n.INT if isinstance(value, int) else n.REAL))


def declare(name, kind="real", *sizes, **arguments):
    """Return a declaration; bounds are numbers, as in `lower=0`."""
    limits = {
        key: make_expression(value) if isinstance(value, (int, float)) else value
        for key, value in arguments.items()
    }
    return Declaration(name, kind, kind, tuple(make_expression(size) for size in sizes), **limits)


def make_term(role, parameters, *, outcomes=(), distribution="normal", index=1, text="", line=1):
    """Return a term of the log density."""
    return Term(
        index, Path("model.stan"), line, line, text, role, "certain", "by hand", parameters, (),
        distribution, outcomes,
    )  # fmt: skip


def make_program(alpha=None, beta=None, **fields):
    """Return a program that declares `alpha`, a number, and `beta`, two numbers."""
    parameters = (alpha or declare("alpha"), beta or declare("beta", "vector", 2))
    defaults = {
        "name": "model", "path": Path("model.stan"), "source": "", "sha256": "0" * 64, "includes": (),
        "data": (), "transformed_data": (), "parameters": parameters, "transformed_parameters": (),
        "generated_quantities": (),
    }  # fmt: skip
    return Program(**{**defaults, **fields})


def make_context(backend, folder, program=None, **fields):
    """Return the context of a fit without data."""
    request = FitRequest(program or make_program(), BoundData(tables.no_data(), ()), Priors(), **fields)
    return FitContext(request, Path("model"), backend, folder / "scratch", SILENT)


def make_curvature(point, hessian=None, *, is_log=(False, False, False), names=NAMES):
    """Return the curvature at a point of the unconstrained scale; marked dimensions are logarithms."""
    point = np.asarray(point, dtype=float)
    values = np.where(is_log, np.exp(np.where(is_log, point, 0.0)), point)
    return Curvature(
        0.0, np.zeros(len(point)), -np.eye(len(point)) if hessian is None else hessian, names, point, names,
        values, np.diag(np.where(is_log, values, 1.0)),
    )  # fmt: skip


def make_run(point, log_density=0.0, names=NAMES, **fields):
    """Return the result of an optimiser."""
    draws = np.asarray(point, dtype=float)[None, None, :]
    return RawRun(names, draws, {"lp": np.array([[log_density]])}, **fields)
