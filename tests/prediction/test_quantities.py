"""Summaries of expressions equal the same numbers computed here, in one chunk and in many."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from tests.prediction.by_hand import CHAINS, make_predictions, split
from workbench import tables
from workbench.errors import BindingError, RequestError
from workbench.prediction import OutcomePrediction, Predictions
from workbench.prediction.expressions import parse_expression
from workbench.prediction.monte_carlo import measure_errors, measure_share_errors
from workbench.prediction.names import list_names
from workbench.prediction.quantities import QuantitySummary, parse_quantities, tabulate_quantities

LABELS = {"b[age]": "b[2]"}
PRICE = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])

WHOLE = make_predictions()
"""Six rows at once; the same as three chunks of two."""


def summarise(text, chunks=(WHOLE,)):
    names = list_names(chunks[0], LABELS, columns=("price",), by_row=("growth",))
    summary = QuantitySummary(parse_expression(text), names, level=0.9, chains=CHAINS)
    columns = [{"price": PRICE[chunk.first_row :][: len(chunk.labels)]} for chunk in chunks]
    frames = [summary.add(chunk, own) for chunk, own in zip(chunks, columns, strict=True)]
    return pd.concat([frame for frame in [*frames, summary.finish()] if len(frame)], ignore_index=True)


Y, MEAN = WHOLE.outcomes[0].draws, WHOLE.outcomes[0].expectation
A, B = WHOLE.parameters["a"][:, None], WHOLE.parameters["b"]
assert MEAN is not None

DRAW_BY_DRAW = {
    "b[1] - b[age]": B[:, [0]] - B[:, [1]],
    "exp(b[3]) / slope": np.exp(B[:, [2]]) / (2 * A),
    "inv_logit(a - 2) + logit(inv_logit(a))": special.expit(A - 2) + A,
    "Sigma[2,1] ** 2": WHOLE.parameters["Sigma"][:, [1], 0] ** 2,
    "max(a, b[1], 1.5) - min(a, 2)": np.maximum(np.maximum(A, B[:, [0]]), 1.5) - np.minimum(A, 2),
    "y_rep": Y,
    "E(y_rep)": MEAN,
    "y_rep - E(y_rep)": Y - MEAN,
    "price * y_rep + a": PRICE * Y + A,
    "sqrt(growth)": np.abs(MEAN),
    "mean(y_rep)": Y.mean(axis=1, keepdims=True),
    "sum(price * max(y_rep, 0))": (PRICE * np.maximum(Y, 0)).sum(axis=1, keepdims=True),
    "max(y_rep) - min(y_rep)": np.ptp(Y, axis=1, keepdims=True),
    "mean(y_rep > 5 or y_rep < 2)": ((Y > 5) | (Y < 2)).mean(axis=1, keepdims=True),
    "y_rep[3] - E(y_rep[3])": (Y - MEAN)[:, [2]],
    "y_rep[row 6] + sum(price)": Y[:, [5]] + 21,
    "sum(price) / 2": np.full((len(Y), 1), 10.5),
    "price": np.tile(PRICE, (len(Y), 1)),
    "7": np.full((len(Y), 1), 7.0),
}
"""Expressions that are summarised draw by draw, and their draws."""


@pytest.mark.parametrize("text", DRAW_BY_DRAW)
@pytest.mark.parametrize("is_split", [False, True])
def test_what_is_summarised_draw_by_draw(text, is_split):
    found, draws = summarise(text, split(WHOLE) if is_split else (WHOLE,)), DRAW_BY_DRAW[text]
    assert len(found) == draws.shape[1]
    assert set(found["statistic"]) == {"mean"}
    np.testing.assert_allclose(found["estimate"], draws.mean(axis=0))
    np.testing.assert_allclose(found["sd"], draws.std(axis=0, ddof=1), atol=1e-12)
    for column, probability in (("lower", 0.05), ("median", 0.5), ("upper", 0.95)):
        np.testing.assert_allclose(found[column], np.quantile(draws, probability, axis=0))
    if draws.shape[1] > 1:
        assert found["row"].tolist() == [1, 2, 3, 4, 5, 6]
        assert found["label"].tolist() == list(WHOLE.labels)
    else:
        assert found["row"].isna().all()


PROBABILITIES = {
    "P(y_rep > 5)": Y > 5,
    "P(2 <= y_rep and not y_rep >= 7)": (Y >= 2) & (Y < 7),
    "P(b[age] > b[1])": B[:, [1]] > B[:, [0]],
    "P(mean(y_rep) > 4.5)": Y.mean(axis=1, keepdims=True) > 4.5,
    "P(max(y_rep) > 8)": Y.max(axis=1, keepdims=True) > 8,
}
"""Probabilities, and in which draws their conditions hold."""


@pytest.mark.parametrize("text", PROBABILITIES)
@pytest.mark.parametrize("is_split", [False, True])
def test_probabilities_are_shares_of_draws(text, is_split):
    found = summarise(text, split(WHOLE) if is_split else (WHOLE,))
    np.testing.assert_allclose(found["estimate"], PROBABILITIES[text].mean(axis=0))
    assert set(found["statistic"]) == {"probability"}
    assert found["sd"].isna().all()
    assert (found["mcse"] > 0).all()


def test_rows_beside_all_rows_need_the_whole_table():
    found = summarise("P(y_rep >= max(y_rep))")
    np.testing.assert_allclose(
        found["estimate"], (np.argmax(Y, axis=1)[:, None] == np.arange(6)).mean(axis=0)
    )
    share = Y / Y.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(summarise("y_rep / sum(y_rep)")["estimate"], share.mean(axis=0))
    spread = ((Y - Y.mean(axis=1, keepdims=True)) ** 2).mean(axis=1)
    np.testing.assert_allclose(summarise("mean((y_rep - mean(y_rep)) ** 2)")["estimate"], spread.mean())
    for text in ("y_rep / sum(y_rep)", "mean((y_rep - mean(y_rep)) ** 2)"):
        with pytest.raises(RequestError, match="compares rows with all rows"):
            summarise(text, split(WHOLE))


def test_what_depends_on_rows_is_not_taken_for_fixed():
    chunks = split(WHOLE)
    chunks[1] = replace(chunks[1], generated={**chunks[1].generated, "slope": 3 * A[:, 0]})
    with pytest.raises(RequestError, match="`slope` in `slope` depends on rows"):
        summarise("slope", chunks)


@pytest.mark.parametrize("text", ["y_rep[9]", "y_rep[nobody] + 1", "E(y_rep[0])"])
def test_a_row_that_is_not_there(text):
    with pytest.raises(RequestError, match="not among the new rows"):
        summarise(text, split(WHOLE))


def test_a_row_by_a_name_that_two_rows_have():
    chunks = split(WHOLE)
    chunks[2] = replace(chunks[2], labels=("row 1", "row 6"))
    with pytest.raises(RequestError, match="more than one value"):
        summarise("y_rep[row 1]", chunks)


def test_what_is_not_a_number_is_refused():
    with pytest.raises(RequestError, match=r"infinite or not a number in \d+ of 400 draws of row 1"):
        summarise("log(y_rep - 2)")
    with pytest.raises(RequestError, match="not a number in some draws"):
        summarise("P(log(y_rep - 2) > 1)")
    with pytest.raises(RequestError, match="in 400 of 400 draws"):
        summarise("1 / (a - a)")


def outcome_of(draws: np.ndarray) -> Predictions:
    count = draws.shape[1]
    index = tuple((row,) for row in range(count))
    outcome = OutcomePrediction("y", "y_rep", index, np.arange(count), draws)
    return Predictions("nuts", "", 0.9, tuple(map(str, range(1, count + 1))), 0, (outcome,))


@pytest.mark.parametrize(
    "distribution",
    [stats.genpareto(0.2, scale=3), stats.gumbel_r(10, 2)],
    ids=["generalised Pareto", "Gumbel"],
)
def test_return_levels_are_those_of_the_distribution(distribution):
    """For a generalised Pareto scale (T^shape - 1) / shape, for a Gumbel loc - scale log(-log(1 - 1/T))."""
    random = np.random.default_rng(5)
    draws = distribution.ppf(random.random((40_000, 3)))
    for text, true in (
        ("return_level(y_rep, 100)", distribution.ppf(1 - 1 / 100)),
        ("quantile(y_rep, 0.3)", distribution.ppf(0.3)),
    ):
        found = summarise(text, (outcome_of(draws),))
        assert (np.abs(found["estimate"] - true) < 4 * found["mcse"]).all()
        probability = 0.99 if "level" in text else 0.3
        error = np.sqrt(probability * (1 - probability) / 40_000) / distribution.pdf(true)
        np.testing.assert_allclose(found["mcse"], error, rtol=0.3)
    assert distribution.ppf(0.99) == pytest.approx(
        3 * (100**0.2 - 1) / 0.2 if distribution.dist.name == "genpareto" else 10 - 2 * np.log(-np.log(0.99))
    )


def test_what_draws_cannot_tell():
    with pytest.raises(RequestError, match=r"400 draws cannot tell `return_level\(y_rep, 1000\)`") as raised:
        summarise("return_level(y_rep, 1000)")
    assert raised.value.hint == "it takes a fit with at least 4,000 draws"
    assert len(summarise("return_level(y_rep, 100)")) == 6


def test_a_point_has_no_spread_of_its_own():
    """Outcomes are drawn given a point too; the expectation and parameters are one number."""
    point = replace(
        WHOLE,
        method="mle",
        parameters={name: np.repeat(values[:1], len(Y), axis=0) for name, values in WHOLE.parameters.items()},
        outcomes=(replace(WHOLE.outcomes[0], expectation=np.repeat(np.asarray(MEAN)[:1], len(Y), axis=0)),),
    )
    for text in ("P(a > 0)", "quantile(E(y_rep), 0.5)", "P(mean(E(y_rep)) > 1)"):
        with pytest.raises(RequestError, match="a point estimate has none of its own"):
            summarise(text, (point,))
    for text, true in (("E(y_rep)", np.asarray(MEAN)[0]), ("2 * a", 2 * A[0])):
        found = summarise(text, (point,))
        np.testing.assert_allclose(found["estimate"], true)
        assert set(found["statistic"]) == {"value"}
        assert found[["sd", "lower", "upper", "mcse"]].isna().all(axis=None)
    np.testing.assert_allclose(summarise("P(y_rep > 5)", (point,))["estimate"], (Y > 5).mean(axis=0))


def test_elements_of_a_row_with_several_are_named():
    index = ((0, 0), (0, 1), (1, 0), (1, 1))
    draws = np.arange(20.0).reshape(5, 4)
    outcome = OutcomePrediction("y", "y_rep", index, np.array([0, 0, 1, 1]), draws)
    chunk = Predictions("nuts", "", 0.9, ("u", "v"), 0, (outcome,))
    found = summarise("price * y_rep", (chunk,))
    assert found["quantity"].tolist()[1] == "price * y_rep at [1,2]"
    assert found["label"].tolist() == ["u", "u", "v", "v"]
    np.testing.assert_allclose(found["estimate"], draws.mean(axis=0) * [1, 1, 2, 2])


def test_outcomes_with_other_rows_do_not_mix():
    other = OutcomePrediction("z", "z_rep", ((0,),), np.array([3]), Y[:, :1])
    with pytest.raises(RequestError, match="two outcomes that have different rows"):
        summarise("y_rep + z_rep", (replace(WHOLE, outcomes=(*WHOLE.outcomes, other)),))
    apart = (replace(WHOLE, outcomes=(*WHOLE.outcomes, other)),)
    np.testing.assert_allclose(
        summarise("max(y_rep) + max(z_rep)", apart)["estimate"], (Y.max(1) + Y[:, 0]).mean()
    )


def test_errors_of_means_are_those_of_autocorrelated_chains():
    """An AR(1) series with coefficient r has a mean with variance (1 + r) / (1 - r) / n, times its own."""
    r, chains, length = 0.7, 4, 2000
    random = np.random.default_rng(8)
    noise = random.normal(size=(chains, length, 50))
    noise[:, 1:] *= np.sqrt(1 - r**2)
    series = noise.copy()
    for step in range(1, length):
        series[:, step] += r * series[:, step - 1]
    found = measure_errors(series.reshape(chains * length, 50), chains)
    true = np.sqrt((1 + r) / (1 - r) / (chains * length))
    np.testing.assert_allclose(found.mean(), true, rtol=0.07)  # batches of 44 draws: 5 % too small


def test_a_share_of_none_has_an_error():
    """One draw more in 102: sqrt(1/102 x 101/102 / 100)."""
    error = measure_share_errors(np.zeros((100, 2), dtype=bool))
    np.testing.assert_allclose(error, np.sqrt(101) / 102 / 10)
    assert np.isnan(measure_errors(np.ones((1, 1)))).all()


def test_a_quantity_is_asked_for_once():
    assert [quantity.text for quantity in parse_quantities(["a", "b", "a"])] == ["a", "b"]


def test_several_quantities_and_columns_of_the_table():
    """A column with the name of an outcome is the outcome; texts are no numbers."""
    table = tables.from_frame(
        pd.DataFrame({"price": PRICE, "y_rep": 0.0, "town": list("abcdef"), "due": [True, False] * 3})
    )
    texts = ["sum(price * y_rep)", "P(price * y_rep > 9)", "due", "b[age]"]
    found = tabulate_quantities(
        split(WHOLE), parse_quantities(texts), table=table, names_by_label=LABELS, chains=CHAINS
    )
    own = dict(iter(found.groupby("quantity", sort=False)["estimate"]))
    assert list(own) == texts
    np.testing.assert_allclose(own[texts[0]], (PRICE * Y).sum(axis=1).mean())
    np.testing.assert_allclose(own[texts[1]], (PRICE * Y > 9).mean(axis=0))
    assert own["due"].tolist() == [1, 0, 1, 0, 1, 0]
    np.testing.assert_allclose(own["b[age]"], B[:, 1].mean())
    with pytest.raises(RequestError, match="unknown name, `town`"):
        tabulate_quantities([WHOLE], parse_quantities(["town"]), table=table)
    later = split(WHOLE)[1:]  # as of a forecast, which follows two rows of the fit
    total = tabulate_quantities(later, parse_quantities([texts[0]]), table=table)["estimate"]
    np.testing.assert_allclose(total, (PRICE[:4] * Y[:, 2:]).sum(axis=1).mean())
    missing = tables.from_frame(pd.DataFrame({"price": [*PRICE[:5], np.nan]}))
    with pytest.raises(BindingError, match=r"`price`.*row 6"):
        tabulate_quantities([WHOLE], parse_quantities(["price"]), table=missing)


WORDS = (
    "a b[1] b y_rep y_rep[2] b[age] growth E( P( mean( max( min( sum( log( exp( inv_logit( quantile( "
    "return_level( ( ) ) ) , + - * / ** > < == and or not 1 0 2.5 1e308 100 [ ] ' lambda # if é : = ."
)
"""What random texts are made of."""


def test_any_text_has_a_summary_or_an_error_in_words():
    """Warnings are errors here: none of NumPy's reaches a user."""
    random, few = np.random.default_rng(4), make_predictions(rows=3)
    read = 0
    for _ in range(3000):
        text = " ".join(random.choice(WORDS.split(), size=random.integers(1, 8)))
        try:
            found = tabulate_quantities([few], parse_quantities([text]), by_row=("growth",), chains=CHAINS)
        except RequestError:
            continue
        read += 1
        assert np.isfinite(found["estimate"]).all()
    assert read > 30
