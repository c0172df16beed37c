"""What a service answers: the numbers of `workbench predict` and `workbench score`."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.serving.conftest import ROW, make_table
from tests.serving.running import serve

ROWS = [{"x": 0.25, "town": "York"}, {"x": -1.0, "town": "Bath"}, {"x": 3, "town": "Hull"}]


@pytest.fixture(scope="module")
def whole(fits):
    """A service that predicts from all draws."""
    with serve(fits[0], "--workers", "1", "--draws", "100000") as running:
        yield running


def list_differences(found, expected):
    """Return where rows of JSON differ from those of a table."""
    return [
        (row[name], value)
        for row, known in zip(found, expected.to_dict("records"), strict=True)
        for name, value in known.items()
        if not (row[name] is None if isinstance(value, float) and math.isnan(value) else row[name] == value)
    ]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], [{**row, "y": 1.0} for row in ROWS]], ids=len)
def test_all_draws_give_the_numbers_of_predict_to_the_last_digit(whole, fits, rows):
    expected = workbench.load(fits[0]).predict(pd.DataFrame(rows), progress=False)
    answer = whole.post("/predict", {"rows": rows}).json
    assert answer["draws"] == answer["draws_of_fit"] == 4000
    assert not list_differences(answer["predictions"], expected)
    assert not list_differences(
        whole.post("/invocations", {"dataframe_records": rows}).json["predictions"], expected
    )


def test_new_groups_are_drawn_as_by_predict(whole, fits):
    rows = [{"x": 0.5, "town": "Leeds"}]
    refused = whole.post("/predict", {"rows": rows})
    assert refused.status == 422
    assert "Leeds" in refused.json["error"]
    assert '"new_groups": "draw"' in refused.json["hint"]
    expected = workbench.load(fits[0]).predict(pd.DataFrame(rows), new_groups="draw", progress=False)
    answer = whole.post("/predict", {"rows": rows, "new_groups": "draw"}).json
    assert not list_differences(answer["predictions"], expected)


def test_quantities_are_those_of_predict(whole, fits):
    asked = ["P(y_rep > 2)", "beta", "mean(y_rep)"]
    expected = workbench.load(fits[0]).predict(pd.DataFrame(ROWS), quantity=asked, progress=False)
    found = whole.post("/predict", {"rows": ROWS, "quantities": asked}).json["quantities"]
    assert [row["quantity"] for row in found] == list(expected["quantity"])
    assert [row["estimate"] for row in found] == list(expected["estimate"])


def test_scores_are_those_of_score(whole, fits):
    table = make_table(2.0, rows=30)
    table.loc[4, "y"] = np.nan
    expected = workbench.load(fits[0]).score(table, progress=False).rows.sort_values("row")
    rows = [{key: value for key, value in row.items() if value == value} for row in table.to_dict("records")]
    answer = whole.post("/score", {"rows": rows}).json
    assert answer["left_out"] == 1
    for name in ("row", "observed", "log_density", "crps", "tail_area"):
        assert [row[name] for row in answer["scores"]] == list(expected[name])
    value = whole.find_metric("workbench_log_score_mean", source="service")
    assert value == pytest.approx(expected["log_density"].mean(), rel=1e-9)
    assert whole.find_metric("workbench_scored_rows_total") == 29


def test_thinned_draws_agree_within_their_monte_carlo_error(service, whole):
    """Means of many rows, by a quarter of the draws and by all: the distances are as large as is stated."""
    rows = [{"x": round(x, 2), "town": "Bath"} for x in np.linspace(-3, 3, 60)]
    thinned = service.post("/predict", {"rows": rows}).json
    assert (thinned["draws"], thinned["draws_of_fit"], thinned["thinning_error_ratio"]) == (1000, 4000, 2.0)
    every = whole.post("/predict", {"rows": rows}).json["predictions"]
    for name, error in (("mean", "mcse"), ("expected", "expected_mcse")):
        distances = [
            (few[name] - all_[name]) / math.hypot(few[error], all_[error])
            for few, all_ in zip(thinned["predictions"], every, strict=True)
        ]
        assert max(map(abs, distances)) < 5
    assert thinned["predictions"][0]["mcse"] > 1.5 * every[0]["mcse"]


def test_the_mean_is_what_the_posterior_says(whole, fits):
    """By hand, from the stored draws."""
    fit = workbench.load(fits[0])
    expected = fit.draws("alpha") + fit.draws("beta") * 1.5 + fit.draws("effect[Bath]")
    found = whole.post("/predict", {"rows": [ROW]}).json["predictions"][0]
    assert found["expected"] == pytest.approx(expected.mean(), rel=1e-9)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"x": "high", "town": "Bath"}, ("`x`",)),
        ({"x": None, "town": "Bath"}, ("`x`", "only missing cells")),
        ({"town": "Bath"}, ("`x`",)),
        ({"x": [1], "town": "Bath"}, ("`x`", "a list", "row 1")),
        ({"x": {"y": 1}, "town": "Bath"}, ("`x`", "an object", "row 1")),
        ({"x": 10**400, "town": "Bath"}, ("`x`", "64 bits")),
    ],
)
def test_a_bad_cell_is_named_with_column_and_row(service, row, words):
    answer = service.post("/predict", {"rows": [row]})
    assert answer.status == 422
    for word in words:
        assert word in answer.json["error"]


def test_csv_and_mlflows_forms_give_the_same(service):
    expected = service.post("/invocations", {"dataframe_records": ROWS}).json
    split = {"columns": ["x", "town"], "data": [[row["x"], row["town"]] for row in ROWS]}
    text = "x,town\n" + "".join(f"{row['x']},{row['town']}\n" for row in ROWS)
    assert service.post("/invocations", {"dataframe_split": split}).json == expected
    assert (
        service.post("/invocations", text.encode(), Content_Type="text/csv; charset=utf-8").json == expected
    )
    predicted = service.post("/predict", text.encode(), Content_Type="text/csv").json["predictions"]
    assert [row["mean"] for row in predicted] == [row["mean"] for row in expected["predictions"]]


def test_what_the_service_says_of_itself(service, fits):
    assert service.ask("GET", "/health").json == {"status": "ok"}
    assert service.ask("GET", "/ready").status == service.ask("GET", "/ping").status == 200
    version = service.ask("GET", "/version").json
    assert (version["model"], version["version"], version["draws"]) == ("run0", None, 1000)
    assert len(version["run"]) == 64
    assert "/predict" in service.ask("GET", "/openapi.json").json["paths"]


def test_the_docs_page_loads_nothing_from_elsewhere(service):
    page = service.ask("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    text = page.body.decode()
    assert "<code>POST /predict</code>".lower() in text.lower() or "POST /predict" in text
    assert "http://" not in text
    assert "https://" not in text
    assert "<script" not in text


def test_metrics_of_all_processes_are_added_up(service):
    before = service.find_metric("workbench_requests_total", route="predict", status="200")
    for _ in range(20):
        assert service.post("/predict", {"rows": [ROW]}).status == 200
    assert service.find_metric("workbench_requests_total", route="predict", status="200") == before + 20
    assert service.find_metric("workbench_request_seconds_count", route="predict") >= 20
    assert service.find_metric("workbench_version_in_use") == 2
    assert service.find_metric("workbench_requests_in_flight") == 0


def test_an_expression_that_cannot_be_read_is_refused(service):
    answer = service.post("/predict", {"rows": [ROW], "quantities": ["__import__('os')"]})
    assert answer.status == 422
    assert json.loads(answer.body)["error"]


def test_csv_asks_for_new_groups_and_quantities_in_its_query_string(service):
    csv = {"Content-Type": "text/csv"}
    text = b"x,town\n1.5,Leeds\n"
    assert service.ask("POST", "/predict", text, csv).status == 422
    found = service.ask("POST", "/predict?new_groups=draw&quantity=P(y_rep%20%3E%201)", text, csv)
    assert found.status == 200
    (quantity,) = found.json["quantities"]
    assert quantity["quantity"] == "P(y_rep > 1)"
    body = {"rows": [{"x": 1.5, "town": "Leeds"}], "new_groups": "draw", "quantities": ["P(y_rep > 1)"]}
    same = service.post("/predict", body).json
    assert quantity["estimate"] == pytest.approx(same["quantities"][0]["estimate"], abs=0.1)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "words"),
    [
        ("/score", {"rows": [{**ROW, "y": 1.0}], "quantities": ["y_rep"]}, {}, 400, "quantities"),
        ("/predict?new_groups=draw", {"rows": [ROW]}, {}, 400, "new_groups"),
        ("/predict", {"rows": [ROW]}, {"Content-Encoding": "gzip"}, 415, "compressed"),
    ],
)
def test_what_is_not_read_is_refused(service, path, body, headers, status, words):
    answer = service.post(path, body, **headers)
    assert answer.status == status
    assert words in answer.json["error"]


def test_a_score_says_what_it_takes(service):
    paths = service.ask("GET", "/openapi.json").json["paths"]
    taken = {
        path: set(paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"])
        for path in ("/predict", "/score")
    }
    assert taken["/predict"] - taken["/score"] == {"quantities"}
    assert b"/version says" in service.ask("GET", "/docs").body
