"""What is refused before anything is compiled."""

from types import SimpleNamespace
from typing import Any

import pytest

from workbench.errors import MethodError
from workbench.methods import Auto, Nuts
from workbench.workflow import estimate_request as module
from workbench.workflow.estimate_request import estimate_request

NUTPIE = Nuts(sampler="nutpie")


@pytest.mark.parametrize("method", [NUTPIE, Auto(NUTPIE)])
@pytest.mark.parametrize(
    ("source", "threads", "message", "hint"),
    [
        ("cmdstan", 1, "your own CmdStan", "--toolchain embedded"),
        ("embedded", 2, "`threads` was expected to be 1", "--sampler"),
    ],
)
def test_what_nutpie_cannot_run_is_refused(monkeypatch, method, source, threads, message, hint):
    """The builds are of no kind that can compile anything."""
    monkeypatch.setattr(module, "check_installed", lambda nuts: None)
    request: Any = SimpleNamespace(methods=(method,), threads=threads)
    builds: Any = SimpleNamespace(tools=SimpleNamespace(source=source))
    with pytest.raises(MethodError, match=message) as caught:
        estimate_request(request, builds)
    assert hint in str(caught.value.hint)
