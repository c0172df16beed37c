"""A model of a registry monitored: real fits and batches; what it learns is the posterior in closed form."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

import workbench
from tests.cli.conftest import workbench as call  # noqa: F401 - a fixture
from workbench.errors import BindingError, JobRunning, MonitorDamaged, RequestError, UnseenLevel
from workbench.monitoring.folder import MonitorFolder
from workbench.registry.verify import verify
from workbench.report.html import render
from workbench.report.monitor import build_monitor_report, describe_account
from workbench.results import run_directory
from workbench.studies.fits.weights import weigh_draws
from workbench.tables import from_frame
from workbench.workflow.monitor import (
    MonitorOptions,
    acknowledge,
    parse_window,
    read_account,
    suppress,
    watch_batch,
)
from workbench.workflow.monitor_batch import read_refit

pytestmark = pytest.mark.stan

PROGRAM = """
data {
  int<lower=1> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real mu;
  real beta;
}
model {
  mu ~ normal(0, 10);
  beta ~ normal(0, 10);
  y ~ normal(mu + beta * x, 1);
}
"""


def draw(rows, seed, *, shift=0.0, slope=0.0, at=0.0):
    """Return rows of the model with mu 1 and beta 2, or moved ones."""
    rng = np.random.default_rng(seed)
    x = rng.normal(at, 1, rows)
    return pd.DataFrame({"x": x, "y": rng.normal(1 + shift + (2 + slope) * x, 1)})


FITTED = draw(200, 0)


def posterior(*frames):
    """Return mean and covariance of mu and beta in closed form."""
    rows = pd.concat(frames)
    design = np.column_stack([np.ones(len(rows)), rows["x"]])
    covariance = np.linalg.inv(design.T @ design + np.eye(2) / 100)
    return covariance @ design.T @ rows["y"].to_numpy(), covariance


@pytest.fixture(scope="module")
def first_run(tmp_path_factory, tools):
    folder = tmp_path_factory.mktemp("monitor")
    program = folder / "line.stan"
    program.write_text(PROGRAM)
    fit = workbench.fit(program, FITTED, output=folder / "run", report=False, progress=False)
    return fit.folder


@pytest.fixture
def registry(tmp_path, first_run):
    registry = workbench.Registry(tmp_path / "registry", author="me")
    registry.add("line", first_run, alias="champion")
    return registry


def watch(registry, frame, day=1, **options):
    return watch_batch(
        registry, "line", from_frame(frame), MonitorOptions(time=f"2026-11-{day:02d}", **options)
    )


def test_what_is_learned_is_the_posterior_given_all_batches(registry, first_run):
    frames = [draw(40, seed, shift=0.2) for seed in (1, 2, 3)]
    for day, frame in enumerate(frames, 1):
        account = watch(registry, frame, day)
    event = account.batch.event
    assert event.is_learned
    assert not event.weights_reason
    folder = MonitorFolder(account.place)
    ratios = folder.read_arrays(event.arrays)["log_ratios"]
    fit = run_directory.read_whole(first_run)
    draws = {name: fit.tree["posterior"][name].to_numpy().reshape(-1) for name in ("mu", "beta")}
    weights = weigh_draws(ratios, 1.0, 4).values
    mean, covariance = posterior(FITTED, *frames)
    for name, expected, variance in zip(("mu", "beta"), mean, np.diag(covariance), strict=True):
        error = np.sqrt(variance / (event.effective / 2))
        assert abs(weights @ draws[name] - expected) < 5 * error
    # The last batch is predicted given the fit's rows and the two batches before.
    predicted = folder.read_arrays(event.arrays)["mean_0"]
    mean, covariance = posterior(FITTED, *frames[:2])
    design = np.column_stack([np.ones(40), frames[2]["x"]])
    error = np.sqrt(covariance[0, 0] / 500 + 1 / 40 / 10_000)
    assert abs(predicted.mean() - (design @ mean).mean()) < 5 * error
    assert abs(predicted.mean() - (design @ posterior(FITTED)[0]).mean()) > 5 * error
    # The density of all rows given a draw, from its formula.
    rows = pd.concat(frames)
    residuals = (
        rows["y"].to_numpy() - draws["mu"][:50, None] - draws["beta"][:50, None] * rows["x"].to_numpy()
    )
    density = -0.5 * (residuals**2).sum(axis=1)
    np.testing.assert_allclose(np.diff(ratios[:50]), np.diff(density), rtol=1e-6, atol=1e-6)


def test_a_shift_is_found_named_and_survives_everything_around_it(registry):
    for day in (1, 2, 3):
        account = watch(registry, draw(100, day), day)
        assert not account.is_alarm
    account = watch(registry, draw(100, 4, shift=0.7), 4)
    account = account if account.is_alarm else watch(registry, draw(100, 5, shift=0.7), 5)
    assert account.is_alarm
    first = describe_account(account)[0]
    assert first.startswith(
        ("Alarm: `y` is higher than line@1 predicts", "Alarm: `y` asks for a higher `mu`")
    )
    assert "most likely since batch " in first
    assert account.onset.number in (3, 4)
    rows = {(item.batch, item.row.row) for item in account.rows}
    top = account.rows[0].row
    assert top.observed > top.upper - 1
    frame = draw(100, 4, shift=0.7)
    residual = frame["y"] - 1 - 2 * frame["x"]
    assert (4, int(residual.argmax()) + 1) in rows
    events = len(account.state.present.batches)
    again = watch(registry, draw(100, 2), 9)
    assert (again.is_repeated, again.batch.number, len(again.period.batches)) == (True, 2, events)
    assert again.is_alarm
    shuffled = watch(registry, draw(100, 2).sample(frac=1, random_state=1), 9)
    assert shuffled.is_repeated, "rows in another order are the same rows"
    page = render(build_monitor_report(account))
    assert "Alarm: " in page
    done = acknowledge(registry, "line", "known")
    assert not done.is_alarm
    assert "acknowledged (known)" in describe_account(done)[0]
    with pytest.raises(RequestError, match="no alarm"):
        acknowledge(registry, "line", "again")
    assert verify(registry).is_clean
    assert not verify(registry).notes
    registry.prune("line", keep=1)
    assert read_account(registry, "line").state == done.state


def test_where_weights_would_not_do_all_rows_are_fitted_and_the_next_batch_is_predicted_by_that(registry):
    first, second = draw(400, 1, shift=0.3), draw(400, 2, shift=0.3)
    account = watch(registry, first, 1)
    assert account.batch.event.weights_reason
    assert any("will be fitted to all rows so far" in text for text in describe_account(account))
    account = watch(registry, second, 2)
    (refit,) = account.period.refits
    assert account.batch.event.base == refit.run
    fit = read_refit(MonitorFolder(account.place), refit)
    mean, covariance = posterior(FITTED, first)
    for name, expected, variance in zip(("mu", "beta"), mean, np.diag(covariance), strict=True):
        estimate = fit.results.posterior(name)
        assert abs(estimate.mean - expected) < 5 * (estimate.mcse_mean or 0)
        assert estimate.sd == pytest.approx(np.sqrt(variance), rel=0.1)
    assert any("Before it, the program was fitted" in text for text in describe_account(account))
    record = account.place / "fits" / "runs" / refit.run / "run.json"
    record.write_text(record.read_text().replace("line", "lime", 1))
    with pytest.raises(MonitorDamaged, match="the fit after batch 1 is not as it was added"):
        watch(registry, draw(50, 3), 3)


def test_suppressed_batches_count_for_nothing_and_are_not_learned(registry):
    watch(registry, draw(60, 1), 1)
    window = parse_window("2026-11-02..2026-11-03", "new sensor")
    suppress(registry, "line", window)
    assert "stated before" in suppress(registry, "line", window).remarks[0]
    account = watch(registry, draw(200, 2, shift=5, at=3), 2)
    assert account.batch.event.window == 1
    assert not account.batch.event.is_learned
    assert not account.is_alarm
    assert any("is suppressed (new sensor" in text for text in describe_account(account))
    after = watch(registry, draw(60, 3), 4)
    assert after.batch.event.base == account.batch.event.base
    assert not after.is_alarm
    late = suppress(registry, "line", parse_window("2026-11-01..2026-11-01", "late"))
    assert "batch 1 of that time came before the window" in late.remarks[0]
    assert len(late.period.watched) == 2


def test_predictors_that_move_are_named_as_what_they_are(registry):
    for day in (1, 2, 3):
        moved = draw(100, day, at=1.0)
        account = watch(registry, moved.drop(columns="y") if day == 2 else moved, day)
    assert account.is_alarm
    sentences = describe_account(account)
    assert sentences[0].startswith(
        "Alarm: the predictor `x` is higher than in the table of line@1, most likely since batch 1 "
    )
    assert "not of the model" in sentences[1]
    outcomes = {each.family: each for each in account.period.standing.families}["outcomes"]
    assert outcomes.detector.log_value[-1] < np.log(1000)
    alone = watch(
        registry, draw(100, 4, at=1.0), 4, state=registry.folder.parent / "other", families=("outcomes",)
    )
    assert [each.family for each in alone.batch.event.transforms] == ["outcomes"]
    frame = draw(50, 5).drop(columns="y")
    with pytest.raises(RequestError, match="no row of"):
        watch(registry, frame, 5, state=registry.folder.parent / "other")


def test_outcomes_that_come_later_do_not_count_their_predictors_twice(registry):
    frame = draw(50, 1)
    watch(registry, frame.drop(columns="y"), 1)
    account = watch(registry, frame, 2)
    assert [each.family for each in account.batch.event.transforms] == ["outcomes"]
    assert any(
        "Its predictors were watched as those of batch 1" in text for text in describe_account(account)
    )
    some = draw(50, 3)
    some.loc[:9, "y"] = np.nan
    account = watch(registry, some, 3)
    assert (account.batch.event.rows, account.batch.event.with_outcome) == (50, 40)
    assert any("10 of 50 rows lack an outcome" in text for text in describe_account(account))


def test_options_that_contradict_the_state_are_refused_and_a_new_champion_begins_anew(
    registry, first_run, tmp_path
):
    watch(registry, draw(50, 1), 5, arl=200.0, seed=3)
    contradictions = (
        ({"arl": 1000.0}, "200 batches"),
        ({"seed": 4}, "seed 3"),
        ({"families": ("outcomes",)}, "beside"),
        ({"reference": from_frame(draw(50, 8))}, "rows of reference"),
    )
    for options, words in contradictions:
        with pytest.raises(RequestError, match=words):
            watch(registry, draw(50, 2), 6, **options)
    late = watch(registry, draw(50, 2), 4)
    assert late.batch.event.is_late
    assert any("before one that came earlier" in text for text in describe_account(late))
    with pytest.raises(RequestError, match="in line@1 already"):
        watch(registry, FITTED, 7)
    program, after = first_run.parent / "line.stan", draw(150, 30)
    again = workbench.fit(program, after, output=tmp_path / "next", report=False, progress=False)
    registry.add("line", again, alias="champion")
    assert "line@2 is the champion now, and no batch has come" in read_account(registry, "line").remarks[0]
    account = watch(registry, draw(50, 2), 7)
    assert account.period.reference == "line@2"
    assert account.period.begun.arl == 200.0
    assert any("the monitor begins anew" in text for text in describe_account(account))
    assert [len(period.batches) for period in account.state.periods] == [2, 1]


def test_a_reference_period_forgives_what_was_always_wrong(registry):
    wrong = {"shift": 0.5, "slope": 0.3}
    reference = from_frame(draw(400, 50, **wrong))
    for day in (1, 2, 3, 4):
        account = watch(registry, draw(80, day, **wrong), day, reference=reference if day == 1 else None)
    assert not account.is_alarm
    assert account.period.begun.mode == "reference"
    assert not account.batch.event.is_learned
    assert "nothing differs clearly from the reference period" in describe_account(account)[0]
    for day in (5, 6, 7):
        account = watch(registry, draw(80, day, shift=1.3, slope=0.3), day)
    assert account.is_alarm
    assert "reference period" in describe_account(account)[0]
    assert account.rows


def test_a_table_that_cannot_be_bound_leaves_the_state_as_it_was(registry):
    watch(registry, draw(50, 1), 1)
    before = read_account(registry, "line").state
    with pytest.raises(BindingError):
        watch(registry, draw(50, 2).drop(columns="x"), 2)
    with pytest.raises(RequestError, match="time such as"):
        watch_batch(registry, "line", from_frame(draw(50, 2)), MonitorOptions(time="yesterday"))
    with pytest.raises(RequestError, match="does not have"):
        watch_batch(registry, "line", from_frame(draw(50, 2)), MonitorOptions(time_column="when"))
    assert read_account(registry, "line").state == before
    lock = FileLock(registry.folder / "monitoring" / "line" / ".job.lock")
    with lock, pytest.raises(JobRunning, match="another job that monitors `line` is running"):
        watch(registry, draw(50, 2), 2)


def test_times_of_rows_come_from_a_column(registry):
    frame = draw(20, 1)
    frame["when"] = pd.date_range("2026-11-05", periods=20, freq="h")
    account = watch_batch(registry, "line", from_frame(frame), MonitorOptions(time_column="when"))
    assert account.batch is not None
    assert (account.batch.event.start, account.batch.event.time) == (
        "2026-11-05T00:00:00+00:00",
        "2026-11-05T19:00:00+00:00",
    )


WORK = """
import sys
import pandas as pd
from pathlib import Path
from workbench.registry import ModelRegistry
from workbench.tables import read
from workbench.workflow.monitor import MonitorOptions, watch_batch
folder, *batches = sys.argv[1:]
registry = ModelRegistry(Path(folder), "worker")
for day, batch in enumerate(batches, 1):
    account = watch_batch(registry, "line", read(Path(batch)), MonitorOptions(time=f"2026-11-{day:02d}"))
    print("recorded", account.batch.number, account.is_repeated, flush=True)
