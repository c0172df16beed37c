"""The error tree: scripts rely on the exit codes."""

import pickle
from pathlib import Path

import pytest

from workbench import errors

CODES = {
    errors.RequestError: 2,
    errors.ToolchainError: 3,
    errors.ClusterError: 3,
    errors.TrackingError: 3,
    errors.RunError: 4,
    errors.StoreError: 5,
    errors.JobRunning: 6,
}
"""The exit code of each branch of the tree."""


def list_errors(kind=errors.WorkbenchError):
    """Yield all errors below one."""
    for child in kind.__subclasses__():
        yield child
        yield from list_errors(child)


@pytest.mark.parametrize("kind", list(list_errors()), ids=lambda kind: kind.__name__)
def test_each_error_has_the_exit_code_of_its_branch(kind):
    (branch,) = (base for base in CODES if issubclass(kind, base))
    assert kind.exit_code == CODES[branch]


@pytest.mark.parametrize("kind", list(list_errors()), ids=lambda kind: kind.__name__)
def test_each_error_is_in_the_drawing_of_the_tree(kind):
    assert f" {kind.__name__}" in (errors.__doc__ or "")


def test_an_error_is_the_same_in_another_process():
    failed = errors.BuildFailed("no.", command="c++ x", log=Path("log"), hint="mend it")
    again = pickle.loads(pickle.dumps(failed))  # noqa: S301 - our own bytes
    assert (type(again), again.message, again.hint, again.command, again.log, str(again)) == (
        errors.BuildFailed, "no.", "mend it", "c++ x", Path("log"), "no."
    )  # fmt: skip
    assert again.__notes__ == failed.__notes__
