"""A fit that starts where another ended."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS
from workbench.backends import Start
from workbench.backends.fake import FakeBackend
from workbench.errors import RunIncomplete
from workbench.estimation.estimate import estimate
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.methods import Map, Nuts


@dataclass(frozen=True)
class Noting(FakeBackend):
    """A backend that notes where chains start."""

    starts: list[Start] = field(default_factory=list)

    def sample(self, job, method, *, start=Start(), jobs=1, threads=1, progress=None):  # noqa: B008
        self.starts.append(start)
        return super().sample(job, method, start=start)


def test_the_last_draw_step_size_and_metric_are_the_start(fitted, request_for, program):
    start = extract_warm_start(fitted.tree, program)
    last = fitted.tree["posterior"].to_dataset().isel(draw=-1)
    for chain, inits in enumerate(start.inits):
        assert set(inits) == {"alpha", "beta"}
        assert inits["alpha"] == last["alpha"].to_numpy()[chain]
        assert inits["beta"] == last["beta"].to_numpy()[chain].tolist()
    assert start.step_size is not None
    assert start.inv_metric is not None
    assert start.step_size.shape == (4,)
    assert start.inv_metric.shape == (4, len(MEANS))

    backend = Noting(MEANS, SDS)
    again = estimate(request_for((Nuts(4, 50, 0),)), MODEL, backend, start=start)
    assert again.record["nuts"]["status"] == "ok"
    assert backend.starts == [start]


def test_chains_start_at_the_values_that_are_given(request_for):
    backend = Noting(MEANS, SDS)
    request = replace(request_for((Nuts(4, 50, 100, init="given"),)), inits={"beta": [1.0, 2.0]})
    assert estimate(request, MODEL, backend).record["request"]["inits"] == {"beta": [1.0, 2.0]}
    assert backend.starts == [Start(({"beta": [1.0, 2.0]},))]


def test_without_warmup_and_without_a_start_there_is_no_sampling(request_for):
    record = estimate(request_for((Nuts(4, 50, 0),)), MODEL, FakeBackend(MEANS, SDS)).record
    assert "a step size and a metric must be given" in record["nuts"]["reason"]


def test_a_run_without_a_posterior_cannot_be_continued(request_for, program):
    modes = estimate(request_for((Map(),)), MODEL, FakeBackend(MEANS, SDS))
    with pytest.raises(RunIncomplete, match="does not hold the adapted step size and metric"):
        extract_warm_start(modes.tree, program)


def test_arrays_of_one_element_keep_their_brackets(fitted, program):
    tree = fitted.tree.copy()
    shortened = tree["posterior"].to_dataset().isel(K=[0])
    tree["posterior"] = tree["posterior"].copy(deep=False)
    tree["posterior"].dataset = shortened
    assert np.ndim(extract_warm_start(tree, program).inits[0]["beta"]) == 1
