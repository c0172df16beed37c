"""What a request may hold: query strings, keys, and the sentences that refuse."""

import gzip
import json

import pytest

from tests.serving.conftest import ROW
from workbench.errors import RequestError
from workbench.prediction.quantities import parse_quantities
from workbench.serving import ServingLimits
from workbench.serving.bodies import BadRequest, read_invocation, read_request, read_scored, write_key

LIMITS = ServingLimits()


def read(body, content_type="application/json", tmp_path=None, by=read_request, query=""):
    return by(content_type, body, LIMITS, "refuse", tmp_path, query)


def refuse(body, **more):
    with pytest.raises(BadRequest) as caught:
        read(body, **more)
    return caught.value.status, f"{caught.value.message} {caught.value.hint or ''}"


@pytest.mark.parametrize(
    "cells",
    [(1, 1.0, "1", "1.0", " 1e0 ", "01"), (True, "True", "true", "TRUE"), (None, "", " "), (-0.0, 0, "0")],
)
def test_a_key_is_the_same_however_it_is_written(cells):
    assert len({write_key(cell) for cell in cells}) == 1


def test_other_keys_are_others():
    keys = {write_key(cell) for cell in (1, 2, 1.5, True, False, None, "a", "A", "nan", "inf", "1,5", "1 kg")}
    assert len(keys) == 12


@pytest.mark.parametrize("others", [[], ["2"], ["2.5"], ["a"], ["NA"], ["True"], ["1 kg"], ["2020-01-31"]])
@pytest.mark.parametrize("cell", ["1", "1.0", "True", "1 kg", "01.02.2020", "NA"])
def test_the_key_of_csv_depends_on_the_first_row_alone(cell, others, tmp_path):
    text = "\n".join(["id,town", *(f"{each},Bath" for each in (cell, *others))])
    found = read(text.encode(), "text/csv", tmp_path).first["id"]
    (row,) = [{"id": cell, "town": "Bath"}]
    assert write_key(found) == write_key(read(json.dumps({"rows": [row]}).encode()).first["id"])


@pytest.mark.parametrize("others", [[], [2], [2.5]])
@pytest.mark.parametrize("cell", [1, 1.0])
def test_the_key_of_json_depends_on_the_first_row_alone(cell, others):
    rows = [{"id": each} for each in (cell, *others)]
    assert write_key(read(json.dumps({"rows": rows}).encode()).first["id"]) == write_key("1")
    split = {"dataframe_split": {"columns": ["id"], "data": [[each] for each in (cell, *others)]}}
    assert write_key(read(json.dumps(split).encode(), by=read_invocation).first["id"]) == write_key("1")


def test_csv_says_the_rest_in_the_query_string(tmp_path):
    query = "new_groups=draw&quantity=E(y_rep)&quantity=P(y_rep%20%3E%201)"
    request = read(b"x,town\n1,Bath\n", "text/csv", tmp_path, query=query)
    assert (request.new_groups, request.quantities) == ("draw", ("E(y_rep)", "P(y_rep > 1)"))
    for by in (read_scored, read_invocation):
        more = {"content_type": "text/csv", "tmp_path": tmp_path, "by": by}
        assert read(b"x\n1\n", query="new_groups=average", **more).new_groups == "average"
        assert refuse(b"x\n1\n", query="quantity=y_rep", **more)[0] == 400


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("new_group=draw", "`new_group`"),
        ("new_groups=all", "found `all`"),
        ("new_groups=draw&new_groups=refuse", "twice"),
        ("&".join(["quantity=y_rep"] * 21), "21 quantities"),
        ("&".join(["quantity=y_rep"] * 101), "more than 100"),
    ],
)
def test_a_query_string_that_means_nothing_is_refused(query, words, tmp_path):
    status, said = refuse(b"x\n1\n", content_type="text/csv", tmp_path=tmp_path, query=query)
    assert status == 400
    assert words in said


@pytest.mark.parametrize("by", [read_request, read_scored, read_invocation])
def test_json_has_no_query_string(by):
    status, said = refuse(json.dumps({"rows": [ROW]}).encode(), by=by, query="new_groups=draw")
    assert status == 400
    assert "new_groups" in said


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"rows": [{"x": NaN}]}', 400, "no `NaN`"),
        (b'{"rows": [{"x": -Infinity}]}', 400, "no `-Infinity`"),
        (
            b'{"rows": [{"x": 1}], "row": 1}',
            400,
            "key `row`; allowed are `rows`, `new_groups`, `quantities`.",
        ),
        (b'{"rows": [{"x": 1}], "new_groups": "all"}', 400, "`draw` or `average`, found `all`"),
        (b'{"rows": [{"x": 1}], "new_groups": 1}', 400, "found something else"),
        (b'{"rows": [{"x": "\xff"}]}', 400, "byte 18 "),
        (b'{"rows": 1}', 400, "another form"),
        (b'{"rows": [', 400, "cannot be read as JSON"),
        (gzip.compress(b"{}", mtime=0), 415, "compressed"),
    ],
)
def test_what_is_wrong_with_json_is_said(body, status, words):
    found, said = refuse(body)
    assert found == status
    assert words in said


def test_the_params_of_an_invocation_are_named():
    body = {"dataframe_records": [{"x": 1}], "params": {"draws": 5}}
    assert "`params` has the key `draws`; allowed are `new_groups`." in refuse(
        json.dumps(body).encode(), by=read_invocation
    )[1]  # fmt: skip


def test_scores_have_no_quantities():
    body = json.dumps({"rows": [ROW], "quantities": ["y_rep"]}).encode()
    status, said = refuse(body, by=read_scored)
    assert status == 400
    assert "`quantities`" in said
    assert "/predict" in said


def test_the_length_of_a_quantity_has_one_limit():
    quantity = f"{'1+' * 400}1"
    request = read(json.dumps({"rows": [ROW], "quantities": [quantity]}).encode())
    with pytest.raises(RequestError, match="801 characters; 500 are allowed"):
        parse_quantities(request.quantities)
