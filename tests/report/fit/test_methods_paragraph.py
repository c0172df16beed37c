"""The methods paragraph: it claims only what was done."""

from __future__ import annotations

from tests.report.documents import join_text, without
from tests.report.simulated import simulate_fit
from workbench.report.fit.methods_paragraph import build_section


def test_everything_that_was_done_is_named():
    text = join_text(build_section(simulate_fit().results))
    assert "4 chains of 1,000 warm-up and 100 kept iterations each (seed 20)" in text
    assert "2 transitions diverged" in text
    assert "expected log predictive density was −30.7 (standard error 1.4)" in text
    assert "power-scaling" in text


def test_another_sampler_is_named_with_its_reference():
    fit = simulate_fit()
    assert "nutpie" not in join_text(build_section(fit.results))
    nuts = {**fit.record["nuts"], "sampler": "nutpie 0.16.8", "settings": {"metric": "low_rank"}}
    section = build_section(simulate_fit(nuts=nuts).results)
    assert "implemented in nutpie 0.16.8 with a low-rank metric (Seyboldt et al. 2026)" in join_text(section)
    assert "arXiv:2603.18845" in repr(section)


def test_nothing_that_was_not_done_is_named():
    fit = without(simulate_fit(), "nuts", "laplace", "loo", "power_scaling", "predictive")
    text = join_text(build_section(fit.results))
    for absent in ("leave-one-out", "power-scaling", "No-U-Turn", "Laplace"):
        assert absent not in text
    assert "maximum-likelihood" in text
