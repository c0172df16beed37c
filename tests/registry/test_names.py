"""What versions are called."""

import pytest

from workbench.errors import RequestError
from workbench.registry import parse_reference
from workbench.registry.names import check_alias


def test_a_reference_is_a_name_and_what_follows_the_at():
    for text in ("radon", "radon@3", "radon@champion", "a.b_c-d@latest"):
        assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    "text", ["", "../x", "a/b", ".hidden", "a@", "a@../b", "a@b@c", "a\nb", "x" * 65, "é"]
)
def test_what_could_lead_elsewhere_is_no_name(text):
    with pytest.raises(RequestError, match="was expected in the registry, found"):
        parse_reference(text)


@pytest.mark.parametrize("text", ["3", "latest", "a b", ""])
def test_some_words_cannot_be_aliases(text):
    with pytest.raises(RequestError):
        check_alias(text)
