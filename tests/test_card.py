"""The card beside a model."""

import pytest

from workbench import card
from workbench.errors import RequestError


def test_a_model_without_a_card_has_an_empty_one(tmp_path):
    assert card.read(tmp_path / "model.stan") == card.Card()


def test_title_columns_and_hyperparameters(tmp_path):
    (tmp_path / "model.toml").write_text(
        'title = "T"\n[columns]\ny = "score"\nX = ["a", "b"]\n[hyperparameters.s]\ndefault = 2.5\n'
    )
    model_card = card.read(tmp_path / "model.stan")
    assert model_card.title == "T"
    assert model_card.columns == {"y": ("score",), "X": ("a", "b")}
    assert model_card.hyperparameters == {"s": 2.5}


def test_story_references_units_and_sweeps(tmp_path):
    (tmp_path / "model.toml").write_text(
        'story = """\nOnce upon\na time.\n"""\nreferences = ["A"]\ndata = "table"\n[units]\ny = "km"\n'
        '[hyperparameters.s]\ndefault = 1\nmeaning = "scale"\n[sweep]\ns = "0.1:10:log:9"\n'
    )
    model_card = card.read(tmp_path / "model.stan")
    assert model_card.story == "Once upon a time."
    assert (model_card.references, model_card.table) == (("A",), "table")
    assert model_card.units == {"y": "km"}
    assert (model_card.meanings, model_card.sweeps) == ({"s": "scale"}, {"s": "0.1:10:log:9"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "not valid TOML"),
        ("columns = 3", "`columns` in .* was expected to be a table, found 3"),
        ("[columns]\ny = 3", "`columns.y` in .* was expected to name columns, found 3"),
        ("references = 'a book'", "`references` in .* was expected to be a list of texts, found 'a book'"),
        ("[sweep]\ns = 'wide'", "`sweep.s` in .* was expected to be FROM:TO:log:COUNT, .* found 'wide'"),
        ("[hyperparameters.s]\nsweep = [1, 2]", "hyperparameter `s` in .* has no `default`"),
    ],
)
def test_a_malformed_card_is_refused(tmp_path, text, message):
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(RequestError, match=message):
        card.read(tmp_path / "model.stan")
