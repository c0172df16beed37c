"""Parts of the service by themselves, without Stan."""

import socket
import subprocess
import sys

import numpy as np
import pytest

from workbench.errors import BindingError, RequestError, ToolchainMissing
from workbench.serving import ServingLimits, ServingOptions
from workbench.serving import supervisor as supervisor_room
from workbench.serving.bodies import BadRequest, read_invocation, read_request
from workbench.serving.connections import ConnectionCounts, SharedSocket
from workbench.serving.docs_page import build_docs_page
from workbench.serving.options import Canary, parse_canary
from workbench.serving.versions import is_of_canary, thin_draws
from workbench.tables import from_rows

LIMITS = ServingLimits(body=1000, rows=3)


def read(body, content_type="application/json", tmp_path=None, by=read_request):
    return by(content_type, body, LIMITS, "refuse", tmp_path)


def test_rows_become_a_table_with_missing_cells():
    table = read(b'{"rows": [{"x": 1}, {"x": 2.5, "town": "Bath"}]}').table
    assert table.cells.to_pydict() == {"x": [1.0, 2.5], "town": [None, "Bath"]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"rows": [{"x": NaN}]}', 400),
        (b'{"rows": [], "row": 1}', 400),
        (b'{"rows": [{}, {}, {}, {}]}', 413),
        (b"[" * 100_000, 400),
    ],
)
def test_a_body_that_cannot_be_read_has_a_status(body, status):
    with pytest.raises(BadRequest) as caught:
        read(body)
    assert caught.value.status == status


def test_another_content_type_is_refused():
    with pytest.raises(BadRequest, match=r"text/plain") as caught:
        read(b"{}", "text/plain")
    assert caught.value.status == 415


def test_no_rows_are_refused():
    with pytest.raises(RequestError, match="no rows"):
        read(b'{"rows": []}')


def test_csv_is_read_as_a_file_is(tmp_path):
    table = read(b"x,town\n1.5,Bath\n,York\n", "text/csv; charset=utf-8", tmp_path).table
    assert table.cells.to_pydict() == {"x": [1.5, None], "town": ["Bath", "York"]}
    assert str(table.path) == "request"


def test_a_split_frame_must_be_rectangular():
    good = b'{"dataframe_split": {"columns": ["x"], "data": [[1], [2]]}, "params": {"new_groups": "draw"}}'
    request = read(good, by=read_invocation)
    assert (request.table.rows, request.new_groups) == (2, "draw")
    with pytest.raises(BadRequest, match="row 2"):
        read(b'{"dataframe_split": {"columns": ["x"], "data": [[1], []]}}', by=read_invocation)


@pytest.mark.parametrize(
    ("cells", "words"),
    [([1, "a"], "before row 2"), ([True, 1], "true or false before row 2"), ([{}], "an object at row 1")],
)
def test_cells_of_different_types_are_named(cells, words):
    with pytest.raises(BindingError, match=words):
        from_rows("request", [{"x": cell} for cell in cells])


@pytest.mark.parametrize(
    "text", ["challenger", "=0.1", "challenger=2", "challenger=-1", "challenger=nan", "a=b"]
)
def test_a_canary_needs_an_alias_and_a_share(text):
    with pytest.raises(RequestError, match="ALIAS=SHARE"):
        parse_canary(text)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 1000)])
def test_all_keys_or_none_are_the_canarys(share, expected):
    canary = Canary("challenger", share)
    assert sum(is_of_canary(str(number), canary) for number in range(1000)) == expected


def test_a_larger_share_keeps_the_keys_of_a_smaller_one():
    keys = [str(number) for number in range(1000)]
    small, large = ({key for key in keys if is_of_canary(key, Canary("a", share))} for share in (0.1, 0.3))
    assert small < large


def test_draws_are_thinned_evenly_in_each_chain():
    from workbench.estimation.sampling.stored_draws import StoredDraws
    from workbench.results.stored import PlainArray

    values = np.arange(4000.0).reshape(4, 1000)
    thinned = thin_draws(StoredDraws({"mu": PlainArray(("chain", "draw"), values)}), 1000).draws["mu"].values
    assert thinned.shape == (4, 250)
    assert np.array_equal(np.diff(thinned, axis=1), np.full((4, 249), 4.0))


def test_the_docs_page_escapes_what_it_shows():
    schema = {"info": {"title": "<script>"}, "paths": {"/<b>": {"get": {"summary": "<i>"}}}}
    page = build_docs_page(schema)
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_a_missing_package_is_a_sentence(monkeypatch):
    monkeypatch.setattr(supervisor_room, "find_spec", lambda name: None)
    with pytest.raises(ToolchainMissing, match="fastapi") as caught:
        supervisor_room.require_packages()
    assert caught.value.hint == "pip install 'stan-workbench[serve]'"


def test_the_command_line_imports_no_web_framework():
    program = (
        "import sys, workbench.cli.app; print({'fastapi', 'uvicorn', 'prometheus_client'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_token_is_no_part_of_what_is_shown():
    assert "hidden" not in repr(ServingOptions("radon", token="hidden"))  # noqa: S106


def test_a_connection_counts_as_soon_as_it_is_accepted(tmp_path):
    """A process accepts several at once, before it opens the first."""
    counts = ConnectionCounts(tmp_path / "counts", 2)
    for process in (0, 1):
        counts.write(process, 0)
    with SharedSocket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.counts = counts
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            accepted.close()
    assert not counts.is_fewest(0)
    assert counts.is_fewest(1)
