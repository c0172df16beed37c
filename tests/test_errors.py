"""The error tree: exit codes are a contract with scripts."""

import pytest

from workbench import errors

CODES = {
    errors.RequestError: 2,
    errors.ToolchainError: 3,
    errors.RunError: 4,
    errors.StoreError: 5,
}


def every_error():
    waiting = [errors.WorkbenchError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not errors.WorkbenchError:
            yield kind


@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_each_error_has_the_exit_code_of_its_branch(kind):
    (branch,) = (base for base in CODES if issubclass(kind, base))
    assert kind.exit_code == CODES[branch]


@pytest.mark.parametrize("kind", list(every_error()), ids=lambda kind: kind.__name__)
def test_the_tree_is_drawn_with_every_error(kind):
    assert f" {kind.__name__}" in (errors.__doc__ or "")
