"""`workbench fit-each`: its page, its JSON, its errors and exit codes."""

import json

import numpy as np
import pytest

from tests.cli.test_bad_input import assert_refused
from tests.workflow.test_fit_each import LINE

QUICK = ("--method", "nuts", "--draws", "200", "--warmup", "200", "--quiet")


@pytest.fixture
def arguments(tmp_path):
    rng = np.random.default_rng(2)
    lines = [f"{shop},{x:.3f},{1 + x + e:.3f}" for shop in "abc" for x, e in rng.normal(size=(12, 2))]
    (tmp_path / "t.csv").write_text("\n".join(["shop,x,y", *lines, "broken,,1", "broken,2,2"]) + "\n")
    (tmp_path / "line.stan").write_text(LINE)
    return (
        "fit-each",
        tmp_path / "line.stan",
        tmp_path / "t.csv",
        "--by",
        "shop",
        *QUICK,
        "-o",
        tmp_path / "out",
    )


@pytest.mark.usefixtures("tools")
def test_the_page_the_exit_code_and_what_is_shown_again(workbench, arguments, tmp_path):
    done = workbench(*arguments)
    assert done.returncode == 4
    assert "line for each of 4 groups by shop" in done.stdout
    assert "broken" in done.stdout.partition("what needs a look")[2]
    assert "an empty cell at row 37" in done.stdout
    assert "1 of 4 groups have no fit" in done.stderr
    shown = workbench("show", tmp_path / "out")
    assert (shown.returncode, shown.stdout) == (0, done.stdout)
    again = workbench(*arguments, "--json")
    assert "nothing to do: all 4 groups were tried before" in again.stderr
    record = json.loads(again.stdout)
    assert [row["values"] for row in record["rows_by_group"]] == [["a"], ["b"], ["c"], ["broken"]]
    assert record["failed"] == 1
    table = workbench("show", tmp_path / "out", "--format", "csv").stdout.splitlines()
    assert len(table) == 5
    assert table[0].startswith("shop,rows,status,verdict")
    listed = workbench("runs", tmp_path / "out")
    assert listed.stdout.count(".arrow") == 3
    above = workbench("runs", tmp_path)
    assert f"fits to many groups: `workbench runs {tmp_path / 'out'}` lists them" in above.stdout
    assert_refused(workbench("show", tmp_path / "out", "alpha"), 2, "many groups")
    assert_refused(workbench("fit", *arguments[1:3], "-o", tmp_path / "out"), 5, "is not a run")


def test_what_is_wrong_with_the_question_is_said(workbench, arguments):
    model, data, *rest = arguments[1:]
    assert_refused(workbench("fit-each", model, data, *QUICK), 2, "--by COLUMN")
    assert_refused(workbench("fit-each", model, data, "--by", "shops", *QUICK), 2, "`shops`")
    assert_refused(
        workbench("fit-each", model, data, "--by", "shop", "--share-prior", *QUICK), 2, "10 groups"
    )
    assert_refused(workbench("fit-each", model, "nowhere.csv", *rest), 2, "nowhere.csv")
    assert_refused(workbench(*arguments, "--scheduler", "nowhere"), 2, "--scheduler")
