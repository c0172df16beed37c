"""Scenarios: named settings from a TOML file, and what is refused there."""

import pytest

from workbench.errors import RequestError
from workbench.studies.plan.plan import Point
from workbench.studies.plan.scenarios import parse_scenarios, read_scenarios


def test_values_and_forms_are_read(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('[sceptical]\n"mu.sigma" = 0.5\n[heavy]\nprior.mu = "cauchy(0, 1)"\n')
    assert read_scenarios(path) == (
        Point({"mu.sigma": 0.5}, name="sceptical"),
        Point({}, {"mu": "cauchy(0, 1)"}, "heavy"),
    )
    assert parse_scenarios({"flat": {"power(prior)": 0}}, "here") == (
        Point({"power(prior)": 0.0}, name="flat"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\n'mu.sigma' = 'big'", r"`mu.sigma` of \[a\] in .* was expected to be a number"),
        ("a = 1", r"`a` in .* was expected to be a table, \[a\]"),
        ("[a", "is not valid TOML"),
        ("[a]\nprior = 3", r"`prior` of \[a\] in"),
        (None, "cannot be read"),
        ("[a]\n'mu.sigma' = inf", r"`mu.sigma` of \[a\] in .* was expected to be finite, found inf"),
    ],
)
def test_other_content_is_refused_with_its_place(tmp_path, text, message):
    path = tmp_path / "s.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RequestError, match=message) as refused:
        read_scenarios(path)
    assert str(path) in refused.value.message
