"""Tasks on the workers of a real scheduler: the same numbers, wherever they run and whatever is lost."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import psutil
import pytest

from tests.execution import work
from tests.execution.clusters import ROOT, DaskProcesses, needs_dask
from workbench.errors import ChainFailed, ClusterError, StoreError, WorkerLost
from workbench.execution import Shared, Task, name_function
from workbench.execution.dask_worker import MARK
from workbench.execution.scheduler import as_executor, open_executor, parse_scheduler
from workbench.execution.versions import read_versions

pytestmark = needs_dask


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers."""
    processes = DaskProcesses(tmp_path_factory.mktemp("cluster"))
    processes.start_worker("first")
    processes.start_worker("second")
    yield processes
    processes.close()


@pytest.fixture(scope="module")
def executor(cluster):
    with open_executor(parse_scheduler(cluster.address), 1) as opened:
        yield opened


def test_pieces_are_in_their_folder_and_nothing_is_run_twice(executor, tmp_path):
    counter = tmp_path / "counter"
    tasks = work.make_tasks(12, counter=counter)
    outcomes = list(executor.map(tasks[:8], tmp_path))
    assert {outcome.record["folder"] for outcome in outcomes} == {str(tmp_path)}
    assert all(outcome.worker.startswith("tcp://127.0.0.1:") for outcome in outcomes)
    again = list(executor.map(tasks, tmp_path))
    assert sum(outcome.was_kept for outcome in again) == 8
    assert sorted(map(int, counter.read_text().split())) == list(range(12))
    work.read_all(tmp_path, 12)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [MARK, "counter", *map(work.name_piece, range(12))]
    )


