"""Settings out of range are refused by name; every method has its result."""

import pytest

from workbench.errors import MethodError
from workbench.methods import (
    DEFAULT_METHODS,
    RESULTS,
    Auto,
    Laplace,
    Map,
    Nuts,
    Pathfinder,
    list_settings,
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Nuts(chains=0), "`chains` was expected to be between 1 and 256, found 0"),
        (lambda: Nuts(draws=3), "`draws` was expected to be at least 4"),
        (lambda: Nuts(warmup=19), "`warmup` was expected to be at least 20"),
        (lambda: Nuts(metric="unit"), "`metric` was expected to be one of diag, dense, found `unit`"),
        (lambda: Nuts(metric="low_rank"), "`metric` was expected to be one of diag, dense, found `low_rank`"),
        (
            lambda: Nuts(metric="dense", sampler="nutpie"),
            "`metric` was expected to be one of diag, low_rank with nutpie, found `dense`",
        ),
        (lambda: Nuts(sampler="gibbs"), "`sampler` was expected to be one of stan, nutpie, found `gibbs`"),
        (
            lambda: Nuts(init="zero"),
            "`init` was expected to be one of random, map, pathfinder, given, found `zero`",
        ),
        (lambda: Nuts(adapt_delta=1.0), "`adapt_delta` was expected to be between 0 and 1, found 1.0"),
        (lambda: Nuts(max_treedepth=0), "`max_treedepth` was expected"),
        (lambda: Laplace(draws=10), "`Laplace draws` was expected to be at least 100"),
    ],
)
def test_a_setting_out_of_range_is_refused(make, message):
    with pytest.raises(MethodError, match=message):
        make()


def test_the_two_modes_have_keys_of_their_own():
    assert (Map().name, Map(jacobian=True).name) == ("map", "map_unconstrained")


def test_every_method_has_a_result_and_pathfinder_alone_runs_only_on_request():
    assert {method.name for method in (*DEFAULT_METHODS, Pathfinder())} == set(RESULTS)
    assert [key for key, kind in RESULTS.items() if not kind.is_default] == ["pathfinder"]


@pytest.mark.parametrize(
    ("sampler", "metric", "hint"), [("stan", "low_rank", "nutpie"), ("nutpie", "dense", "low_rank")]
)
def test_a_metric_of_another_sampler_is_answered_with_what_serves_the_same_end(sampler, metric, hint):
    with pytest.raises(MethodError) as caught:
        Nuts(metric=metric, sampler=sampler)
    assert hint in str(caught.value.hint)


def test_a_hash_names_the_sampler_only_where_it_is_not_stans():
    """Hashes from before there was a choice stay: they are names of run directories, and of kept fits."""
    assert "sampler" not in list_settings(Auto())["nuts"]
    assert list_settings(Auto(Nuts(sampler="nutpie")))["nuts"]["sampler"] == "nutpie"
