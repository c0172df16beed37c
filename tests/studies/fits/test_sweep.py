"""Which full fits count at a point."""

from types import SimpleNamespace
from typing import Any

import pytest

from workbench.errors import RunError
from workbench.studies.fits import sweep
from workbench.studies.fits.sweep import FullFits, PointPosterior, find_reliable_posteriors
from workbench.studies.fits.weights import make_equal_weights
from workbench.studies.plan.plan import BASE, Point

CONTEXT: Any = None


def make_fit(key: str, point: Point = BASE) -> Any:
    return SimpleNamespace(key=key, point=point, size=100, lowest_efficiency=1.0, how="refit")


@pytest.fixture
def fits(monkeypatch):
    """Three full fits: one at the base, one elsewhere that was read from the cache again, one too far."""
    near, far = Point({"mu.sigma": 2.0}), Point({"mu.sigma": 99.0})
    posteriors = [make_fit("base"), make_fit("near", near), make_fit("far", far), make_fit("near", near)]

    def weigh(_context, source, _point):
        return make_equal_weights(100, 0.1, 80.0, is_good=source.key != "far")

    monkeypatch.setattr(sweep, "_weigh", weigh)
    monkeypatch.setattr(sweep, "find_or_refit", lambda *_: PointPosterior(BASE, "base"))
    return FullFits(posteriors)


def test_each_full_fit_with_good_weights_counts_once(fits):
    posteriors = find_reliable_posteriors(CONTEXT, fits, BASE)
    assert [posterior.source_and_weights[0].key for posterior in posteriors] == ["base", "near"]


def test_a_point_that_could_not_be_fitted_is_an_error(fits, monkeypatch):
    failed = PointPosterior(BASE, "failed", reason="the machine was unplugged.")
    monkeypatch.setattr(sweep, "find_or_refit", lambda *_: failed)
    with pytest.raises(RunError, match="unplugged"):
        find_reliable_posteriors(CONTEXT, fits, BASE)
