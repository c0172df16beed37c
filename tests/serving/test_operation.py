"""A service that lives: crashes, versions that change under load, canaries, shadows, limits, its end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from tests.serving.conftest import ROW
from tests.serving.running import Running, serve
from workbench.registry import ModelRegistry

MANY = {"rows": [ROW] * 1000}
"""A request that takes a while."""


@pytest.fixture
def registry(fits, tmp_path):
    """A registry with two versions, of which the first is the champion."""
    registry = ModelRegistry(tmp_path / "registry", "somebody@somewhere")
    registry.add("towns", fits[0], alias="champion")
    registry.add("towns", fits[1], alias="challenger")
    return registry


def find_children(service):
    """Return the processes that answer, and those of Stan."""
    commands = []
    for one in psutil.Process(service.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has just ended
            commands.append((one, " ".join(one.cmdline())))
    workers = [one for one, command in commands if "serving.worker" in command]
    return workers, [one for one, command in commands if command.endswith(" evaluate")]


class Clients:
    """Clients that send requests until they are stopped, and keep what came."""

    def __init__(self, service, count=3, content=None, **headers):
        self.answers = []
        self.failures = []
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(service, content or {"rows": [ROW]}, headers))
            for _ in range(count)
        ]

    def _send(self, service, content, headers):
        while not self._ends.is_set():
            try:
                self.answers.append(service.post("/predict", content, **headers))
            except OSError as reason:
                self.failures.append(reason)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never became true")


def test_no_request_is_lost_when_the_alias_moves(registry):
    folder = registry.folder
    with serve("towns@champion", "--registry", folder, "--workers", "2") as service:
        assert service.ask("GET", "/version").json["version"] == 1
        with Clients(service) as clients:
            time.sleep(1)
            registry.move("towns@2", "champion")
            wait_until(lambda: sum(line["event"] == "version" for line in service.events) == 4)
            time.sleep(1)
        assert not clients.failures
        assert {answer.status for answer in clients.answers} == {200}
        assert {answer.json["version"] for answer in clients.answers} == {1, 2}
        assert {service.post("/predict", {"rows": [ROW]}).json["version"] for _ in range(20)} == {2}
        means = {
            answer.json["version"]: answer.json["predictions"][0]["expected"] for answer in clients.answers
        }
        assert means[1] == pytest.approx(4, abs=1)
        assert means[2] == pytest.approx(8.5, abs=1)
        assert service.find_metric("workbench_version_in_use", version="1") == 0
        assert service.find_metric("workbench_version_in_use", version="2") == 2
        wait_until(lambda: len(find_children(service)[1]) == 2)  # those of the old version are gone


def test_a_version_that_cannot_be_opened_is_said_and_the_old_one_goes_on(registry):
    with serve("towns@champion", "--registry", registry.folder, "--workers", "1") as service:
        second = registry.find("towns@2")
        registry.move("towns@2", "champion")
        damaged = registry.find_folder(second) / "run.json"
        damaged.chmod(0o644)
        damaged.write_text("{}")
        failed = service.wait_for("version failed")
        assert failed["version"] == "towns@2"
        assert "not as it was added" in failed["message"]
        assert service.post("/predict", {"rows": [ROW]}).json["version"] == 1
        assert service.find_metric("workbench_version_changes_total", outcome="failed") == 1


def test_a_canary_answers_its_share_of_keys_and_always_the_same_ones(registry):
    options = ("--registry", registry.folder, "--workers", "2", "--canary", "challenger=0.3")
    with serve("towns", *options) as service:
        by_key: dict[str, set[int]] = {}
        for key in [str(number) for number in range(200)] * 2:
            answer = service.post("/predict", {"rows": [ROW]}, X_Workbench_Key=key)
            assert answer.headers["x-workbench-version"] == str(answer.json["version"])
            by_key.setdefault(key, set()).add(answer.json["version"])
        assert all(len(versions) == 1 for versions in by_key.values())
        share = sum(versions == {2} for versions in by_key.values()) / 200
        assert 0.18 < share < 0.42  # 0.3 within 3.7 standard errors
        assert service.find_metric("workbench_requests_total", version="2") == 2 * 200 * share
        assert service.ask("GET", "/version").json["canary"]["share"] == 0.3


def test_a_canary_is_awaited_and_ends_with_its_alias(registry):
    registry.remove_alias("towns", "challenger")
    options = ("--registry", registry.folder, "--workers", "1", "--canary", "challenger=1.0")
    with serve("towns", *options) as service:
        assert service.post("/predict", {"rows": [ROW]}).json["version"] == 1
        assert service.ask("GET", "/version").json["canary"]["awaited"] == "towns@challenger"
        registry.move("towns@2", "challenger")
        wait_until(lambda: service.post("/predict", {"rows": [ROW]}).json["version"] == 2)
        registry.remove_alias("towns", "challenger")
        wait_until(lambda: service.post("/predict", {"rows": [ROW]}).json["version"] == 1)
        assert service.find_metric("workbench_version_in_use", alias="challenger") == 0


def test_a_canary_can_be_the_number_of_a_version(registry):
    registry.remove_alias("towns", "challenger")
    with serve("towns@1", "--registry", registry.folder, "--workers", "1", "--canary", "2=1.0") as service:
        assert service.post("/predict", {"rows": [ROW]}).json["version"] == 2
        found = service.ask("GET", "/version").json
        assert found["alias"] is None
        assert found["canary"]["version"] == 2
        assert (found["columns"], found["outcomes"], found["groups"]) == (["town", "x"], ["y"], {"town": 3})


def test_a_shadow_can_be_the_latest_version(fits, tmp_path):
    registry = ModelRegistry(tmp_path / "registry", "somebody@somewhere")
    registry.add("towns", fits[0])
    with serve("towns@1", "--registry", registry.folder, "--workers", "1", "--shadow", "latest") as service:
        assert service.ask("GET", "/version").json["shadow"]["version"] == 1
        registry.add("towns", fits[1])
        wait_until(lambda: service.ask("GET", "/version").json["shadow"]["version"] == 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--canary", "9=0.5"], "no `9`"),
        (["--shadow", "9"], "no `9`"),
        (["--canary", "champion=0.5"], "another version than `champion`"),
        (["--shadow", "not one"], "an alias or the number of a version"),
        (["--canary-key", "town"], "--canary names none"),
        (["--canary", "2=0.5", "--canary-key", "village"], "no column `village`"),
    ],
)
def test_a_second_version_that_cannot_be_is_refused(registry, workbench_command, options, words):
    done = workbench_command(
        "serve", "towns", "--registry", registry.folder, "--port", "0", "--workers", "1", *options
    )
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


def test_a_registry_that_cannot_be_read_for_a_moment_stops_nothing(registry):
    options = ("--canary", "challenger=1.0", "--shadow", "2")
    events = registry.folder / "events.jsonl"
    with serve("towns", "--registry", registry.folder, "--workers", "1", *options) as service:
        for number in (1, 2):
            good = events.read_bytes()
            if number == 1:
                with events.open("ab") as stream:
                    stream.write(b"garbage\n")
            else:
                registry.folder.rename(registry.folder.with_name("moved"))
            wait_until(lambda: sum(line["event"] == "version failed" for line in service.events) == number)  # noqa: B023
            time.sleep(2.5)  # it is looked at twice more, and said once
            assert service.post("/predict", {"rows": [ROW]}).json["version"] == 2
            assert sum(line["event"] == "version failed" for line in service.events) == number
            assert not [line for line in service.events if line["event"] == "version stopped"]
            if number == 1:
                events.write_bytes(good)
            else:
                registry.folder.with_name("moved").rename(registry.folder)
            time.sleep(1.5)
        registry.remove_alias("towns", "challenger")
        wait_until(lambda: service.post("/predict", {"rows": [ROW]}).json["version"] == 1)


def test_the_key_is_the_same_however_it_is_written(registry):
    options = ("--canary", "challenger=0.5", "--canary-key", "x", "--workers", "1")
    csv = {"Content-Type": "text/csv"}
    with serve("towns", "--registry", registry.folder, *options) as service:
        for x in range(12):
            bodies = [[{"x": x, "town": "Bath"}], [{"x": float(x), "town": "Bath"}, {**ROW, "x": 0.5}]]
            versions = {service.post("/predict", {"rows": rows}).json["version"] for rows in bodies}
            for text in (f"x,town\n{x},Bath\n", f"x,town\n{x}.0,Bath\n0.5,York\n"):
                versions.add(service.ask("POST", "/predict", text.encode(), csv).json["version"])
            assert len(versions) == 1, x


@pytest.mark.parametrize("stderr", ["full", "closed"])
def test_a_log_that_cannot_be_written_costs_no_answer(fits, stderr):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "workbench", "serve", str(fits[0]), "--workers", "1", "--log-requests"]
    command += ["--port", str(port), "--host", "0.0.0.0"]  # noqa: S104 - it has something to say at once
    reading, writing = os.pipe()
    if stderr == "full":
        os.close(writing)
        writing = os.open("/dev/full", os.O_WRONLY)
    process = subprocess.Popen(command, stderr=writing, stdout=subprocess.DEVNULL, text=True)
    os.close(writing)
    os.close(reading)  # a pipe that nobody reads
    service = Running(process, port=port)
    try:
        wait_until(lambda: is_answering(service))
        for _ in range(5):
            assert service.post("/predict", {"rows": [ROW]}).status == 200
        assert service.post("/predict", {"rows": []}).status == 422
        assert process.poll() is None
    finally:
        process.terminate()
        code = process.wait(30)
    assert code == 0


def is_answering(service):
    try:
        return service.ask("GET", "/health").status == 200
    except OSError:
        return False


def test_the_key_can_be_a_column(registry):
    options = ("--registry", registry.folder, "--workers", "1", "--canary", "challenger=0.5")
    with serve("towns", *options, "--canary-key", "town") as service:
        found: dict[str, set[int]] = {}
        for town in ("Bath", "York", "Hull") * 3:
            for x in (0.0, 1.0):
                version = service.post("/predict", {"rows": [{"x": x, "town": town}]}).json["version"]
                found.setdefault(town, set()).add(version)
        assert all(len(versions) == 1 for versions in found.values())


def test_a_shadow_answers_unheard_and_is_measured(registry):
    options = ("--registry", registry.folder, "--workers", "1", "--shadow", "challenger")
    with serve("towns", *options) as service:
        for _ in range(20):
            assert service.post("/predict", {"rows": [ROW]}).json["version"] == 1
        name = "workbench_shadow_requests_total"
        wait_until(lambda: service.find_metric(name, version="2", outcome="answered") == 20)
        # the slopes are 2 and 5, and sigma is 1: at x = 1.5 the means lie 4.5 apart
        distance = service.find_metric("workbench_shadow_distance_sum", version="2") / 20
        assert distance == pytest.approx(4.3, abs=0.8)
        assert service.find_metric("workbench_requests_total", version="2") == 0


def test_stan_that_is_killed_costs_a_503_and_is_started_again(fits):
    with serve(fits[0], "--workers", "1") as service:
        with Clients(service, 2, MANY) as clients:
            time.sleep(0.5)
            for _ in range(3):
                (one,) = find_children(service)[1]
                one.kill()
                wait_until(lambda gone=one.pid: all(new.pid != gone for new in find_children(service)[1]))
                time.sleep(0.5)
        assert not clients.failures
        assert not [line for line in service.events if line["event"] == "request failed"]
        statuses = [answer.status for answer in clients.answers]
        assert set(statuses) <= {200, 503}
        refused = [answer for answer in clients.answers if answer.status == 503]
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert statuses[-1] == 200
        assert service.post("/predict", {"rows": [ROW]}).status == 200
        assert service.find_metric("workbench_worker_restarts_total") == 3


def test_a_worker_that_is_killed_is_started_again_and_counted(fits):
    with serve(fits[0], "--workers", "2") as service:
        first = find_children(service)[0]
        first[0].send_signal(signal.SIGKILL)
        service.wait_for("crash")
        answers = [service.post("/predict", {"rows": [ROW]}).status for _ in range(20)]  # by the other one
        assert set(answers) == {200}
        wait_until(lambda: service.find_metric("workbench_version_in_use") == 2)
        assert service.find_metric("workbench_worker_restarts_total") == 1


def test_a_request_in_flight_is_answered_before_the_end(fits):
    with serve(fits[0], "--workers", "1") as service:
        found = []
        thread = threading.Thread(target=lambda: found.append(service.post("/predict", MANY)))
        thread.start()
        time.sleep(0.15)
        os.kill(service.process.pid, signal.SIGTERM)
        thread.join(30)
        assert [answer.status for answer in found] == [200]
        assert service.process.wait(30) == 0
        assert service.wait_for("ended")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", service.port))


def test_too_many_requests_are_refused_and_may_come_again(fits):
    with serve(fits[0], "--workers", "1", "--most-waiting", "2") as service:
        with Clients(service, 8, MANY) as clients:
            time.sleep(3)
        statuses = {answer.status for answer in clients.answers}
        assert statuses == {200, 503}
        assert not clients.failures
        assert service.find_metric("workbench_rejected_requests_total", reason="queue") > 0
        assert service.find_metric("workbench_requests_in_flight") == 0


def test_requests_whose_clients_left_make_room_and_are_not_computed(fits):
    with serve(fits[0], "--workers", "1", "--most-waiting", "2") as service:
        first = threading.Thread(target=service.post, args=("/predict", MANY))
        first.start()
        wait_until(lambda: service.find_metric("workbench_requests_in_flight") == 1)
        for _ in range(20):  # each would fill the queue
            service.ask_and_leave("/predict", {"rows": [ROW]})
        assert service.post("/predict", {"rows": [ROW]}).status == 200
        first.join()
        wait_until(lambda: service.find_metric("workbench_requests_total") == 22)
        assert service.find_metric("workbench_requests_total", status="503") == 0
        left = service.find_metric("workbench_requests_total", status="499")
        assert left == service.find_metric("workbench_rejected_requests_total", reason="left") > 0
        assert service.find_metric("workbench_requests_in_flight") == 0


def test_a_request_that_takes_too_long_is_given_up(fits):
    with serve(fits[0], "--workers", "1", "--timeout", "0.1", "--draws", "4000") as service:
        started = time.monotonic()
        answer = service.post("/predict", MANY)
        assert answer.status == 504
        assert "0.1 s" in answer.json["error"]
        assert time.monotonic() - started < 5
        assert service.post("/predict", {"rows": [ROW]}).status == 200


def test_a_token_is_asked_for(fits, tmp_path):
    (tmp_path / "token").write_text("s3cret-of-ours\n")
    with serve(fits[0], "--workers", "1", "--token-file", tmp_path / "token") as service:
        for wrong in ({}, {"Authorization": "Bearer s3cret"}, {"Authorization": "s3cret-of-ours"}):
            answer = service.post("/predict", {"rows": [ROW]}, **wrong)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        right = {"Authorization": "Bearer s3cret-of-ours"}
        assert service.post("/predict", {"rows": [ROW]}, **right).status == 200
        assert service.ask("GET", "/metrics").status == 401
        assert service.ask("GET", "/health").status == 200
        assert [service.ask("HEAD", path).status for path in ("/health", "/ready", "/ping")] == [200] * 3
        assert (
            service.ask("GET", "/version", headers={"Authorization": "bearer  s3cret-of-ours"}).status == 200
        )
        for one in psutil.Process(service.process.pid).children(recursive=True):
            assert "s3cret" not in " ".join(one.cmdline())


def test_a_run_that_cannot_be_served_ends_the_command_with_its_sentence(fits, tmp_path, workbench_command):
    done = workbench_command("serve", "nobody@champion", "--registry", tmp_path, "--port", "0")
    assert done.returncode == 5
    assert "registry" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = workbench_command("serve", fits[0], "--port", port)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
