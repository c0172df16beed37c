"""The pages of the models are those made from the cards, and each has its picture."""

import re

import pytest

from workbench import library
from workbench.library import markdown
from workbench.library.catalogue import find_home


@pytest.mark.parametrize("model", library.list_models(), ids=lambda model: model.name)
def test_page_is_up_to_date(model):
    page = model.program.with_suffix(".md").read_text(encoding="utf-8")
    assert page == markdown.render_page(model), "run `make docs`"


def test_list_is_up_to_date():
    assert (find_home() / "stan_models" / "README.md").read_text(encoding="utf-8") == markdown.render_index(
        library.list_models()
    )


@pytest.mark.parametrize("model", library.list_models(), ids=lambda model: model.name)
def test_the_picture_of_a_page_names_quantities_of_the_model(model):
    picture = model.program.with_suffix(".svg").read_text(encoding="utf-8")
    texts = {text.strip() for text in re.findall(r"<text[^>]*>([^<]+)</text>", picture)}
    source = model.program.read_text(encoding="utf-8")
    assert any(text.split("[")[0] in source for text in texts if text[:1].isalpha())


def test_a_bar_in_a_text_does_not_end_its_cell():
    assert markdown._escape_cell("a | b") == "a \\| b"
