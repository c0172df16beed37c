"""The pages of the models are those that the cards make, and every one has its picture."""

import re

import pytest

from workbench import library
from workbench.library import markdown
from workbench.library.catalogue import find_home


@pytest.mark.parametrize("model", library.list_models(), ids=lambda model: model.name)
def test_page_is_up_to_date(model):
    found = model.program.with_suffix(".md").read_text(encoding="utf-8")
    assert found == markdown.render_page(model), "run `make docs`"


def test_list_is_up_to_date():
    assert (find_home() / "stan_models" / "README.md").read_text(encoding="utf-8") == markdown.render_index(
        library.list_models()
    )


@pytest.mark.parametrize("model", library.list_models(), ids=lambda model: model.name)
def test_every_page_has_a_picture_with_names_of_the_models_quantities(model):
    picture = model.program.with_suffix(".svg").read_text(encoding="utf-8")
    texts = {text.strip() for text in re.findall(r"<text[^>]*>([^<]+)</text>", picture)}
    source = model.program.read_text(encoding="utf-8")
    assert any(text.split("[")[0] in source for text in texts if text[:1].isalpha())


def test_a_bar_in_a_card_does_not_end_its_cell():
    assert markdown._cell("a | b") == "a \\| b"
