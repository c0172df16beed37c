"""Tips on a program before it is compiled: priors that are missing, ranges that are not declared."""

from __future__ import annotations

from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.program_tips import list_program_tips

MODEL = """
data {{ int<lower=1> N; vector[N] y; }}
parameters {{ real mu; real{range} sigma; }}
model {{ {prior} sigma ~ exponential(1); y ~ normal(mu, sigma); }}
"""


def _list_tips(program_from, table_from, *, prior, declared):
    program = program_from(MODEL.format(prior=prior, range=declared))
    return list_program_tips(prepare_request(program, table_from("y\n1\n2\n4\n"), FitOptions()))


def test_a_program_with_priors_and_ranges_has_none(program_from, table_from):
    assert _list_tips(program_from, table_from, prior="mu ~ normal(0, 5);", declared="<lower=0>") == ()


def test_a_missing_prior_and_an_undeclared_range_are_told_with_their_remedy(program_from, table_from):
    flat, unbounded = _list_tips(program_from, table_from, prior="", declared="")
    assert "a flat prior on an unbounded range: `mu`" in flat
    assert "Give the parameter a prior" in flat
    assert "`sigma`" in unbounded
    assert "Declare `real<lower=0> sigma`." in unbounded