"""


def test_a_kill_at_any_time_leaves_a_whole_state_and_the_next_run_goes_on(registry, tmp_path):
    paths = []
    for day in range(1, 5):
        paths.append(tmp_path / f"{day}.csv")
        draw(60 if day != 2 else 500, day, shift=0.4 if day == 2 else 0).to_csv(paths[-1], index=False)
    clean = tmp_path / "clean"
    shutil.copytree(registry.folder, clean)
    command = [sys.executable, "-c", WORK]
    whole = subprocess.run(
        [*command, str(clean), *map(str, paths)], capture_output=True, text=True, check=True
    )
    assert whole.stdout.count("recorded") == 4
    rng = np.random.default_rng(5)
    recorded, kills = 0, 0
    while recorded < 4:
        words = [*command, str(registry.folder), *map(str, paths)]
        worker = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        time.sleep(rng.uniform(2.0, 6.5 + kills))
        worker.send_signal(signal.SIGKILL)
        said = worker.communicate()[0].splitlines()
        kills += 1
        if (registry.folder / "monitoring" / "line" / "events.jsonl").exists():
            state = read_account(registry, "line").state
            recorded = len(state.periods[-1].batches)
        reported = [int(line.split()[1]) for line in said]
        assert recorded >= max(reported, default=0), "what it reported is there"
        assert kills < 40
    assert kills > 1
    states = [read_account(workbench.Registry(folder), "line").state for folder in (clean, registry.folder)]
    transforms = [[batch.event.transforms for batch in state.periods[-1].batches] for state in states]
    assert transforms[0][:2] == transforms[1][:2], "the same numbers, however often it was killed"
    assert [len(each) for each in transforms] == [4, 4]
    assert verify(registry).is_clean


def test_the_command_says_where_it_stands_and_its_exit_code_too(call, registry, tmp_path):  # noqa: F811
    place = ("--registry", registry.folder, "-q")
    draw(100, 1).to_csv(tmp_path / "1.csv", index=False)
    draw(100, 2, shift=2).to_csv(tmp_path / "2.csv", index=False)
    draw(100, 3, shift=2).to_csv(tmp_path / "3.csv", index=False)
    assert call("monitor", "line", "--status", *place).returncode == 5
    done = call(
        "monitor", "line", "1.csv", "--time", "2026-11-01", "--html", "m.html", "--metrics", "m.prom", *place
    )
    assert done.returncode == 0, done.stderr
    assert "No alarm: in 1 batch with 100 rows" in done.stdout
    for name in ("2", "3"):
        done = call("monitor", "line", f"{name}.csv", "--json", *place)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["is_alarm"]
    assert found["alarm"]["since_batch"] == 2
    assert found["alarm"]["direction"] == "up" or found["alarm"]["statistic"] == "log score"
    assert call("monitor", "line", "2.csv", *place).returncode == 1
    assert call("monitor", "line", "--status", *place).returncode == 1
    done = call("monitor", "line", "--status", "--acknowledge", "x", *place)
    assert done.returncode == 2
    assert call("monitor", "line", "--acknowledge", "fixed", *place).returncode == 0
    assert call("monitor", "lime", "1.csv", *place).returncode == 2
    assert "workbench_monitor_batches_total" in (tmp_path / "m.prom").read_text()
    assert "<svg" in (tmp_path / "m.html").read_text()


GROUPED = """
data {
  int<lower=1> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> g;
  vector[N] y;
}
parameters {
  real mu;
  vector[J] level;
  real<lower=0> tau;
}
model {
  mu ~ normal(0, 5);
  tau ~ normal(0, 2);
  level ~ normal(0, tau);
  y ~ normal(mu + level[g], 1);
}
"""


def test_unknown_groups_are_refused_unless_they_are_drawn(tmp_path, tools):
    program = tmp_path / "groups.stan"
    program.write_text(GROUPED)
    rng = np.random.default_rng(3)
    levels = {name: rng.normal(0, 1) for name in "abcdefghij"}

    def draw_groups(names, rows):
        g = rng.choice(list(names), rows)
        return pd.DataFrame({"g": g, "y": [1 + levels[name] + rng.normal() for name in g]})

    fit = workbench.fit(
        program, draw_groups("abcdefgh", 160), output=tmp_path / "run", report=False, progress=False
    )
    registry = workbench.Registry(tmp_path / "registry")
    registry.add("line", fit, alias="champion")
    watch(registry, draw_groups("abcdefgh", 80), 1)
    new = draw_groups("abi", 60)
    with pytest.raises((UnseenLevel, BindingError), match="`i`"):
        watch(registry, new, 2)
    account = watch(registry, new, 2, new_groups="draw")
    assert account.batch.event.with_outcome == 60
    assert account.batch.number == 2
