"""Rows left out by refits, against closed forms, quadrature and the Kalman filter."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.comparison import cross_validated as known
from workbench.comparison.folds import Folds, divide_rows
from workbench.errors import RequestError, RunNotFound
from workbench.execution import LocalExecutor
from workbench.workflow.cross_validate import cross_validate
from workbench.workflow.fold_fit import weigh_blocks

LINE = known.make_line(40)


@pytest.fixture(scope="module")
def fit_text(tools, tmp_path_factory):
    """Fit a program given as text to a table."""

    def fit(text: str, frame: pd.DataFrame, name: str = "model", **options):
        folder = tmp_path_factory.mktemp(name)
        (folder / f"{name}.stan").write_text(text, encoding="utf-8")
        frame.to_csv(folder / "table.csv", index=False)
        return wb.fit(
            folder / f"{name}.stan",
            folder / "table.csv",
            **{"method": ["nuts"], "progress": False, "report": False, "output": folder / "run", **options},
        )

    return fit


@pytest.fixture(scope="module")
def line(fit_text):
    return fit_text(known.LINE, LINE, "line")


def test_k_folds_of_a_regression_are_student_t(line, tmp_path):
    found = cross_validate(line, Folds(kfold=5), jobs=2, folder=tmp_path)
    x, y = LINE["x"].to_numpy(), LINE["y"].to_numpy()
    fold = divide_rows(40, 5, 1)
    expected = [
        known.predict_line(x[fold != fold[row]], y[fold != fold[row]], x[[row]], y[[row]])
        for row in range(40)
    ]
    known.assert_close(found, expected)
    assert (found.scheme, found.labels[:2], found.count_ways()) == ("5-fold", ("1", "2"), {"left out": 40})
    assert np.isnan(found.khat).all()
    assert not found.failures
    # of a fit with three parameters, with forty rows
    assert 1 < found.p.sum() < 6


def test_groups_left_out_of_a_regression_are_multivariate_t(line, tmp_path):
    """The column of groups is none of the program's; it is read from the table."""
    found = cross_validate(line, Folds(groups="region"), jobs=2, folder=tmp_path)
    x, y, region = (LINE[name].to_numpy() for name in ("x", "y", "region"))
    expected = []
    for group in found.labels:
        inside, others = region == group, region != group
        expected.append(known.predict_line(x[others], y[others], x[inside], y[inside]))
    known.assert_close(found, expected)
    assert found.labels == tuple(dict.fromkeys(region))
    assert found.rows.tolist() == [int((region == group).sum()) for group in found.labels]


def test_rows_to_come_of_a_regression_are_multivariate_t(line, tmp_path):
    found = cross_validate(line, Folds(first=10, step=3), jobs=2, folder=tmp_path)
    x, y = LINE["x"].to_numpy(), LINE["y"].to_numpy()
    expected = [
        known.predict_line(x[:row], y[:row], x[row : row + 3], y[row : row + 3]) for row in range(10, 40, 3)
    ]
    known.assert_close(found, expected)
    assert found.ways[0] == "left out"
    assert found.count_ways()["importance weights"] > 5
    assert (np.isfinite(found.khat) == (found.ways == "importance weights")).all()
    assert not found.is_bad.any()


def test_means_are_those_of_the_fitted_rows(fit_text, tmp_path):
    """Rows of one fold have large predictors, so that the mean of all rows is another one."""
    frame = LINE[["x", "y"]].copy()
    fold = divide_rows(40, 4, 1)
    frame.loc[fold == 2, "x"] += 20
    run = fit_text(known.CENTRED, frame, "centred")
    found = cross_validate(run, Folds(kfold=4), jobs=2, folder=tmp_path)
    x, y = frame["x"].to_numpy(), frame["y"].to_numpy()
    expected = []
    for row in range(40):
        kept = fold != fold[row]
        mean = x[kept].mean()
        expected.append(known.predict_line(x[kept] - mean, y[kept], x[[row]] - mean, y[[row]]))
    known.assert_close(found, expected)
    assert any("computed from the fitted rows alone" in note for note in found.notes)


