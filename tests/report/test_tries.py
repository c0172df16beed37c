"""Methods and settings tried in turn, shown as estimation records them: in the report and in a terminal."""

import io
from dataclasses import dataclass, replace

import numpy as np
import pytest
from rich.console import Console

from tests.estimation.conftest import MEANS, MODEL, SDS, TABLE, TEXT
from tests.report.page import read_page
from workbench import binding, priors
from workbench.backends.fake import FakeBackend
from workbench.cli import table
from workbench.diagnostics import diagnose
from workbench.estimation import estimate
from workbench.methods import Auto, Nuts
from workbench.report.fit.report import fit_report
from workbench.report.html import render
from workbench.request import FitRequest
from workbench.results import store


@dataclass(frozen=True)
class Heavy(FakeBackend):
    """A backend whose Laplace draws have importance ratios with a heavy tail."""

    def laplace(self, job, mode, method, *, jacobian):
        run = super().laplace(job, mode, method, jacobian=jacobian)
        tail = 2 * np.random.default_rng(1).exponential(size=run.stats["log_p"].shape)
        return replace(run, stats={**run.stats, "log_p": run.stats["log_p"] + tail})


@pytest.fixture
def shown(program_from, table_from, tmp_path):
    """A fit's record, its report, and what a terminal shows."""

    def show(backend, method):
        program = program_from(TEXT)
        bound = binding.bind(program, table_from(TABLE))
        request = FitRequest(program, bound, priors.settle(program, {}, {}, "card"), (method,))
        found = estimate(request, MODEL, backend)
        found = store.with_entries(found, diagnose(found).entries)
        stream = io.StringIO()
        table.show(found.record, tmp_path, Console(file=stream, width=150))
        return found.record, read_page(render(fit_report(found))), " ".join(stream.getvalue().split())

    return show


def test_every_attempt_of_the_sampler(shown):
    record, page, terminal = shown(FakeBackend(MEANS, SDS), Nuts(4, 40, 100, retry=1))
    first, second = record["attempts"]
    assert (first["settings"]["draws"], second["settings"]["draws"]) == (40, 80)
    assert "Sampling was tried 2 times" in page.text
    kept = next(one for one in record["attempts"] if one["kept"])
    for one in (first, second):
        assert f"draws {one['settings']['draws']}" in page.text
        assert f"smallest ESS {one['ess_min']:.0f}, where 400 are wanted" in page.text
        assert f"attempt {one['number']}: {one['words']}" in terminal
    assert f"{kept['number']} (kept)" in page.text


def test_one_attempt_needs_no_table(shown):
    record, page, terminal = shown(FakeBackend(MEANS, SDS), Nuts(4, 500, 100, retry=1))
    assert "attempts" not in record
    assert "Sampling was tried" not in page.text
    assert "attempt 1" not in terminal


def test_every_rung_of_the_ladder(shown):
    record, page, terminal = shown(Heavy(MEANS, SDS), Auto())
    assert [rung["accepted"] for rung in record["ladder"]] == [False, False, True]
    for rung in record["ladder"]:
        assert rung["why"] in page.text
        assert rung["why"] in terminal
    words = record["ladder_words"]
    assert "NUTS was saved. Risked: k-hat sees only" in words
    assert words in page.text
    assert words in terminal
