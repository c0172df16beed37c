"""What is said of an average of runs: its weights, and whether it predicts better than the best of them."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.comparison.averaging import AverageGain, AverageKind
from workbench.report.numbers import format_number
from workbench.report.score.words import say_with_error

KINDS: Mapping[AverageKind, str] = {
    "stacking": "by stacking",
    "pseudo-bma": "by pseudo-BMA",
    "evidence": "by their evidence",
    "equal": "equal",
    "given": "as given",
}
"""How weights are found, after the word."""


def describe_weights(weights: Mapping[str, float], kind: AverageKind) -> str:
    """Return the weights in a sentence.

    >>> describe_weights({"a": 0.7, "b": 0.3}, "stacking")
    'The runs are averaged with the weights 0.70 of `a` and 0.30 of `b` (by stacking).'
    """
    listed = [f"{format_number(weight, 2)} of `{name}`" for name, weight in weights.items()]
    text = f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"The runs are averaged with the weights {text} ({KINDS[kind]})."


def describe_gain(gain: AverageGain, unreliable: tuple[str, ...] = ()) -> str:
    """Return whether averaging helps, in sentences.

    Parameters
    ----------
    gain
        What the average gains over the best run.
    unreliable
        Runs whose leave-one-out cannot be relied on.
    """
    size = say_with_error(abs(gain.gain), gain.se)
    if gain.answer == "one run":
        text = (
            f"Averaging does not help: `{gain.heaviest}` has nearly all weight, so that it alone predicts "
            "the same."
        )
    elif gain.answer == "alike":
        text = (
            "Averaging does not help: the runs predict alike. Knowing which of them is better in each row "
            f"would gain {format_number(gain.most, 1)} nats over `{gain.best}` in all, and no weights gain "
            "more."
        )
    else:
        verb = "higher" if gain.gain >= 0 else "lower"
        found = f"its leave-one-out elpd is {verb} than that of the best run, `{gain.best}`, by {size}"
        helps = "Averaging helps" if gain.answer == "clear" else "Averaging does not clearly help"
        text = f"{helps}: {found}{_say_how_found(gain)}."
    if unreliable:
        names = ", ".join(f"`{name}`" for name in unreliable)
        text += f" Leave-one-out cannot be relied on in {names} (k-hat above its limit), nor can this."
    return text


def _say_how_found(gain: AverageGain) -> str:
    """Return how far the rows that the gain is measured on have had a say in the weights."""
    if gain.is_nested:
        return ", each row averaged with weights that were found without it"
    if gain.kind in ("equal", "given"):
        return ""
    return " (too much, as the weights were found from the same rows)"