def test_a_second_run_of_the_same_table_has_the_same_folds(line, fit_text, tmp_path):
    text = known.LINE.replace("a + b * x", "a").replace(
        "  b ~ normal(0, 3 * sqrt(s2));\n", "  b ~ normal(0, 1);\n"
    )
    other = fit_text(text, LINE[["y", "x"]], "constant", draws=200)
    found = [cross_validate(run, Folds(kfold=4), jobs=2, folder=tmp_path).folds for run in (line, other)]
    assert found[0] == found[1] != ""
    assert cross_validate(line, Folds(kfold=4, seed=2), jobs=2, folder=tmp_path).folds != found[0]


def test_what_is_finished_is_not_fitted_again(line, tmp_path):
    whole = cross_validate(line, Folds(kfold=4), jobs=2, folder=tmp_path / "whole")

    class Interrupted(LocalExecutor):
        def map(self, tasks, folder):
            for done, outcome in enumerate(super().map(tasks, folder), 1):
                yield outcome
                if done == 2:
                    raise KeyboardInterrupt

    folder = tmp_path / "pieces"
    with pytest.raises(KeyboardInterrupt):
        cross_validate(line, Folds(kfold=4), executor=Interrupted(1), folder=folder)
    kept = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert 2 <= len(kept) < 4
    damaged = next(iter(kept))
    (folder / damaged).write_bytes(b"not a piece")
    again = cross_validate(line, Folds(kfold=4), jobs=1, folder=folder)
    np.testing.assert_array_equal(again.elpd, whole.elpd)
    assert all((folder / name).stat().st_mtime_ns == when for name, when in kept.items() if name != damaged)
    assert len(list(folder.iterdir())) == 4


