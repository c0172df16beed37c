"""Attempts of the sampler and steps of `--method auto` in the report, as estimation records them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.estimation.conftest import MEANS, MODEL, SDS, TABLE, TEXT
from tests.report.page import read_page
from workbench import binding, priors
from workbench.backends.fake import FakeBackend
from workbench.diagnostics.diagnose import diagnose
from workbench.estimation.estimate import estimate
from workbench.methods import Auto, Nuts
from workbench.report.fit.report import build_fit_report
from workbench.report.html import render
from workbench.request import FitRequest
from workbench.results import store


@dataclass(frozen=True)
class HeavyTailedLaplace(FakeBackend):
    """A backend whose Laplace draws have importance ratios with a heavy tail."""

    def laplace(self, job, mode, method, *, jacobian):
        run = super().laplace(job, mode, method, jacobian=jacobian)
        tail = 2 * np.random.default_rng(1).exponential(size=run.stats["log_p"].shape)
        return replace(run, stats={**run.stats, "log_p": run.stats["log_p"] + tail})


@pytest.fixture
def fit_and_page(program_from, table_from):
    """Fit by a backend and a method; return the results and the page of the report."""

    def run(backend, method):
        program = program_from(TEXT)
        bound = binding.bind(program, table_from(TABLE))
        settled = priors.settle(program, {}, {}, "card")
        fit = estimate(FitRequest(program, bound, settled, (method,)), MODEL, backend)
        fit = store.with_entries(fit, diagnose(fit).entries)
        return fit.results, read_page(render(build_fit_report(fit)))

    return run


def test_every_attempt_of_the_sampler_is_shown(fit_and_page):
    results, page = fit_and_page(FakeBackend(MEANS, SDS), Nuts(4, 40, 100, retry=1))
    assert [attempt.settings["draws"] for attempt in results.attempts] == [40, 80]
    assert "NUTS ran 2 times" in page.text
    for attempt in results.attempts:
        assert f"draws {attempt.settings['draws']}" in page.text
        assert attempt.words.removesuffix(" (kept)").rstrip(".") in page.text
    kept = next(attempt for attempt in results.attempts if attempt.kept)
    assert f"{kept.number} (kept)" in page.text


def test_a_single_attempt_needs_no_table(fit_and_page):
    results, page = fit_and_page(FakeBackend(MEANS, SDS), Nuts(4, 500, 100, retry=1))
    assert results.attempts == ()
    assert "NUTS ran" not in page.text


def test_every_step_of_auto_is_shown(fit_and_page):
    results, page = fit_and_page(HeavyTailedLaplace(MEANS, SDS), Auto())
    assert [step.accepted for step in results.ladder] == [False, False, True]
    for step in results.ladder:
        assert step.why in page.text
    assert results.ladder_words in page.text
