"""The cache of a study: only complete files count."""

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.errors import RunError
from workbench.studies.fits import log_density, shared
from workbench.studies.fits.cache import cache_array, cache_record, is_cached
from workbench.studies.plan.plan import BASE


def test_an_array_is_made_once_and_again_if_it_is_not_complete(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return np.arange(4.0)

    for _ in range(2):
        assert cache_array(tmp_path, "a", make, 4).tolist() == [0, 1, 2, 3]
    assert len(calls) == 1
    np.save(tmp_path / "a.npy", np.arange(3.0))
    assert cache_array(tmp_path, "a", make, 4).tolist() == [0, 1, 2, 3]
    assert len(calls) == 2


def test_a_damaged_record_is_made_again(tmp_path):
    assert cache_record(tmp_path, "r", lambda: {"a": np.float64(1)}) == {"a": 1}
    assert is_cached(tmp_path, "r", "json")
    assert cache_record(tmp_path, "r", dict) == {"a": 1}
    (tmp_path / "r.json").write_text('{"a"')
    assert cache_record(tmp_path, "r", lambda: {"a": 2}) == {"a": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_incomplete_log_densities_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(log_density, "_evaluate", lambda *_: np.zeros(3))
    monkeypatch.setattr(shared, "collect_draws", lambda *_: (("a",), np.zeros((4, 1))))
    context = SimpleNamespace(
        cache_folder=tmp_path / "cache",
        make_key=lambda *_: "key",
        is_reduced=False,
        failures={},
        plan=SimpleNamespace(power_names=set()),
        program=None,
    )
    source = SimpleNamespace(key="source", size=4, tree=None)
    with pytest.raises(RunError, match="3 of 4 draws"):
        log_density.evaluate_log_density(context, source, BASE)  # type: ignore[arg-type]
    assert not (tmp_path / "cache").exists()
