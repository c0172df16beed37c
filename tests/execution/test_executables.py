"""An executable from another machine is used where it gives the known density, and else built here, once."""

import subprocess
import threading
from pathlib import Path

import pytest

from workbench.errors import ClusterError
from workbench.execution import executables
from workbench.execution.executables import SentExecutable, pack_executable, provide_executable
from workbench.toolchain import CompiledModel

ANSWER = b"#!/bin/sh\necho 42\n"
ANOTHER = b"#!/bin/sh\necho 41\n"
FOREIGN = b"\x7fELF of another processor"


def is_right(exe: Path) -> bool:
    """Return whether it prints the known number."""
    return subprocess.run([exe], capture_output=True, check=False).stdout == b"42\n"


@pytest.fixture
def builds(monkeypatch, tmp_path):
    """Builds on this machine: the executable is right unless told otherwise."""
    made: list[SentExecutable] = []
    exe = tmp_path / "built"
    exe.write_bytes(ANSWER)
    exe.chmod(0o755)

    def build(sent):
        made.append(sent)
        return exe

    monkeypatch.setattr(executables, "_build", build)
    made.clear()
    return made, exe


def test_what_was_sent_is_used_if_it_is_right(builds, tmp_path):
    model = CompiledModel(
        "m", tmp_path / "m", "key", True, 0.0, "2.39.0", "clang", threads=True, optimized=True
    )
    model.exe.write_bytes(ANSWER)
    sent = pack_executable(model, "the program")
    assert (sent.content, sent.source, sent.threads, sent.optimized) == (ANSWER, "the program", True, True)
    path = provide_executable(sent, tmp_path / "worker", is_right)
    assert is_right(path)
    assert path.is_relative_to(tmp_path / "worker")
    assert builds[0] == []


@pytest.mark.parametrize("content", [FOREIGN, ANOTHER], ids=["it does not start", "another density"])
def test_it_is_built_where_it_is_not(builds, tmp_path, content):
    sent = SentExecutable("m", content, "the program")
    found = []

    def provide():
        found.append(provide_executable(sent, tmp_path / "worker", is_right))

    threads = [threading.Thread(target=provide) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [builds[1]] * 3
    assert builds[0] == [sent]


def test_a_build_with_another_density_is_refused(builds, tmp_path):
    builds[1].write_bytes(ANOTHER)
    with pytest.raises(ClusterError, match="does not give the log density of the machine that asks"):
        provide_executable(SentExecutable("m", FOREIGN, "the program"), tmp_path / "worker", is_right)
