"""The card beside a model."""

import pytest

from workbench import card
from workbench.errors import RequestError


def test_a_model_without_a_card_has_an_empty_one(tmp_path):
    assert card.read(tmp_path / "model.stan") == card.Card()


def test_what_a_card_says(tmp_path):
    (tmp_path / "model.toml").write_text(
        'title = "T"\n[columns]\ny = "score"\nX = ["a", "b"]\n[hyperparameters.s]\ndefault = 2.5\n'
    )
    read = card.read(tmp_path / "model.stan")
    assert read.title == "T"
    assert read.columns == {"y": ("score",), "X": ("a", "b")}
    assert read.hyperparameters == {"s": 2.5}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "not valid TOML"),
        ("columns = 3", "`columns` in .* was expected to be a table, found 3"),
        ("[columns]\ny = 3", "`columns.y` in .* was expected to name columns, found 3"),
        ("[hyperparameters.s]\nsweep = [1, 2]", "hyperparameter `s` in .* has no `default`"),
    ],
)
def test_a_malformed_card_is_refused_in_words(tmp_path, text, words):
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(RequestError, match=words):
        card.read(tmp_path / "model.stan")
