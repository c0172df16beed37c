"""Settings out of range are refused by name, with what is accepted and what was found."""

import pytest

from workbench.errors import MethodError
from workbench.methods import Laplace, Map, Nuts


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Nuts(chains=0), "`chains` was expected to be between 1 and 256, found 0"),
        (lambda: Nuts(draws=3), "`draws` was expected to be at least 4"),
        (lambda: Nuts(warmup=19), "`warmup` was expected to be at least 20"),
        (lambda: Nuts(metric="unit"), "`metric` was expected to be one of diag, dense, found `unit`"),
        (
            lambda: Nuts(init="zero"),
            "`init` was expected to be one of random, map, pathfinder, given, found `zero`",
        ),
        (lambda: Nuts(adapt_delta=1.0), "`adapt_delta` was expected to be between 0 and 1, found 1.0"),
        (lambda: Nuts(max_treedepth=0), "`max_treedepth` was expected"),
        (lambda: Laplace(draws=10), "`Laplace draws` was expected to be at least 100"),
    ],
)
def test_out_of_range(make, words):
    with pytest.raises(MethodError, match=words):
        make()


def test_the_two_modes_have_keys_of_their_own():
    assert (Map().name, Map(jacobian=True).name) == ("map", "map_unconstrained")
