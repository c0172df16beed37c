"""Bayes factors and model probabilities, and whether evidences are of the same data."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.report.simulated import simulate_fit
from workbench.evidence.bayes_factors import compare_evidences, compute_probabilities
from workbench.evidence.comparable import SharedData, find_shared_data
from workbench.evidence.log_evidence import BRIDGE, EXACT, LogEvidence
from workbench.report.comparison.evidence import build_section, describe

FIRST = LogEvidence(-100.0, 0.03, BRIDGE)
SECOND = LogEvidence(-102.0, 0.04, BRIDGE)


def read_texts(section):
    texts = []
    for block in section.blocks:
        texts += [*getattr(block, "items", ()), getattr(block, "text", ""), getattr(block, "note", "")]
        texts += [" ".join(cell.text for cell in row) for row in getattr(block, "rows", ())]
    return [text for text in texts if text]


def test_a_bayes_factor_is_the_ratio_of_evidences_and_has_the_error_of_both():
    compared = compare_evidences({"b": SECOND, "a": FIRST}, SharedData())
    assert compared.best == "a"
    assert compared.factors["b"].log_value == pytest.approx(-2)
    assert compared.factors["b"].error == pytest.approx(0.05)
    assert compared.factors["a"].error == 0
    assert compared.probabilities["a"].value == pytest.approx(1 / (1 + math.exp(-2)))
    assert describe(compared) == (
        "The data favour `a` over `b` by a Bayes factor of 7.389 (log 2.000 ± 0.050)."
    )


def test_the_error_of_a_probability_is_the_spread_of_probabilities():
    values, errors = {"a": -3.0, "b": -4.0, "c": -4.5}, {"a": 0.05, "b": 0.02, "c": 0.1}
    found = compute_probabilities(values, errors)
    random = np.random.default_rng(1)
    logs = np.array(list(values.values())) + random.standard_normal((200_000, 3)) * list(errors.values())
    shares = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    for place, probability in enumerate(found.values()):
        assert probability.value == pytest.approx(shares[:, place].mean(), abs=1e-3)
        assert probability.error == pytest.approx(shares[:, place].std(), rel=0.02)


def test_evidences_far_apart_do_not_overflow():
    compared = compare_evidences({"a": FIRST, "b": LogEvidence(-9000.0, 0.0, EXACT)}, SharedData())
    assert compared.probabilities["b"].value == 0
    assert "10^3865" in describe(compared)


def test_a_difference_within_its_error_favours_neither():
    compared = compare_evidences({"a": FIRST, "b": replace(FIRST, value=-100.05)}, SharedData())
    assert describe(compared).endswith("which is within its Monte Carlo error.")


def test_offsets_put_evidences_on_one_scale():
    compared = compare_evidences({"a": FIRST, "b": SECOND}, SharedData({"b": 5.0}, "moved."))
    assert compared.best == "b"
    assert compared.factors["a"].log_value == pytest.approx(-3)
    assert "moved." in read_texts(build_section(compared))


def test_where_one_has_no_evidence_there_is_no_bayes_factor_and_the_reason_is_said():
    absent = LogEvidence(reason="`mu` has no prior: there is no evidence.")
    compared = compare_evidences({"a": FIRST, "b": absent}, SharedData())
    assert not compared.factors
    texts = read_texts(build_section(compared))
    assert "There are no Bayes factors: there is no log evidence of `b`." in texts
    assert "`b`: `mu` has no prior: there is no evidence." in texts
    assert not any("None" in text for text in texts)
    alone = read_texts(build_section(compare_evidences({"b": absent}, SharedData())))
    assert alone == ["`b`: `mu` has no prior: there is no evidence."]


def test_an_error_that_is_not_known_is_not_shown_as_none():
    compared = compare_evidences({"a": FIRST, "b": replace(SECOND, error=None)}, SharedData())
    assert compared.factors["b"].error is None
    assert compared.probabilities["a"].error is None
    assert any(text.startswith("b −102.00 –") for text in read_texts(build_section(compared)))


def test_warnings_stand_above_the_numbers():
    doubtful = replace(SECOND, warnings=("k-hat 0.90 is above 0.70: ...",))
    compared = compare_evidences({"a": FIRST, "b": doubtful}, SharedData())
    assert ", with reservations" in describe(compared)
    assert read_texts(build_section(compared))[0] == "`b`: k-hat 0.90 is above 0.70: ..."


def test_runs_of_the_same_outcome_are_comparable():
    assert find_shared_data({"a": simulate_fit(), "b": simulate_fit()}) == SharedData()
    assert find_shared_data({"a": simulate_fit()}) == SharedData()


def test_runs_of_other_outcomes_are_not():
    assert "same outcome" in find_shared_data({"a": simulate_fit(3), "b": simulate_fit(4)}).obstacle


def test_a_run_with_a_further_outcome_is_not_comparable():
    """Both have the outcome of the other, which is enough for leave-one-out of that outcome, and not here."""
    more = simulate_fit()
    observed = more.tree["observed_data"].to_dataset()
    name = next(iter(observed.data_vars))
    more.tree["observed_data"] = more.tree["observed_data"].assign({"z": observed[name] * 0})
    obstacle = find_shared_data({"a": simulate_fit(), "b": more}).obstacle
    assert "`a` is a model of 3 observed values, and `b` is a model of 6" in obstacle
