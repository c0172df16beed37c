"""Requests that nobody should send: refused in words, never a traceback, never a 500."""

import json
import random
import socket
import time

from tests.serving.conftest import ROW
from tests.serving.running import serve

GOOD = json.dumps({"rows": [ROW]}).encode()


def make_bodies(generator):
    """Yield hostile bodies with their content types, without end."""
    json_, csv = "application/json", "text/csv"
    fixed = [
        (json_, b""), (json_, b"{"), (json_, b"null"), (json_, b"[]"), (json_, b"{}"), (json_, b'"x"'),
        (json_, b'{"rows": []}'), (json_, b'{"rows": [{}]}'), (json_, b'{"rows": [[]]}'),
        (json_, b'{"rows": {"x": 1}}'), (json_, b'{"rows": [{"x": NaN, "town": "Bath"}]}'),
        (json_, b'{"rows": [{"x": Infinity, "town": "Bath"}]}'),
        (json_, b'{"rows": [{"x": 1e999, "town": "Bath"}]}'),
        (json_, b'{"rows": [{"x": -1e308, "town": "Bath"}]}'),
        (json_, b'{"rows": [{"x": true, "town": "Bath"}]}'),
        (json_, b'{"rows": [{"x": 1, "town": 7}]}'), (json_, b'{"rows": [{"x": 1, "town": ""}]}'),
        (json_, b'{"rows": [{"x": 1, "town": "Bath", "": 1}]}'),
        (json_, b'{"rows": [{"x": 1}, {"town": "Bath"}]}'),
        (json_, b'{"rows": [{"x": 1, "town": "\\ud800"}]}'), (json_, b"\xff\xfe\x00"), (json_, b"\x00" * 100),
        (json_, b"[" * 100_000), (json_, b'{"a":' * 50_000), (json_, b'{"rows": [{"x":' + b"[" * 5000),
        (json_, b'{"rows": [{"x": ' + b"9" * 100_000 + b', "town": "Bath"}]}'),
        (json_, json.dumps({"rows": [ROW] * 2000}).encode()), (json_, b" " * 2_000_000),
        (json_, json.dumps({"rows": [ROW], "quantities": ["("] * 5}).encode()),
        (json_, json.dumps({"rows": [ROW], "quantities": ["-" * 900 + "1"]}).encode()),
        (json_, json.dumps({"rows": [ROW], "quantities": ["9" + "**9" * 300]}).encode()),
        (json_, json.dumps({"rows": [ROW], "quantities": ["(" * 400 + "1" + ")" * 400]}).encode()),
        (json_, json.dumps({"rows": [ROW], "quantities": ["y_rep"] * 50}).encode()),
        (json_, json.dumps({"rows": [ROW], "new_groups": "all"}).encode()),
        (json_, json.dumps({"rows": [{f"c{i}": i for i in range(20_000)}]}).encode()),
        (json_, json.dumps({"rows": [{**ROW, "x" * 100_000: 1}]}).encode()),
        (json_, json.dumps({"rows": [{**ROW, "town": "B" * 500_000}]}).encode()),
        (json_, json.dumps({"rows": [{**ROW, "\x1b[31m": 1, "town": "\x00"}]}).encode()),
        (csv, b""), (csv, b"x"), (csv, b"x,town"), (csv, b"x,town\n"), (csv, b"x,town\n1"),
        (csv, b"x,x\n1,2\n"),
        (csv, b"x,town\n1,Bath,3\n"), (csv, b'x,town\n"1,Bath\n'), (csv, b"\x1f\x8b\x08\x00junk"),
        (csv, b"PAR1PAR1"),
        (csv, b"x,town\n" + b"1,Bath\n" * 5000), (csv, b"x,town\nnan,Bath\ninf,York\n"), (csv, b"\xff\xfex"),
        (csv, b"x,town\n1;5,Bath\n"), (csv, b'{"x": 1}'), (csv, b"," * 100_000), (csv, b"\n" * 100_000),
        ("text/plain", GOOD), ("", GOOD), ("application/xml", b"<a/>"), ("multipart/form-data", b"--x"),
        ("application/json; charset=utf-16", GOOD.decode().encode("utf-16")), ("x" * 5000, GOOD),
    ]  # fmt: skip
    yield from fixed
    while True:
        kind = generator.choice([json_, json_, csv])
        source = bytearray(GOOD if kind == json_ else b"x,town\n1.5,Bath\n")
        for _ in range(generator.randint(1, 6)):
            place = generator.randrange(len(source) + 1)
            if generator.random() < 0.5:
                source[place : place + generator.randint(0, 4)] = b""
            else:
                source[place:place] = bytes(generator.choices(range(256), k=generator.randint(1, 3)))
        yield kind, bytes(source)


def test_a_thousand_hostile_requests_get_words(service):
    generator = random.Random(8)
    bodies = make_bodies(generator)
    statuses: dict[int, int] = {}
    for number in range(1000):
        content_type, body = next(bodies)
        path = ("/predict", "/score", "/invocations")[number % 3]
        answer = service.post(path, body, Content_Type=content_type)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status in (200, 400, 413, 415, 422), (
            answer.status,
            content_type,
            body[:200],
            answer.body,
        )
        assert b"Traceback" not in answer.body
        if answer.status != 200:
            assert answer.json["error"], (content_type, body[:200])
            assert "\x1b" not in answer.json["error"]
    assert {400, 413, 415, 422} <= statuses.keys()
    assert not [line for line in service.events if line["event"] == "request failed"]
    assert not service.said
    assert service.post("/predict", {"rows": [ROW]}).status == 200


def test_warnings_of_packages_are_lines_of_the_log(service):
    answer = service.post("/predict", {"rows": [{**ROW, "x": 1e308}, {**ROW, "x": -1e308}]})
    assert answer.status in (200, 422)
    assert "overflow" in service.wait_for("package", package="py.warnings")["message"]
    assert not service.said


def test_strange_lines_of_http_end_in_a_status_or_the_end_of_the_connection(service):
    heads = [
        b"GET / HTTP/9.9\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"POST /predict HTTP/1.1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", b"DELETE /predict HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /predict HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ]  # fmt: skip
    for head in heads:
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
            client.settimeout(20)
            try:
                client.sendall(head)
                client.shutdown(socket.SHUT_WR)
                answer = client.recv(100)
            except (ConnectionResetError, BrokenPipeError):
                continue
        assert not answer or int(answer.split()[1]) in (400, 404, 405, 411, 413, 422, 415, 431), (
            head[:80],
            answer,
        )
    assert service.post("/predict", {"rows": [ROW]}).status == 200
    assert not [line for line in service.events if line["event"] == "request failed"]


def test_clients_that_leave_do_no_harm(service):
    for _ in range(50):
        service.ask_and_leave("/predict", {"rows": [ROW]})
    assert service.post("/predict", {"rows": [ROW]}).status == 200
    assert not [line for line in service.events if line["event"] == "request failed"]


def test_slow_clients_are_left_waiting_no_longer_than_is_allowed(fits):
    with serve(fits[0], "--workers", "1", "--reading", "1") as service:
        silent = socket.create_connection(("127.0.0.1", service.port), timeout=10)
        halting = socket.create_connection(("127.0.0.1", service.port), timeout=10)
        halting.sendall(
            b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 50\r\n\r\n{"
        )
        started = time.monotonic()
        assert service.post("/predict", {"rows": [ROW]}).status == 200  # others are answered
        assert halting.recv(100).startswith(b"HTTP/1.1 408")
        assert silent.recv(100) == b""
        assert time.monotonic() - started < 8
        silent.close()
        halting.close()
