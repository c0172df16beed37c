"""What a study records of its base fit."""

import pytest

from workbench.results.view import CheckResult, DiagnosisResult
from workbench.studies.record import describe_base


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("WB101", "issue", True),
        ("WB201", "issue", True),
        ("WB405", "issue", True),
        ("WB101", "tip", False),
        ("WB202", "issue", False),
        ("WB401", "issue", False),
        ("WB508", "issue", False),
    ],
)
def test_only_issues_of_convergence_and_of_chains_doubt_the_draws(code, status, expected):
    check = CheckResult(code=code, title="", status=status, message="")
    base = describe_base(DiagnosisResult("caution", ("why.",), (check,)))
    assert (base.verdict, base.is_about_draws) == ("caution", expected)


def test_a_base_fit_that_was_not_examined_is_not_known():
    assert describe_base(None).verdict == "not known"
