"""Predictions made by hand: two chains of draws, three rows or more."""

from dataclasses import replace

import numpy as np

from workbench.prediction import OutcomePrediction, Predictions

CHAINS, DRAWS = 2, 400
"""Chains, and the draws of all of them."""


def make_predictions(rows: int = 6, first_row: int = 0, seed: int = 1) -> Predictions:
    """Return predictions of a normal outcome with a known mean, and of the parameters it was drawn with."""
    whole = _draw(rows + first_row, seed)
    chosen = slice(first_row, None)
    outcome = OutcomePrediction(
        name="y",
        quantity="y_rep",
        index=tuple((row,) for row in range(first_row, first_row + rows)),
        rows=np.arange(first_row, first_row + rows),
        draws=whole["y_rep"][:, chosen],
        expectation=whole["mean"][:, chosen],
        distributions=("normal",),
    )
    return Predictions(
        method="nuts",
        remark="",
        level=0.9,
        labels=tuple(f"row {row + 1}" for row in range(first_row, first_row + rows)),
        first_row=first_row,
        outcomes=(outcome,),
        parameters={name: whole[name] for name in ("a", "b", "Sigma")},
        generated={"slope": whole["slope"], "growth": whole["growth"][:, chosen]},
    )


def split(whole: Predictions, size: int = 2) -> list[Predictions]:
    """Return predictions of the same rows, a few at a time."""
    outcome = whole.outcomes[0]
    return [
        replace(
            whole,
            labels=whole.labels[start : start + size],
            first_row=start,
            outcomes=(
                replace(
                    outcome,
                    index=outcome.index[start : start + size],
                    rows=outcome.rows[start : start + size],
                    draws=outcome.draws[:, start : start + size],
                    expectation=None
                    if outcome.expectation is None
                    else outcome.expectation[:, start : start + size],
                ),
            ),
            generated={**whole.generated, "growth": whole.generated["growth"][:, start : start + size]},
        )
        for start in range(0, len(whole.labels), size)
    ]


def _draw(rows: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    a, b = random.normal(2, 0.1, DRAWS), random.normal([1, 2, 3], 0.2, (DRAWS, 3))
    mean = a[:, None] + np.arange(rows)
    return {
        "a": a,
        "b": b,
        "Sigma": random.normal(size=(DRAWS, 2, 2)),
        "mean": mean,
        "slope": 2 * a,
        "growth": mean**2,
        "y_rep": mean + np.random.default_rng(seed + 1).normal(size=(rows, DRAWS)).T,
    }
