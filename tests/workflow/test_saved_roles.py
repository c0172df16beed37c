"""The roles that a card settles are the card's wherever a run is opened again."""

import pytest

import workbench as wb
from workbench.results import run_directory
from workbench.workflow.saved_run import open_run
from workbench.workflow.study_base import _list_settled_roles

PROGRAM = """
data { int<lower=1> N; vector[N] y; }
parameters { real<lower=0> tau; vector[N] theta; }
model {
  tau ~ exponential(1);
  theta ~ normal(0, tau);
  y ~ normal(theta, 1);
}
"""


@pytest.mark.parametrize("instrumenting", [True, False])
@pytest.mark.parametrize("forms", [{}, {"tau": "exponential(2)"}], ids=["as written", "another prior"])
def test_the_reason_of_a_role_stays_that_of_the_card(tmp_path, tools, instrumenting, forms):
    (tmp_path / "own.stan").write_text(PROGRAM)
    (tmp_path / "own.toml").write_text('[roles]\n"theta ~" = "prior"\n')
    model = wb.Model(tmp_path / "own.stan", progress=False)
    fit = model.fit(
        {"y": [1.0, -2.0, 3.0]}, method="mle", prior_form=forms, output=tmp_path / "run", progress=False
    )
    assert [(term.role, term.reason) for term in fit.results.model.terms][1] == (
        "prior",
        "settled by own.toml",
    )
    with open_run(run_directory.read(tmp_path / "run"), instrumenting=instrumenting) as run:
        term = run.request.program.terms[1]
        assert (term.role, term.reason) == ("prior", "settled by own.toml")
    assert _list_settled_roles(fit.results) == {"line 6": "prior"}