def test_pieces_come_back_where_no_folder_is_shared(executor, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.execution.dask.name_folder", lambda folder: "of another machine")
    outcomes = list(executor.map(work.make_tasks(6), tmp_path))
    assert str(tmp_path) not in {outcome.record["folder"] for outcome in outcomes}
    work.read_all(tmp_path, 6)


def test_a_refusal_is_an_outcome_that_is_not_tried_again(executor, tmp_path):
    (outcome,) = executor.map([Task("refused", name_function(work.refuse), (7,))], tmp_path)
    assert isinstance(outcome.failure, ChainFailed)
    assert (outcome.failure.message, outcome.failure.hint, outcome.failure.console) == (
        "sampling stopped: seed 7 is refused.", "another seed", "all of it",
    )  # fmt: skip


def test_a_mistake_of_ours_is_an_error(executor, tmp_path):
    with pytest.raises(ZeroDivisionError, match="a mistake"):
        list(executor.map([Task("broken", name_function(work.break_))], tmp_path))


def test_a_client_is_an_executor(cluster, tmp_path):
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client, as_executor(client, 1) as executor:
        list(executor.map(work.make_tasks(2), tmp_path))
        assert client.status == "running"
    work.read_all(tmp_path, 2)


def test_a_full_disk_of_one_worker_is_avoided(executor, tmp_path):
    full = tmp_path / "full"
    tasks = [Task("needs room", name_function(work.fill), (str(full),), pieces=("there",))]
    (outcome,) = executor.map(tasks, tmp_path)
    assert outcome.failure is None
    assert outcome.worker != full.read_text()
    assert (tmp_path / "there").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_what_a_client_wanted_ends_with_it(cluster, tmp_path, number):
    argv = [sys.executable, "-m", "tests.execution.client", cluster.address, str(tmp_path), "0"]
    client = subprocess.Popen(
        argv, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL, preexec_fn=take_interrupts
    )
    wait_until(lambda: (tmp_path / "started").exists() and count_sleepers() == 1, 60)
    client.send_signal(number)
    client.wait()
    wait_until(lambda: count_sleepers() == 0, 15)
    time.sleep(0.5)
    assert not (tmp_path / "ended").exists()


def take_interrupts():
    """Undo that tests may run in the background of a shell, where interrupts are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def count_sleepers():
    return sum(work.SLEEP in " ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"]))


def wait_until(is_so, seconds):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_worker_loses_nothing(cluster, executor, tmp_path):
    outcomes = executor.map(work.make_tasks(30, seconds=0.05), tmp_path)
    for done, _ in enumerate(outcomes):
        if done in (5, 15):
            cluster.kill_worker("first" if done == 5 else "second")
    work.read_all(tmp_path, 30)


def test_a_task_that_kills_its_workers_is_a_failure_and_the_others_go_on(cluster, executor, tmp_path):
    log = tmp_path / "log"
    tasks = [Task("deadly", name_function(work.die), (str(log),)), *work.make_tasks(4)]
    outcomes = {outcome.key: outcome for outcome in executor.map(tasks, tmp_path)}
    failure = outcomes["deadly"].failure
    assert isinstance(failure, WorkerLost)
    assert "3 workers were lost while they ran it" in failure.message
    assert 3 <= len(log.read_text()) <= 12
    work.read_all(tmp_path, 4)


def test_a_lost_nanny_is_replaced_by_the_other_worker(cluster, executor, tmp_path):
    outcomes = executor.map(work.make_tasks(20, seconds=0.05), tmp_path)
    for done, _ in enumerate(outcomes):
        if done == 5:
            cluster.kill("first")
    work.read_all(tmp_path, 20)
    cluster.start_worker("first")


def test_a_lost_scheduler_is_waited_for(cluster, executor, tmp_path):
    outcomes = executor.map(work.make_tasks(20, seconds=0.05), tmp_path)
    for done, _ in enumerate(outcomes):
        if done == 5:
            for name in ("scheduler", "first", "second"):
                cluster.kill(name)
            cluster.start_scheduler()
            cluster.start_worker("first")
            cluster.start_worker("second")
    work.read_all(tmp_path, 20)


def test_other_versions_are_refused(executor, tmp_path, monkeypatch):
    other = replace(read_versions(), python="3.99")
    monkeypatch.setattr("workbench.execution.dask.read_versions", lambda: other)
    with pytest.raises(ClusterError, match=r"a worker has Python 3\.\d+, not 3\.99"):
        list(executor.map(work.make_tasks(1), tmp_path))


def test_a_scheduler_that_does_not_answer_is_told():
    with (
        pytest.raises(ClusterError, match=r"no scheduler of Dask answers at tcp://127.0.0.1:1: .*refused"),
        open_executor(parse_scheduler("tcp://127.0.0.1:1"), 1),
    ):
        pass


def test_a_file_starts_a_cluster_that_ends_with_the_work(tmp_path):
    file, folder = tmp_path / "cluster.toml", tmp_path / "pieces"
    folder.mkdir()
    file.write_text('cluster = "LocalCluster"\n[options]\nn_workers = 1\nhost = "127.0.0.1"\n')
    with open_executor(parse_scheduler(str(file)), 1) as opened:
        outcomes = list(
            opened.map([*work.make_tasks(3), Task("r", name_function(work.refuse), (1,))], folder)
        )
        address = cast("Any", opened).client.scheduler.address
    assert len(outcomes) == 4
    work.read_all(folder, 3)
    with pytest.raises(ClusterError), open_executor(parse_scheduler(address), 1):
        pass


def test_large_values_are_sent_once(executor, tmp_path):
    packed = []

    def pack(value):
        packed.append(value)
        return value

    shared = Shared("sent once", 2.0, pack)
    for seeds in (range(3), range(3, 6)):
        tasks = [
            Task(work.make_key(seed), name_function(work.draw), (seed,), (shared,), (work.name_piece(seed),))
            for seed in seeds
        ]
        list(executor.map(tasks, tmp_path))
    assert packed == [2.0]
    work.read_all(tmp_path, 6)


def test_the_overhead_of_a_task_is_small(executor, tmp_path):
    tasks = [Task(f"nothing {at}", name_function(work.nothing)) for at in range(100)]
    started = time.monotonic()
    assert len(list(executor.map(tasks, tmp_path))) == 100
    assert (time.monotonic() - started) / 100 < 0.2  # 20 ms and less on an idle machine


class Recorded:
    """Progress of which the titles and the details are kept."""

    def __init__(self):
        self.said = []

    @contextmanager
    def stage(self, title, total=None):
        self.said.append(title)
        yield self

    def update(self, done, detail=""):
        self.said.append(detail)


@pytest.fixture
def fresh(tmp_path):
    """A scheduler without workers, and a folder for pieces."""
    (tmp_path / "pieces").mkdir()
    processes = DaskProcesses(tmp_path)
    yield processes, tmp_path / "pieces"
    processes.close()


def test_waiting_for_workers_and_for_the_scheduler_is_said(fresh):
    cluster, folder = fresh
    progress = Recorded()
    with open_executor(parse_scheduler(cluster.address), 1, progress) as executor:
        later = threading.Timer(3, cluster.start_worker, ["first"])
        later.start()
        outcomes = executor.map(work.make_tasks(40, seconds=0.05), folder)
        next(outcomes)
        assert set(progress.said) == {"Waiting for workers", ""}
        for name in ("scheduler", "first"):
            cluster.kill(name)
        restart = threading.Timer(4, cluster.start_scheduler)
        restart.start()
        threading.Timer(6, cluster.start_worker, ["first"]).start()
        assert len(list(outcomes)) == 39
    later.join()
    restart.join()
    assert "the scheduler does not answer" in progress.said
    work.read_all(folder, 40)


def test_a_task_wider_than_all_workers_that_are_left_runs_with_fewer_slots(fresh, monkeypatch):
    monkeypatch.setattr("workbench.execution.dask._SECONDS_TO_RESTART", 1.0)
    cluster, folder = fresh
    cluster.start_worker("large", slots=4)
    with open_executor(parse_scheduler(cluster.address), 1) as executor:
        tasks = [Task(f"wide {at}", name_function(work.tell_cores), (1.0,), cores=4) for at in range(4)]
        outcomes = executor.map(tasks, folder)
        assert next(outcomes).record == 4
        cluster.kill("large")
        cluster.start_worker("small", slots=2)
        assert [outcome.record for outcome in outcomes] == [2, 2, 2]


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting a disk needs root")
def test_a_disk_that_is_really_full_is_avoided(fresh):
    cluster, folder = fresh
    disk = cluster.folder / "disk"
    disk.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    mounted = subprocess.run(argv, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"disks cannot be mounted here: {mounted.stderr.strip()}")
    try:
        check_full_disk(cluster, folder, disk)
    finally:
        cluster.close()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def check_full_disk(cluster, folder, disk):
    """Give a task that writes two megabytes to a worker whose temporary folder is smaller."""
    cluster.start_worker("full", TMPDIR=str(disk))
    with open_executor(parse_scheduler(cluster.address), 1) as executor:
        large = Task("large", name_function(work.write), (2_000_000,), pieces=("written",))
        alone = list(executor.map([large], folder))
        assert isinstance(alone[0].failure, StoreError)
        assert "full" in alone[0].failure.message
        assert str(disk) in alone[0].failure.message
        assert {path.name for path in folder.iterdir()} == {MARK}
        cluster.start_worker("roomy")
        wait_until(lambda: len(cast("Any", executor).client.scheduler_info(n_workers=-1)["workers"]) == 2, 60)
        time.sleep(1.1)  # until the executor looks again
        (outcome,) = executor.map([large], folder)
        assert outcome.failure is None
        assert not str(outcome.record).startswith(str(disk))
        assert {path.name for path in folder.iterdir()} == {MARK, "written"}
        (disk / "rest").write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        for outcome in executor.map(work.make_tasks(6, seconds=0.1), folder):
            assert outcome.failure is None
    work.read_all(folder, 6)


@pytest.mark.parametrize("failures", [1, 2])
def test_an_event_loop_that_starts_late_is_tried_again(monkeypatch, failures):
    """Dask gives its event loop 10 s, and says nothing but `AssertionError` of a busy machine."""
    dask = pytest.importorskip("workbench.execution.dask")
    answers = [AssertionError()] * failures + ["a client"]

    def start(*_, **__):
        answer = answers.pop(0)
        if isinstance(answer, AssertionError):
            raise answer
        return answer

    monkeypatch.setattr(dask, "_Client", start)
    if failures == 1:
        assert dask._make_client("tcp://127.0.0.1:1", None) == "a client"
    else:
        with pytest.raises(ClusterError, match="within 10 s"):
            dask._make_client("tcp://127.0.0.1:1", None)


def make_certificates(folder):
    """Make an authority, and a certificate and a key for 127.0.0.1 that it has signed."""
    ca, key, cert = folder / "ca.pem", folder / "key.pem", folder / "cert.pem"
    alone = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    signed = ["-CA", str(ca), "-CAkey", str(folder / "ca-key.pem"), "-addext", "subjectAltName=IP:127.0.0.1"]
    for argv in (
        [*alone, "-subj", "/CN=ours", "-keyout", str(folder / "ca-key.pem"), "-out", str(ca)],
        [*alone, "-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(cert), *signed],
    ):
        subprocess.run(argv, check=True, capture_output=True)
    return ca, key, cert


@pytest.mark.skipif(not shutil.which("openssl"), reason="certificates are made by openssl")
def test_a_scheduler_behind_tls(tmp_path):
    dask = pytest.importorskip("dask")
    from distributed import Client

    folder, others = tmp_path / "pieces", tmp_path / "others"
    folder.mkdir()
    others.mkdir()
    ca, key, cert = make_certificates(tmp_path)
    roles = ("SCHEDULER", "WORKER", "CLIENT")
    settings = {
        "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(ca),
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        **{f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT": str(cert) for role in roles},
        **{f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY": str(key) for role in roles},
    }
    processes = DaskProcesses(tmp_path, "tls", **settings)
    try:
        processes.start_worker("first")
        assert processes.address.startswith("tls://127.0.0.1:")
        refused = [(processes.address, "client.cert"), (processes.address.replace("tls:", "tcp:"), "tls://")]
        for address, hint in refused:
            with pytest.raises(ClusterError) as caught, open_executor(parse_scheduler(address), 1):
                pass
            assert hint in str(caught.value.hint)
            # Dask would leave it to the collector of garbage, which may come under a lock.
            assert "connecting" not in {one.status for one in gc.get_objects() if isinstance(one, Client)}
        with dask.config.set(make_tls_settings(ca, key, cert)):
            with open_executor(parse_scheduler(processes.address), 1) as executor:
                outcomes = list(executor.map(work.make_tasks(3), folder))
            assert all(outcome.worker.startswith("tls://") for outcome in outcomes)
        work.read_all(folder, 3)
        check_own_cluster(tmp_path, ca, key, cert)
        _, key, cert = make_certificates(others)  # of an authority that the scheduler does not know
        with (
            dask.config.set(make_tls_settings(ca, key, cert)),
            pytest.raises(ClusterError),
            open_executor(parse_scheduler(processes.address), 1),
        ):
            pass
    finally:
        processes.close()


def check_own_cluster(folder, ca, key, cert):
    """Start a cluster whose file names certificates, and run a task on it."""
    pairs = [f'tls_{role}_{kind} = "{path}"' for role in ("client", "scheduler", "worker")
             for kind, path in (("cert", cert), ("key", key))]  # fmt: skip
    tls = "\n".join(["[tls]", f'tls_ca_file = "{ca}"', *pairs])
    file, pieces = folder / "cluster.toml", folder / "own"
    pieces.mkdir()
    file.write_text(f'cluster = "LocalCluster"\nworkers = 1\n[options]\nhost = "127.0.0.1"\n{tls}\n')
    with open_executor(parse_scheduler(str(file)), 1) as executor:
        (outcome,) = executor.map(work.make_tasks(1), pieces)
    assert outcome.worker.startswith("tls://")


def make_tls_settings(ca, key, cert):
    return {
        "distributed.comm.tls.ca-file": str(ca),
        "distributed.comm.tls.client.key": str(key),
        "distributed.comm.tls.client.cert": str(cert),
    }
