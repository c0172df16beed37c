"""Finished pieces on disk: only whole ones count."""

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.errors import RunError
from workbench.studies.fits import log_density
from workbench.studies.fits.cache import cache_array
from workbench.studies.plan.plan import BASE


def test_an_array_is_made_once_and_anew_where_it_is_not_whole(tmp_path):
    made = []

    def make():
        made.append(1)
        return np.arange(4.0)

    for _ in range(2):
        assert cache_array(tmp_path, "a", make, 4).tolist() == [0, 1, 2, 3]
    assert len(made) == 1
    np.save(tmp_path / "a.npy", np.arange(3.0))
    assert cache_array(tmp_path, "a", make, 4).tolist() == [0, 1, 2, 3]
    assert len(made) == 2


def test_a_part_of_the_densities_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(log_density, "_evaluated", lambda *_: np.zeros(3))
    monkeypatch.setattr(log_density, "_draws", lambda *_: tmp_path)
    monkeypatch.setattr(log_density, "_raised", lambda _: "")
    shop = SimpleNamespace(kept=tmp_path / "kept", key=lambda *_: "key", is_split=False)
    source = SimpleNamespace(key="source", size=4)
    with pytest.raises(RunError, match="the log density was evaluated at 3 of 4 draws"):
        log_density.evaluate_log_density(shop, source, BASE)  # type: ignore[arg-type]
    assert not (tmp_path / "kept").exists()
