"""Which version was in use when, and which versions are compared."""

import pytest

from tests.registry.remembered import add, summarise, write_events
from workbench.errors import RequestError
from workbench.registry.events import Approved, Moved
from workbench.registry.history import trace_history

WIDER = {"mu.sigma": 10.0, "tau.sigma": 5.0}


def move(version, before=None, **more):
    return Moved(name="radon", alias="champion", version=version, before=before, **more)


def trace(folder, *contents):
    return trace_history(write_events(folder, *contents), "radon")


def list_pairs(history):
    return [(each.before.number, each.after.number, each.replaces) for each in history.changes]


def test_one_version_is_compared_with_nothing(tmp_path):
    history = trace(tmp_path / "r", add(1))
    assert (history.in_use, history.tenures, history.changes) == (None, (), ())
    assert history.compare_current() is None


def test_a_version_is_beside_the_one_in_use_when_it_was_added(tmp_path):
    history = trace(
        tmp_path / "r",
        add(1, alias="champion"),
        add(2, parent=1),
        add(3, summarise(priors=WIDER), parent=1),
        move(3, 1),
    )
    assert list_pairs(history) == [(1, 2, False), (1, 3, False)], "3 took the place of 1, with which it began"
    assert all(change.was_in_use for change in history.changes)
    assert [(each.number, each.ended is None) for each in history.tenures] == [(1, False), (3, True)]
    assert history.in_use.began.number == 4
    found = history.compare_current()
    assert (found.before.number, found.after.number) == (1, 3)
    assert [change.name for change in found.differences.priors] == ["mu.sigma"]


def test_a_version_that_replaces_another_than_it_began_with_is_beside_both(tmp_path):
    history = trace(
        tmp_path / "r", add(1, alias="champion"), add(2, parent=1), add(3, parent=1), move(2, 1), move(3, 2)
    )
    assert list_pairs(history) == [(1, 2, False), (1, 3, False), (2, 3, True)]
    assert history.compare_current().before.number == 2


def test_a_rollback_is_beside_the_version_that_it_took_back(tmp_path):
    history = trace(
        tmp_path / "r",
        add(1, alias="champion"),
        add(2, parent=1, alias="champion"),
        move(1, 2, is_rollback=True),
    )
    assert [each.number for each in history.tenures] == [1, 2, 1]
    assert list_pairs(history) == [(1, 2, False), (2, 1, True)]
    assert (history.compare_current().before.number, history.compare_current().after.number) == (2, 1)


def test_without_one_in_use_versions_are_beside_the_newest(tmp_path):
    history = trace(tmp_path / "r", add(1), add(2, parent=1))
    assert [change.was_in_use for change in history.changes] == [False]
    assert history.in_use is None
    assert history.compare_current().after.number == 2


def test_a_removed_alias_ends_the_use(tmp_path):
    history = trace(tmp_path / "r", add(1, alias="champion"), add(2, parent=1), move(None, 1), move(2))
    assert [(each.number, each.ended and each.ended.number) for each in history.tenures] == [
        (1, 3),
        (2, None),
    ]
    assert history.used_before == 1
    assert list_pairs(history) == [(1, 2, False)]


def test_events_of_other_models_are_not_its_own(tmp_path):
    events = write_events(
        tmp_path / "r", add(1), add(1, name="other", alias="champion"), Approved(name="other", version=1)
    )
    assert [event.number for event in trace_history(events, "radon").events] == [1]
    with pytest.raises(RequestError, match="`none` is not in the registry"):
        trace_history(events, "none")


def test_a_parent_that_never_was_is_left_out(tmp_path):
    assert trace(tmp_path / "r", add(1, parent=7), add(2, parent=2)).changes == ()
