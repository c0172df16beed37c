"""Every call of an executable ends at the time limit, with all it started, and says what took too long."""

import time

import numpy as np
import pytest

from tests.toolchain.fake_compilers import write_script
from workbench.backends import Job, RawRun
from workbench.backends.stan import StanBackend
from workbench.errors import RunTimedOut
from workbench.methods import Laplace, Nuts, Pathfinder


@pytest.fixture
def job(tmp_path):
    """A call of a program whose transformed data never end."""
    exe = write_script(tmp_path / "endless", '[ "$1" = info ] && exit 0', "sleep 600 & wait")
    (tmp_path / "data.json").write_text("{}")
    return Job(exe, tmp_path / "data.json", tmp_path / "calls", seed=1, timeout=0.3)


def make_mode(job):
    """Return a mode to approximate around, with the optimiser's file."""
    output = job.data.with_name("mode.csv")
    settings = ("method = optimize", "algorithm = lbfgs", "save_iterations = 0", "jacobian = 1")
    header = ("model = endless_model", *settings)
    output.write_text("".join([*(f"# {line}\n" for line in header), "lp__,mu\n0,0\n"]))
    return RawRun(("mu",), np.zeros((1, 1, 1)), {"lp": np.zeros((1, 1))}, output=output)


CALLS = {
    "evaluating the log density": lambda run, job: run.log_density(job, np.zeros((1, 1)), jacobian=True),
    "computing generated quantities": lambda run, job: run.generate(job, ("mu",), np.zeros((1, 1))),
    "optimisation": lambda run, job: run.optimize(job, jacobian=True),
    "the Laplace approximation": lambda run, job: run.laplace(job, make_mode(job), Laplace(), jacobian=True),
    "Pathfinder": lambda run, job: run.pathfinder(job, Pathfinder()),
    "sampling": lambda run, job: run.sample(job, Nuts(chains=2), jobs=2),
}
"""What the backend does, by the name of the step."""


@pytest.mark.parametrize("activity", CALLS)
def test_a_step_that_does_not_end_is_ended_and_named(job, activity):
    started = time.monotonic()
    with pytest.raises(RunTimedOut, match=rf"^{activity} took longer than the 0\.3 s allowed\.") as caught:
        CALLS[activity](StanBackend(), job)
    assert time.monotonic() - started < 20
    assert "--timeout" in str(caught.value.hint)
