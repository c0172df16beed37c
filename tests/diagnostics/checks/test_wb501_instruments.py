"""WB501: does the instrumented program equal the original?"""

from tests.diagnostics.checks.records import UNREQUESTED, examine
from tests.diagnostics.fits import change_record


def test_it_fires_when_the_program_was_not_taken_apart():
    assert examine("WB501", change_record("model", "instrumented", False)).status == "tip"


def test_it_fires_when_terms_do_not_add_up():
    assert examine("WB501", change_record("nuts", "terms_differ", 1e-3)).status == "tip"


def test_a_difference_is_that_of_the_solver_where_there_is_one():
    record = change_record("nuts", "terms_differ", 2e-3)
    record["model"]["source"] = "y_hat = ode_rk45_tol(rhs, y0, t0, ts, 1e-4, 1e-4, 500, k);"
    result = examine("WB501", record)
    assert result.status == "tip"
    assert "tolerance of the solver (`ode_rk45_tol`)" in result.message
    assert "smaller tolerances" in result.advice


def test_the_usual_tolerance_of_a_solver_does_not_matter():
    """`ode_rk45` solves to 1e-6 if nothing else is said."""
    record = change_record("nuts", "terms_differ", 7e-7)
    record["model"]["source"] = "c = ode_rk45(f, c0, 0, t, k);"
    result = examine("WB501", record)
    assert result.status == "passed"
    assert "too little to matter" in result.message


def test_it_is_quiet_when_densities_are_equal():
    assert examine("WB501").status == "passed"


def test_what_was_not_compared_is_skipped():
    assert examine("WB501", UNREQUESTED).status == "skipped"
