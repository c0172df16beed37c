"""Many writers at once, and writers that are killed."""

import random
import signal
import subprocess
import sys
import time

import pytest

from workbench.registry import ModelRegistry, RegisteredModel
from workbench.registry.verify import verify

ADD = """
import sys
from pathlib import Path
from workbench.registry import ModelRegistry
folder, author, *runs = sys.argv[1:]
registry = ModelRegistry(Path(folder), author)
for number, run in enumerate(runs):
    registry.add(f"{author}-{number}", Path(run), alias="champion")
    registry.add("shared" + author, Path(run))
    print(author, number, flush=True)
"""

WORK = """
import sys
from pathlib import Path
from workbench.errors import RequestError
from workbench.registry import ModelRegistry
folder, *runs = sys.argv[1:]
registry = ModelRegistry(Path(folder), "worker")
print("ready", flush=True)
while True:
    for run in runs:
        try:
            version = registry.add("radon", Path(run), alias="challenger")
        except RequestError:
            continue
        print("added", version.number, flush=True)
        registry.move(version.reference, "champion", "promoted")
        print("moved", version.number, flush=True)
    registry.prune("radon", keep=1)
    print("pruned", flush=True)
"""


def start(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_eight_writers_at_once_lose_nothing(tmp_path, runs):
    folder = tmp_path / "registry"
    writers = [start(ADD, folder, f"author{number}", *runs) for number in range(8)]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    registry = ModelRegistry(folder)
    state = registry.read_state()
    assert state.count == 8 * 2 * len(runs)
    assert len(state.models) == 8 * len(runs) + 8
    assert verify(registry).is_clean


def kill_at_random(folder, runs, times):
    """Kill a command that adds, promotes and prunes, again and again; what it reported must be there."""
    rng = random.Random(4)
    registry, highest = ModelRegistry(folder), 0
    for _ in range(times):
        worker = start(WORK, folder, *runs)
        assert worker.stdout.readline() == "ready\n"
        reported = [worker.stdout.readline() for _ in range(rng.randrange(4))]
        time.sleep(rng.uniform(0, 0.05))
        worker.send_signal(signal.SIGKILL)
        reported += worker.communicate()[0].splitlines()
        if not (folder / "events.jsonl").exists():
            assert reported == []
            continue
        model = registry.read_state().models.get("radon", RegisteredModel("radon"))
        for line in reported:
            word, *number = line.split()
            if word == "added":
                assert model.versions[int(number[0]) - 1].added.alias == "challenger"
                highest = max(highest, int(number[0]))
            if word == "moved":
                assert model.aliases["champion"] >= int(number[0])
    found = verify(registry)
    assert found.problems == []
    registry.prune(keep=1)
    assert verify(registry).notes == []
    assert registry.read_state().models["radon"].versions[-1].number >= highest > 0


def test_kills_lose_nothing(tmp_path, runs):
    kill_at_random(tmp_path / "registry", runs, 8)


@pytest.mark.truth
def test_two_hundred_kills_lose_nothing(tmp_path, runs):
    kill_at_random(tmp_path / "registry", runs, 200)
