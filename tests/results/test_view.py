"""`run.json`, typed: every key has an attribute, absent parts count as skipped, wrong types are refused."""

import msgspec
import pytest

from tests.report.simulated import simulate_fit
from workbench.errors import RunIncomplete
from workbench.results.view import view


def test_every_key_and_value_of_a_record_is_kept():
    record = simulate_fit().record
    assert _missing(record, msgspec.to_builtins(view(record))) == []


def _missing(written, viewed, path=""):
    """Return the places of a record that its view lacks or changes."""
    if isinstance(written, dict) and isinstance(viewed, dict):
        places = []
        for key, value in written.items():
            place = f"{path}.{key}"
            if key not in viewed:
                places.append(place)
            else:
                places += _missing(value, viewed[key], place)
        return [place for place in places if place != ".schema"]
    if isinstance(written, list | tuple) and isinstance(viewed, list | tuple):
        pairs = enumerate(zip(written, viewed, strict=True))
        return [place for at, pair in pairs for place in _missing(*pair, f"{path}[{at}]")]
    return [] if written == viewed else [f"{path}: {written!r} became {viewed!r}"]


def test_an_absent_part_counts_as_skipped():
    results = view({})
    assert results.nuts.status == "skipped"
    assert not results.nuts.is_ok
    assert results.estimates("nuts") == {}
    assert results.quantities == ()
    assert results.diagnosis is None


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"nuts": {"estimates": {"mu": {"mean": "large"}}}}, "$.nuts.estimates[...].mean"),
        ({"nuts": {"status": "perfect"}}, "$.nuts.status"),
        ({"model": []}, "$.model"),
        ({"diagnosis": {"verdict": "ok", "checks": [{"status": 3}]}}, "$.diagnosis.checks[0].status"),
    ],
)
def test_a_wrong_type_is_refused_with_its_place(record, place):
    with pytest.raises(RunIncomplete) as refused:
        view(record)
    assert place in refused.value.message
    assert refused.value.hint


def test_numbers_that_are_not_finite_are_absent():
    results = view({"nuts": {"estimates": {"mu": {"mean": float("nan"), "sd": 1}}}})
    estimate = results.nuts.estimates["mu"]
    assert (estimate.mean, estimate.sd) == (None, 1.0)


def test_names_for_people_come_from_whichever_method_has_them():
    results = view(
        {
            "mle": {"estimates": {"beta[1]": {"value": 1.0, "label": "beta[age]"}, "tau": {"value": 1.0}}},
            "nuts": {"status": "failed", "reason": "a chain stopped."},
            "model": {"units": {"beta": "points", "tau": "none"}, "parameters": [{"name": "beta"}]},
        }
    )
    assert results.quantities == ("beta[1]", "tau")
    assert (results.label("beta[1]"), results.label("tau")) == ("beta[age]", "tau")
    assert (results.unit("beta[1]"), results.unit("tau")) == ("points", "")
    assert results.declared_first(["tau", "beta[1]"]) == ["beta[1]", "tau"]
