"""A TOML file of priors, by hand or written by the workbench: read, and refused in words."""

import pytest

from workbench.errors import RequestError
from workbench.priors.priors_file import StatedPriors, read_priors


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "priors.toml"
        path.write_text(text)
        return read_priors(path)

    return read


def test_values_vectors_and_whole_priors_are_read(read):
    stated = read(
        '[prior]\n"beta.mu" = [0, 1.5, 2]\ntau_scale = 3\n[prior-form]\nbeta = "~ student_t(3, 0, 2.5)"\n'
    )
    assert stated.values == {"beta.mu": (0.0, 1.5, 2.0), "tau_scale": 3.0}
    assert stated.forms == {"beta": "student_t(3, 0, 2.5)"}


def test_no_file_and_an_empty_one_state_nothing(read):
    assert read_priors(None) == read("") == StatedPriors()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[priors]\na = 1\n", r"tables \[prior\], \[prior-form\] and \[posterior\], found `priors`"),
        ("prior = 3\n", r"\[prior\] in .* was expected to be a table, found `3`"),
        (
            '[prior]\na = "wide"\n',
            "`a` in .* was expected to be a number or a list of numbers, found `'wide'`",
        ),
        ("[prior]\na = true\n", "a number or a list of numbers, found `True`"),
        ("[prior]\na = []\n", r"a number or a list of numbers, found `\[\]`"),
        ("[prior]\na = [1, [2]]\n", r"a number or a list of numbers, found `\[1, \[2\]\]`"),
        (f"[prior]\na = 1{'0' * 400}\n", "a number or a list of numbers"),
        ("[prior-form]\na = 3\n", "the prior of `a` in .* was expected to be a text, found `3`"),
        ('[prior-form]\na = " "\n', "was expected to be a text"),
        ("[prior", "not valid TOML"),
    ],
)
def test_anything_else_is_refused_with_what_was_found(read, text, said):
    with pytest.raises(RequestError, match=said):
        read(text)


def test_a_dotted_name_without_quotes_is_explained(read):
    with pytest.raises(RequestError) as refused:
        read("[prior]\nbeta.sigma = 2\n")
    assert refused.value.hint == 'put quotes around a name with a dot: `"beta.sigma" = ...`'


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RequestError, match="there is no such file"):
        read_priors(tmp_path / "none.toml")