def test_a_killed_process_is_continued(line, tmp_path):
    code = (
        "import sys, pathlib, workbench as wb\n"
        "from workbench.comparison.folds import Folds\n"
        "from workbench.workflow.cross_validate import cross_validate\n"
        "cross_validate(wb.load(sys.argv[1]), Folds(kfold=20), folder=pathlib.Path(sys.argv[2]))\n"
    )
    folder = tmp_path / "pieces"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(line.folder), str(folder)], start_new_session=True
    )
    deadline = time.monotonic() + 300
    while len(list(folder.glob("*.npz"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    assert len(kept) < 20
    again = cross_validate(line, Folds(kfold=20), jobs=2, folder=folder)
    assert np.isfinite(again.elpd).all()
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())


@pytest.mark.parametrize(
    ("block", "statement"),
    [
        (
            "transformed data",
            'transformed data {\n  if (max(x) < 5) reject("no row is far away");\n}\nparameters {',
        ),
        ("model", 'model {\n  if (N < 40 && max(x) < 5) reject("no row is far away");'),
    ],
    ids=["data", "model"],
)
def test_a_fold_that_fails_is_a_reason_and_no_number(fit_text, tmp_path, block, statement):
    """Without the row that is far away, the data are refused, or no value of the parameters is allowed."""
    text = known.LINE.replace("parameters {" if block != "model" else "model {", statement, 1)
    frame = LINE[["x", "y"]].copy()
    frame.loc[7, "x"] = 6.0
    run = fit_text(text, frame, "rejecting", draws=200)
    found = cross_validate(run, Folds(kfold=8), jobs=2, folder=tmp_path)
    fold = divide_rows(40, 8, 1)
    failed = np.flatnonzero(fold == fold[7])
    assert sorted(found.failures) == failed.tolist()
    assert "no row is far away" in found.failures[7]
    assert (np.isnan(found.elpd) == (fold == fold[7])).all()
    assert np.isnan(found.p[7])


def test_series_are_predicted_one_row_after_the_other(fit_text, tmp_path):
    frame = known.make_series(60)
    run = fit_text(known.SERIES, frame, "series")
    y = frame["y"].to_numpy()
    found = cross_validate(run, Folds(first=20), jobs=2, folder=tmp_path)
    expected = [known.predict_line(y[: n - 1], y[1:n], y[[n - 1]], y[[n]]) for n in range(20, 60)]
    known.assert_close(found, expected)
    blocks = cross_validate(run, Folds(first=20, step=4), jobs=2, folder=tmp_path)
    expected = [
        known.predict_line(y[: n - 1], y[1:n], y[n - 1 : n + 3], y[n : n + 4]) for n in range(20, 60, 4)
    ]
    known.assert_close(blocks, expected)
    with pytest.raises(RequestError, match="rows cannot be left out") as refused:
        cross_validate(run, Folds(kfold=5), jobs=2, folder=tmp_path)
    assert "--leave-future-out" in str(refused.value.hint)


def test_columns_and_data_that_are_not_there_are_refused(line, fit_text, tmp_path):
    with pytest.raises(Exception, match="regions") as refused:
        cross_validate(line, Folds(groups="regions"), folder=tmp_path)
    assert isinstance(refused.value, wb.errors.WorkbenchError)
    run = fit_text(known.LINE, LINE, "moved", draws=200)
    (run.folder.parent / "table.csv").unlink()
    with pytest.raises(RunNotFound, match="table of this fit was expected at"):
        cross_validate(run, Folds(groups="region"), folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_weights_of_blocks_stop_where_they_cannot_be_relied_on():
    """The first block tells all draws but one apart."""
    random = np.random.default_rng(1)
    log_lik = np.column_stack([random.normal(size=400) * 50, random.normal(size=400)])
    assert len(weigh_blocks(log_lik, 1, 4).elpd) == 1
    flat = np.zeros((400, 5))
    found = weigh_blocks(flat, 2, 4)
    np.testing.assert_allclose(found.elpd, 0, atol=1e-12)
    assert len(found.elpd) == 3


@pytest.mark.truth
def test_leaving_each_row_out_is_leave_one_out(line, tmp_path):
    found = cross_validate(line, Folds(kfold=40), jobs=2, folder=tmp_path)
    x, y = LINE["x"].to_numpy(), LINE["y"].to_numpy()
    rows = np.arange(40)
    expected = [known.predict_line(x[rows != row], y[rows != row], x[[row]], y[[row]]) for row in rows]
    known.assert_close(found, expected)
    assert found.elpd.sum() == pytest.approx(line.results.loo.elpd, abs=0.2)


@pytest.mark.truth
def test_groups_of_a_hierarchy_are_left_out_with_their_effects(fit_text, tmp_path):
    """The joint density of a group is normal given the hyperparameters, which quadrature integrates out."""
    frame = known.make_levels()
    run = fit_text(known.LEVELS, frame, "levels")
    y, group = frame["y"].to_numpy(), frame["g"].to_numpy()
    _, codes = np.unique(group, return_inverse=True)
    found = cross_validate(run, Folds(groups="g"), jobs=2, folder=tmp_path)
    whole = known.evidence_of_levels(codes, y)
    expected = [
        whole - known.evidence_of_levels(codes[group != label], y[group != label]) for label in found.labels
    ]
    known.assert_close(found, expected)
    assert found.mcse is not None
    assert np.max(found.mcse) < 0.06
    by_group = cross_validate(run, Folds(kfold=8, by="g"), jobs=2, folder=tmp_path)
    assert by_group.mcse is not None
    rows = np.flatnonzero(group == "b")
    others = group != "b"
    without = known.evidence_of_levels(codes[others], y[others])
    for row in rows:
        with_one = np.append(np.flatnonzero(others), row)
        expected_one = known.evidence_of_levels(codes[with_one], y[with_one]) - without
        assert abs(by_group.elpd[row] - expected_one) < 4 * by_group.mcse[row] + 1e-3


@pytest.mark.truth
def test_states_are_predicted_as_by_the_kalman_filter(fit_text, tmp_path):
    frame = known.make_walk(50)
    run = fit_text(known.WALK, frame, "walk")
    exact = known.filter_walk(frame["y"].to_numpy())[20:]
    known.assert_close(cross_validate(run, Folds(first=20), jobs=2, folder=tmp_path), exact)
    blocks = cross_validate(run, Folds(first=20, step=2), jobs=2, folder=tmp_path)
    known.assert_close(blocks, exact.reshape(-1, 2).sum(axis=1))
