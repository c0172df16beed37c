"""Step sizes and divergences of chains are read from files that are still being written."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.backends.chain_progress import ChainReport, describe_chains, follow_chains

HEAD = "# method = sample\nlp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__,mu\n"


class RecordingStage:
    def __init__(self):
        self.details = []

    def update(self, done, detail=""):
        self.details.append((done, detail))


def test_files_are_read_as_they_grow(tmp_path):
    stage = RecordingStage()
    clock = iter((0.0, 1.0, 11.0))
    on_line = follow_chains(stage, tmp_path, lambda: next(clock))
    on_line("Iteration:    1 / 2000 [  0%]  (Warmup)", 0)
    first, second = tmp_path / "model-2026_1.csv", tmp_path / "model-2026_2.csv"
    first.write_text(HEAD + "# Adaptation terminated\n# Step size = 0.4512\n-1,1,0.45,2,3,1,5,0\n-1,1,0.4")
    second.write_text(HEAD + "# Step size = 0.5\n")
    on_line("Iteration: 1001 / 2000 [ 50%]  (Sampling)", 1)
    with first.open("a") as stream:
        stream.write("5,2,3,1,5,0\n-1,1,0.45,2,3,0,5,0\n")
    on_line("Iteration: 1101 / 2000 [ 55%]  (Sampling)", 0)
    assert stage.details == [
        (1.0, "warmup\nchain 1: 1 of 2000"),
        (
            1002.0,
            "sampling\nchain 1: 1 of 2000, step 0.45, 1 divergent"
            "\nchain 2: 1001 of 2000, step 0.5, 0 divergent",
        ),
        (
            2102.0,
            "sampling, 9 s left\nchain 1: 1101 of 2000, 100 iterations/s, 9 s left, step 0.45, 2 divergent"
            "\nchain 2: 1001 of 2000, step 0.5, 0 divergent",
        ),
    ]


def test_the_rate_is_that_of_late_and_ends_with_the_chain():
    chain = ChainReport(1000)
    for now, done in ((0.0, 1), (100.0, 101), *((100.0 + k, 101 + 100 * k) for k in range(1, 7))):
        chain.add(done, now)
    assert chain.rate == pytest.approx(100.0)
    assert chain.seconds_left == pytest.approx(2.99)
    chain.add(1000, 200.0)
    assert describe_chains({1: chain}) == "\nchain 1: 1000 of 1000"


def test_many_chains_are_added_up():
    chains = {number: ChainReport(100) for number in range(1, 10)}
    for chain in chains.values():
        chain.add(10, 0.0)
        chain.add(30, 10.0)
        chain.divergences = 2
    assert describe_chains(chains) == ", 35 s left, 18 iterations/s, 18 divergent"


def test_other_lines_are_ignored(tmp_path):
    stage = RecordingStage()
    follow_chains(stage, tmp_path)("Gradient evaluation took 1e-05 seconds", 0)
    assert stage.details == []


def test_threads_report_one_at_a_time(tmp_path):
    """Each chain is read in a thread of its own, but they share one stage."""
    inside, overlaps = [], []

    class SlowStage:
        def update(self, done, note=""):
            inside.append(done)
            overlaps.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    on_line = follow_chains(SlowStage(), tmp_path)
    with ThreadPoolExecutor(4) as threads:
        lines = [
            f"Chain [{chain}] Iteration:  {i} / 100 [ 1%]  (Warmup)"
            for i in range(5)
            for chain in (1, 2, 3, 4)
        ]
        list(threads.map(lambda line: on_line(line, 0), lines))
    assert len(overlaps) == 20
    assert max(overlaps) == 1
